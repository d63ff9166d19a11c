"""What observers saw, as frozen dataclasses; in JSON by ``schemas/annotation-1.schema.json``."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from datetime import datetime

from ..files import sha256
from ..taxonomy import Symbol, Type

SCHEMA_VERSION = "1.0"

TEXTURE = "texture"
"""Noted beside the types of the taxonomy: no miscompression when it is all that changed."""


@dataclass(frozen=True, slots=True)
class PictureFacts:
    """One side of a pair."""

    name: str
    """Its file name, or path from a table's folder, for people; the hash is what identifies it."""
    sha256: str
    """Of the file, in lower-case hexadecimal."""


@dataclass(frozen=True, slots=True)
class PairFacts:
    """An original and its reconstruction, of one size."""

    name: str
    width: int
    """px, as shown, after EXIF orientation."""
    height: int
    original: PictureFacts
    reconstruction: PictureFacts

    @property
    def id(self) -> str:
        """16 hexadecimal digits, from the content of both files."""
        return pair_id(self.original.sha256, self.reconstruction.sha256)


@dataclass(frozen=True, slots=True)
class Finding:
    """One place that an observer boxed."""

    box: tuple[int, int, int, int]
    """x, y, width, height in pixels of the original."""
    types: tuple[Type, ...]
    """What changed, in the taxonomy's order; empty where it was texture alone."""
    texture: bool
    """Texture changed as well, or alone."""
    symbol: Symbol | None
    """What kind of meaningful thing it is."""
    original: str
    """The place in the observer's words, as the original shows it."""
    reconstruction: str
    """The same for the reconstruction."""
    sure: bool

    @property
    def described_differently(self) -> bool:
        """The paper's test: would an observer describe the two sides differently?

        Case, spaces and a closing mark make no difference.
        """
        return plain(self.original) != plain(self.reconstruction)

    @property
    def is_miscompression(self) -> bool:
        """Described differently, and of a type of the taxonomy: texture alone does not count."""
        return self.described_differently and bool(self.types)


@dataclass(frozen=True, slots=True)
class Annotation:
    """What one observer says of one pair."""

    observer: str
    pair: PairFacts
    complete: bool
    """The observer has looked at the whole picture; with no findings: nothing was found."""
    findings: tuple[Finding, ...]
    saved_at: datetime
    """With time zone."""
    tool: str
    """Name and version of the program that wrote it."""

    @property
    def miscompressions(self) -> tuple[Finding, ...]:
        """The findings that count."""
        return tuple(finding for finding in self.findings if finding.is_miscompression)


def plain(words: str) -> str:
    """A description without what makes no difference; ``page/findings.js`` does the same."""
    folded = " ".join(unicodedata.normalize("NFC", words).lower().split())
    return folded.rstrip(".,;:! ")


def pair_id(original_sha256: str, reconstruction_sha256: str) -> str:
    """16 hexadecimal digits that stand for a pair of files, whatever they are called."""
    return sha256(f"{original_sha256} {reconstruction_sha256}".encode())[:16]
