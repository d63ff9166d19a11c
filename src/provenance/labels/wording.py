"""Warnings and captions in plain language."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..taxonomy import LEVEL_NAMES
from .catalogue import DEFAULT, catalogue
from .model import MEANING, CodecFacts, Compression, Label, Risk

WORTH_A_WARNING = 0.3
"""Findings at least this probable are named in the warnings."""

MORE = "more places may have changed."
"""How the warning ends that counts the findings that are not named."""


def warnings(codec: CodecFacts, risk: Risk, history: Sequence[Compression] = ()) -> tuple[str, ...]:
    """Sentences for people who will not read the record: the worst findings first.

    Args:
        history: as in the label: every compression, this one last; empty where it was the first.
    """
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
        sentences.append(f"{len(likely) - 5} {MORE}")
    if history:
        sentences.append(f"Compressed {len(history)} times; the risk is that of all of them.")
    if codec.generative:
        sentences.append("The decoder is generative: fine detail is invented, not recorded.")
    elif any(step.codec.generative for step in history):
        sentences.append("An earlier decoder was generative: fine detail was invented then.")
    if codec.extra.get("tune") == MEANING:
        sentences.append("The encoder was tuned by this score, so a low one says less than usual.")
    if risk.assessor.unavailable:
        missing = ", ".join(risk.assessor.unavailable)
        sentences.append(f"Not looked for: {missing}.")
    return tuple(sentences)


def caption(label: Label, language: str = DEFAULT) -> str:
    """One sentence for the caption of a picture: how it was made and how far to believe it.

    Args:
        language: one of `provenance.labels.catalogue.languages`.

    Raises:
        UsageError: There is no such language.
    """
    words = catalogue(language)
    made = "caption.made.generative" if label.codec.generative else "caption.made"
    return words[f"caption.level.{label.risk.level}"].format(
        made=words[made].format(codec=" ".join(label.codec.name.split())),
        places=_places(label.risk, words),
    )


def _places(risk: Risk, words: Mapping[str, str]) -> str:
    """The kinds of symbol that probably changed, worst first; nothing where there are none."""
    likely = sorted(
        (f for f in risk.findings if f.symbol and f.probability >= WORTH_A_WARNING),
        key=lambda finding: -finding.probability,
    )
    *first, last = dict.fromkeys(words[f"symbols.{finding.symbol}"] for finding in likely) or [""]
    if first:
        last = words["list.last"].format(first=", ".join(first), last=last)
    return words["caption.places"].format(places=last) if last else ""
