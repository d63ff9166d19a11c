"""The outline of what changed within a box."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ..places import Box
from .maps import Signals
from .pyramid import smooth

MAX_CORNERS = 12
"""The label travels inside files."""
MIN_CELLS = 4
"""Sides of a box, in cells, below which it has no outline of its own."""
BLUR_CELLS = 1.0
LEVEL = 0.4
"""Share of the change at its 95th percentile, from which a cell belongs to what changed."""
FILLED = 0.85
"""Share of the box from which the box says as much."""


def outline(signals: Signals, box: Box) -> tuple[int, ...] | None:
    """Corners of a polygon around the largest part of a box that changed.

    Args:
        box: x, y, width, height, pixels of the original.

    Returns:
        x and y of each corner in turn, in whole pixels of the original, within the box; at most
        `MAX_CORNERS` corners. None where the box is small or changed throughout.
    """
    import cv2

    change = signals.change[signals.cells(box)]
    if min(change.shape) < MIN_CELLS:
        return None
    change = smooth(change, BLUR_CELLS)
    mask = (change >= LEVEL * np.quantile(change, 0.95)).astype(np.uint8)
    contours, _hierarchy = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    largest = max(contours, key=cv2.contourArea)
    filled = np.zeros_like(mask)
    cv2.drawContours(filled, [largest], -1, 1, cv2.FILLED)
    if not 0 < filled.mean() < FILLED:
        return None
    corners = _simplified(largest)
    if len(corners) < 3:
        return None
    return _pixels(corners, mask.shape, box)


def _simplified(contour: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
    """At most `MAX_CORNERS` corners (D. H. Douglas and T. K. Peucker 1973), [n, 2], cells."""
    import cv2

    tolerance = 0.5
    while True:
        corners = cv2.approxPolyDP(contour, tolerance, True)
        if len(corners) <= MAX_CORNERS:
            return np.asarray(corners[:, 0], dtype=np.int32)
        tolerance *= 1.3


def _pixels(corners: npt.NDArray[np.int32], shape: tuple[int, ...], box: Box) -> tuple[int, ...]:
    """Centres of cells as pixels; those at the rim of the box reach its edge."""
    x, y, width, height = box
    last = np.array([shape[1] - 1, shape[0] - 1])
    places = corners / last * [width, height] + [x, y]
    return tuple(int(value) for value in np.round(places).reshape(-1))
