"""Which findings of several observers are the same place."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence

from .model import Finding

Box = tuple[int, int, int, int]
Item = Mapping[str, Finding]
"""One place: the finding of each observer who boxed it."""


def iou(first: Box, second: Box) -> float:
    """Intersection over union of two boxes (x, y, width, height), 0 to 1."""
    width = min(first[0] + first[2], second[0] + second[2]) - max(first[0], second[0])
    height = min(first[1] + first[3], second[1] + second[3]) - max(first[1], second[1])
    if width <= 0 or height <= 0:
        return 0.0
    common = width * height
    return common / (first[2] * first[3] + second[2] * second[3] - common)


def match(findings: Mapping[str, Sequence[Finding]], threshold: float) -> list[Item]:
    """Group the findings that observers made in one picture.

    The best overlaps are joined first. A group has at most one finding of each observer, and every
    two of its boxes overlap by at least ``threshold``; what nobody else boxed is a group of one.

    Args:
        findings: by observer.
        threshold: least IoU, above 0 and up to 1.
    """
    flat = [(observer, found) for observer, each in findings.items() for found in each]
    overlaps = [
        (iou(a[1].box, b[1].box), i, j)
        for (i, a), (j, b) in itertools.combinations(enumerate(flat), 2)
        if a[0] != b[0]
    ]
    near = {(i, j) for overlap, i, j in overlaps if overlap >= threshold}
    group = {i: [i] for i in range(len(flat))}
    for _, i, j in sorted(overlaps, key=lambda entry: (-entry[0], entry[1:])):
        if group[i] is group[j]:
            continue
        if all((min(a, b), max(a, b)) in near for a in group[i] for b in group[j]):
            joined = group[i] + group[j]
            group.update(dict.fromkeys(joined, joined))
    unique = {id(members): members for members in group.values()}
    return [dict(flat[i] for i in sorted(members)) for members in unique.values()]
