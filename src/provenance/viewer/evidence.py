"""The sheet of `provenance evidence`: two pictures of the same bits, and where they differ."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..imaging import Photo, thumbnail
from ..labels import Invention
from . import sheet
from .pictures import Window
from .sheet import PANEL, Sheet
from .words import Words

HEAT_FROM, HEAT_TO = 0.75, 4.0
"""Difference, OKLab times 100, at which colour begins and at which it is full."""

_HEAT = (230, 30, 120)
_DIMMED = 0.45
"""Of the grey picture under the map."""


def draw(
    expected: Photo,
    other: Photo,
    found: NDArray[np.float32],
    invention: Invention,
    *,
    seeds: int | None,
    at: Window | None = None,
    language: str = "en",
) -> Sheet:
    """The sheet.

    Args:
        expected, other: of equal sizes; what the bits determine, and a picture with more.
        found: the map of `risk.invention`, of the whole picture.
        invention: the same in numbers.
        seeds: how many were drawn; None where two decoders are compared.
        at: the part that is shown; None for the whole.

    Raises:
        UsageError: There is no such language.
    """
    words = Words(language)
    kind = "decoders" if seeds is None else "seeds"
    left, top, width, tall = at or (0, 0, expected.width, expected.height)
    size = (PANEL, max(1, round(PANEL * tall / width)))

    def part(picture: Image.Image) -> Image.Image:
        box = (left, top, left + width, top + tall)
        return picture.resize(size, Image.Resampling.LANCZOS, box=box, reducing_gap=3.0)

    pictures = [part(thumbnail(photo, max(expected.pixels.shape))) for photo in (expected, other)]
    # The map's squares at the edges may reach beyond the picture.
    squares = Image.fromarray(found)
    whole = squares.resize((8 * squares.width, 8 * squares.height), Image.Resampling.BILINEAR)
    strength = np.clip((np.asarray(part(whole)) - HEAT_FROM) / (HEAT_TO - HEAT_FROM), 0, 1)
    grey = np.asarray(pictures[0].convert("L"), np.float32)[..., None] * _DIMMED + 110
    share = strength[..., None]
    shown = grey * (1 - share) + np.array(_HEAT, np.float32) * share
    heat = Image.fromarray(np.rint(np.broadcast_to(shown, (*share.shape[:2], 3))).astype(np.uint8))
    heads = (f"evidence.{kind}.expected", f"evidence.{kind}.other", "evidence.map")
    lines = [
        words(
            f"evidence.{kind}.caption",
            strength=words.number(invention.strength, 2),
            percent=words.percent(invention.area, 1),
            seeds=seeds,
        ),
        words("evidence.meaning"),
    ]
    panels = list(zip(map(words, heads), (*pictures, heat), strict=True))
    return sheet.drawn(panels, lines)
