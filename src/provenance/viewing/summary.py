"""What the overview tells of a file, without decoding it."""

from __future__ import annotations

from dataclasses import dataclass

from ..taxonomy import main_type
from ..verification import Report

UNREADABLE = "unreadable"
"""State of what is no picture; the others are those of `provenance.viewer.icons.STATES`."""


@dataclass(frozen=True, slots=True)
class Summary:
    """A file at a glance."""

    bytes: int
    state: str
    level: int | None
    """Risk level, 1 to 5; None where nobody has assessed it, or the label is not to be believed."""
    score: float | None
    high_impact: bool
    types: tuple[str, ...]
    """Of its findings: the type with the largest share in each."""
    symbols: tuple[str, ...]
    """Of its findings."""
    findings: int
    codec: str | None
    generative: bool
    bits_per_pixel: float | None
    psnr_db: float | None
    width: int | None
    """Of the original, px."""
    height: int | None
    signer: str | None
    media_type: str | None
    problems: tuple[str, ...]
    """Details of the checks that failed."""


def summary(report: Report, size: int) -> Summary:
    """What ``report`` tells, for a file of ``size`` bytes."""
    state, label = state_of(report), report.label
    risk = label.risk if label and state != "tampered" else None
    findings = risk.findings if risk else ()
    return Summary(
        bytes=size,
        state=state,
        level=risk.level if risk else None,
        score=risk.score if risk else None,
        high_impact=bool(risk and risk.high_impact),
        types=tuple(sorted({main_type(f.types) for f in findings})),
        symbols=tuple(sorted({f.symbol for f in findings if f.symbol})),
        findings=len(findings),
        codec=label.codec.name if label else None,
        generative=bool(label and label.codec.generative),
        bits_per_pixel=label.quality.bits_per_pixel if label else None,
        psnr_db=label.quality.psnr_db if label else None,
        width=label.original.width if label else None,
        height=label.original.height if label else None,
        signer=_signer(report),
        media_type=report.media_type,
        problems=tuple(s.detail for s in report.steps if s.outcome == "failed"),
    )


def state_of(report: Report) -> str:
    """One word: what to think of the label of a file before what it says."""
    if report.media_type is None:
        return UNREADABLE
    if report.exit_code == 4:
        return "tampered"
    if report.label is None:
        return "none"
    if report.exit_code == 3:
        return "stripped"
    return "trusted" if report.trusted else "untrusted"


def _signer(report: Report) -> str | None:
    """Of the file; of the label alone, where nothing else is signed any more."""
    if report.signer is not None and report.valid:
        name: str | None = report.signer["organisation"] or report.signer["name"]
        return name
    if report.label_survived and report.label_signature:
        subject = report.label_signature.signer
        return subject.organisation or subject.common_name
    return None
