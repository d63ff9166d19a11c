"""OKLab, in which equal steps look about equal (B. Ottosson 2020)."""

from __future__ import annotations

import functools

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float32]

_TO_CONES = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ],
    dtype=np.float32,
)
_TO_LAB = 100 * np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ],
    dtype=np.float32,
)

FLARE = 0.005
"""Light that a screen reflects, as a share of white. Without it the cube root makes differences
near black look large which nobody can see."""


@functools.cache
def _linear_light() -> FloatArray:
    """Light that reaches the eye for each sRGB code value, [256], white being 1."""
    code = np.arange(256, dtype=np.float64) / 255
    light = np.where(code <= 0.04045, code / 12.92, ((code + 0.055) / 1.055) ** 2.4)
    return ((light + FLARE) / (1 + FLARE)).astype(np.float32)


def to_linear(lab: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Linear sRGB, 0 to 1, of one OKLab colour times 100, the screen's flare taken off again."""
    cones = np.linalg.solve(_TO_LAB.astype(np.float64), np.asarray(lab, dtype=np.float64)) ** 3
    light = np.linalg.solve(_TO_CONES.astype(np.float64), cones)
    return np.asarray(np.clip(light * (1 + FLARE) - FLARE, 0, 1))


def to_oklab(pixels: npt.NDArray[np.uint8]) -> FloatArray:
    """OKLab times 100 of sRGB pixels.

    Args:
        pixels: uint8 [h, w, 3], sRGB.

    Returns:
        float32 [h, w, 3]: lightness 17 to 100, then a and b, about -30 to 30. One unit is near the
        smallest difference that can be seen.
    """
    import cv2

    cones = cv2.transform(cv2.LUT(pixels, _linear_light()), _TO_CONES)
    cv2.pow(cones, 1 / 3, dst=cones)  # Some eight times as fast as NumPy's cube root.
    lab: FloatArray = cv2.transform(cones, _TO_LAB)
    return lab
