"""``provenance verify``."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import ProvenanceError, UsageError
from ..files import MAX_PIXELS, is_folder
from . import console
from .options import Json, MaxPixels, MaxScore, PolicyFile, demands

if TYPE_CHECKING:
    from ..verification import Policy, Report

BADNESS = (0, 1, 5, 3, 4, 2, 6)
"""Exit codes from good to bad; a run over many files exits with the worst."""

_MARKS = {"passed": "ok  ", "failed": "FAIL", "skipped": "-   "}


def verify(
    files: Annotated[
        list[Path],
        typer.Argument(
            help="Files to verify, and folders of pictures; - for standard input.", readable=False
        ),
    ],
    policy: PolicyFile = None,
    max_score: MaxScore = None,
    original: Annotated[
        Path | None,
        typer.Option(
            help="What the file was made from: assess again and compare the risk.",
            show_default=False,
            readable=False,
        ),
    ] = None,
    decode: Annotated[
        bool, typer.Option("--decode", help="Decode the bitstream and compare checksums.")
    ] = False,
    remote: Annotated[
        bool,
        typer.Option("--remote", help="Fetch a credential that is kept elsewhere."),
    ] = False,
    max_pixels: MaxPixels = MAX_PIXELS,
    json: Json = False,
) -> None:
    """Tell what happened to a file and whether to believe it."""
    from .. import api

    demanded = demands(policy, max_score)
    if len(files) > 1 or is_folder(files[0]):
        if original is not None:
            raise UsageError("--original belongs to one file; verify the others by themselves")
        raise typer.Exit(_many(files, demanded, decode, remote, max_pixels, json))
    with console.progress() as announce:
        announce(f"verifying {files[0]}")
        report = api.verify(
            files[0],
            policy=demanded,
            original=original,
            decode=decode,
            max_pixels=max_pixels,
            remote=remote,
        )
    if json:
        console.print_json(report.to_json())
    else:
        _print(report)
    raise typer.Exit(report.exit_code)


def _many(
    paths: list[Path],
    policy: Policy | None,
    decode: bool,
    remote: bool,
    max_pixels: int,
    json: bool,
) -> int:
    """Report each file, in a line of JSON or in as few words as tell what is wrong with it.

    Returns:
        The worst exit code.
    """
    from ..pipeline import verify_many

    codes: Counter[int] = Counter()
    with console.progress() as announce:
        reports = verify_many(
            paths, policy=policy, decode=decode, max_pixels=max_pixels, remote=remote
        )
        for path, report in reports:
            announce(f"verified {codes.total()} files")
            if isinstance(report, ProvenanceError):
                console.print_error(report, as_json=json, file=path)
            elif json:
                console.print_json(report.to_json(), line=True)
            else:
                _print_head(report, failures_only=True)
            codes[report.exit_code] += 1
    if not json:
        count, good = codes.total(), codes[0]
        console.say(f"1 file, {good} good" if count == 1 else f"{count} files, {good} of them good")
    return max(codes, key=BADNESS.index)


def _print(report: Report) -> None:
    _print_head(report)
    if report.label:
        console.print_label(report.label)


def _print_head(report: Report, *, failures_only: bool = False) -> None:
    console.say(f"{report.file}: {_verdict(report)}")
    for step in report.steps:
        if step.outcome == "failed" or not failures_only:
            console.say(f"  {step.number:2} {_MARKS[step.outcome]} {step.name}: {step.detail}")


def _verdict(report: Report) -> str:
    if report.label_true is False:
        return "the label is not true: do not believe it"
    if report.exit_code == 3 and report.label_survived:
        if report.label_signature and report.label_signature.trusted_by:
            return "label intact, credential stripped: only the label and the picture are proven"
        return "label intact, credential stripped, and its signer is not trusted here"
    if report.exit_code == 3 and report.signer:
        return "intact and valid, but whoever signed it signed no label"
    if report.exit_code == 4 and report.intact and not report.valid:
        return "unchanged, but the signature is not valid: do not believe it"
    sentences = {
        0: "intact, valid and signed by somebody whom you trust",
        1: "intact, valid and trusted, but what you demand is not met",
        3: "no credential, so nothing here is proven",
        4: "tampered with, or broken: do not believe it",
        5: "intact and valid, but signed by somebody whom you have not chosen to trust",
        6: "no picture of a known format",
    }
    return sentences[report.exit_code]
