"""Few large findings instead of many small ones that say the same."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import TypeVar

import numpy as np

from ..labels import Finding
from ..taxonomy import main_type
from .places import Box
from .scoring import weight

NEAR = 0.25
"""Distance of two boxes over the shorter side of the smaller one, up to which they touch."""
FILLED = 0.6
"""Share of a common box that lies within findings, from which it may stand for them."""
GROWTH = 8.0
"""Area of a common box over that of its largest finding, at most: a box around half the picture
shows nobody where to look."""


_T = TypeVar("_T")


def distinct(things: Iterable[_T], same: Callable[[_T, _T], bool]) -> list[_T]:
    """Each thing once: of those that are the same, the first."""
    kept: list[_T] = []
    for thing in things:
        if not any(same(thing, other) for other in kept):
            kept.append(thing)
    return kept


def merged(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """Neighbours that say the same as one finding; the rest as they are.

    The same is: from one detector, of one main type, without a symbol. The likeliest speaks for
    all, with the box around all and their types averaged by area.
    """
    groups = [[finding] for finding in sorted(findings, key=lambda f: (-weight(f), f.box))]
    changed = True
    while changed:
        changed = False
        for index, group in enumerate(groups):
            for later in range(len(groups) - 1, index, -1):
                if _belong_together(group, groups[later]):
                    group += groups.pop(later)
                    changed = True
    return tuple(_as_one(group) for group in groups)


def _belong_together(group: Sequence[Finding], other: Sequence[Finding]) -> bool:
    one, two = group[0], other[0]
    if one.symbol is not None or two.symbol is not None:
        return False
    if one.detector != two.detector or main_type(one.types) != main_type(two.types):
        return False
    box, further = _union(group), _union(other)
    near = NEAR * min(box[2], box[3], further[2], further[3])
    apart = (
        max(box[i], further[i]) - min(box[i] + box[i + 2], further[i] + further[i + 2])
        for i in (0, 1)
    )
    if max(apart) > near:
        return False
    together = [*group, *other]
    return _area(_union(together)) <= GROWTH * max(_area(f.box) for f in together) and (
        _filled(together) >= FILLED
    )


def _as_one(group: Sequence[Finding]) -> Finding:
    first = group[0]
    if len(group) == 1:
        return first
    areas = [_area(finding.box) for finding in group]
    types = {
        kind: sum(a * f.types.get(kind, 0.0) for a, f in zip(areas, group, strict=True))
        / sum(areas)
        for kind in first.types
    }
    return replace(first, box=_union(group), types=types)


def _area(box: Box) -> int:
    return box[2] * box[3]


def _union(group: Sequence[Finding]) -> Box:
    left, top = (min(finding.box[i] for finding in group) for i in (0, 1))
    right, bottom = (max(finding.box[i] + finding.box[i + 2] for finding in group) for i in (0, 1))
    return left, top, right - left, bottom - top


def _filled(group: Sequence[Finding]) -> float:
    """Share of the common box that lies within any of the boxes."""
    left, top, width, height = _union(group)
    step = max(1, min(width, height) // 32)
    covered = np.zeros((-(-height // step), -(-width // step)), dtype=bool)
    for finding in group:
        x, y, w, h = finding.box
        covered[
            (y - top) // step : -(-(y - top + h) // step),
            (x - left) // step : -(-(x - left + w) // step),
        ] = True
    return float(covered.mean())
