"""Neighbours that say the same become one finding."""

from __future__ import annotations

import pytest

from provenance.labels import Finding
from provenance.risk.merging import merged

Box = tuple[int, int, int, int]


def finding(box: Box, shape: float = 0.8, p: float = 0.5, symbol: str | None = None) -> Finding:
    types = {"shape": shape, "amplitude": 1 - shape}
    return Finding(box, types, symbol, p, 0.5, "signal", {}, f"p is {p}.")


def test_what_touches_is_one_and_the_likeliest_speaks() -> None:
    (one,) = merged([finding((0, 0, 20, 20), 0.6, 0.3), finding((22, 0, 20, 20), 0.8, 0.7)])
    assert one.box == (0, 0, 42, 20)
    assert one.probability == 0.7
    assert one.sentence == "p is 0.7."
    assert one.types == pytest.approx({"shape": 0.7, "amplitude": 0.3})


def test_a_chain_of_neighbours_is_one() -> None:
    assert len(merged([finding((20 * i, 0, 20, 20)) for i in (0, 4, 2, 3, 1)])) == 1


def test_a_box_does_not_grow_over_the_whole_picture() -> None:
    everywhere = [finding((20 * i, 20 * j, 20, 20)) for i in range(10) for j in range(10)]
    assert all(one.box[2] * one.box[3] <= 8 * 20 * 20 for one in merged(everywhere))


def test_what_lies_apart_stays_apart() -> None:
    assert len(merged([finding((0, 0, 20, 20)), finding((40, 0, 20, 20))])) == 2


def test_other_types_and_symbols_stay_apart() -> None:
    assert len(merged([finding((0, 0, 20, 20)), finding((20, 0, 20, 20), 0.2)])) == 2
    assert len(merged([finding((0, 0, 20, 20)), finding((20, 0, 20, 20), symbol="text")])) == 2


def test_a_box_that_would_be_mostly_unaffected_is_not_drawn() -> None:
    assert len(merged([finding((0, 0, 100, 10)), finding((0, 10, 10, 100))])) == 2
