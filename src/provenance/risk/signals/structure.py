"""The error of one pyramid band, split into amplitude, geometry and shape.

In a window with local means removed, the squared error of a band x and its reconstruction y is

    <(x - y)^2> = (sx - sy)^2 + 2 (sx sy - sxy)

with sx, sy the deviations and sxy the covariance: the split that SSIM (Z. Wang et al. 2004) makes
of contrast and structure. The first term is *amplitude*. What the second loses once the
reconstruction is warped back is *geometry*; what is left is *structure*. It is *shape*, unless it
has no energy left to be wrong with: then it has faded rather than changed.

What the band lost in the whole picture alike, by slight blur or a smaller copy, is nothing that an
observer describes: x is taken as if it had lost as much.
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
DETAILED = 6.0
"""Energy of a band, OKLab units squared, from which a place tells how much of it was kept."""
KEPT_QUANTILE = 0.98
"""Of these places. At low rates, codecs still keep .9 and more of the finest band in a few
places of most pictures; blur of 0.8 px leaves .6 to .8 there."""
EVERY = 4
"""Pixels of the level from one place that is asked to the next."""
TILES, SPREAD = 4, 6
"""Rows and columns of tiles, and of these tiles how many must hold such places: what blurred the
one thing in a picture that has detail did not blur the picture."""


@dataclass(frozen=True, slots=True)
class BandError:
    """Mean squared error of one band by type; all float32 [h, w], OKLab units squared."""

    amplitude: FloatArray
    geometry: FloatArray
    structure: FloatArray
    left: FloatArray
    """sy / sx, at most 1: how much there still is to be wrong with."""
    before: FloatArray
    """Energy of the original, less what the whole picture lost."""
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
    kept = _kept_everywhere(before, both)
    original, before, both = original * kept, before * kept**2, both * kept
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


def _kept_everywhere(before: FloatArray, both: FloatArray) -> np.float32:
    """What part of a band those places kept that lost least; 1 where they lost nothing.

    Args:
        before: local energy of the original.
        both: its local covariance with the reconstruction.
    """
    before, both = before[::EVERY, ::EVERY], both[::EVERY, ::EVERY]
    detailed = before >= DETAILED
    rows = np.array_split(detailed, TILES)
    tiles = [tile for row in rows for tile in np.array_split(row, TILES, axis=1)]
    if sum(bool(tile.any()) for tile in tiles) < SPREAD:
        return np.float32(1)
    kept = np.quantile(both[detailed] / before[detailed], KEPT_QUANTILE)
    return np.float32(np.clip(kept, 0, 1))
