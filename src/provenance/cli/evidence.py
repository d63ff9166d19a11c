"""``provenance evidence``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..errors import UsageError
from ..files import MAX_PIXELS, check_output, write
from ..stages import Stages
from . import console
from .figure import Crop, window_of
from .options import Force, Json, Language, MaxPixels


def evidence(
    file: Annotated[Path, typer.Argument(help="Compressed file; no original is needed.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="PNG to write.")],
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
    from ..labels.catalogue import catalogue

    catalogue(language)  # Refused before any work is done.
    if output.suffix.lower() != ".png":
        raise UsageError(f"{output}: the map is a PNG; name a file that ends in .png")
    check_output(output, force=force, inputs=(file,))

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
                at=window_of(crop, found.expected) if crop else None,
                language=language,
            )
    write(output, sheet.png, force=force)
    if json:
        console.print_json(
            {
                "output": str(output),
                "bytes": len(sheet.png),
                "caption": sheet.caption,
                "strength": found.invention.strength,
                "area": found.invention.area,
                "seeds": found.seeds,
            }
        )
    else:
        console.say(sheet.caption)
