"""Warnings in plain language."""

from __future__ import annotations

from ..taxonomy import LEVEL_NAMES
from .model import CodecFacts, Risk

WORTH_A_WARNING = 0.3
"""Findings at least this probable are named in the warnings."""


def warnings(codec: CodecFacts, risk: Risk) -> tuple[str, ...]:
    """Sentences for people who will not read the record: the worst findings first."""
    sentences = []
    if risk.level >= 3:
        sentences.append(
            f"Risk of miscompression: {LEVEL_NAMES[risk.level - 1]} "
            f"(level {risk.level} of 5, score {risk.score:.2f})."
        )
    likely = [finding for finding in risk.findings if finding.probability >= WORTH_A_WARNING]
    likely.sort(key=lambda finding: (finding.symbol is None, -finding.probability))
    sentences += dict.fromkeys(finding.sentence for finding in likely[:5])
    if len(likely) > 5:
        sentences.append(f"{len(likely) - 5} more places may have changed.")
    if codec.generative:
        sentences.append("The decoder is generative: fine detail is invented, not recorded.")
    if risk.assessor.unavailable:
        missing = ", ".join(risk.assessor.unavailable)
        sentences.append(f"Not looked for: {missing}.")
    return tuple(sentences)
