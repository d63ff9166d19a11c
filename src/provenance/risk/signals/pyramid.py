"""The Laplacian pyramid (P. J. Burt and E. H. Adelson 1983)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float32]

LEVELS = 4
MIN_SIDE = 64
"""Pictures are padded to this side, so that the coarsest level still has room for a window."""


def bands(channel: FloatArray) -> list[FloatArray]:
    """The four bands of a channel, finest first; each level has half the side of the one before.

    Args:
        channel: float32 [h, w], both at least `MIN_SIDE`.
    """
    import cv2

    result = []
    current = channel
    for _ in range(LEVELS):
        smaller = cv2.pyrDown(current)
        height, width = current.shape
        result.append(current - cv2.pyrUp(smaller, dstsize=(width, height)))
        current = smaller
    return result


def smooth(values: FloatArray, sigma: float) -> FloatArray:
    """Gaussian blur of [h, w] or [h, w, c]; ``sigma`` in pixels of ``values``."""
    import cv2

    blurred: FloatArray = cv2.GaussianBlur(values, (0, 0), sigma, borderType=cv2.BORDER_REFLECT_101)
    return blurred


def squared(vectors: FloatArray) -> FloatArray:
    """Squared length of what stands in the channels: [h, w, c] to [h, w]."""
    import cv2

    # Some six times as fast as numpy's sum over a last axis of two or three.
    ones = np.ones((1, vectors.shape[2]), dtype=np.float32)
    total: FloatArray = cv2.transform(np.square(vectors), ones)
    return total


def resize(values: FloatArray, shape: tuple[int, int]) -> FloatArray:
    """Resample [h, w] or [h, w, c] to ``shape`` (height, width): mean down, linear up."""
    import cv2

    if values.shape[:2] == shape:
        return values
    shrinks = shape[0] < values.shape[0]
    method = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    resized: FloatArray = cv2.resize(values, (shape[1], shape[0]), interpolation=method)
    return resized
