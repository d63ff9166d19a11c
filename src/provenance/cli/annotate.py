"""``provenance annotate``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import InputError
from ..files import MAX_PIXELS
from . import console
from .options import Browser, Force, Json, MaxPixels, Port, need

if TYPE_CHECKING:
    from ..annotation import Agreement, Kappa

app = typer.Typer(no_args_is_help=True, help="Ground truth by people: box what changed, in words.")

Folder = Annotated[Path, typer.Argument(help="Folder of annotations.", readable=False)]


@app.command("open")
def open_(
    *,
    original: Annotated[
        Path,
        typer.Argument(
            help="A picture, a folder of them, or a CSV table of pairs.", readable=False
        ),
    ],
    reconstruction: Annotated[
        Path | None,
        typer.Argument(
            help="What a codec made of it, or a folder with the same file names.", readable=False
        ),
    ] = None,
    observer: Annotated[str, typer.Option(help="Who looks: a short name or code.")],
    output: Annotated[
        Path, typer.Option("--output", "-o", help="Folder for the annotations.", readable=False)
    ] = Path("annotations"),
    port: Port = 0,
    browser: Browser = True,
    max_pixels: MaxPixels = MAX_PIXELS,
) -> None:
    """Show pairs of pictures on a local page and keep what an observer finds."""
    need("web", "starlette", "uvicorn")
    from .. import sources
    from ..annotation.pairs import find, identify
    from ..annotation.server import Server
    from ..annotation.store import Store
    from ..annotation.study import Study

    with console.progress() as announce:
        found, pairs = find(original, reconstruction), []
        store = Store(output, observer.lower())
        for pair in found:
            announce(pair.name)
            pairs.append(identify(pair))
        study = Study(pairs, store, lambda path: sources.load(path, max_pixels)[1])
        # A mistake in the arguments shows here and not first in the browser.
        study.render(pairs[0].id)
    if len(study.pairs) < len(pairs):
        console.note(f"left out as the same pictures again: {len(pairs) - len(study.pairs)}")
    server = Server(study, port)
    console.say(f"observer {store.observer}, pairs: {len(study.pairs)}; Ctrl-C ends", server.url)
    sys.stdout.flush()
    if browser:
        import webbrowser

        webbrowser.open(server.url)
    server.run()
    console.say(f"{study.completed()} of {len(study.pairs)} pairs completed; kept in {output}")


@app.command()
def export(
    folder: Folder,
    output: Annotated[
        Path,
        typer.Option(
            "--output", "-o", help="File to write; - for standard output.", readable=False
        ),
    ] = Path("miscompressions.coco.json"),
    observer: Annotated[
        str | None, typer.Option(help="Only this observer's.", show_default=False)
    ] = None,
    force: Force = False,
) -> None:
    """Write the miscompressions of complete annotations as COCO JSON."""
    import json

    from ..annotation import load, to_coco
    from ..files import STANDARD_STREAM, check_output, write

    check_output(output, force=force)
    observer = observer and observer.lower()
    annotations = [a for a in load(folder) if observer in (None, a.observer)]
    if not any(annotation.complete for annotation in annotations):
        raise InputError(f"{folder}: holds no complete annotation{_of(observer)}")
    coco = to_coco(annotations)
    data = json.dumps(coco, ensure_ascii=False, indent=1).encode() + b"\n"
    write(output, data, force=force)
    if output != STANDARD_STREAM:
        images, boxes = len(coco["images"]), len(coco["annotations"])
        console.say(f"{output}: images: {images}, annotations: {boxes}")
    if drafts := sum(not annotation.complete for annotation in annotations):
        console.note(f"left out as not complete: {drafts}")


@app.command()
def agreement(
    folder: Folder,
    iou: Annotated[
        float, typer.Option(min=0, max=1, help="Least overlap of boxes that are one place.")
    ] = 0.5,
    json: Json = False,
) -> None:
    """Tell how far observers agree: Fleiss' kappa, and F1 of the places."""
    import dataclasses

    from ..annotation import agreement as measure
    from ..annotation import load, pairwise

    annotations = load(folder)
    total, two = measure(annotations, iou), pairwise(annotations, iou)
    if json:
        console.print_json(
            {
                "agreement": dataclasses.asdict(total),
                "pairwise": [dataclasses.asdict(entry) for entry in two],
            }
        )
        return
    console.table(_rows(total))
    for entry in two if len(total.observers) > 2 else ():
        console.say(" and ".join(entry.observers))
        console.table(_rows(entry)[1:])


def _rows(found: Agreement) -> list[tuple[str, str]]:
    rows = [
        ("observers", ", ".join(found.observers)),
        ("presence", _kappa(found.presence, "pairs")),
        (
            "places",
            f"F1 {_number(found.places_f1)} (n = {found.places} places, {found.shared_places} "
            f"found by two or more, IoU {found.iou:g})",
        ),
    ]
    rows += [(kind, _kappa(kappa, "shared places")) for kind, kappa in found.types.items()]
    rows.append(("symbol", _kappa(found.symbol, "shared places")))
    return rows


def _kappa(kappa: Kappa, items: str) -> str:
    return f"kappa {_number(kappa.value)} (n = {kappa.items} {items})"


def _number(value: float | None) -> str:
    return "undefined" if value is None else f"{value:.2f}"


def _of(observer: str | None) -> str:
    return f" of {observer}" if observer else ""
