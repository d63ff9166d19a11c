"""Slight harm: a difference that it makes to the original, too, or that it takes away, is noise."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

ByteArray = npt.NDArray[np.uint8]

SOFTENED_PX = (1.0, 1.5)
"""Standard deviations by which a reconstruction is blurred to be read again."""


def recompressed(pixels: ByteArray, quality: int) -> ByteArray:
    """What JPEG of that quality, with halved chroma resolution, makes of uint8 [h, w, 3] sRGB."""
    import cv2

    bgr = np.ascontiguousarray(pixels[..., ::-1])
    _done, coded = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, quality])
    decoded: ByteArray = np.asarray(cv2.imdecode(coded, cv2.IMREAD_COLOR), dtype=np.uint8)
    return decoded[..., ::-1]


def softened(pixels: ByteArray, sigma: float) -> ByteArray:
    """Twice the size, blurred by ``sigma`` pixels of the original: without its finest detail."""
    import cv2

    large = cv2.resize(pixels, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC)
    blurred: ByteArray = cv2.GaussianBlur(large, (0, 0), 2 * sigma)
    return blurred
