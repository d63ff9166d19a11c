"""How well scores and probabilities tell right from wrong."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

_DRAWS = 400
"""How often chance is asked."""

_BINS = 10


def auroc(positives: ArrayLike, negatives: ArrayLike) -> float:
    """Chance that a positive scores higher than a negative, ties counting half; 0.5 is guessing.

    The area under the curve of the receiver operating characteristic, by ranks (H. B. Mann and
    D. R. Whitney 1947, "On a test of whether one of two random variables is stochastically larger
    than the other").

    Args:
        positives, negatives: scores, one dimension each, higher for more suspicion, or infinite.

    Returns:
        0 to 1; NaN where one side is empty.
    """
    from scipy.stats import rankdata

    above, below = np.asarray(positives, dtype=float), np.asarray(negatives, dtype=float)
    if not above.size or not below.size:
        return math.nan
    ranks = rankdata(np.concatenate([above, below]))[: above.size]
    wins = ranks.sum() - above.size * (above.size + 1) / 2
    return float(wins / (above.size * below.size))


def average_precision(positives: ArrayLike, negatives: ArrayLike, *, missed: int = 0) -> float:
    """Precision at each positive, from the highest score down, averaged over all positives.

    Precision is taken at thresholds, so that the order among equal scores does not matter (the sum
    over thresholds of precision times the gain in recall, without interpolation).

    Args:
        positives, negatives: scores, one dimension each.
        missed: positives without any score, which count as never found.

    Returns:
        0 to 1; the share of positives is what guessing gives. NaN where there are no positives.
    """
    above, below = np.asarray(positives, dtype=float), np.asarray(negatives, dtype=float)
    total = above.size + missed
    if not total:
        return math.nan
    area = 0.0
    for threshold in np.unique(above):
        right = int((above >= threshold).sum())
        wrong = int((below >= threshold).sum())
        area += int((above == threshold).sum()) / total * right / (right + wrong)
    return area


def calibration_error(probabilities: Sequence[float], truths: Sequence[bool]) -> float:
    """Expected calibration error: distance of what was promised to what came true, 0 to 1.

    In `_BINS` bins of equal width, the mean probability less the share that is true, weighted by
    how many fall into the bin (M. P. Naeini, G. F. Cooper and M. Hauskrecht 2015, "Obtaining Well
    Calibrated Probabilities Using Bayesian Binning").

    Returns:
        NaN where there are none.
    """
    promised = np.asarray(probabilities, dtype=float)
    true = np.asarray(truths, dtype=float)
    if promised.shape != true.shape:
        raise ValueError(f"{promised.size} probabilities and {true.size} truths")
    if not promised.size:
        return math.nan
    places = np.minimum((promised * _BINS).astype(int), _BINS - 1)
    gaps = (abs((promised - true)[places == place].sum()) for place in np.unique(places))
    return float(sum(gaps) / promised.size)


def calibration_by_chance(probabilities: Sequence[float]) -> float:
    """The calibration error to be expected of these probabilities, were each of them exact.

    Chance fills the bins unevenly: below some hundred findings this is above .05. The mean of
    `_DRAWS` draws, the same every time.

    Returns:
        NaN where there are none.
    """
    if not len(probabilities):
        return math.nan
    rng = np.random.default_rng(0)
    drawn = rng.random((_DRAWS, len(probabilities))) < np.asarray(probabilities, dtype=float)
    return float(np.mean([calibration_error(probabilities, truths) for truths in drawn.tolist()]))


def calibration_interval(
    probabilities: Sequence[float], truths: Sequence[bool], pictures: Sequence[int]
) -> tuple[float, float]:
    """Where 95 % of the calibration errors lie when whole pictures are drawn anew with replacement.

    The percentile bootstrap over clusters (B. Efron and R. J. Tibshirani 1993, "An Introduction to
    the Bootstrap", 13.3), `_DRAWS` draws, the same every time. Of few findings the error is too
    high rather than too low: chance fills the bins unevenly.

    Args:
        pictures: which picture each is from.
    """
    rng = np.random.default_rng(0)
    places = [np.flatnonzero(np.asarray(pictures) == picture) for picture in sorted(set(pictures))]
    errors = []
    for _ in range(_DRAWS):
        drawn = np.concatenate([places[i] for i in rng.integers(len(places), size=len(places))])
        errors.append(
            calibration_error([probabilities[i] for i in drawn], [truths[i] for i in drawn])
        )
    low, high = np.quantile(errors, [0.025, 0.975])
    return float(low), float(high)


def rank_correlation(first: Sequence[float], second: Sequence[float]) -> float:
    """Spearman's rank correlation, -1 to 1, equal values sharing their mean rank.

    C. Spearman 1904, "The proof and measurement of association between two things".

    Returns:
        NaN where there are fewer than two points or all values of one side are equal.
    """
    from scipy.stats import spearmanr

    if len(first) < 2 or len(set(first)) < 2 or len(set(second)) < 2:
        return math.nan
    return float(spearmanr(first, second).statistic)


def highest_share(events: int, trials: int) -> float:
    """The largest true share that ``events`` of ``trials`` leave likely: a one-sided bound of 95 %.

    C. J. Clopper and E. S. Pearson 1934, "The use of confidence or fiducial limits illustrated in
    the case of the binomial", exact. NaN without trials.
    """
    from scipy.stats import binomtest

    if not trials:
        return math.nan
    interval = binomtest(events, trials, alternative="less").proportion_ci(0.95, "exact")
    return float(interval.high)
