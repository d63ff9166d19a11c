"""From findings to the score of a picture."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np

from ..labels import Finding
from ..taxonomy import Symbol, Type
from .calibration import (
    ILLEGIBLE,
    LEGIBLE,
    MAX_FINDINGS,
    MIN_PROBABILITY,
    WEIGHT_OTHER,
    WEIGHT_SYMBOL,
    WORST,
)
from .places import Box

HIGH_IMPACT = 0.3
"""Probability from which a symbol makes the whole picture high impact."""
SAME_PLACE = 0.6
"""Share of a finding's box within that of a likelier symbol, or of a likelier finding of another
detector, above which both are one."""
_SMEARED, _CRISP = 0.4, 0.9


def deceptiveness(crispness: float) -> float:
    """0 where a place is visibly destroyed, 1 where nothing warns the one who looks.

    Args:
        crispness: see `.signals.Measurement`.
    """
    return float(np.clip((crispness - _SMEARED) / (_CRISP - _SMEARED), 0, 1))


def ranked(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """The findings that count, each place once, those that weigh most first."""
    likely = sorted(
        (finding for finding in findings if finding.probability >= MIN_PROBABILITY),
        key=lambda finding: (-weight(finding), finding.box),
    )
    kept: list[Finding] = []
    for finding in likely:
        for index, other in enumerate(kept):
            if _says_it(other, finding) and covered(finding.box, other.box) > SAME_PLACE:
                if finding.symbol is not None:
                    # Two looked at one symbol: what either measured is evidence.
                    evidence = {**finding.evidence, **other.evidence}
                    kept[index] = replace(other, evidence=evidence)
                break
        else:
            kept.append(finding)
    return tuple(kept)


def _says_it(other: Finding, finding: Finding) -> bool:
    """Whether one of the same place makes a finding superfluous."""
    if finding.symbol is None and other.symbol is not None:
        return True
    return other.detector != finding.detector and finding.symbol in (None, other.symbol)


def reported(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """As many as a label takes: symbols first, and of either kind those that weigh most."""
    ordered = sorted(findings, key=lambda f: (f.symbol is None, -weight(f), f.box))
    return tuple(ordered[:MAX_FINDINGS])


def weight(finding: Finding) -> float:
    """How much one finding counts, 0 to 1."""
    importance = WEIGHT_OTHER if finding.symbol is None else WEIGHT_SYMBOL
    if finding.symbol in (Symbol.TEXT, Symbol.NUMERAL):
        # Text that is visibly destroyed warns its reader.
        legible = min(1.0, finding.deceptiveness / LEGIBLE)
        importance *= ILLEGIBLE + (1 - ILLEGIBLE) * legible
    return importance * finding.probability


def score(weights: Sequence[float]) -> float:
    """1 - prod(1 - w) over the worst few: the risk that one of them is real and matters."""
    worst = sorted(weights, reverse=True)[:WORST]
    return float(1 - np.prod([1 - value for value in worst]))


def score_by_type(findings: Sequence[Finding]) -> dict[str, float]:
    """The score that each type alone would give."""
    return {
        str(kind): score([weight(f) * f.types.get(str(kind), 0.0) for f in findings])
        for kind in Type
    }


def affected_area(boxes: Sequence[Box], width: int, height: int) -> float:
    """Share of the picture that lies within any of the boxes."""
    step = max(1, int(np.sqrt(width * height / 1_000_000)))
    covered = np.zeros((-(-height // step), -(-width // step)), dtype=bool)
    for x, y, w, h in boxes:
        covered[y // step : -(-(y + h) // step), x // step : -(-(x + w) // step)] = True
    return float(covered.mean())


def is_high_impact(findings: Sequence[Finding]) -> bool:
    """Whether a likely finding carries the symbol flag."""
    return any(f.symbol is not None and f.probability >= HIGH_IMPACT for f in findings)


def covered(box: Box, other: Box) -> float:
    """Share of ``box`` that lies within ``other``."""
    width = min(box[0] + box[2], other[0] + other[2]) - max(box[0], other[0])
    height = min(box[1] + box[3], other[1] + other[3]) - max(box[1], other[1])
    return max(0, width) * max(0, height) / (box[2] * box[3])
