"""Directories of TIFF (6.0, section 2) and BigTIFF, in files and in EXIF: read within bounds."""

from __future__ import annotations

import struct
from dataclasses import dataclass

MAX_ENTRIES = 4096

SHORT, LONG, RATIONAL, UNDEFINED = 3, 4, 5, 7

_WIDTHS = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}
"""Bytes of a value, by its type."""
_LONGER = (16, 18)
"""Types of 64 bits, in which BigTIFF has pointers."""


@dataclass(frozen=True, slots=True)
class Form:
    """How a file counts: ``struct``'s codes of its order, a directory's count, and an offset."""

    order: str
    count: str
    offset: str
    pointer: int
    """Where the offset of the first directory lies."""
    entry: int
    """Bytes of an entry: tag, type, count of values, and the value or its offset."""

    @property
    def inline(self) -> int:
        """Bytes of a value that stands in its entry."""
        return (self.entry - 4) // 2


_FORMS = {
    b"II*\0": Form("<", "H", "I", 4, 12),
    b"MM\0*": Form(">", "H", "I", 4, 12),
    b"II+\0": Form("<", "Q", "Q", 8, 20),
    b"MM\0+": Form(">", "Q", "Q", 8, 20),
}


class Directories:
    """Reads a TIFF's bytes; places are offsets from their beginning.

    Everything raises `ValueError` where what is asked for runs out of the data.
    """

    def __init__(self, data: bytes) -> None:
        form = _FORMS.get(data[:4])
        if form is None:
            raise ValueError("has not its signature")
        self.data, self.form = data, form
        self.first = self.number(form.offset, form.pointer)
        """Where the first directory begins."""

    def number(self, code: str, at: int) -> int:
        """What stands there, by one of ``struct``'s codes."""
        try:
            found: int = struct.unpack_from(self.form.order + code, self.data, at)[0]
        except (struct.error, OverflowError):
            raise ValueError("a directory runs out of the data") from None
        return found

    def end(self, at: int) -> int:
        """Where the entries of a directory end, and the offset of the next one stands."""
        count = self.number(self.form.count, at)
        return at + struct.calcsize(self.form.count) + self.form.entry * count

    def following(self, at: int) -> int:
        """Where the next directory begins; 0: there is none."""
        return self.number(self.form.offset, self.end(at))

    def entries(self, at: int) -> dict[int, int]:
        """Where the entries of a directory stand, by tag; of several of a tag the first counts."""
        count, end = self.number(self.form.count, at), self.end(at)
        if at < 8 or count > MAX_ENTRIES:
            raise ValueError(f"a directory of {count} entries at {at}")
        if end > len(self.data):
            raise ValueError("a directory runs out of the data")
        found: dict[int, int] = {}
        for place in range(end - self.form.entry * count, end, self.form.entry):
            found.setdefault(self.number("H", place), place)
        return found

    def kind(self, place: int) -> int:
        """The type of an entry."""
        return self.number("H", place + 2)

    def count(self, place: int) -> int:
        """How many values an entry has."""
        return self.number(self.form.offset, place + 4)

    def value(self, place: int) -> slice:
        """Where the value of an entry lies, in the data or not; empty for types not known."""
        size = self.count(place) * _WIDTHS.get(self.kind(place), 0)
        start = place + self.form.entry - self.form.inline
        if size > self.form.inline:
            start = self.number(self.form.offset, start)
        return slice(start, start + size)

    def integer(self, place: int) -> int:
        """The value of an entry that has one, which is an integer."""
        kind = self.kind(place)
        code = "H" if kind == SHORT else "Q" if kind in _LONGER and self.form.offset == "Q" else "I"
        return self.number(code, place + self.form.entry - self.form.inline)
