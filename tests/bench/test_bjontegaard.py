"""Bjøntegaard's difference on curves whose answer is known."""

from __future__ import annotations

import math

import pytest

from provenance.bench.bjontegaard import rate_difference

CURVE = [(0.1, 28.0), (0.2, 31.0), (0.4, 34.0), (0.8, 37.0)]


def test_a_curve_against_itself() -> None:
    assert rate_difference(CURVE, CURVE) == pytest.approx(0)


@pytest.mark.parametrize("factor", [0.5, 0.8, 1.25])
def test_a_scaled_rate(factor: float) -> None:
    scaled = [(rate * factor, quality) for rate, quality in reversed(CURVE)]
    assert rate_difference(CURVE, scaled) == pytest.approx(100 * (factor - 1))


def test_points_that_bring_nothing_are_left_out() -> None:
    assert rate_difference(CURVE, [*CURVE, (0.5, 33.0)]) == pytest.approx(0)


def test_curves_without_common_quality() -> None:
    assert math.isnan(rate_difference(CURVE, [(0.1, 40.0), (0.2, 41.0)]))


def test_a_single_point_is_compared_at_its_own_quality() -> None:
    assert rate_difference(CURVE, [(0.1, 31.0)]) == pytest.approx(-50)
    assert rate_difference([(0.1, 31.0)], CURVE) == pytest.approx(100)
    between = rate_difference(CURVE, [(0.3, 32.5)])
    assert 0 < between < 20
    assert math.isnan(rate_difference(CURVE, [(0.1, 40.0)]))


def test_a_codec_that_loses_nothing_has_no_curve() -> None:
    assert math.isnan(rate_difference(CURVE, [(0.1, math.inf)]))
