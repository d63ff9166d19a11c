"""The quality map: how much finer or coarser than the picture each square of 64 px is quantised.

Squares of the same error look unlike: on a smooth wall it is seen, in leaves it is not. So smooth
squares get a higher quality and busy ones a lower, as other encoders do it (adaptive quantisation),
which spends a little PSNR for MS-SSIM. Or regions of interest get a higher one. The map travels in
the bitstream, so that an encoder may make it as it likes; without one, all squares are alike.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from ...errors import BitstreamError
from ...metrics.ms_ssim import C2
from ..base import Box
from ..entropy import TOTAL, Decoder, Part, Tables
from .hyperprior import HYPER_STRIDE, LAMBDAS, LEVELS
from .pixels import cut
from .tiling import Region, grid

STEP = 0.5
"""Levels of the network (`hyperprior.LEVELS`) that an offset of 1 means."""

MOST = 6
"""Largest offset to either side."""

REGION_STEP = 2
"""Offset by which a region of interest is raised, each time it is named: one level."""

HIGHEST = float(LEVELS)
"""Highest level of a square: one more than was trained, where the gains go on as they did."""

WITHIN, AMONG = 0.3, 0.6
"""Powers of activity by which errors weigh less: that of a square beside its picture's, and that of
the picture. 0 for PSNR, 1 for the mean of structural similarity alone. Chosen on training photos:
within a picture half of the power has most of the gain, and among pictures PSNR gains as well."""

BLOCK = 8
"""Side of the blocks, in pixels, whose mean variance is the activity of a square."""

TYPICAL = 200.0
"""Variance, on the scale 0..255, of pictures that as a whole get the quality asked for."""

_TABLE = [TOTAL // 3 >> abs(delta) for delta in range(-2 * MOST, 2 * MOST + 1)]
_TABLES = Tables(
    np.array([-2 * MOST], np.int32),
    np.array([len(_TABLE) + 1], np.int32),
    np.array([*_TABLE, TOTAL - sum(_TABLE)], np.int32),
)
"""Of an offset less the one before it: half as likely for each step further from 0."""

Offsets = NDArray[np.int32]
"""``[h/64, w/64]``, in steps of `STEP` levels, -`MOST` to `MOST`."""


def flat(height: int, width: int) -> Offsets:
    """The map of a picture that is quantised alike everywhere."""
    return np.zeros(grid(height, width, HYPER_STRIDE), np.int32)


def adapted(pixels: NDArray[np.uint8]) -> Offsets:
    """The map of ``[h, w, 3]`` RGB by the activity of each square.

    An error in a square of variance ``v`` costs structural similarity about ``1 / (2 v + C2)``
    (Wang et al. 2004, equation 13, for errors without structure).
    """
    import cv2

    rows, columns = grid(pixels.shape[0], pixels.shape[1], HYPER_STRIDE)
    busier = np.empty((rows, columns), np.float32)
    squares = Region(0, rows, 0, columns)
    for row in squares.strips(1):
        strip = cut(pixels, row.times(HYPER_STRIDE))
        luma = cv2.cvtColor(strip, cv2.COLOR_RGB2GRAY).astype(np.float32)
        mean, mean_square = (_means(values, BLOCK) for values in (luma, luma * luma))
        variance = _means(mean_square - mean * mean, HYPER_STRIDE // BLOCK)
        busier[row.rows] = np.log((2 * variance + C2) / (2 * TYPICAL + C2))
    per_level = math.log(LAMBDAS[-1] / LAMBDAS[0]) / (LEVELS - 1)
    whole = busier.mean()
    steps = np.rint((WITHIN * (whole - busier) - AMONG * whole) / per_level / STEP)
    offsets: Offsets = np.clip(steps, -MOST, MOST).astype(np.int32)
    return offsets


def raised(height: int, width: int, regions: Iterable[Box]) -> Offsets | None:
    """The map of a picture with regions that are to be finer; None where there are none.

    Args:
        regions: boxes within the picture; every square that one touches is raised by `REGION_STEP`,
            and no further than `MOST`.
    """
    offsets = flat(height, width)
    for x, y, w, h in regions:
        bottom, right = grid(y + h, x + w, HYPER_STRIDE)
        offsets[y // HYPER_STRIDE : bottom, x // HYPER_STRIDE : right] += REGION_STEP
    return np.minimum(offsets, MOST) if offsets.any() else None


def part(offsets: Offsets) -> Part:
    """What is coded of a map."""
    deltas = np.diff(offsets.ravel(), prepend=np.int32(0))
    return Part(_TABLES, np.zeros(deltas.size, np.uint8), deltas)


def read(decoder: Decoder, height: int, width: int) -> Offsets:
    """The map of a picture of that size.

    Raises:
        BitstreamError: The payload cannot be one of ours.
    """
    shape = grid(height, width, HYPER_STRIDE)
    deltas = decoder.decode(_TABLES, np.zeros(shape[0] * shape[1], np.uint8))
    offsets = np.cumsum(deltas, dtype=np.int64)
    if np.abs(offsets).max() > MOST:
        raise BitstreamError("bitstream: its quality map is out of range")
    return offsets.astype(np.int32).reshape(shape)


def _means(values: NDArray[np.float32], side: int) -> NDArray[np.float32]:
    """Of squares of ``side``, which ``values`` are made of."""
    import cv2

    height, width = (length // side for length in values.shape)
    return np.asarray(cv2.resize(values, (width, height), interpolation=cv2.INTER_AREA))
