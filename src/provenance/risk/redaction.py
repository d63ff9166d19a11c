"""Findings without the words they are about: a label must not spread what a photo desk hides."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ..labels import Finding
from ..taxonomy import Symbol
from .places import whereabouts

_NOUNS: Mapping[str | None, str] = {Symbol.TEXT: "Text", Symbol.NUMERAL: "A number"}


def redacted(finding: Finding, width: int, height: int) -> Finding:
    """The finding with numbers as its only evidence, and a sentence that quotes nothing.

    Whoever wrote it: a detector from outside may quote, too. A finding of text or a numeral, and
    one whose evidence has words, gets another sentence; the rest keep theirs.

    Args:
        width, height: of the picture, px.
    """
    numbers = {name: value for name, value in finding.evidence.items() if _is_number(value)}
    quotes = finding.symbol in _NOUNS or len(numbers) < len(finding.evidence)
    if not quotes:
        return finding
    noun = _NOUNS.get(finding.symbol, "Something")
    where = whereabouts(finding.box, width, height)
    evidence: Mapping[str, Any] = {**numbers, "redacted": True}
    sentence = f"{noun} {where} no longer reads as it did."
    return replace(finding, evidence=evidence, sentence=sentence, extra={})


def _is_number(value: object) -> bool:
    return isinstance(value, int | float)
