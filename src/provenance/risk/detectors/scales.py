"""What detectors of things that stand out look at: three pictures, each at several scales."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt

from ..signals.oklab import to_oklab

FloatArray = npt.NDArray[np.float32]
ByteArray = npt.NDArray[np.uint8]


def is_too_small(height: int, width: int, max_pixels: int, min_side: int) -> bool:
    """Whether `at_scales` has no level of a picture of that size."""
    return min(_working_size(height, width, max_pixels)) < min_side


def _working_size(height: int, width: int, max_pixels: int) -> tuple[int, int]:
    """Width and height of the largest level; that of the picture, or less."""
    scale = min(1.0, (max_pixels / (height * width)) ** 0.5)
    return round(width * scale), round(height * scale)


def at_scales(
    original: ByteArray,
    reconstruction: ByteArray,
    harmed: Callable[[ByteArray], ByteArray],
    *,
    levels: int,
    max_pixels: int,
    min_side: int,
) -> Iterator[tuple[list[FloatArray], float]]:
    """OKLab of the original, the reconstruction and the harmed original, the largest first.

    Args:
        original, reconstruction: uint8 [h, w, 3], sRGB, equal sizes.
        harmed: slight harm to the original: a change that it makes too is noise.
        levels: how many at most; each has half the side of the one before.
        max_pixels: larger pictures are shrunk to this.
        min_side: pixels of the shorter side, below which there is no level.

    Yields:
        The three, and the pixels of the picture for one of theirs.
    """
    import cv2

    height, width = original.shape[:2]
    if is_too_small(height, width, max_pixels, min_side):
        return
    size = _working_size(height, width, max_pixels)
    pictures = [original, reconstruction]
    if size != (width, height):
        pictures = [
            np.asarray(cv2.resize(p, size, interpolation=cv2.INTER_AREA), np.uint8)
            for p in pictures
        ]
    labs = [to_oklab(picture) for picture in (*pictures, harmed(pictures[0]))]
    for level in range(levels):
        if level:
            labs = [np.asarray(cv2.pyrDown(lab), np.float32) for lab in labs]
        if min(labs[0].shape[:2]) < min_side:
            return
        # By the longer side, whose own rounding weighs less. Halving rounds sizes up, not places.
        yield labs, max(height, width) / max(size) * 2**level
