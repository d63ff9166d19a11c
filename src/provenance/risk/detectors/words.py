"""Two readings of one line, compared word by word."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

import numpy as np

from .reading import Character, Reading

_LOOK_ALIKE = str.maketrans({"o": "0", "i": "1", "l": "1", "|": "1", "ı": "1", ",": "."})
"""Readers take these for one another without any harm done to the picture."""
_BETWEEN = frozenset(".:/")
_BESIDE = frozenset("+-%$€£¥")
"""Marks that carry meaning where digits stand on both sides, and where one does."""


@dataclass(frozen=True, slots=True)
class ChangedWord:
    """A word of the original, and what stands in its place."""

    before: str
    after: str
    letters: int
    """How many read otherwise: those that were lost or those that came, whichever are more."""
    confidence_before: float
    """Lowest of the changed characters."""
    confidence_after: float
    """Mean of the characters that replace them, or of the digits that stand where a number lost
    marks alone; 0 where nothing does."""
    start: float
    stop: float
    """Of the changed characters along the line, 0 to 1."""
    is_numeral: bool
    """Whether digits were changed, or the marks of a number."""
    is_lone: bool
    """Whether the line has but one letter, and no digit."""


@dataclass(frozen=True, slots=True)
class _Letter:
    """A character that carries meaning: not a space, no punctuation but that of numbers."""

    folded: str
    character: Character
    place: int
    """In the reading."""
    word: int

    @property
    def is_mark(self) -> bool:
        """Whether it is the punctuation, sign or currency of a number."""
        return not self.folded.isalnum()


def folded(reading: Reading) -> str:
    """The letters of a reading, without case, width and look-alikes."""
    return "".join(letter.folded for letter in _letters(reading))


def text_of(characters: Sequence[Character]) -> str:
    """What the characters say."""
    return "".join(character.text for character in characters)


def changed_words(
    before: Reading,
    after: Reading,
    repeats: Sequence[Reading] = (),
    softened: Sequence[Reading] = (),
) -> list[ChangedWord]:
    """Words in which characters that the reader is sure of became others.

    Args:
        before, after: the line in the original and in the reconstruction.
        repeats: the original read again after slight harm; what differs there is not compared.
        softened: the reconstruction read again without its finest detail; a word that reads as
            before in one of them is legible.
    """
    source, target = _letters(before), _letters(after)
    soft = [
        (letters, _operations(source, letters))
        for letters in (_letters(reading) for reading in softened)
    ]
    operations = _operations(source, target)
    stable = np.ones(len(source), dtype=bool)
    for repeat in repeats:
        agrees = np.zeros(len(source), dtype=bool)
        for tag, i0, i1, _j0, _j1 in _operations(source, _letters(repeat)):
            agrees[i0:i1] = tag == "equal"
        stable &= agrees
    kept_before, kept_after = np.zeros(len(source), bool), np.zeros(len(target), bool)
    for tag, i0, i1, j0, j1 in operations:
        kept_before[i0:i1] = kept_after[j0:j1] = tag == "equal"

    result = []
    for word in dict.fromkeys(letter.word for letter in source):
        inside = [i for i, letter in enumerate(source) if letter.word == word]
        first, last = inside[0], inside[-1]
        begin, end = _counterpart(operations, first), _counterpart(operations, last + 1)
        lost = [i for i in inside if not kept_before[i]]
        new = [j for j in range(begin, end) if not kept_after[j]]
        # Where a number lost its marks alone, what is left can be read.
        read = new or (range(begin, end) if all(source[i].is_mark for i in lost) else ())
        # Where characters were only added, the whole word is what changed.
        changed = lost or inside
        if not (lost or new) or not stable[changed].all():
            continue
        word_before = [letter.folded for letter in source[first : last + 1]]
        if any(word_before == _standing_at(again, first, last + 1) for again in soft):
            continue
        start, stop = _extent(before, [source[i].place for i in changed])
        result.append(
            ChangedWord(
                before=_quoted(before, source[first : last + 1]),
                after=_quoted(after, target[begin:end]),
                letters=max(len(lost), len(new)),
                confidence_before=min(source[i].character.confidence for i in changed),
                confidence_after=_mean([target[j].character.confidence for j in read]),
                start=start,
                stop=stop,
                is_numeral=any(
                    source[i].character.text.isdecimal() or source[i].is_mark for i in changed
                ),
                is_lone=len(source) == 1 and not source[0].character.text.isdecimal(),
            )
        )
    return result


def _quoted(reading: Reading, letters: Sequence[_Letter]) -> str:
    """What stands there from the first of some letters to the last, marks between them included."""
    return text_of(reading[letters[0].place : letters[-1].place + 1]) if letters else ""


def _letters(reading: Reading) -> list[_Letter]:
    folds = [
        unicodedata.normalize("NFKC", character.text).casefold().translate(_LOOK_ALIKE)
        for character in reading
    ]
    digits = [False, *(character.text.isdecimal() for character in reading), False]
    letters = []
    word = 0
    for place, (fold, character) in enumerate(zip(folds, reading, strict=True)):
        if character.text.isspace():
            word += 1
        before, after = digits[place], digits[place + 2]
        if (
            fold.isalnum()
            or (fold in _BETWEEN and before and after)
            or (fold in _BESIDE and (before or after))
        ):
            letters.append(_Letter(fold, character, place, word))
    return letters


def _operations(
    source: Sequence[_Letter], target: Sequence[_Letter]
) -> list[tuple[str, int, int, int, int]]:
    matcher = SequenceMatcher(
        None, [a.folded for a in source], [b.folded for b in target], autojunk=False
    )
    return [(tag, i0, i1, j0, j1) for tag, i0, i1, j0, j1 in matcher.get_opcodes()]


def _standing_at(
    again: tuple[Sequence[_Letter], Sequence[tuple[str, int, int, int, int]]], start: int, stop: int
) -> list[str]:
    """The letters of another reading that stand where some of the source do."""
    letters, operations = again
    begin, end = _counterpart(operations, start), _counterpart(operations, stop)
    return [letter.folded for letter in letters[begin:end]]


def _counterpart(operations: Sequence[tuple[str, int, int, int, int]], boundary: int) -> int:
    """The boundary between letters of the target that lies where the source's does."""
    result = 0
    for _tag, i0, i1, j0, j1 in operations:
        if i0 < boundary <= i1:
            result = j0 + round((boundary - i0) * (j1 - j0) / (i1 - i0))
        elif i0 == i1 == boundary and boundary:
            result = j1
    return result


def _extent(reading: Reading, places: Sequence[int]) -> tuple[float, float]:
    """Of some characters along the line; they end half way to their neighbours."""
    positions = [character.position for character in reading]
    gaps = np.diff(positions)
    half = float(np.median(gaps)) / 2 if len(gaps) else 0.5
    start, stop = positions[min(places)] - half, positions[max(places)] + half
    return max(0.0, start), min(1.0, stop)


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values)) if values else 0.0
