"""``provenance caption``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..errors import InputError, InvalidError, NotLabelledError
from . import console
from .options import Json, Language


def caption(
    file: Annotated[
        Path, typer.Argument(help="Labelled file; - for standard input.", readable=False)
    ],
    language: Language = "en",
    json: Json = False,
) -> None:
    """Say in one sentence, for a picture's caption, how far to believe it."""
    from .. import api
    from ..labels.wording import caption as sentence

    report = api.verify(file)
    if report.exit_code == 4:
        raise InvalidError(f"{report.file}: tampered with, or broken; see `provenance verify`")
    if report.exit_code == 6:
        raise InputError(f"{report.file}: no picture of a known format")
    if report.label is None:
        raise NotLabelledError(f"{report.file}: carries no label; it was stripped or never written")
    said = sentence(report.label, language)
    if not report.label_trusted:
        console.note(f"{report.file}: nobody whom you trust has signed this")
    if json:
        console.print_json(
            {
                "file": report.file,
                "language": language,
                "caption": said,
                "trusted": report.label_trusted,
            }
        )
    else:
        console.say(said)
