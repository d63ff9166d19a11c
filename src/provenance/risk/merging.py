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
    order = sorted(findings, key=lambda f: (-weight(f), f.box))
    groups = {number: [finding] for number, finding in enumerate(order)}
    kinds = np.array([_kind(number, finding) for number, finding in enumerate(order)])
    starts = np.array([finding.box[:2] for finding in order])
    ends = starts + np.array([finding.box[2:] for finding in order])

    def touching(number: int, before: int) -> int | None:
        """The last group of its kind, between itself and ``before``, that touches a group."""
        between = slice(number + 1, before)
        sizes = np.minimum(ends[between] - starts[between], ends[number] - starts[number])
        first = np.maximum(starts[between], starts[number])
        last = np.minimum(ends[between], ends[number])
        near = (first - last).max(1) <= NEAR * sizes.min(1)
        found = np.flatnonzero(near & (kinds[between] == kinds[number]))[::-1] + number + 1
        return next((other for other in found.tolist() if other in groups), None)

    changed = True
    while changed:
        changed = False
        for number in range(len(order)):
            before = len(order)
            while number in groups and (other := touching(number, before)) is not None:
                before, together = other, [*groups[number], *groups[other]]
                if _is_one_place(together):
                    del groups[other]
                    groups[number] = together
                    starts[number] = np.minimum(starts[number], starts[other])
                    ends[number] = np.maximum(ends[number], ends[other])
                    changed = True
    return tuple(_as_one(group) for group in groups.values())


def _kind(number: int, finding: Finding) -> str:
    """What neighbours must share: detector and type; a symbol stays alone with its number."""
    if finding.symbol is not None:
        return str(number)
    return f"{finding.detector} {main_type(finding.types)}"


def _is_one_place(together: Sequence[Finding]) -> bool:
    largest = max(_area(finding.box) for finding in together)
    return _area(_union(together)) <= GROWTH * largest and _filled(together) >= FILLED


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
