"""The taxonomy of miscompressions.

N. Hofer and R. Böhme 2024, "A Taxonomy of Miscompressions: Preparing Image Forensics for Neural
Compression". A finding may carry several types; the symbol flag says that what changed carries
meaning by convention. Texture change alone is not a miscompression.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class Type(StrEnum):
    """What kind of change it is."""

    AMPLITUDE = "amplitude"
    """Local change of brightness, colour or contrast; small things may vanish."""
    GEOMETRY = "geometry"
    """Local translation, rotation, scaling or shearing; contours dissolve."""
    SHAPE = "shape"
    """Something has another shape than it had, and reads as something else."""


def main_type(shares: Mapping[str, float]) -> str:
    """The type with the largest share; of equal ones the first."""
    return max(shares, key=lambda kind: shares[kind])


class Symbol(StrEnum):
    """What kind of meaningful thing was changed: the high-impact flag."""

    TEXT = "text"
    NUMERAL = "numeral"
    FACE = "face"
    EYE = "eye"
    HAND = "hand"
    SIGN = "sign"
    LIGHT = "light"
    LOGO = "logo"
    OTHER = "other"


LEVEL_NAMES = ("minimal", "low", "moderate", "high", "severe")
"""Names of the risk levels 1 to 5."""

LEVEL_BOUNDS = (0.05, 0.2, 0.45, 0.7)
"""Lower bounds of the scores of levels 2 to 5. A risk level, not a rating by people."""


def level_of(score: float) -> int:
    """Risk level, 1 to 5, of a score between 0 and 1."""
    return 1 + sum(score >= bound for bound in LEVEL_BOUNDS)
