"""Where in a picture a box lies, in words."""

from __future__ import annotations

import math

Box = tuple[int, int, int, int]
"""x, y, width, height, px."""


def whereabouts(box: Box, width: int, height: int) -> str:
    """Where in a picture of this size a box lies, such as ``at the top left``."""
    across = (box[0] + box[2] / 2) / width
    down = (box[1] + box[3] / 2) / height
    row = "top" if down < 1 / 3 else "bottom" if down > 2 / 3 else ""
    column = "left" if across < 1 / 3 else "right" if across > 2 / 3 else ""
    if not row and not column:
        return "in the middle"
    return f"at the {' '.join(part for part in (row, column) if part)}"


def whole_pixels(corners: tuple[float, float, float, float], width: int, height: int) -> Box:
    """Left, top, right, bottom as a box of whole pixels within a picture of this size."""
    left = min(max(0, math.floor(corners[0])), width - 1)
    top = min(max(0, math.floor(corners[1])), height - 1)
    right = min(width, max(left + 1, math.ceil(corners[2])))
    bottom = min(height, max(top + 1, math.ceil(corners[3])))
    return left, top, right - left, bottom - top
