"""Multi-scale structural similarity."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
WINDOW = 11
SIGMA = 1.5
EDGE = WINDOW // 2
ROWS = 64
"""Of a strip."""
SMALLEST_SIDE = WINDOW * 2 ** (len(WEIGHTS) - 1)
"""Pictures with a shorter side have no place for the window at the coarsest scale."""

_C1 = (0.01 * 255) ** 2
C2 = (0.03 * 255) ** 2
"""What keeps it finite where nothing varies: Wang et al. 2004, section III.B."""

Plane = NDArray[np.float32]


def ms_ssim(original: NDArray[np.uint8], reconstruction: NDArray[np.uint8]) -> float | None:
    """MS-SSIM, the mean over R, G and B; 1 for equal pictures, None for sides under 176 px.

    Wang, Simoncelli and Bovik 2003, "Multi-scale structural similarity for image quality
    assessment": five scales, Gaussian window of 11 px, no padding.

    Args:
        original: ``[height, width, 3]`` uint8.
        reconstruction: the same shape.
    """
    if min(original.shape[:2]) < SMALLEST_SIDE:
        return None
    channels = range(original.shape[2])
    return float(np.mean([_plane(original[..., c], reconstruction[..., c]) for c in channels]))


def _plane(a: NDArray[np.uint8], b: NDArray[np.uint8]) -> float:
    x, y = a.astype(np.float32), b.astype(np.float32)
    result = 1.0
    for scale, weight in enumerate(WEIGHTS):
        last = scale == len(WEIGHTS) - 1
        result *= max(_mean(x, y, with_luminance=last), 0.0) ** weight
        if not last:
            x, y = _halved(x), _halved(y)
    return result


def _mean(x: Plane, y: Plane, *, with_luminance: bool) -> float:
    """The mean contrast-structure term, or that of SSIM; by strips, which stay in the cache."""
    height, width = (side - 2 * EDGE for side in x.shape)
    total = 0.0
    for top in range(0, height, ROWS):
        rows = slice(top, min(top + ROWS, height) + 2 * EDGE)
        total += float(_term(x[rows], y[rows], with_luminance).sum(dtype=np.float64))
    return float(total / (height * width))


def _term(x: Plane, y: Plane, with_luminance: bool) -> Plane:
    mean_x, mean_y = _window(x), _window(y)
    product = mean_x * mean_y
    squares = mean_x * mean_x + mean_y * mean_y
    covariance = _window(x * y) - product
    variances = _window(x * x + y * y) - squares
    term: Plane = (2 * covariance + C2) / (variances + C2)
    if with_luminance:
        term *= (2 * product + _C1) / (squares + _C1)
    return term


def _window(x: Plane) -> Plane:
    import cv2

    taps = [math.exp(-((i - EDGE) ** 2) / (2 * SIGMA**2)) for i in range(WINDOW)]
    kernel = np.array(taps, np.float32) / sum(taps)
    filtered: Plane = cv2.sepFilter2D(x, cv2.CV_32F, kernel, kernel)
    return filtered[EDGE:-EDGE, EDGE:-EDGE]


def _halved(x: Plane) -> Plane:
    """The mean of each 2x2 block; an odd last row or column is left out."""
    import cv2

    height, width = (side // 2 for side in x.shape)
    halved: Plane = cv2.resize(
        x[: 2 * height, : 2 * width], (width, height), interpolation=cv2.INTER_AREA
    )
    return halved
