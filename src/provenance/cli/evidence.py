"""``provenance evidence``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import UsageError
from ..files import MAX_PIXELS, shown, write
from ..stages import Stages
from . import console
from .options import Crop, Force, Json, Language, MaxPixels, check_picture, window_of

if TYPE_CHECKING:
    from ..imaging import Photo


def evidence(
    file: Annotated[
        Path, typer.Argument(help="Compressed file; no original is needed.", readable=False)
    ],
    output: Annotated[Path, typer.Option("--output", "-o", help="PNG to write.", readable=False)],
    crop: Crop = None,
    seeds: Annotated[
        int, typer.Option(min=2, max=16, help="Drawings of a decoder that draws from noise.")
    ] = 4,
    language: Language = "en",
    max_pixels: MaxPixels = MAX_PIXELS,
    force: Force = False,
    json: Json = False,
) -> None:
    """Show where a picture holds what its bits do not determine, by decoding them in two ways."""
    check_picture(output, language, force=force, inputs=(file,))

    from .. import invention
    from ..viewer.evidence import draw

    with console.progress() as announce:
        stages = Stages(announce)
        with stages("decode"):
            found = invention.evidence(file, seeds=seeds, max_pixels=max_pixels)
        with stages("draw"):
            sheet = draw(
                found.expected,
                found.other,
                found.map,
                found.invention,
                seeds=found.seeds,
                at=_part(crop, found.expected),
                language=language,
            )
    write(output, sheet.png, force=force)
    if json:
        console.print_json(
            {
                "output": shown(output),
                "bytes": len(sheet.png),
                "caption": sheet.caption,
                "strength": found.invention.strength,
                "area": found.invention.area,
                "seeds": found.seeds,
            }
        )
    else:
        console.say(sheet.caption)


def _part(crop: str | None, picture: Photo) -> tuple[int, int, int, int] | None:
    """What is shown; None for the whole."""
    if crop is not None:
        return window_of(crop, picture)
    if picture.height > 4 * picture.width:
        raise UsageError(
            f"{picture.width}x{picture.height} px, more than four times as high as wide, cannot be "
            "shown as a whole; use --crop"
        )
    return None
