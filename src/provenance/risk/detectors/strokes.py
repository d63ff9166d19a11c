"""Whether the strokes of a line of text are still those of the original, in any script.

Two upright crops of a line are compared by the correlation of their lightness without its slow
part, normalised in a neighbourhood of about a stroke, then averaged over windows of about a glyph.
Contrast cancels out of it, so that strokes which are only softer keep theirs and strokes which
became others lose it; strokes that dissolve sink below what can be seen, which is added to both
energies. After J. P. Lewis, "Fast normalized cross-correlation" (1995).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..signals.oklab import to_oklab
from ..signals.pyramid import smooth

FloatArray = npt.NDArray[np.float32]
ByteArray = npt.NDArray[np.uint8]

LINE_HEIGHT = 48
"""Pixels to which a line is scaled."""
ROOM = 0.2
"""Share of the height above and below the letters, where frames and other lines stand."""
WINDOW = 36
STEP = 12
"""Length of a window and distance to the next, in pixels of the scaled line."""
GROUND_SIGMA = 4.0
"""What is smoother than this is ground, not stroke. In pixels of the scaled line, as the next."""
STROKE_SIGMA = 6.0
"""Of the neighbourhood in which the correlation is normalised."""
SEEN = 4.0
"""Energy, OKLab units squared, below which no stroke is seen."""
MUCH = 0.3
"""Energy of a window over that of the median window, from which it is said to hold strokes."""
TOLERATED_SHIFT_PX = 1.0
"""Pixels of the original by which strokes may stand elsewhere and be the same."""


@dataclass(frozen=True, slots=True)
class Strokes:
    """What became of the strokes of a line."""

    correlation: float
    """Of the worst window: 1 where the strokes are the same, 0 where they are gone."""
    contrast: float
    """Deviation of the reconstruction's strokes over that of the original's, where they differ."""
    start: float
    stop: float
    """Where along the line they differ about as much as in the worst window, 0 to 1."""


def compare_strokes(original: ByteArray, reconstruction: ByteArray) -> Strokes | None:
    """Compare two upright crops of one line; None where the original shows no strokes.

    Args:
        original, reconstruction: uint8 [h, w, 3], sRGB, equal sizes, without a margin.
    """
    x, y = _strokes(original), _strokes(reconstruction)
    energy_x, energy_y = smooth(x * x, STROKE_SIGMA), smooth(y * y, STROKE_SIGMA)
    scale = LINE_HEIGHT / original.shape[0]
    likeness = _best_correlation(x, y, energy_x, scale * TOLERATED_SHIFT_PX)
    letters = slice(round(LINE_HEIGHT * ROOM), round(LINE_HEIGHT * (1 - ROOM)))
    importance = np.where(energy_x > 2 * SEEN, np.sqrt(energy_x), 0)[letters]
    strokes = _windows(importance)
    if not strokes.any():
        return None
    holds = strokes > MUCH * float(np.median(strokes[strokes > 0]))
    correlation = np.ones_like(strokes)
    correlation[holds] = _windows(importance * likeness[letters])[holds] / strokes[holds]
    worst = float(correlation.min())
    differ = np.flatnonzero(correlation <= (1 + worst) / 2)
    before, after = (_windows(energy[letters])[differ].sum() for energy in (energy_x, energy_y))
    length = x.shape[1]
    return Strokes(
        correlation=worst,
        contrast=float(np.sqrt(after / before)),
        start=float(differ[0] * STEP / length),
        stop=min(1.0, float((differ[-1] * STEP + WINDOW) / length)),
    )


def _strokes(pixels: ByteArray) -> FloatArray:
    """float32 [LINE_HEIGHT, at least WINDOW]: lightness against its ground."""
    import cv2

    scale = LINE_HEIGHT / pixels.shape[0]
    size = (max(WINDOW, round(pixels.shape[1] * scale)), LINE_HEIGHT)
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    light: FloatArray = cv2.resize(to_oklab(pixels)[..., 0], size, interpolation=method)
    return light - smooth(light, GROUND_SIGMA)


def _best_correlation(x: FloatArray, y: FloatArray, energy: FloatArray, reach: float) -> FloatArray:
    """Correlation around each pixel, 0 to 1, at the best of nine shifts by up to ``reach``."""
    import cv2

    best = np.zeros_like(x)
    for down in (-reach, 0.0, reach):
        for right in (-reach, 0.0, reach):
            shift = np.array([[1, 0, right], [0, 1, down]], dtype=np.float32)
            moved: FloatArray = cv2.warpAffine(
                y, shift, (y.shape[1], y.shape[0]), borderMode=cv2.BORDER_REFLECT
            )
            energies = (energy + SEEN) * (smooth(moved * moved, STROKE_SIGMA) + SEEN)
            np.maximum(best, smooth(x * moved, STROKE_SIGMA) / np.sqrt(energies), out=best)
    return np.minimum(best, 1)


def _windows(values: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
    """Sums within the windows along the line."""
    columns = np.concatenate([[0.0], np.cumsum(values.sum(axis=0, dtype=np.float64))])
    starts = np.arange(0, len(columns) - WINDOW, STEP)
    return np.asarray(columns[starts + WINDOW] - columns[starts], dtype=np.float64)
