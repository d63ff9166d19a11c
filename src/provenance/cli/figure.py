"""``provenance figure``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import InputError, NotLabelledError, UsageError
from ..files import MAX_PIXELS, check_output, write
from ..stages import Stages
from . import console
from .options import Force, Json, Language, MaxPixels

if TYPE_CHECKING:
    from ..imaging import Photo
    from ..labels import Finding, Label

Window = tuple[int, int, int, int]


Crop = Annotated[
    str | None,
    typer.Option(help="Show LEFT,TOP,WIDTH,HEIGHT, in px.", show_default=False),
]


def figure(
    original: Annotated[Path, typer.Argument(help="The photo before compression.")],
    reconstruction: Annotated[Path, typer.Argument(help="Compressed file, or decoded photo.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="PNG to write.")],
    finding: Annotated[int, typer.Option(min=1, help="Number of the finding to show.")] = 1,
    crop: Crop = None,
    model: Annotated[
        str | None, typer.Option(help="Its name, where no label tells it.", show_default=False)
    ] = None,
    bits_per_pixel: Annotated[
        float | None,
        typer.Option(min=0, help="Of its bitstream, where no label tells.", show_default=False),
    ] = None,
    language: Language = "en",
    max_pixels: MaxPixels = MAX_PIXELS,
    force: Force = False,
    json: Json = False,
) -> None:
    """Draw one place before and after, and as JPEG makes it of as many bits."""
    from ..labels.catalogue import catalogue

    catalogue(language)  # Refused before any work is done.
    if output.suffix.lower() != ".png":
        raise UsageError(f"{output}: a figure is a PNG; name a file that ends in .png")
    check_output(output, force=force, inputs=(original, reconstruction))

    from .. import api, sources
    from ..viewer.figure import draw

    try:
        label: Label | None = api.show(reconstruction)
    except NotLabelledError:
        label = None
    name = model or (_model(label) if label else reconstruction.stem)
    rate = bits_per_pixel or (label and label.quality.bits_per_pixel)
    if not rate:
        raise UsageError(f"{reconstruction}: no label tells its rate; give --bits-per-pixel")
    with console.progress() as announce:
        stages = Stages(announce)
        with stages("load"):
            before = sources.load(original, max_pixels)[1]
            after = sources.load(reconstruction, max_pixels)[1]
        if before.pixels.shape != after.pixels.shape:
            raise InputError(
                f"{reconstruction}: {after.width}x{after.height} px, but the original has "
                f"{before.width}x{before.height}"
            )
        place = (
            window_of(crop, before)
            if crop
            else _finding(finding, original, reconstruction, label, stages)
        )
        with stages("draw"):
            drawn = draw(before, after, place, model=name, bits_per_pixel=rate, language=language)
    write(output, drawn.png, force=force)
    if json:
        console.print_json(
            {"output": str(output), "bytes": len(drawn.png), "caption": drawn.caption}
        )
    else:
        console.say(drawn.caption)


def _model(label: Label) -> str:
    """Codec and model, whose name often begins with that of the codec."""
    codec, model = label.codec.name, label.model.name
    return model if model.startswith(codec) else f"{codec} {model}"


def _finding(
    number: int, original: Path, reconstruction: Path, label: Label | None, stages: Stages
) -> Finding:
    """As labelled; else as measured now."""
    from .. import api

    risk = label.risk if label else api.assess(original, reconstruction, stages=stages)
    if number > len(risk.findings):
        raise UsageError(
            f"{reconstruction}: {len(risk.findings)} findings, so none is number {number}; "
            "--crop shows any place"
        )
    return risk.findings[number - 1]


def window_of(text: str, photo: Photo) -> Window:
    """A part of a photo, as ``--crop`` gives it.

    Raises:
        UsageError: It is none.
    """
    try:
        left, top, width, height = (int(part) for part in text.split(","))
    except ValueError:
        raise UsageError(f"--crop {text}: give LEFT,TOP,WIDTH,HEIGHT in pixels") from None
    inside = left >= 0 and top >= 0 and left + width <= photo.width and top + height <= photo.height
    if not inside or width < 8 or height < 8 or height > 4 * width:
        raise UsageError(
            f"--crop {text}: must lie within {photo.width}x{photo.height} px, with sides of at "
            "least 8 px and no more than four times as high as wide"
        )
    return left, top, width, height
