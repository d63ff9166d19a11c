"""Bjøntegaard's rate difference between two rate-distortion curves."""

from __future__ import annotations

import math
from collections.abc import Sequence

Curve = Sequence[tuple[float, float]]
"""Rate (any unit) and quality (dB) of each operating point, in any order."""


def rate_difference(anchor: Curve, test: Curve) -> float:
    """How much more rate ``test`` needs than ``anchor`` for the same quality, in percent.

    G. Bjøntegaard 2001, VCEG-M33, with the piecewise cubic interpolation of later practice in place
    of one cubic polynomial. Negative is better than the anchor. The mean is over the range of
    quality that both curves cover, which is one quality where either is a single point; NaN where
    they share none.
    """
    curves = [_rising(curve) for curve in (anchor, test)]
    if not all(curves):
        return math.nan
    low = max(curve[0][1] for curve in curves)
    high = min(curve[-1][1] for curve in curves)
    if low > high:
        return math.nan
    means = [_mean_log_rate(curve, low, high) for curve in curves]
    return 100 * math.expm1(means[1] - means[0])


def _mean_log_rate(curve: Curve, low: float, high: float) -> float:
    """Over the qualities from ``low`` to ``high``, which may be one."""
    from scipy.interpolate import PchipInterpolator

    log_rates, qualities = [math.log(rate) for rate, _ in curve], [quality for _, quality in curve]
    if len(curve) == 1:
        return log_rates[0]
    between = PchipInterpolator(qualities, log_rates)
    return float(between(low) if low == high else between.integrate(low, high) / (high - low))


def _rising(curve: Curve) -> list[tuple[float, float]]:
    """The points in order of rate, without exact ones and those that cost more for nothing."""
    kept: list[tuple[float, float]] = []
    for rate, quality in sorted(curve):
        if math.isfinite(quality) and (not kept or quality > kept[-1][1]):
            kept.append((rate, quality))
    return kept
