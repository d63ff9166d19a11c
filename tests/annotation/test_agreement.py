"""Agreement between observers, against numbers from the literature and by hand."""

from __future__ import annotations

import pytest

from provenance.annotation import agreement, fleiss_kappa, pairwise
from provenance.errors import InputError, UsageError
from provenance.taxonomy import Symbol, Type

from .conftest import annotation, finding

FLEISS = [
    [0, 0, 0, 0, 14],
    [0, 2, 6, 4, 2],
    [0, 0, 3, 5, 6],
    [0, 3, 9, 2, 0],
    [2, 2, 8, 1, 1],
    [7, 7, 0, 0, 0],
    [3, 2, 6, 3, 0],
    [2, 5, 3, 2, 2],
    [6, 5, 2, 1, 0],
    [0, 2, 2, 3, 7],
]
"""The well-known worked example: ten items, fourteen raters, five categories."""


def test_the_worked_example_of_the_literature() -> None:
    kappa = fleiss_kappa(FLEISS)
    assert kappa == pytest.approx(0.210, abs=0.0005)


def test_kappa_at_its_ends() -> None:
    assert fleiss_kappa([[3, 0], [0, 3]]) == 1
    # P = 0 and Pe = 1/2: as unlike as two raters can be.
    assert fleiss_kappa([[1, 1], [1, 1]]) == -1
    assert fleiss_kappa([[2, 0], [2, 0]]) is None
    assert fleiss_kappa([]) is None and fleiss_kappa([[1, 0]]) is None


def test_items_may_have_different_numbers_of_raters() -> None:
    # P: 1 and 0, so 1/2. Shares 4/5 and 1/5, so Pe = 17/25; (1/2 - 17/25) / (8/25) = -9/16.
    assert fleiss_kappa([[3, 0], [1, 1], [0, 1]]) == pytest.approx(-9 / 16)


HERE, THERE = (0, 0, 100, 100), (300, 300, 50, 50)


def test_what_observers_share_is_counted() -> None:
    found = agreement(
        [
            annotation("anna", finding(HERE, Type.SHAPE, symbol=Symbol.NUMERAL), pair="1"),
            annotation("bo", finding((5, 0, 100, 100), Type.SHAPE, symbol=Symbol.TEXT), pair="1"),
            annotation("anna", finding(HERE, Type.AMPLITUDE), finding(THERE), pair="2"),
            annotation("bo", finding(HERE, Type.AMPLITUDE), pair="2"),
            annotation("anna", pair="3"),
            annotation("bo", pair="3"),
        ]
    )
    assert found.observers == ("anna", "bo")
    assert (found.pairs, found.places, found.shared_places) == (3, 3, 2)
    assert (found.presence.value, found.presence.items) == (1, 3)
    assert found.places_f1 == pytest.approx(2 * 2 / (3 + 2))
    assert found.types["shape"].value == 1 and found.types["amplitude"].value == 1
    assert found.types["geometry"].value is None and found.types["geometry"].items == 2
    # P = 1/2; shares 1/4, 1/4, 1/2, so Pe = 3/8; (1/8) / (5/8).
    assert found.symbol.value == pytest.approx(1 / 5)


def test_only_what_counts_is_compared() -> None:
    found = agreement(
        [
            annotation("anna", finding(texture=True), finding(words=("a wall", "A wall."))),
            annotation("bo"),
            annotation("cleo", finding(), complete=False),
            annotation("anna", finding(), pair="anna's alone"),
        ]
    )
    assert found.observers == ("anna", "bo")
    assert (found.pairs, found.places) == (1, 0)
    assert found.places_f1 is None and found.presence.value is None


def test_the_overlap_that_is_asked_for_decides() -> None:
    both = [annotation("anna", finding(HERE)), annotation("bo", finding((30, 0, 100, 100)))]
    assert agreement(both, 0.5).places_f1 == 1
    assert agreement(both, 0.6).places_f1 == 0
    for iou in (0, -1, 1.1):
        with pytest.raises(UsageError, match="IoU"):
            agreement(both, iou)


def test_every_two_observers_are_compared() -> None:
    found = pairwise(
        [
            annotation("anna", finding(HERE)),
            annotation("bo", finding(HERE)),
            annotation("cleo", finding(THERE)),
            annotation("dan", finding(HERE), pair="another"),
        ]
    )
    assert [(each.observers, each.places_f1) for each in found] == [
        (("anna", "bo"), 1),
        (("anna", "cleo"), 0),
        (("bo", "cleo"), 0),
    ]


def test_one_observer_agrees_with_nobody() -> None:
    with pytest.raises(InputError, match="two observers"):
        agreement([annotation("anna"), annotation("bo", complete=False)])
