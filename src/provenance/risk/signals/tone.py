"""Global change of tone and colour, which is not a local change and is set aside."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float32]

NOTICEABLE = 1.0
"""Median shift, OKLab units, above which the picture as a whole has changed tone. Below it there
is nothing global to set aside, and a fit could only explain a local change away."""


def without_global_change(original: FloatArray, reconstruction: FloatArray) -> FloatArray:
    """The reconstruction with any tone change that the whole picture shares undone.

    Lightness is mapped by a cubic of lightness, a and b by an affine map of all three.

    Args:
        original, reconstruction: float32 [h, w, 3], OKLab times 100.
    """
    step = max(1, int(np.sqrt(original.shape[0] * original.shape[1] / 40_000)))
    x = original[::step, ::step].reshape(-1, 3).astype(np.float64)
    y = reconstruction[::step, ::step].reshape(-1, 3).astype(np.float64)
    if float(np.median(np.linalg.norm(x - y, axis=1))) < NOTICEABLE:
        return reconstruction
    keep = np.ones(len(x), dtype=bool)
    for _ in range(3):
        light, *_rest = np.linalg.lstsq(_cubic(y[keep]), x[keep, 0], rcond=None)
        colour, *_rest = np.linalg.lstsq(_affine(y[keep]), x[keep, 1:], rcond=None)
        fitted = np.column_stack([_cubic(y) @ light, _affine(y) @ colour])
        error = np.linalg.norm(fitted - x, axis=1)
        # What does not follow the shared change is local, and must not bend the fit.
        keep = error <= max(float(np.quantile(error, 0.8)), 1e-6)
    # A fit may only repair. Where tones are few it is free to be wild between them.
    if _typical(fitted, x) >= 0.8 * _typical(y, x):
        return reconstruction
    result = np.empty_like(reconstruction)
    lightness = reconstruction[..., 0]
    a, b, c, d = (np.float32(value) for value in light)
    result[..., 0] = ((d * lightness + c) * lightness + b) * lightness + a
    result[..., 1:] = reconstruction @ colour[1:].astype(np.float32)
    result[..., 1:] += colour[0].astype(np.float32)
    return result


def _cubic(lab: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    light = lab[:, 0]
    return np.column_stack([np.ones_like(light), light, light**2, light**3])


def _affine(lab: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return np.column_stack([np.ones(len(lab)), lab])


def _typical(lab: npt.NDArray[np.float64], other: npt.NDArray[np.float64]) -> float:
    return float(np.median(np.abs(lab - other).sum(axis=1)))
