"""``provenance figure``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import InputError, NotLabelledError, UsageError
from ..files import MAX_PIXELS, shown, write
from ..stages import Stages
from . import console
from .options import Crop, Force, Json, Language, MaxPixels, check_picture, window_of

if TYPE_CHECKING:
    from ..labels import Finding, Label


def figure(
    original: Annotated[Path, typer.Argument(help="The photo before compression.", readable=False)],
    reconstruction: Annotated[
        Path, typer.Argument(help="Compressed file, or decoded photo.", readable=False)
    ],
    output: Annotated[Path, typer.Option("--output", "-o", help="PNG to write.", readable=False)],
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
    check_picture(output, language, force=force, inputs=(original, reconstruction))

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
            {"output": shown(output), "bytes": len(drawn.png), "caption": drawn.caption}
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
