"""Whether what changed within a box moved there as a whole.

A dense flow follows what bends. A thing that jumps by half its size has left the reach of the flow,
and what it leaves behind and covers looks like new structure. So one displacement for all that
changed is sought by correlation (C. D. Kuglin and D. C. Hines 1975), and asked how much of the
change it explains: structure of the original that is gone counts as explained where it stands in
the reconstruction by that much aside, and new structure where it stood aside in the original.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..places import Box
from .pyramid import smooth, squared

FloatArray = npt.NDArray[np.float32]

GROUND_SIGMA = 6.0
"""What is smoother than this, in pixels, is not structure."""
WINDOW_SIGMA = 2.5
"""Of the window in which errors are averaged."""
SEEN = 1.5
"""Energy, OKLab units squared, below which an error is not followed."""
REACH = 0.6
"""Of the shorter side of the box: a thing that went further has no part left in its place."""
MIN_REACH_PX, MAX_REACH_PX = 6, 24
MAX_SIDE_PX = 160
"""Larger boxes are measured on a smaller picture."""
CANDIDATES = 6
CHANCE, CERTAIN = 0.25, 0.65
"""Share of the change that a displacement explains where nothing moved, and that it need not
exceed where everything did: among planted changes, .00 to .35 of what was replaced and .42 to .84
of what was displaced."""


@dataclass(frozen=True, slots=True)
class Motion:
    """One displacement for all that changed."""

    length_px: float
    """Pixels of the pictures that were compared."""
    share: float
    """Of the change that it stands for, 0 to 1, chance set aside."""


NONE = Motion(0.0, 0.0)


def coherent_motion(original: FloatArray, reconstruction: FloatArray, box: Box) -> Motion:
    """The displacement that explains most of what changed within a box.

    Args:
        original, reconstruction: float32 [h, w, 3], OKLab times 100.
        box: x, y, width, height, px.
    """
    import cv2

    left, top, width, height = box
    reach = int(min(MAX_REACH_PX, max(MIN_REACH_PX, REACH * min(width, height))))
    room = reach + MIN_REACH_PX
    above, before = max(0, top - room), max(0, left - room)
    at = (slice(above, top + height + room), slice(before, left + width + room))
    x, y = original[at], reconstruction[at]
    inside = np.zeros(x.shape[:2], dtype=np.float32)
    inside[top - above : top - above + height, left - before : left - before + width] = 1
    shrink = -(-max(width, height) // MAX_SIDE_PX)
    if shrink > 1:
        size = (-(-x.shape[1] // shrink), -(-x.shape[0] // shrink))
        x, y, inside = (cv2.resize(v, size, interpolation=cv2.INTER_AREA) for v in (x, y, inside))
        reach = max(MIN_REACH_PX, reach // shrink)
    x, y = (lab - smooth(lab, GROUND_SIGMA) for lab in (x, y))
    energy_x, energy_y, error = (_energy(v) for v in (x, y, x - y))
    weight = np.where(error > SEEN, error, 0) * inside
    total = float(weight.sum())
    if total <= 0:
        return NONE
    lost = energy_x / (energy_x + energy_y + np.float32(1e-6))
    best = NONE
    for right, down in _candidates(x, y, weight, reach):
        gone = _explained(x - _moved(y, -right, -down), error)
        new = _explained(_moved(x, right, down) - y, error)
        share = float((weight * (lost * gone + (1 - lost) * new)).sum()) / total
        share = float(np.clip((share - CHANCE) / (CERTAIN - CHANCE), 0, 1))
        if share > best.share:
            best = Motion(float(np.hypot(right, down)) * shrink, share)
    return best


def _candidates(
    x: FloatArray, y: FloatArray, weight: FloatArray, reach: int
) -> list[tuple[int, int]]:
    """Likeliest displacements, right and down, by the correlation of what changed."""
    import cv2

    changed = np.sqrt(weight / weight.max())
    changed = cv2.dilate(changed, np.ones((5, 5), dtype=np.uint8))[..., None]
    spectra = (np.fft.rfft2(v * changed, axes=(0, 1)) for v in (x, y))
    product = (np.conj(next(spectra)) * next(spectra)).sum(axis=2)
    likeness = np.fft.fftshift(np.fft.irfft2(product, s=weight.shape)).astype(np.float32)
    row, column = (side // 2 for side in weight.shape)
    reach = min(reach, row, column)
    likeness = likeness[row - reach : row + reach + 1, column - reach : column + reach + 1]
    peaks = (likeness >= cv2.dilate(likeness, np.ones((5, 5), dtype=np.uint8))) & (likeness > 0)
    rows, columns = np.nonzero(peaks)
    order = np.argsort(-likeness[rows, columns], kind="stable")[:CANDIDATES]
    steps = zip((columns[order] - reach).tolist(), (rows[order] - reach).tolist(), strict=True)
    return [step for step in steps if step != (0, 0)]


def _energy(values: FloatArray) -> FloatArray:
    return smooth(squared(values), WINDOW_SIGMA)


def _explained(rest: FloatArray, error: FloatArray) -> FloatArray:
    """Share of an error that is gone, given what is left of the difference."""
    share: FloatArray = np.clip(1 - _energy(rest) / (error + np.float32(1e-6)), 0, 1)
    return share


def _moved(values: FloatArray, right: int, down: int) -> FloatArray:
    import cv2

    matrix = np.array([[1, 0, right], [0, 1, down]], dtype=np.float32)
    moved: FloatArray = cv2.warpAffine(
        values, matrix, (values.shape[1], values.shape[0]), borderMode=cv2.BORDER_REFLECT
    )
    return moved
