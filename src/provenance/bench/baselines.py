"""What the risk score has to beat: ordinary measures of quality, as suspicion."""

from __future__ import annotations

import functools
import importlib.util
import io
from collections.abc import Callable, Mapping
from typing import cast

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..metrics import ms_ssim, psnr_db

Pixels = NDArray[np.uint8]

LOCAL_PX = 4.0
"""Standard deviation of the window of the largest local error."""

MISSING = {
    "SSIMULACRA2": "the package ssimulacra2 is not installed",
    "butteraugli": "no maintained package for Python has it",
}
"""Why a baseline may be not available."""


def suspicions(original: Pixels, reconstruction: Pixels) -> Mapping[str, float | None]:
    """Each baseline's suspicion, higher for worse; None where it is not available.

    Args:
        original, reconstruction: uint8 [h, w, 3], sRGB, equal sizes, sides from 176 px.
    """
    return {name: measure(original, reconstruction) for name, measure in BASELINES.items()}


def _psnr(original: Pixels, reconstruction: Pixels) -> float:
    return -psnr_db(original, reconstruction)


def _ms_ssim(original: Pixels, reconstruction: Pixels) -> float | None:
    similarity = ms_ssim(original, reconstruction)
    return None if similarity is None else 1 - similarity


def _ssimulacra2(original: Pixels, reconstruction: Pixels) -> float | None:
    """J. Sneyers 2022; minus its 100 (as the original) to below 0."""
    if not _has_ssimulacra2():
        return None
    from ssimulacra2 import compute_ssimulacra2

    files = []
    for pixels in (original, reconstruction):
        files.append(io.BytesIO())
        Image.fromarray(pixels).save(files[-1], "PNG", compress_level=0)
    return -float(compute_ssimulacra2(*files))


def _largest_local_error(original: Pixels, reconstruction: Pixels) -> float:
    """Largest mean squared error of any place, by a Gaussian window, RGB."""
    import cv2

    error = np.square(original.astype(np.float32) - reconstruction).mean(axis=2)
    return float(cast(NDArray[np.float32], cv2.GaussianBlur(error, (0, 0), LOCAL_PX)).max())


def _unavailable(_original: Pixels, _reconstruction: Pixels) -> None:
    return None


BASELINES: dict[str, Callable[[Pixels, Pixels], float | None]] = {
    "largest local error": _largest_local_error,
    "SSIMULACRA2": _ssimulacra2,
    "MS-SSIM": _ms_ssim,
    "PSNR": _psnr,
    "butteraugli": _unavailable,
}


@functools.cache
def _has_ssimulacra2() -> bool:
    return importlib.util.find_spec("ssimulacra2") is not None
