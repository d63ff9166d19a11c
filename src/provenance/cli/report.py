"""``provenance report``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..errors import InputError, UsageError
from ..files import MAX_PIXELS, STANDARD_STREAM, check_output, shown, write
from ..stages import Stages
from . import console
from .options import Force, Json, Language, MaxPixels, MaxScore, Output, PolicyFile, demands


def report(
    file: Annotated[
        Path, typer.Argument(help="File to report on; - for standard input.", readable=False)
    ],
    original: Annotated[
        Path | None,
        typer.Option(
            help="Original to compare with; measures anew.", show_default=False, readable=False
        ),
    ] = None,
    output: Output = None,
    language: Language = "en",
    policy: PolicyFile = None,
    max_score: MaxScore = None,
    max_pixels: MaxPixels = MAX_PIXELS,
    force: Force = False,
    json: Json = False,
) -> None:
    """Write one page that shows what may be wrong and whether to believe a file."""
    from ..labels.catalogue import catalogue

    catalogue(language)  # Refused before any work is done.
    target = output or console.default_output(file, ".report.html")
    if target != STANDARD_STREAM and target.suffix.lower() not in (".html", ".htm"):
        raise UsageError(f"{target}: the report is HTML; name a file that ends in .html")
    console.refuse_mixed(target, json)
    inputs = (file, original) if original else (file,)
    check_output(target, force=force, inputs=inputs)

    from ..examination import examine
    from ..viewer.report import render

    with console.progress() as announce:
        stages = Stages(announce)
        subject = examine(
            file,
            original=original,
            policy=demands(policy, max_score),
            max_pixels=max_pixels,
            stages=stages,
        )
        with stages("write"):
            page = render(subject, language=language).encode()
    code = subject.verification.exit_code
    if code == 6:
        raise InputError(f"{subject.verification.file}: no picture of a known format")
    write(target, page, force=force)
    if json:
        verdict = subject.verification.to_json()["verdict"]
        console.print_json(
            {
                "output": shown(target),
                "bytes": len(page),
                "language": language,
                "verdict": verdict,
                "exit_code": code,
            }
        )
    elif target != STANDARD_STREAM:
        console.say(f"{target}: {len(page):,} bytes")
    raise typer.Exit(code)
