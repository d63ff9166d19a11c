"""Findings without the words they are about: a label must not spread what a photo desk hides."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ..labels import Finding
from ..taxonomy import Symbol
from .places import whereabouts

_NOUNS: Mapping[str | None, str] = {Symbol.TEXT: "Text", Symbol.NUMERAL: "A number"}
_NAME = re.compile("[a-z][a-z0-9_]*")
"""Of a measurement; what stands in pictures seldom looks so."""
_SILENT = frozenset({"signal", "faces", "lights", "objects", "seeds"})
"""Detectors of our own that quote nothing; of others nobody knows."""


def redacted(finding: Finding, width: int, height: int) -> Finding:
    """The finding with numbers as its only evidence, and a sentence that quotes nothing.

    Whoever wrote it: a detector from outside may quote, too, even in the names of its evidence.
    Only findings by those of our own that never quote keep their sentences.

    Args:
        width, height: of the picture, px.
    """
    numbers = {
        name: value
        for name, value in finding.evidence.items()
        if isinstance(value, int | float) and _NAME.fullmatch(name)
    }
    if finding.detector in _SILENT and len(numbers) == len(finding.evidence):
        return finding
    noun = _NOUNS.get(finding.symbol, "Something")
    where = whereabouts(finding.box, width, height)
    evidence: Mapping[str, Any] = {**numbers, "redacted": True}
    sentence = f"{noun} {where} no longer reads as it did."
    return replace(finding, evidence=evidence, sentence=sentence, extra={})
