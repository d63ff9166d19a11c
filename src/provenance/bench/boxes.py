"""Boxes in pixels, as x, y, width, height: when one is where another is."""

from __future__ import annotations

Box = tuple[int, int, int, int]


def is_at(found: Box, truth: Box) -> bool:
    """Whether a box points at a place: the centre of one of the two lies within the other."""
    return inside(centre(found), truth) or inside(centre(truth), found)


def centre(box: Box) -> tuple[float, float]:
    """x and y."""
    x, y, width, height = box
    return x + width / 2, y + height / 2


def inside(point: tuple[float, float], box: Box) -> bool:
    """Whether a point lies within a box or on its edge."""
    x, y, width, height = box
    return x <= point[0] <= x + width and y <= point[1] <= y + height
