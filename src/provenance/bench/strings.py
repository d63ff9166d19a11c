"""Text whose change is a fact: strings that read one way in the original and another afterwards.

A string counts if the edge of the picture does not cut it and five readings of the original agree
letter by letter: as it is, as JPEG 92, enlarged, a pixel aside, and a little darker. It has changed
if none of four readings of the reconstruction, as it is, a pixel aside, and softened twice, gives
the string. Lines are found and read by the networks that the text detector has, too: an error of
theirs may be shared. What changed is decided here, without the detector; in a pair that observers
looked at, by them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ..risk.detectors.perturbation import SOFTENED_PX, softened
from ..risk.detectors.reading import Line, Reading, crop, find_lines, is_cut, read_lines
from .anchors import encoder
from .boxes import Box, is_at

Pixels = NDArray[np.uint8]

MIN_LETTERS = 3
MIN_CONFIDENCE = 0.8
"""Of the least certain letter, in the original as it is."""
MIN_HEIGHT_PX = 8.0
MAX_STRINGS = 30
"""Per photo, the tallest first."""


@dataclass(frozen=True, slots=True)
class StableString:
    """A string of the original that can be trusted."""

    text: str
    """Letters and digits, lower case, without spaces."""
    line: Line

    @property
    def box(self) -> Box:
        """x, y, width, height, px."""
        left, top, right, bottom = (round(edge) for edge in self.line.box())
        return left, top, right - left, bottom - top


@dataclass(frozen=True, slots=True)
class ReadString:
    """What became of a stable string."""

    box: Box
    before: str
    after: str
    changed: bool


def stable_strings(original: Pixels) -> list[StableString]:
    """The strings that every reading of the original agrees on.

    Args:
        original: uint8 [h, w, 3], sRGB.
    """
    lines = [
        line
        for line in find_lines(original)
        if line.height >= MIN_HEIGHT_PX and not is_cut(line.box(), original.shape[:2])
    ]
    lines = sorted(lines, key=lambda line: -line.height)[:MAX_STRINGS]
    crops = [crop(original, line) for line in lines]
    first = read_lines(crops)
    kept = [i for i, reading in enumerate(first) if _certain(reading)]
    repeats = [
        variant
        for i in kept
        for variant in (
            encoder("JPEG")(crops[i], 92)[1],
            _enlarged(crops[i]),
            crop(original, lines[i], 3.0),
            (crops[i] * 0.9).astype(np.uint8),
        )
    ]
    again = read_lines(repeats)
    return [
        StableString(_plain(first[i]), lines[i])
        for number, i in enumerate(kept)
        if {_plain(r) for r in again[4 * number : 4 * number + 4]} == {_plain(first[i])}
    ]


def read_again(strings: list[StableString], reconstruction: Pixels) -> tuple[ReadString, ...]:
    """Read the strings in a reconstruction of the same size."""
    crops = [crop(reconstruction, string.line) for string in strings]
    views = [
        crops,
        [crop(reconstruction, string.line, 3.0) for string in strings],
        *([softened(pixels, sigma) for pixels in crops] for sigma in SOFTENED_PX),
    ]
    found = []
    for string, *readings in zip(strings, *map(read_lines, views), strict=True):
        texts = [_plain(reading) for reading in readings]
        found.append(ReadString(string.box, string.text, texts[0], string.text not in texts))
    return tuple(found)


def judged(strings: Iterable[ReadString], changed: Collection[Box]) -> tuple[ReadString, ...]:
    """Strings of which observers tell where text changed, whatever the reader says."""
    return tuple(
        replace(string, changed=any(is_at(place, string.box) for place in changed))
        for string in strings
    )


def _certain(reading: Reading) -> bool:
    letters = [c for c in reading if c.text.isalnum()]
    return len(letters) >= MIN_LETTERS and min(c.confidence for c in letters) >= MIN_CONFIDENCE


def _plain(reading: Reading) -> str:
    return "".join(c.text for c in reading if c.text.isalnum()).casefold()


def _enlarged(pixels: Pixels) -> Pixels:
    import cv2

    return np.asarray(cv2.resize(pixels, None, fx=1.1, fy=1.1, interpolation=cv2.INTER_LINEAR))
