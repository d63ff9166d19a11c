"""Text that reads otherwise than it did.

Lines are found in the original and read there and in the reconstruction. Where the readings
differ, the original is read again with slight harm done to it: only characters that survive this
are compared, for the rest is the reader's noise.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from ...labels import Finding
from ...taxonomy import Symbol
from ..calibration import ILLEGIBLE, LONE_LETTER, MIN_PROBABILITY, READABLE, TEXT_VISIBLE
from ..pair import Pair
from ..scoring import deceptiveness
from .reading import Line, crop, find_lines, models, read_lines
from .signal import evidence
from .words import ChangedWord, changed_words, folded

ByteArray = npt.NDArray[np.uint8]
Box = tuple[int, int, int, int]

CHANGED_AT_ALL = 0.25
"""Change within a line, below which it is not read: no character can have become another."""
MAX_LINES = 40
"""The lines that changed most are read; a page of print would take a minute."""
MIN_HEIGHT_PX = 7.0
PERTURBED_QUALITY = 92
PERTURBED_SCALE = 1.06


class TextDetector:
    """Compares what the original and the reconstruction say."""

    name = "text"

    def available(self) -> bool:
        """Whether the networks and their runtime are installed."""
        return importlib.util.find_spec("onnxruntime") is not None and len(models()) == 2

    def find(self, pair: Pair) -> Sequence[Finding]:
        """One finding for each word that changed."""
        lines = _changed_lines(pair)
        crops = [crop(pair.original, line) for line in lines]
        rebuilt = [crop(pair.reconstruction, line) for line in lines]
        readings = read_lines([*crops, *rebuilt])
        before, after = readings[: len(lines)], readings[len(lines) :]
        differ = [i for i in range(len(lines)) if folded(before[i]) != folded(after[i])]
        again = read_lines(
            [_recompressed(crops[i]) for i in differ] + [_rescaled(crops[i]) for i in differ]
        )
        findings = []
        for place, index in enumerate(differ):
            repeats = (again[place], again[place + len(differ)])
            for word in changed_words(before[index], after[index], repeats):
                finding = self._finding(pair, lines[index], word)
                if finding.probability >= MIN_PROBABILITY:
                    findings.append(finding)
        return findings

    def _finding(self, pair: Pair, line: Line, word: ChangedWord) -> Finding:
        box = _pixels(line.box(word.start, word.stop), pair.original.shape[:2])
        seen = pair.signals.measure(box)
        crisp = deceptiveness(seen.crispness)
        legible = word.confidence_after >= READABLE
        belief = word.confidence_before * (word.confidence_after if legible else ILLEGIBLE)
        if word.is_lone:
            belief *= LONE_LETTER
        return Finding(
            box=box,
            types=seen.types,
            symbol=str(Symbol.NUMERAL if word.is_numeral else Symbol.TEXT),
            probability=belief * TEXT_VISIBLE(seen.change),
            # What can still be read deceives even where it is soft; what cannot, hardly does.
            deceptiveness=max(0.5, crisp) * word.confidence_after if legible else 0.3 * crisp,
            detector=self.name,
            evidence={
                "before": word.before,
                "after": word.after,
                "confidence_before": round(word.confidence_before, 3),
                "confidence_after": round(word.confidence_after, 3),
                **evidence(seen),
            },
            sentence=_sentence(word, legible),
        )


def _sentence(word: ChangedWord, legible: bool) -> str:
    number = word.before.isdecimal()
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
        at = signals.cells(_pixels(line.box(), shape))
        change = float(np.quantile(signals.change[at], 0.98))
        if change > CHANGED_AT_ALL and line.height >= MIN_HEIGHT_PX:
            ordered.append((change, line))
    ordered.sort(key=lambda entry: -entry[0])
    return [line for _change, line in ordered[:MAX_LINES]]


def _pixels(corners: tuple[float, float, float, float], shape: tuple[int, ...]) -> Box:
    """Left, top, right, bottom as a box of whole pixels within the picture."""
    height, width = shape[:2]
    left = min(max(0, int(corners[0])), width - 1)
    top = min(max(0, int(corners[1])), height - 1)
    right = min(width, max(left + 1, int(np.ceil(corners[2]))))
    bottom = min(height, max(top + 1, int(np.ceil(corners[3]))))
    return left, top, right - left, bottom - top


def _recompressed(pixels: ByteArray) -> ByteArray:
    import cv2

    bgr = np.ascontiguousarray(pixels[..., ::-1])
    _done, coded = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, PERTURBED_QUALITY])
    decoded: ByteArray = np.asarray(cv2.imdecode(coded, cv2.IMREAD_COLOR), dtype=np.uint8)
    return decoded[..., ::-1]


def _rescaled(pixels: ByteArray) -> ByteArray:
    import cv2

    scaled: ByteArray = cv2.resize(
        pixels, None, fx=PERTURBED_SCALE, fy=PERTURBED_SCALE, interpolation=cv2.INTER_CUBIC
    )
    return scaled
