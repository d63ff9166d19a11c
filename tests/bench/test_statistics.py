"""Statistics, against examples worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from provenance.bench.statistics import (
    auroc,
    average_precision,
    calibration_by_chance,
    calibration_error,
    calibration_interval,
    highest_share,
    rank_correlation,
)


def test_auroc_counts_the_pairs_in_order() -> None:
    # 0.9 beats both, 0.4 beats 0.3 and ties with 0.4: 3.5 of 4.
    assert auroc([0.9, 0.4], [0.3, 0.4]) == pytest.approx(3.5 / 4)
    assert auroc([1, 2], [3, 4]) == 0
    assert auroc([math.inf], [1]) == 1


def test_auroc_of_equal_scores_is_guessing() -> None:
    assert auroc([0, 0, 0], [0, 0]) == 0.5


def test_auroc_without_one_side_is_unknown() -> None:
    assert math.isnan(auroc([], [1])) and math.isnan(auroc([1], []))


def test_average_precision_averages_over_the_positives() -> None:
    # Order: right (1/1), wrong, right (2/3).
    assert average_precision([0.9, 0.5], [0.7]) == pytest.approx((1 + 2 / 3) / 2)


def test_average_precision_does_not_depend_on_the_order_of_ties() -> None:
    # At the one threshold there are two right of four.
    assert average_precision([0.5, 0.5], [0.5, 0.5]) == pytest.approx(0.5)


def test_a_missed_positive_counts_as_never_found() -> None:
    assert average_precision([0.9], [0.1], missed=1) == pytest.approx(0.5)
    assert average_precision([], [0.1], missed=2) == 0
    assert math.isnan(average_precision([], [0.1]))


def test_calibration_error_weighs_the_bins() -> None:
    # Two promise .8 and half of them are true: gap .3. Two promise .2 and none is: gap .2.
    assert calibration_error([0.8, 0.8, 0.2, 0.2], [True, False, False, False]) == pytest.approx(
        0.25
    )
    assert calibration_error([1.0], [True]) == 0


def test_errors_within_a_bin_may_cancel_but_not_between_bins() -> None:
    assert calibration_error([0.5, 0.5], [True, False]) == 0
    assert calibration_error([0.25, 0.75], [True, False]) == pytest.approx(0.75)


def test_calibration_needs_one_truth_for_each_probability() -> None:
    with pytest.raises(ValueError, match="2 probabilities and 1 truths"):
        calibration_error([0.1, 0.2], [True])
    assert math.isnan(calibration_error([], []))


def test_exact_probabilities_have_an_error_by_chance() -> None:
    # Of one coin the share is .5 off; of n in a bin, the root of .5 * .5 / n * 2 / pi.
    assert calibration_by_chance([0.55]) == pytest.approx(0.5, abs=0.02)
    assert calibration_by_chance([0.5] * 100) == pytest.approx((0.5 / np.pi / 100) ** 0.5, rel=0.1)
    assert calibration_by_chance([1.0, 0.0]) == 0
    assert math.isnan(calibration_by_chance([]))


def test_rank_correlation_sees_order_alone() -> None:
    assert rank_correlation([1, 2, 3], [10, 1000, 1001]) == pytest.approx(1)
    # Differences of ranks -1, 1, 0: 1 - 6 * 2 / (3 * 8).
    assert rank_correlation([1, 2, 3], [2, 1, 3]) == pytest.approx(0.5)
    assert rank_correlation([1, 2, 3], [3, 2, 1]) == pytest.approx(-1)


def test_rank_correlation_of_a_constant_is_unknown() -> None:
    assert math.isnan(rank_correlation([1, 2, 3], [0, 0, 0]))
    assert math.isnan(rank_correlation([1], [1]))


def test_no_event_leaves_a_share_of_about_three_over_n() -> None:
    # (1 - share) ** 51 = 0.05.
    assert highest_share(0, 51) == pytest.approx(1 - 0.05 ** (1 / 51))
    assert highest_share(51, 51) == 1
    assert math.isnan(highest_share(0, 0))


def test_pictures_not_findings_are_drawn_anew() -> None:
    promised, right = [0.75] * 40, [True] * 30 + [False] * 10
    apart = calibration_interval(promised, right, list(range(40)))
    assert apart[0] < 0.05 and 0.05 < apart[1] < 0.25
    # All that is right is in one picture: it may be drawn once, twice or never.
    assert calibration_interval(promised, right, [0] * 30 + [1] * 10) == (0.0, 0.75)
    assert apart == calibration_interval(promised, right, list(range(40)))
