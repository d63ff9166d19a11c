"""The error of one pyramid band, split into amplitude, geometry and shape.

In a window with local means removed, the squared error of a band x and its reconstruction y is

    <(x - y)^2> = (sx - sy)^2 + 2 (sx sy - sxy)

with sx, sy the deviations and sxy the covariance: the split that SSIM (Z. Wang et al. 2004) makes
of contrast and structure. The first term is *amplitude*. What the second loses once the
reconstruction is warped back is *geometry*; what is left is *structure*. It is *shape*, unless it
has no energy left to be wrong with: then it has faded rather than changed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .pyramid import smooth

FloatArray = npt.NDArray[np.float32]

WINDOW_SIGMA = 3.0
"""Of the window, in pixels of the level."""
SURROUND_SIGMA = 10.0
"""Of the surroundings which mask an error, in pixels of the level."""


@dataclass(frozen=True, slots=True)
class BandError:
    """Mean squared error of one band by type; all float32 [h, w], OKLab units squared."""

    amplitude: FloatArray
    geometry: FloatArray
    structure: FloatArray
    left: FloatArray
    """sy / sx, at most 1: how much there still is to be wrong with."""
    before: FloatArray
    """Energy of the original."""
    after: FloatArray
    """Energy of the reconstruction, warped back."""
    surround: FloatArray
    """Energy of the original in the wider surroundings."""


def band_error(original: FloatArray, moved: FloatArray, aligned: FloatArray) -> BandError:
    """Split the error of one band.

    Args:
        original, moved, aligned: float32 [h, w]: the band of the original, of the
            reconstruction, and of the reconstruction warped back along the flow.
    """
    before = smooth(original * original, WINDOW_SIGMA)
    after = smooth(aligned * aligned, WINDOW_SIGMA)
    both = smooth(original * aligned, WINDOW_SIGMA)
    total = smooth(np.square(original - moved), WINDOW_SIGMA)
    sx, sy = np.sqrt(before), np.sqrt(after)
    # A covariance below zero is contrast turned round at the same contours, so no new structure.
    structure = np.maximum(2 * (sx * sy - np.abs(both)), 0)
    amplitude = np.square(sx - sy) + np.maximum(-4 * both, 0)
    geometry = np.maximum(total - amplitude - structure, 0)
    return BandError(
        amplitude=amplitude,
        geometry=geometry,
        structure=structure,
        left=np.minimum(sy / np.maximum(sx, np.float32(1e-3)), 1),
        before=before,
        after=after,
        surround=smooth(before, SURROUND_SIGMA),
    )
