"""Slight harm: a difference that it makes to the original, too, or that it takes away, is noise."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

ByteArray = npt.NDArray[np.uint8]

JPEG_BLOCK = 16
"""Pixels from one block of JPEG to the next, where chroma has half the resolution."""
SOFTENED_PX = (1.0, 1.5)
"""Standard deviations by which a reconstruction is blurred to be read again."""


def recompressed(pixels: ByteArray, quality: int) -> ByteArray:
    """What JPEG of that quality, with halved chroma resolution, makes of uint8 [h, w, 3] sRGB."""
    import cv2

    bgr = np.ascontiguousarray(pixels[..., ::-1])
    _done, coded = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, quality])
    decoded: ByteArray = np.asarray(cv2.imdecode(coded, cv2.IMREAD_COLOR), dtype=np.uint8)
    return decoded[..., ::-1]


def recompressed_within(
    pixels: ByteArray, box: tuple[int, int, int, int], quality: int
) -> tuple[ByteArray, tuple[int, int]]:
    """The blocks that a box touches, as they are when JPEG takes the whole picture.

    Args:
        box: x, y, width, height in pixels, within the picture.

    Returns:
        Those blocks, and where they begin: left and top.
    """
    left, top = (start // JPEG_BLOCK * JPEG_BLOCK for start in box[:2])
    right, bottom = (
        -(-(start + length) // JPEG_BLOCK) * JPEG_BLOCK
        for start, length in zip(box[:2], box[2:], strict=True)
    )
    return recompressed(pixels[top:bottom, left:right], quality), (left, top)


def softened(pixels: ByteArray, sigma: float) -> ByteArray:
    """Twice the size, blurred by ``sigma`` pixels of the original: without its finest detail."""
    import cv2

    large = cv2.resize(pixels, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC)
    blurred: ByteArray = cv2.GaussianBlur(large, (0, 0), 2 * sigma)
    return blurred
