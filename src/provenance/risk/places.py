"""Where in a picture a box lies, in words."""

from __future__ import annotations

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
