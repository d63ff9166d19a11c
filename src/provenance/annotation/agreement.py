"""How far observers agree.

*Presence* is asked of each pair: did they find a miscompression in it? Places are a different
matter: nobody can count the places where all saw nothing, so a kappa of places is not defined.
What is left of it for countless such places is the positive specific agreement, which is the F1 of
one observer against the other (G. Hripcsak and A. S. Rothschild 2005, "Agreement, the F-Measure,
and Reliability in Information Retrieval"). *Type* and *symbol* are asked of the places that at
least two observers found.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from ..errors import InputError, UsageError
from ..taxonomy import Type
from .matching import Item, match
from .model import Annotation, Finding

DEFAULT_IOU = 0.5


@dataclass(frozen=True, slots=True)
class Kappa:
    """Agreement beyond chance."""

    value: float | None
    """1: always agree. 0: as often as by chance. None: undefined, as all said one and the same."""
    items: int
    """How many items at least two observers judged."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far some observers agree, over the pairs that at least two of them completed."""

    observers: tuple[str, ...]
    iou: float
    """Least overlap of boxes that are one place."""
    pairs: int
    places: int
    """Different places found, by whomever."""
    shared_places: int
    """Those found by at least two."""
    presence: Kappa
    places_f1: float | None
    """Of the places of all pairs together, for every two observers of one; None where nobody found
    anything."""
    types: Mapping[str, Kappa]
    """By type: was the place said to be of it?"""
    symbol: Kappa
    """Which kind of symbol, or none."""


def agreement(annotations: Iterable[Annotation], iou: float = DEFAULT_IOU) -> Agreement:
    """How far observers agree on what they completed; only miscompressions count.

    Raises:
        UsageError: ``iou`` is not above 0 and up to 1.
        InputError: No pair was completed by two observers.
    """
    if not 0 < iou <= 1:
        raise UsageError(f"IoU {iou:g}: give a share above 0 and up to 1")
    by_pair: dict[str, list[Annotation]] = {}
    for annotation in annotations:
        if annotation.complete:
            by_pair.setdefault(annotation.pair.id, []).append(annotation)
    shared = [each for each in by_pair.values() if len(each) > 1]
    if not shared:
        raise InputError("no pair was completed by two observers, so nothing can be compared")

    presence: list[Counter[object]] = []
    items: list[Item] = []
    both = found = 0
    for each in shared:
        presence.append(Counter(bool(a.miscompressions) for a in each))
        placed = match({a.observer: a.miscompressions for a in each}, iou)
        items += placed
        for first, second in itertools.combinations(each, 2):
            both += 2 * sum(first.observer in i and second.observer in i for i in placed)
            found += len(first.miscompressions) + len(second.miscompressions)
    judged = [tuple(item.values()) for item in items if len(item) > 1]
    return Agreement(
        tuple(sorted({a.observer for each in shared for a in each})),
        iou,
        len(shared),
        len(items),
        len(judged),
        _kappa(presence),
        both / found if found else None,
        {str(kind): _kappa(_count(judged, kind)) for kind in Type},
        _kappa([Counter(f.symbol for f in place) for place in judged]),
    )


def pairwise(annotations: Iterable[Annotation], iou: float = DEFAULT_IOU) -> list[Agreement]:
    """`agreement` of every two observers who completed a pair in common."""
    seen: dict[str, set[str]] = {}
    kept = [annotation for annotation in annotations if annotation.complete]
    for annotation in kept:
        seen.setdefault(annotation.observer, set()).add(annotation.pair.id)
    return [
        agreement((a for a in kept if a.observer in two), iou)
        for two in itertools.combinations(sorted(seen), 2)
        if seen[two[0]] & seen[two[1]]
    ]


def fleiss_kappa(counts: Sequence[Sequence[int]]) -> float | None:
    """Fleiss' kappa.

    J. L. Fleiss 1971, "Measuring nominal scale agreement among many raters", Psychological
    Bulletin 76(5), 378-382: kappa = (P - Pe) / (1 - Pe), with P the mean over the items of the
    share of pairs of raters who agree, and Pe the sum of the squared shares of the categories.
    Where items have different numbers of raters, each item's P is over its own, and the shares are
    of all ratings; with equal numbers that is Fleiss' formula.

    Args:
        counts: ``[items][categories]``, how many raters put the item into the category; items
            with fewer than two raters are left out.

    Returns:
        At most 1; None where there is no item, or all ratings are in one category.
    """
    rated = [row for row in counts if sum(row) > 1]
    if not rated:
        return None
    total = sum(sum(row) for row in rated)
    shares: list[float] = [sum(column) / total for column in zip(*rated, strict=True)]
    by_chance = sum(share * share for share in shares)
    if max(shares) == 1:
        return None
    agreeing = [sum(k * (k - 1) for k in row) / (sum(row) * (sum(row) - 1)) for row in rated]
    return (sum(agreeing) / len(agreeing) - by_chance) / (1 - by_chance)


def _count(places: Sequence[Sequence[Finding]], kind: Type) -> list[Counter[object]]:
    return [Counter(kind in finding.types for finding in place) for place in places]


def _kappa(ratings: Sequence[Counter[object]]) -> Kappa:
    categories = list(dict.fromkeys(category for item in ratings for category in item))
    table = [[item[category] for category in categories] for item in ratings]
    return Kappa(fleiss_kappa(table), len(table))
