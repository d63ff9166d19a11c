"""From a map of change to boxes around the places that changed most."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .pyramid import smooth

FloatArray = npt.NDArray[np.float32]

SCALES = (2.0, 5.0, 12.0)
"""Blob sizes looked for, as sigmas in cells."""
MAX_REGIONS = 300
"""Enough for the affected area to be that of all; the label takes fewer."""


@dataclass(frozen=True, slots=True)
class Region:
    """A place that stands out; cells of the map."""

    left: int
    top: int
    width: int
    height: int
    strength: float
    """Mean change around the peak."""


def regions(change: FloatArray, threshold: float) -> list[Region]:
    """Strongest first: places whose change, seen at some scale, exceeds ``threshold``.

    Args:
        change: float32 [gh, gw], not negative.
        threshold: in the unit of ``change``.
    """
    found: list[Region] = []
    for sigma in SCALES:
        found += _at_scale(smooth(change, sigma), sigma, threshold)
    found.sort(key=lambda region: -region.strength)
    kept: list[Region] = []
    for region in found:
        if not any(_same_place(region, other) for other in kept):
            kept.append(region)
        if len(kept) == MAX_REGIONS:
            break
    return kept


def _at_scale(blurred: FloatArray, sigma: float, threshold: float) -> list[Region]:
    """Local maxima, each with the box of what surrounds it at over half its height."""
    import cv2

    radius = max(1, int(2 * sigma))
    kernel = np.ones((2 * radius + 1, 2 * radius + 1), dtype=np.uint8)
    peaks = (blurred >= cv2.dilate(blurred, kernel)) & (blurred > threshold)
    result = []
    reach = int(4 * sigma)
    rows, columns = np.nonzero(peaks)
    order = np.argsort(-blurred[rows, columns], kind="stable")[: 2 * MAX_REGIONS]
    for row, column in zip(rows[order].tolist(), columns[order].tolist(), strict=True):
        top, left = max(0, row - reach), max(0, column - reach)
        window = blurred[top : row + reach + 1, left : column + reach + 1]
        height = float(blurred[row, column])
        above = (window > max(threshold / 2, height / 2)).astype(np.uint8)
        _count, labels, stats, _centres = cv2.connectedComponentsWithStats(above)
        x, y, w, h, _area = (int(v) for v in stats[labels[row - top, column - left]])
        result.append(Region(left + x, top + y, w, h, height))
    return result


def _same_place(one: Region, other: Region) -> bool:
    """Whether the boxes overlap by half of the smaller one."""
    width = min(one.left + one.width, other.left + other.width) - max(one.left, other.left)
    height = min(one.top + one.height, other.top + other.height) - max(one.top, other.top)
    smaller = min(one.width * one.height, other.width * other.height)
    return width > 0 and height > 0 and 2 * width * height > smaller
