"""What a report says of a file in words: one headline, and the verdicts kept apart."""

from __future__ import annotations

from dataclasses import dataclass

from ..verification import Report
from .subject import Subject
from .words import Words

CODE_TAMPERED, CODE_MISSING = 4, 3
"""Exit codes of a verification: see `provenance.verification`."""


@dataclass(frozen=True, slots=True)
class Headline:
    """What somebody sees who reads nothing else."""

    tone: str
    """``good``, ``calm``, ``warn`` or ``bad``."""
    title: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Verdict:
    """One question about a file, and its answer."""

    key: str
    name: str
    answer: bool | None
    """None where it is not known."""
    sentence: str


def headline(subject: Subject, words: Words) -> Headline:
    """The one verdict: what is broken counts before what is missing, and that before the risk."""
    report, label, risk = subject.verification, subject.label, subject.risk
    if _is_understated(report):
        return _named("bad", "understated", words, _risk_lines(subject, words))
    if report.exit_code == CODE_TAMPERED:
        return _named("bad", "tampered", words)
    if risk is None:
        return _named("warn", "unlabelled", words)
    claim = words(f"headline.level.{risk.level}")
    if label and not report.label_true:  # Only its own word speaks for it.
        own = report.label_signature
        if report.label_survived and own:
            who = own.signer.organisation or own.signer.common_name or "?"
            key = "headline.survived.trusted" if own.trusted_by else "headline.survived.why"
            lines = (words(key, who=who, claim=claim), *_risk_lines(subject, words))
            return Headline("warn", words("headline.survived"), lines)
        if report.exit_code == CODE_MISSING:
            return _named("warn", "unvouched" if report.signer else "unsigned", words)
        if not report.trusted:
            said = words("headline.stranger.why", claim=claim)
            lines = (said, *_signer_lines(subject, words))
            return Headline("warn", words("headline.stranger"), lines)
    tone = "good" if risk.level <= 2 else "warn" if risk.level == 3 else "bad"
    lines = (*_risk_lines(subject, words), *_signer_lines(subject, words))
    return Headline(tone, claim, lines)


def is_believed(subject: Subject) -> bool:
    """Whether the risk was measured, or somebody answers for what the file says of it."""
    report = subject.verification
    if subject.label is None or report.label_true or _is_understated(report):
        return True
    if report.exit_code == CODE_MISSING:
        return report.label_survived and report.label_signature is not None
    return report.exit_code != CODE_TAMPERED


def _is_understated(report: Report) -> bool:
    """Whether a label is what was signed, and less than was measured."""
    return bool(report.label_true is False and report.valid and report.label_consistent)


def verdicts(subject: Subject, words: Words) -> list[Verdict]:
    """Intact, valid, trusted, consistent, true, policy: six words that are not one."""
    report = subject.verification
    anchor = (report.signer or {}).get("trusted_by") or ""
    found = [
        _verdict("intact", report.intact, words),
        _verdict("valid", report.valid, words),
        _verdict("trusted", report.trusted, words, anchor=anchor),
        _verdict("consistent", report.label_consistent, words),
        _truth(subject, words),
    ]
    step = next((step.detail for step in report.steps if step.name == "policy"), "")
    found.append(_verdict("policy", report.policy_met, words, detail=step))
    return found


def _truth(subject: Subject, words: Words) -> Verdict:
    report = subject.verification
    if report.measured is None or report.label_true is not None:
        return _verdict("true", report.label_true, words)
    key = "belief.true.other" if subject.label else "belief.true.unlabelled"
    said = words(key, found=words.number(report.measured.score, 2))
    return Verdict("true", words("belief.true"), None, said)


def _verdict(key: str, answer: bool | None, words: Words, **gaps: object) -> Verdict:
    said = {True: "yes", False: "no", None: "unknown"}[answer]
    return Verdict(key, words(f"belief.{key}"), answer, words(f"belief.{key}.{said}", **gaps))


def _named(tone: str, key: str, words: Words, more: tuple[str, ...] = ()) -> Headline:
    return Headline(tone, words(f"headline.{key}"), (words(f"headline.{key}.why"), *more))


def _risk_lines(subject: Subject, words: Words) -> tuple[str, ...]:
    risk, label = subject.risk, subject.label
    if risk is None:
        return ()
    count = len(risk.findings)
    lines = [words(f"headline.places.{count if count < 2 else 'n'}", count=count)]
    if risk.high_impact:
        lines.append(words("headline.impact"))
    if label is None:
        lines.append(words("headline.measured"))
    elif label.codec.generative:
        lines.append(words("headline.generative"))
    return (" ".join(lines),)


def _signer_lines(subject: Subject, words: Words) -> tuple[str, ...]:
    report = subject.verification
    lines = []
    if report.signer and report.valid:
        who = report.signer["organisation"] or report.signer["name"] or "?"
        key = "headline.trusted" if report.trusted else "headline.untrusted"
        lines.append(words(key, who=who))
    if report.policy_met is False:
        lines.append(words("headline.policy"))
    return tuple(lines)
