"""CIEDE2000, the colour difference of the CIE (CIE 142-2001)."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from .oklab import to_linear

Lab = tuple[float, float, float]

_TO_XYZ = np.array(
    [
        [0.4123908, 0.3575843, 0.1804808],
        [0.2126390, 0.7151687, 0.0721923],
        [0.0193308, 0.1191948, 0.9505322],
    ]
)
_WHITE = _TO_XYZ.sum(axis=1)
"""D65, as sRGB has it."""


def to_cielab(oklab: npt.ArrayLike) -> Lab:
    """CIELAB (D65) of one OKLab colour times 100, as `to_oklab` gives it."""
    x, y, z = np.maximum(_TO_XYZ @ to_linear(oklab), 0) / _WHITE
    fx, fy, fz = (
        v ** (1 / 3) if v > (6 / 29) ** 3 else v * (29 / 6) ** 2 / 3 + 4 / 29 for v in (x, y, z)
    )
    return float(116 * fy - 16), float(500 * (fx - fy)), float(200 * (fy - fz))


def ciede2000(one: Lab, other: Lab) -> float:
    """Difference of two CIELAB colours; about 1 is just noticeable.

    G. Sharma, W. Wu and E. N. Dalal 2005, "The CIEDE2000 color-difference formula: Implementation
    notes, supplementary test data, and mathematical observations"; their notation.
    """
    mean_c = (math.hypot(*one[1:]) + math.hypot(*other[1:])) / 2
    g = 0.5 * (1 - math.sqrt(mean_c**7 / (mean_c**7 + 25.0**7)))
    (l1, c1, h1), (l2, c2, h2) = (_polar(lab, 1 + g) for lab in (one, other))
    delta_h = (h2 - h1 + 180) % 360 - 180 if c1 * c2 else 0.0
    if c1 * c2 and h2 - h1 == 180:
        delta_h = 180.0
    mean_h = h1 + h2 if not c1 * c2 else (h1 + h2) / 2
    if c1 * c2 and abs(h1 - h2) > 180:
        mean_h += 180 if h1 + h2 < 360 else -180
    lightness, chroma = (l1 + l2) / 2, (c1 + c2) / 2
    t = (
        1
        - 0.17 * _cos(mean_h - 30)
        + 0.24 * _cos(2 * mean_h)
        + 0.32 * _cos(3 * mean_h + 6)
        - 0.20 * _cos(4 * mean_h - 63)
    )
    turn = 60 * math.exp(-(((mean_h - 275) / 25) ** 2))
    rotation = -2 * math.sqrt(chroma**7 / (chroma**7 + 25.0**7)) * math.sin(math.radians(turn))
    light = (l2 - l1) / (1 + 0.015 * (lightness - 50) ** 2 / math.sqrt(20 + (lightness - 50) ** 2))
    colour = (c2 - c1) / (1 + 0.045 * chroma)
    hue = 2 * math.sqrt(c1 * c2) * math.sin(math.radians(delta_h / 2)) / (1 + 0.015 * chroma * t)
    return math.sqrt(light**2 + colour**2 + hue**2 + rotation * colour * hue)


def _polar(lab: Lab, stretch: float) -> Lab:
    """Lightness, chroma and hue angle in degrees, a stretched."""
    a, b = stretch * lab[1], lab[2]
    return lab[0], math.hypot(a, b), math.degrees(math.atan2(b, a)) % 360


def _cos(degrees: float) -> float:
    return math.cos(math.radians(degrees))
