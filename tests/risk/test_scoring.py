"""From findings to the score of a picture."""

from __future__ import annotations

import dataclasses

import numpy as np
import numpy.typing as npt
import pytest

from provenance.labels import Finding
from provenance.risk.calibration import LIGHTS, REGION
from provenance.risk.scoring import (
    affected_area,
    deceptiveness,
    is_high_impact,
    ranked,
    reported,
    score,
    score_by_type,
)
from provenance.risk.signals import measure_pair

Box = tuple[int, int, int, int]
Pixels = npt.NDArray[np.uint8]


def finding(probability: float, symbol: str | None = None, box: Box = (0, 0, 10, 10)) -> Finding:
    return Finding(box, {"shape": 0.75, "amplitude": 0.25}, symbol, probability, 0.5, "", {}, "")


def test_no_finding_is_no_risk() -> None:
    assert score([]) == 0


def test_one_of_the_three_worst_is_enough() -> None:
    assert score([0.5, 0.5]) == pytest.approx(0.75)
    assert score([0.1, 0.5, 0.5, 0.5]) == score([0.5, 0.5, 0.5])


def test_a_symbol_comes_before_what_is_likelier_but_means_less() -> None:
    first, second = ranked([finding(0.7, box=(50, 50, 9, 9)), finding(0.5, "numeral")])
    assert first.symbol == "numeral"
    assert second.symbol is None


def test_a_place_is_not_counted_twice() -> None:
    assert len(ranked([finding(0.5), finding(0.9, "text")])) == 1
    assert len(ranked([finding(0.5, box=(5, 5, 10, 10)), finding(0.9, "text")])) == 2


def test_a_place_that_two_detectors_report_counts_once() -> None:
    wide = finding(0.7, box=(0, 0, 30, 30))
    inner = dataclasses.replace(finding(0.5), detector="another")
    assert ranked([inner, wide]) == (wide,)
    assert len(ranked([dataclasses.replace(inner, detector=wide.detector), wide])) == 2
    assert len(ranked([dataclasses.replace(inner, symbol="light"), wide])) == 2


def test_the_improbable_is_not_reported_and_the_rest_is_bounded() -> None:
    assert ranked([finding(0.01)]) == ()
    many = ranked([finding(0.5, box=(20 * i, 0, 9, 9)) for i in range(80)])
    assert len(many) == 80
    assert len(reported(many)) == 20


def test_symbols_are_reported_first() -> None:
    many = [finding(0.9, box=(20 * i, 0, 9, 9)) for i in range(80)]
    first, second, *_rest = reported([*many, finding(0.2, "text"), finding(0.3, "numeral")])
    assert (first.symbol, second.symbol) == ("numeral", "text")


def test_each_type_is_scored_by_its_share() -> None:
    by_type = score_by_type([finding(0.8, "text")])
    assert by_type == pytest.approx({"amplitude": 0.2, "geometry": 0.0, "shape": 0.6})


def test_area_is_that_of_the_union() -> None:
    assert affected_area([(0, 0, 10, 10), (5, 0, 10, 10)], 100, 10) == pytest.approx(0.15)
    assert affected_area([], 1, 1) == 0


def test_only_a_likely_symbol_is_of_high_impact() -> None:
    assert is_high_impact([finding(0.4, "text")])
    assert not is_high_impact([finding(0.9), finding(0.2, "text")])


def test_what_is_smeared_warns_and_what_is_crisp_deceives() -> None:
    assert deceptiveness(0.2) == 0
    assert deceptiveness(1.0) == 1


def test_a_curve_rises_from_nothing_to_certainty() -> None:
    assert LIGHTS(0) == 0
    assert LIGHTS(LIGHTS.middle) == pytest.approx(0.5)
    assert LIGHTS(100) > 0.99


def test_what_stands_out_is_likelier_and_less_so_where_all_was_drawn_anew(
    lighthouse: Pixels,
) -> None:
    still = measure_pair(lighthouse, lighthouse).measure((100, 100, 40, 40))

    def chance(
        peak: float,
        redrawn: float = 0,
        crispness: float = 1,
        size: float = 20,
        at_edge: bool = False,
    ) -> float:
        return REGION(
            dataclasses.replace(
                still, peak=peak, redrawn=redrawn, crispness=crispness, size=size, at_edge=at_edge
            )
        )

    assert still.size == pytest.approx(20)
    assert chance(peak=0.5) < 0.01
    assert chance(peak=100) > 0.9
    assert chance(peak=6) > chance(peak=3) > chance(peak=3, redrawn=0.05)
    assert chance(peak=3, redrawn=0.05) > chance(peak=3, redrawn=0.5)
    assert chance(peak=3, redrawn=0.5) == chance(peak=3, redrawn=0.4)
    assert chance(peak=3, size=10) > chance(peak=3)
    assert chance(peak=3, crispness=0.5) > chance(peak=3)
    assert chance(peak=3, at_edge=True) < chance(peak=3)
