"""What a detector is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from ...labels import Finding
from ..pair import Pair

ENTRY_POINTS = "provenance.detectors"
"""Group of entry points; each names a class or function that makes a `Detector` when called."""


@runtime_checkable
class Detector(Protocol):
    """Looks for one kind of miscompression."""

    @property
    def name(self) -> str:
        """As the label lists it, such as ``text``."""

    def available(self) -> bool:
        """Whether what it needs, such as weights, is installed. Cheap; raises nothing."""

    def find(self, pair: Pair) -> Sequence[Finding] | None:
        """Suspected miscompressions, in any order, with calibrated probabilities.

        None where it cannot look, such as in a picture that is too small for it: then the label
        names it among those that did not.
        """
