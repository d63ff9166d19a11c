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
    quality that both curves cover; NaN where they share none.
    """
    from scipy.interpolate import PchipInterpolator

    curves = [_rising(curve) for curve in (anchor, test)]
    low = max(curve[0][1] for curve in curves)
    high = min(curve[-1][1] for curve in curves)
    if not low < high:
        return math.nan
    areas = []
    for curve in curves:
        quality = [quality for _, quality in curve]
        log_rate = [math.log(rate) for rate, _ in curve]
        areas.append(float(PchipInterpolator(quality, log_rate).integrate(low, high)))
    return 100 * math.expm1((areas[1] - areas[0]) / (high - low))


def _rising(curve: Curve) -> list[tuple[float, float]]:
    """The points in order of rate, without exact ones and those that cost more for nothing."""
    kept: list[tuple[float, float]] = []
    for rate, quality in sorted(curve):
        if math.isfinite(quality) and (not kept or quality > kept[-1][1]):
            kept.append((rate, quality))
    return kept
