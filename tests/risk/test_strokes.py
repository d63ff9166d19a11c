"""Text that the reader cannot make out, in any script."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image, ImageDraw

from provenance.labels import Finding
from provenance.risk import assess
from provenance.risk.detectors.strokes import compare_strokes
from provenance.risk.scoring import weight

Pixels = npt.NDArray[np.uint8]
Jpeg = Callable[[Pixels, int], Pixels]


def script(seed: int, height: int = 14, glyphs: int = 9, shift: int = 0) -> Pixels:
    """A line of glyphs that no script has: four strokes each, drawn at random."""
    rng = np.random.default_rng(seed)
    scale = 4
    side = height * scale
    image = Image.new("RGB", (glyphs * side, int(1.3 * side)), (232, 228, 215))
    draw = ImageDraw.Draw(image)
    for glyph in range(glyphs):
        for _ in range(4):
            x, y = rng.uniform(0.15, 0.85, 2), rng.uniform(0.25, 1.05, 2)
            points = [(float((glyph + a) * side + shift * scale), float(b * side)) for a, b in
                      zip(x, y, strict=True)]  # fmt: skip
            draw.line(points, fill=(30, 30, 50), width=max(scale, side // 10))
    return np.asarray(image.resize((image.width // scale, image.height // scale)))


def softened(pixels: Pixels, sigma: float) -> Pixels:
    return np.asarray(cv2.GaussianBlur(pixels, (0, 0), sigma), dtype=np.uint8)


def texts(original: Pixels, reconstruction: Pixels) -> tuple[Finding, ...]:
    return assess(original, reconstruction, detectors=["text"]).findings


def correlation(original: Pixels, reconstruction: Pixels) -> float:
    strokes = compare_strokes(original, reconstruction)
    assert strokes is not None
    return strokes.correlation


@pytest.mark.parametrize("height", [8, 14, 40])
def test_strokes_that_are_kept_correlate(jpeg: Jpeg, height: int) -> None:
    line = script(1, height)
    assert correlation(line, line) > 0.9
    assert correlation(line, jpeg(line, 75)) > 0.7
    assert correlation(line, (255 - 0.5 * (255 - line)).astype(np.uint8)) > 0.75


def test_a_shift_by_one_pixel_is_no_change() -> None:
    assert correlation(script(1, 14), script(1, 14, shift=1)) > 0.85


@pytest.mark.parametrize("height", [8, 14, 40])
def test_other_glyphs_do_not_correlate(height: int) -> None:
    strokes = compare_strokes(script(1, height), script(2, height))
    assert strokes is not None
    assert strokes.correlation < 0.6
    assert strokes.contrast > 0.7


@pytest.mark.parametrize("height", [8, 14, 40])
def test_dissolved_strokes_do_not_correlate(height: int) -> None:
    line = script(1, height)
    strokes = compare_strokes(line, softened(line, height / 4))
    assert strokes is not None
    assert strokes.correlation < 0.5
    assert strokes.contrast < 0.4


def test_the_glyph_that_changed_is_the_place() -> None:
    line, other = script(1, 20), script(2, 20)
    changed = line.copy()
    changed[:, 120:140] = other[:, 120:140]
    strokes = compare_strokes(line, changed)
    assert strokes is not None
    assert 0.45 < strokes.start < 0.7
    assert 0.75 < strokes.stop < 0.95


def test_an_empty_line_says_nothing() -> None:
    flat = np.full((20, 90, 3), 200, np.uint8)
    assert compare_strokes(flat, flat) is None
    assert compare_strokes(flat[:1, :1], flat[:1, :1]) is None


def test_small_print_that_was_spoilt_is_found(photo: Callable[[str], Pixels], jpeg: Jpeg) -> None:
    """The cap on a photo's plane bears a number some 6 px high, which the reader only guesses."""
    original = photo("kodak/kodim20.png")
    found = [f for f in texts(original, jpeg(original, 8)) if "stroke_correlation" in f.evidence]
    assert found
    worst = found[0]
    assert worst.symbol == "text"
    assert worst.sentence.startswith("Small text at the bottom left is no longer ")
    assert worst.probability > 0.25
    assert 0.15 < weight(worst) < 0.7
    assert worst.deceptiveness < 0.6
    assert "before" not in worst.evidence


def test_small_print_that_was_smeared_is_no_longer_legible(
    photo: Callable[[str], Pixels],
) -> None:
    original = photo("kodak/kodim20.png")
    smeared = original.copy()
    smeared[345:385, 85:135] = softened(original, 3)[345:385, 85:135]
    (finding,) = texts(original, smeared)
    assert finding.sentence == "Small text at the bottom left is no longer legible."
    assert finding.deceptiveness == 0


def test_small_print_kept_by_jpeg_is_silent(photo: Callable[[str], Pixels], jpeg: Jpeg) -> None:
    original = photo("kodak/kodim05.png")
    assert texts(original, jpeg(original, 75)) == ()


def test_patterns_are_not_taken_for_text(photo: Callable[[str], Pixels], jpeg: Jpeg) -> None:
    original = photo("kodak/kodim04.png")
    assert texts(original, jpeg(original, 10)) == ()
