"""``provenance show``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..errors import NotLabelledError
from ..files import STANDARD_STREAM, read
from . import console, tree
from .options import Json


def show(
    file: Annotated[Path, typer.Argument(help="Labelled file; - for standard input.")],
    json: Json = False,
) -> None:
    """Print label and history of a file, without asking whether to believe the label."""
    from .. import api
    from ..labels import to_json

    source = read(file) if file == STANDARD_STREAM else file
    history = api.history(source)
    try:
        label = api.show(source)
    except NotLabelledError:
        if history is None:
            raise
        label = None
    if json:
        console.print_json(
            {
                "file": str(file),
                "label": to_json(label) if label else None,
                "history": history.to_json() if history else None,
            }
        )
        return
    if label:
        console.say(f"{file}: label (not verified; see `provenance verify`)")
        console.print_label(label)
    else:
        console.say(f"{file}: no label")
    if history:
        tree.print_history(history)
