"""Text that reads otherwise than it did.

Lines are found in the original and read there and in the reconstruction. Where the readings
differ, the original is read again with slight harm done to it: only characters that survive this
are compared, for the rest is the reader's noise. The reconstruction is read again, too, softened,
as people see it from afar: what marks of compression made unreadable for the reader alone comes
back. Lines that the reader cannot make out, though people may, are compared by their strokes.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from ...labels import Finding
from ...taxonomy import Symbol, Type
from ..calibration import (
    FAINT,
    ILLEGIBLE,
    LEGIBLE,
    LETTERS,
    LONE_LETTER,
    MIN_PROBABILITY,
    READABLE,
    STROKES,
    TEXT_VISIBLE,
)
from ..pair import Pair
from ..places import whereabouts, whole_pixels
from ..scoring import deceptiveness
from .perturbation import SOFTENED_PX, recompressed_within, softened
from .reading import MARGIN, Line, Reading, crop, find_lines, is_cut, models, read_lines
from .strokes import compare_strokes
from .words import ChangedWord, changed_words, folded

ByteArray = npt.NDArray[np.uint8]

CHANGED_AT_ALL = 0.25
"""Change within a line, below which it is not read: no character can have become another."""
MAX_LINES = 40
"""The lines that changed most are read; a page of print would take a minute."""
MIN_HEIGHT_PX = 7.0
SMALL_PX = 24.0
"""Lines below this height are called small."""
MIN_LETTERS = 3
MIN_ASPECT = 1.4
MIN_CONFIDENCE = 0.35
MAX_HEIGHT_SHARE = 0.15
"""What a line must have to be compared by its strokes: letters as read and the mean of their
confidence, width over height, and at most this height over the picture's shorter side. Patterns
that the detector takes for text lack one or another; lines read with ease are not asked."""
LONG_ASPECT, LONG_SCORE = 4.0, 0.8
"""Width over height, and the detector's score, from which a line is text in whatever script:
windows and railings that are taken for text are shorter, or less sure."""
LARGE_PX, LARGE_CONFIDENCE, LARGE_SCORE = 28.0, 0.6, 0.9
"""Lines from this height on are read only with at least that mean confidence, and compared by their
strokes with it or that score: small print leaves both networks in doubt, large print does not, but
curls, masts and mountain ridges do."""
ONE_LETTER = 0.5
"""Share of one letter among those read, above which a line is compared by its strokes no more: rows
of lamps read 00000."""
SHORT_CONFIDENCE = 0.85
"""Of a reading of fewer letters than that, from which it is believed: readers also see one or two
letters or digits in patterns."""
FADED = 0.4
"""Contrast of a line's strokes over that of the original's, below which they have faded, and their
type is amplitude."""
MOSTLY = 0.65
"""Share of amplitude, from which letters that read otherwise have faded, too; else they have
another shape."""
PERTURBED_QUALITY = 75
PERTURBED_SCALE = 1.06
FAINT_QUALITY = 65
"""Of JPEG: strokes that it spoils as well are too faint to tell anything."""


class TextDetector:
    """Compares what the original and the reconstruction say."""

    name = "text"

    def available(self) -> bool:
        """Whether the networks and their runtime are installed."""
        return importlib.util.find_spec("onnxruntime") is not None and len(models()) == 2

    def find(self, pair: Pair) -> Sequence[Finding]:
        """One finding for each word that changed, and for each unread line whose strokes did."""
        lines = _changed_lines(pair)
        crops = [crop(pair.original, line) for line in lines]
        rebuilt = [crop(pair.reconstruction, line) for line in lines]
        readings = read_lines([*crops, *rebuilt])
        before, after = readings[: len(lines)], readings[len(lines) :]
        differ = [i for i in range(len(lines)) if folded(before[i]) != folded(after[i])]
        # Reading again costs as much as reading: only where it can decide anything.
        doubtful = [i for i in differ if self._misread(pair, lines[i], before[i], after[i])]
        again = read_lines(
            [_recompressed_there(pair.original, lines[i], PERTURBED_QUALITY) for i in doubtful]
            + [_rescaled(crops[i]) for i in doubtful]
            + [softened(rebuilt[i], sigma) for sigma in SOFTENED_PX for i in doubtful]
        )
        findings = []
        for index in differ:
            found: list[Finding] = []
            if index in doubtful:
                more = again[doubtful.index(index) :: len(doubtful)]
                found = self._misread(
                    pair, lines[index], before[index], after[index], more[:2], more[2:]
                )
            if not found and _may_be_text(lines[index], before[index], pair.original.shape):
                found = self._spoilt(pair, lines[index])
            findings += found
        return findings

    def _misread(
        self,
        pair: Pair,
        line: Line,
        before: Reading,
        after: Reading,
        repeats: Sequence[Reading] = (),
        soft: Sequence[Reading] = (),
    ) -> list[Finding]:
        """The words of a line that read otherwise, but those that the picture's edge cuts."""
        if not _is_read(line, before):
            return []
        words = [
            word
            for word in changed_words(before, after, repeats, soft)
            if not is_cut(line.read_box(word.start, word.stop), pair.original.shape[:2])
        ]
        if len(folded(before)) < MIN_LETTERS:
            words = [word for word in words if word.confidence_before >= SHORT_CONFIDENCE]
        found = [(self._changed(pair, line, word), word) for word in words]
        return [f for f, word in found if _counts(f.probability, legible=_legible(word))]

    def _spoilt(self, pair: Pair, line: Line) -> list[Finding]:
        """A line that cannot be read, if its strokes are lost."""
        before, after = (crop(p, line, 0) for p in (pair.original, pair.reconstruction))
        strokes = compare_strokes(before, after)
        if strokes is None:
            return []
        lacks = 1 - strokes.correlation
        probability = STROKES(lacks)
        if _counts(probability, legible=False):
            harmed = compare_strokes(
                before, _recompressed_there(pair.original, line, FAINT_QUALITY, margin=0)
            )
            share = (1 - harmed.correlation) / lacks if harmed else 1.0
            probability *= 1 - min(1.0, share) ** FAINT
        if not _counts(probability, legible=False):
            return []
        height, width = pair.original.shape[:2]
        box = whole_pixels(line.box(strokes.start, strokes.stop), width, height)
        crisp = deceptiveness(strokes.contrast)
        subject = "Small text" if line.height < SMALL_PX else "Text"
        fate = "what it was" if crisp > 0 else "legible"
        return [
            Finding(
                box=box,
                types=_types(pair.signals.measure(box).types, faded=strokes.contrast < FADED),
                symbol=str(Symbol.TEXT),
                probability=probability,
                deceptiveness=ILLEGIBLE * LEGIBLE * crisp,
                detector=self.name,
                evidence={
                    "stroke_correlation": round(strokes.correlation, 2),
                    "stroke_contrast_ratio": round(strokes.contrast, 2),
                    "line_height_px": round(line.height, 1),
                },
                sentence=f"{subject} {whereabouts(box, width, height)} is no longer {fate}.",
            )
        ]

    def _changed(self, pair: Pair, line: Line, word: ChangedWord) -> Finding:
        box = whole_pixels(line.read_box(word.start, word.stop), *pair.original.shape[1::-1])
        seen = pair.signals.measure(box)
        crisp = deceptiveness(seen.crispness)
        legible = _legible(word)
        belief = LONE_LETTER if word.is_lone else 1.0
        return Finding(
            box=box,
            types=_types(seen.types, faded=seen.types[str(Type.AMPLITUDE)] > MOSTLY),
            symbol=str(Symbol.NUMERAL if word.is_numeral else Symbol.TEXT),
            probability=belief * TEXT_VISIBLE(seen.change * word.letters**LETTERS),
            # What can still be read deceives even where it is soft; what cannot, hardly does.
            deceptiveness=max(LEGIBLE, crisp) if legible else 0.3 * crisp,
            detector=self.name,
            evidence={
                "before": word.before,
                "after": word.after,
                "confidence_before": round(word.confidence_before, 2),
                "confidence_after": round(word.confidence_after, 2),
                "change": round(seen.change, 2),
                "contrast_ratio": round(seen.contrast_ratio, 2),
            },
            sentence=_sentence(word, legible),
        )


def _types(seen: Mapping[str, float], *, faded: bool) -> dict[str, float]:
    """Shares: letters that faded or have another shape did that, whatever else they have."""
    main = Type.AMPLITUDE if faded else Type.SHAPE
    return {kind: share / 2 + (0.5 if kind == main else 0.0) for kind, share in seen.items()}


def _legible(word: ChangedWord) -> bool:
    """Whether what stands there now can be read."""
    return word.confidence_after >= READABLE


def _counts(probability: float, *, legible: bool) -> bool:
    """Whether a finding weighs enough to be reported."""
    return probability * (1.0 if legible else ILLEGIBLE) >= MIN_PROBABILITY


def _is_read(line: Line, reading: Reading) -> bool:
    """Whether the reader is as sure as it is of text of that size."""
    return line.height < LARGE_PX or _confidence(reading) >= LARGE_CONFIDENCE


def _may_be_text(line: Line, reading: Reading, shape: tuple[int, ...]) -> bool:
    """Whether a line that cannot be read is likely one at all."""
    letters = [c.text.casefold() for c in reading if c.text.isalnum()]
    readable = len(letters) >= MIN_LETTERS
    if readable and max(map(letters.count, letters)) > ONE_LETTER * len(letters):
        return False
    if line.height > MAX_HEIGHT_SHARE * min(shape[:2]):
        return False
    sure = LARGE_SCORE if line.height >= LARGE_PX else LONG_SCORE
    if line.width >= LONG_ASPECT * line.height and line.score >= sure:
        return True
    return (
        readable
        and _is_read(line, reading)
        and _confidence(reading) >= MIN_CONFIDENCE
        and line.width >= MIN_ASPECT * line.height
    )


def _confidence(reading: Reading) -> float:
    return float(np.mean([character.confidence for character in reading])) if reading else 0.0


def _sentence(word: ChangedWord, legible: bool) -> str:
    number = word.is_numeral and not any(c.isalpha() for c in word.before + word.after)
    subject = f"The number {word.before}" if number else f'The text "{word.before}"'
    if not legible:
        return f"{subject} is no longer legible."
    return f"{subject} reads {word.after}." if number else f'{subject} reads "{word.after}".'


def _changed_lines(pair: Pair) -> list[Line]:
    """Lines of the original, those that changed most first."""
    signals = pair.signals
    changed = signals.change > CHANGED_AT_ALL
    if not changed.any():
        return []
    shape = pair.original.shape[:2]
    ordered = []
    for line in find_lines(pair.original, changed):
        at = signals.cells(whole_pixels(line.box(), shape[1], shape[0]))
        change = float(np.quantile(signals.change[at], 0.98))
        if change > CHANGED_AT_ALL and line.height >= MIN_HEIGHT_PX:
            ordered.append((change, line))
    ordered.sort(key=lambda entry: -entry[0])
    return [line for _change, line in ordered[:MAX_LINES]]


def _recompressed_there(
    pixels: ByteArray, line: Line, quality: int, margin: float = MARGIN
) -> ByteArray:
    """What `crop` gives of a line as JPEG leaves it, whose blocks lie as they do in the picture."""
    left, top, right, bottom = line.box()
    box = (left - margin, top - margin, right + margin, bottom + margin)
    around, start = recompressed_within(pixels, whole_pixels(box, *pixels.shape[1::-1]), quality)
    corners = tuple((x - start[0], y - start[1]) for x, y in line.corners)
    return crop(around, replace(line, corners=corners), margin)


def _rescaled(pixels: ByteArray) -> ByteArray:
    import cv2

    scaled: ByteArray = cv2.resize(
        pixels, None, fx=PERTURBED_SCALE, fy=PERTURBED_SCALE, interpolation=cv2.INTER_CUBIC
    )
    return scaled
