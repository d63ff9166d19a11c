"""Which boxes are one place."""

from __future__ import annotations

import pytest

from provenance.annotation import Finding, iou, match

from .conftest import finding


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ((0, 0, 10, 10), (0, 0, 10, 10), 1.0),
        ((0, 0, 10, 10), (5, 0, 10, 10), 1 / 3),
        ((0, 0, 10, 10), (2, 2, 5, 5), 0.25),
        ((0, 0, 10, 10), (10, 0, 10, 10), 0.0),
        ((0, 0, 10, 10), (40, 40, 1, 1), 0.0),
    ],
)
def test_iou(
    first: tuple[int, int, int, int], second: tuple[int, int, int, int], expected: float
) -> None:
    assert iou(first, second) == pytest.approx(expected)
    assert iou(second, first) == pytest.approx(expected)


def _row(*lefts: int) -> list[Finding]:
    return [finding((left, 0, 100, 100)) for left in lefts]


def _lefts(places: list[dict[str, Finding]]) -> list[dict[str, int]]:
    return sorted(
        ({o: f.box[0] for o, f in place.items()} for place in places), key=lambda p: str(p)
    )


def test_the_best_overlap_wins() -> None:
    # Bo's 20 overlaps both of Anna's; it belongs to the nearer one, and the other stays alone.
    places = match({"anna": _row(0, 30), "bo": _row(20)}, 0.3)
    assert _lefts([dict(p) for p in places]) == [{"anna": 0}, {"anna": 30, "bo": 20}]


def test_nobody_is_twice_in_one_place() -> None:
    places = match({"anna": _row(0, 1), "bo": _row(0, 1)}, 0.5)
    assert _lefts([dict(p) for p in places]) == [{"anna": 0, "bo": 0}, {"anna": 1, "bo": 1}]


def test_every_two_boxes_of_a_place_overlap() -> None:
    # 0 and 30: 70/130 = 0.54. 30 and 60 as well. 0 and 60: 0.25, so not all three are one.
    places = match({"anna": _row(0), "bo": _row(30), "cleo": _row(60)}, 0.5)
    assert sorted(len(place) for place in places) == [1, 2]
    places = match({"anna": _row(0), "bo": _row(10), "cleo": _row(20)}, 0.5)
    assert [set(place) for place in places] == [{"anna", "bo", "cleo"}]


def test_below_the_threshold_they_are_two() -> None:
    both = {"anna": _row(0), "bo": _row(30)}
    assert len(match(both, 0.5)) == 1
    assert len(match(both, 0.55)) == 2
    assert match({"anna": [], "bo": []}, 0.5) == []
