"""What a report is about: a file, what was found out about it, and its pictures."""

from __future__ import annotations

from dataclasses import dataclass

from ..imaging import Photo
from ..labels import Label, Risk
from ..lineage import Generation
from ..verification import Report


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

    @property
    def label(self) -> Label | None:
        return self.verification.label

    @property
    def risk(self) -> Risk | None:
        """As labelled; as measured against the original without a label, or where it is untrue."""
        if self.label and self.verification.label_true is not False:
            return self.label.risk
        return self.verification.measured
