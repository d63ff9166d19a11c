"""``provenance show``."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import ContainerError, NotLabelledError
from ..files import STANDARD_STREAM, read, shown, write
from ..stages import Stages
from . import console, drawing, tree
from .options import Json

if TYPE_CHECKING:
    from ..labels import Label
    from ..lineage import Generation


class Format(StrEnum):
    """What `show` prints."""

    TEXT = "text"
    JSON = "json"
    HTML = "html"


def show(
    file: Annotated[
        Path, typer.Argument(help="Labelled file; - for standard input.", readable=False)
    ],
    kind: Annotated[
        Format,
        typer.Option("--format", help="For people, for programs, or a page as of `report`."),
    ] = Format.TEXT,
    json: Json = False,
) -> None:
    """Print label and history of a file, without asking whether to believe the label."""
    from .. import api
    from ..labels import to_json

    source = read(file) if file == STANDARD_STREAM else file
    history = api.history(source)
    try:
        label = api.show(source)
    except ContainerError as error:
        if history is None or history.label is None:
            raise
        console.note(f"{error}; the label is the credential's")
        label = history.label
    except NotLabelledError:
        if history is None:
            raise
        label = None
    if json or kind is Format.JSON:
        console.print_json(
            {
                "file": shown(file),
                "label": to_json(label) if label else None,
                "history": history.to_json() if history else None,
            }
        )
    elif kind is Format.HTML:
        _print_page(source, "standard input" if file == STANDARD_STREAM else shown(file.name))
    else:
        _print_text(file, label, history)


def _print_text(file: Path, label: Label | None, history: Generation | None) -> None:
    if label:
        console.say(f"{file}: label (not verified; see `provenance verify`)")
        console.print_label(label)
        drawing.print_map(label)
    else:
        console.say(f"{file}: no label")
    if history:
        tree.print_history(history)


def _print_page(source: Path | bytes, name: str) -> None:
    from ..examination import examine
    from ..viewer.report import render

    with console.progress() as announce:
        page = render(examine(source, name=name, stages=Stages(announce)))
    write(STANDARD_STREAM, page.encode())
