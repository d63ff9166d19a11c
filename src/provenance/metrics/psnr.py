"""Peak signal-to-noise ratio."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

_STRIP = 256


def psnr_db(original: NDArray[np.uint8], reconstruction: NDArray[np.uint8]) -> float:
    """RGB PSNR in dB, from the mean squared error over all channels; infinite where none differs.

    Args:
        original: ``[height, width, 3]`` uint8.
        reconstruction: the same shape.
    """
    total = 0.0
    for top in range(0, len(original), _STRIP):
        a = original[top : top + _STRIP].astype(np.int32)
        difference = (a - reconstruction[top : top + _STRIP]).ravel()
        total += float(np.square(difference, dtype=np.int64).sum())
    if total == 0:
        return math.inf
    return 10 * math.log10(255**2 * original.size / total)
