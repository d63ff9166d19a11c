"""``provenance show``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from . import console
from .options import Json


def show(
    file: Annotated[Path, typer.Argument(help="Labelled file; - for standard input.")],
    json: Json = False,
) -> None:
    """Print the label of a file, without asking whether to believe it."""
    from .. import api
    from ..labels import to_json

    label = api.show(file)
    if json:
        console.print_json({"file": str(file), "label": to_json(label)})
        return
    console.say(f"{file}: label (not verified; see `provenance verify`)")
    console.print_label(label)
