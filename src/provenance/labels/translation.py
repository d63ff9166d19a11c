"""A label's sentences in other languages.

The label itself is always in English, so that it can be signed once. What our own detectors say is
recognised by the English messages under ``sentence.`` and said again by those of another language;
whatever else a label says stays as it is.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping

from .catalogue import DEFAULT, catalogue

MAX_LENGTH = 500
"""Longer sentences are not ours."""

_LISTED = {
    "where": "where.",
    "colour": "colour.",
    "other_colour": "colour.",
    "part": "part.",
    "level": "level.",
}
"""Gaps that are filled with one of a few messages, and under what these are kept."""

_FREE = {"pixels": r"\d+", "number": r"\d+", "score": r"[01]\.\d\d"}
"""What other gaps hold; by default anything."""


def translated(sentence: str, language: str) -> tuple[str, str]:
    """A sentence of a label, and the language it is in: English where nobody has translated it.

    Raises:
        UsageError: There is no such language.
    """
    words = catalogue(language)
    found = _recognised(sentence) if language != DEFAULT else None
    if found is None:
        return sentence, DEFAULT
    key, gaps = found
    said = words[key].format(**{name: _filled(name, text, words) for name, text in gaps.items()})
    return said[:1].upper() + said[1:], language


def message(sentence: str) -> str | None:
    """Key of the message that a label's sentence is; None where it is not one of ours."""
    found = _recognised(sentence)
    return found[0] if found else None


def _recognised(sentence: str) -> tuple[str, dict[str, str]] | None:
    if len(sentence) <= MAX_LENGTH:
        for key, pattern in _patterns():
            if found := pattern.fullmatch(sentence):
                return key, found.groupdict()
    return None


def _filled(gap: str, text: str, words: Mapping[str, str]) -> str:
    if gap in _LISTED:
        return words[_named(_LISTED[gap])[text]]
    if gap == "detectors":
        return ", ".join(words.get(f"detector.{name}", name) for name in text.split(", "))
    return text.replace(".", words["decimal"]) if gap == "score" else text


@functools.cache
def _named(prefix: str) -> Mapping[str, str]:
    """The English messages under ``prefix``, and their keys."""
    return {
        text: key
        for key, text in catalogue(DEFAULT).items()
        if key.startswith(prefix) and "{" not in text
    }


@functools.cache
def _patterns() -> tuple[tuple[str, re.Pattern[str]], ...]:
    """The English sentences with their gaps as groups."""
    return tuple(
        (key, re.compile(_pattern(text), re.DOTALL))
        for key, text in catalogue(DEFAULT).items()
        if key.startswith("sentence.")
    )


def _pattern(text: str) -> str:
    parts = re.split(r"\{(\w+)\}", text)
    return "".join(
        f"(?P<{part}>{_values(part)})" if number % 2 else re.escape(part)
        for number, part in enumerate(parts)
    )


def _values(gap: str) -> str:
    if gap in _LISTED:
        return "|".join(map(re.escape, _named(_LISTED[gap])))
    return _FREE.get(gap, ".+")
