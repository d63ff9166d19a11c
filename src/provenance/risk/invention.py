"""What a decoder adds that the bits do not determine: measured without the original.

A conservative decoder gives the picture that is expected behind the bits. Where another picture of
the same bits, by a perceptual decoder or of another seed, differs from it, that is invented.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from ..labels import Invention
from .signals.oklab import to_oklab
from .signals.pyramid import squared

Pixels = npt.NDArray[np.uint8]
FloatArray = npt.NDArray[np.float32]

BLOCK = 8
"""Side of the squares over which differences are averaged, px."""

VISIBLE = 2.0
"""Difference, OKLab times 100, that is seen at a glance."""

_STRIP = 64 * BLOCK
"""Rows that are worked on at once."""


def invention_map(conservative: npt.NDArray[np.uint8], other: npt.NDArray[np.uint8]) -> FloatArray:
    """Root mean square difference within each square of `BLOCK` px, OKLab times 100.

    Args:
        conservative, other: ``[h, w, 3]`` sRGB, of equal sizes.

    Returns:
        ``[ceil(h / BLOCK), ceil(w / BLOCK)]``; squares at the right and lower edge are what is
        left of them.
    """
    height, width = conservative.shape[:2]
    columns = np.arange(0, width, BLOCK)
    rows = []
    for top in range(0, height, _STRIP):
        strip = slice(top, top + _STRIP)
        squares = squared(to_oklab(conservative[strip]) - to_oklab(other[strip]))
        starts = np.arange(0, len(squares), BLOCK)
        sums = np.add.reduceat(np.add.reduceat(squares, starts, axis=0), columns, axis=1)
        counts = np.diff(starts, append=len(squares))[:, None] * np.diff(columns, append=width)
        rows.append(np.sqrt(sums / counts).astype(np.float32))
    return np.concatenate(rows)


def disagreement(drawings: Sequence[npt.NDArray[np.uint8]]) -> tuple[Pixels, FloatArray]:
    """What drawings of the same bits have in common, and where they do not agree.

    Args:
        drawings: pictures by several seeds, ``[h, w, 3]`` sRGB each.

    Returns:
        Their mean, and the root mean square over them of the `invention_map` against it.
    """
    mean = np.rint(np.mean(drawings, axis=0)).astype(np.uint8)
    squares = [np.square(invention_map(mean, drawing)) for drawing in drawings]
    return mean, np.sqrt(np.mean(squares, axis=0)).astype(np.float32)


def measured(found: FloatArray) -> Invention:
    """A map of `invention_map` in two numbers."""
    return Invention(float(found.mean()), float((found >= VISIBLE).mean()))
