"""What a report is about: a file, what was found out about it, and its pictures."""

from __future__ import annotations

from dataclasses import dataclass

from ..imaging import Photo
from ..labels import Label, Risk
from ..lineage import Generation
from ..verification import Report

TOLERANCE = 0.05
"""How much higher than the label's a risk score may be that is measured again."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """What measuring the file against an original told."""

    risk: Risk
    is_named_original: bool
    """Whether the original is the very file that the label names, by its hash."""

    def confirms(self, label: Label) -> bool | None:
        """Whether the label tells the truth; None where the original is another file.

        A label that tells of more risk than is measured misleads nobody.
        """
        if not self.is_named_original:
            return None
        return self.risk.score <= label.risk.score + TOLERANCE


@dataclass(frozen=True, slots=True)
class Subject:
    """A file as a report shows it."""

    verification: Report
    history: Generation | None
    """The file and what it was made from; None without a credential."""
    size: int
    """Of the file, bytes."""
    picture: Photo | None
    """What the file shows in full, decoded; None where that failed."""
    problem: str | None
    """Why there is no picture."""
    is_decoded: bool
    """Whether a neural bitstream in the file was decoded for it."""
    preview: Photo | None
    """Within a compressed file; made from the original."""
    original: Photo | None
    """As given for comparison, of the picture's size."""
    comparison: Comparison | None

    @property
    def label(self) -> Label | None:
        return self.verification.label

    @property
    def risk(self) -> Risk | None:
        """As labelled; else as measured against the original."""
        if self.label:
            return self.label.risk
        return self.comparison.risk if self.comparison else None
