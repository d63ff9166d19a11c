"""Generation loss adds up: what several compressions of one picture may have changed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from ..labels import Finding, Label
from ..labels.model import Compression
from ..labels.wording import warnings
from ..taxonomy import level_of

MAX_GENERATIONS = 100
"""Compressions that a label lists; the risk counts those before, too."""


def accumulated(label: Label, earlier: Label, *, redact_evidence: bool = False) -> Label:
    """A label whose risk is that of the whole chain.

    Each score is the probability that something reads differently, so scores of independent
    steps combine to 1 - (1 - a)(1 - b). Earlier findings are carried over where the picture has
    kept its size, since their boxes would otherwise point elsewhere.

    Args:
        label: of the last compression alone.
        earlier: of the file that it was made from, itself accumulated.
        redact_evidence: quote nothing that stands in the picture, of earlier findings either.
    """
    from ..risk import scoring
    from ..risk.redaction import redacted

    steps = (*(earlier.history or (_alone(earlier),)), _alone(label))
    dropped = max(0, len(steps) - MAX_GENERATIONS)
    steps = steps[dropped:]
    risk, before, size = label.risk, earlier.risk, label.original
    findings = risk.findings
    area = max(risk.affected_area, before.affected_area)
    if (size.width, size.height) == (earlier.original.width, earlier.original.height):
        carried = tuple(_carried(earlier, len(steps) - 1, dropped))
        if redact_evidence:
            carried = tuple(redacted(entry, size.width, size.height) for entry in carried)
        findings = scoring.reported(scoring.ranked((*findings, *carried)))
        boxes = [finding.box for finding in findings]
        area = max(area, scoring.affected_area(boxes, size.width, size.height))
    score = _union(risk.score, before.score)
    whole = replace(
        risk,
        score=score,
        level=level_of(score),
        affected_area=area,
        high_impact=risk.high_impact or before.high_impact,
        by_type={
            kind: _union(value, before.by_type.get(kind, 0.0))
            for kind, value in risk.by_type.items()
        },
        findings=findings,
        assessor=replace(
            risk.assessor,
            unavailable=tuple(
                dict.fromkeys((*risk.assessor.unavailable, *before.assessor.unavailable))
            ),
        ),
    )
    return replace(label, risk=whole, history=steps, warnings=warnings(label.codec, whole, steps))


def _alone(label: Label) -> Compression:
    """What a label that is not accumulated says of its compression."""
    risk = label.risk
    return Compression(
        codec=label.codec,
        model=label.model,
        quality=label.quality,
        original_sha256=label.original.sha256,
        score=risk.score,
        level=risk.level,
        high_impact=risk.high_impact,
        by_type=risk.by_type,
    )


def _carried(earlier: Label, last: int, dropped: int) -> Iterator[Finding]:
    """Findings of earlier compressions, each with the number of its own in the new history."""
    width, height = earlier.original.width, earlier.original.height
    for finding in earlier.risk.findings:
        x, y, w, h = finding.box
        if w and h and x + w <= width and y + h <= height:
            number = finding.generation - dropped if finding.generation else last
            yield replace(finding, generation=min(max(number, 1), last))


def _union(one: float, other: float) -> float:
    return 1 - (1 - one) * (1 - other)
