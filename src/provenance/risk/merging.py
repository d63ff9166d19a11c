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
    alike: dict[object, list[int]] = {}
    for index, finding in enumerate(order):
        alone = finding.symbol is not None
        alike.setdefault(index if alone else _kind(finding), []).append(index)
    groups = [
        (indices[first], group)
        for indices in alike.values()
        for first, group in _neighbours([order[index] for index in indices])
    ]
    return tuple(_as_one(group) for _, group in sorted(groups, key=lambda found: found[0]))


def _kind(finding: Finding) -> tuple[str, str]:
    """What neighbours must share."""
    return finding.detector, main_type(finding.types)


def _neighbours(findings: Sequence[Finding]) -> list[tuple[int, list[Finding]]]:
    """Findings of one kind, by place: each group with the number of its first finding."""
    groups = {number: [finding] for number, finding in enumerate(findings)}
    starts = np.array([finding.box[:2] for finding in findings])
    ends = starts + np.array([finding.box[2:] for finding in findings])

    def touching(number: int, before: int) -> int | None:
        """The last group between the two that touches the first of them."""
        between = slice(number + 1, before)
        sizes = np.minimum(ends[between] - starts[between], ends[number] - starts[number])
        first = np.maximum(starts[between], starts[number])
        last = np.minimum(ends[between], ends[number])
        near = np.flatnonzero((first - last).max(1) <= NEAR * sizes.min(1))
        return next((n for n in (near[::-1] + number + 1).tolist() if n in groups), None)

    changed = True
    while changed:
        changed = False
        for number in range(len(findings)):
            before = len(findings)
            while number in groups and (other := touching(number, before)) is not None:
                before, together = other, [*groups[number], *groups[other]]
                if _is_one_place(together):
                    del groups[other]
                    groups[number] = together
                    starts[number] = np.minimum(starts[number], starts[other])
                    ends[number] = np.maximum(ends[number], ends[other])
                    changed = True
    return list(groups.items())


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
