"""EXIF as bytes: a TIFF without a picture (EXIF 2.32, 4.5; TIFF 6.0), changed in place or copied
entry by entry. Whoever parses it and writes it anew loses what he does not know: character sets,
the order of bytes, and whatever cameras note in forms of their own."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .errors import UsageError

MARK = b"Exif\0\0"
"""What precedes the TIFF header in JPEG alone."""

MAX_BYTES = 4_000_000
"""Of EXIF that is copied out of a TIFF."""

MAX_ENTRIES = 4096
MAX_PAGES = 1000
"""How many of a TIFF are counted."""

IIM_TAG = 33723
_ICC_TAG = 34675

_ORIENTATION, _EXIF, _GPS, _INTEROPERABILITY = 0x0112, 0x8769, 0x8825, 0xA005
_SIDES = ((0x0100, 0x0101), (0xA002, 0xA003))
_THUMBNAIL = (0x0201, 0x0202)
_DESCRIPTIVE = (
    *(0x010E, 0x010F, 0x0110, _ORIENTATION, 0x011A, 0x011B, 0x0128, 0x0131, 0x0132, 0x013B, 0x013C),
    *(0x4746, 0x4749, 0x8298, _EXIF, _GPS, 0x9C9B, 0x9C9C, 0x9C9D, 0x9C9E, 0x9C9F),
)
"""Tags of a TIFF's directory that are EXIF; the others tell how its pixels lie."""
_POINTERS = ((_EXIF, _GPS), (_INTEROPERABILITY,), ())
"""Tags that point to a directory: in the first one, in those, and in those that they point to."""

_WIDTHS = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}
"""Bytes of a value, by its type."""
_SHORT, _LONG, _UNDEFINED = 3, 4, 7
_LONG_POINTERS = (16, 18)
_LYING = 5
"""The least orientation of those that lay the picture on its side."""


@dataclass(frozen=True, slots=True)
class _Form:
    """How numbers lie: ``<`` or ``>``, and whether the file is a BigTIFF."""

    order: str
    big: bool = False

    def number(self, code: str, data: bytes | bytearray, at: int) -> int:
        try:
            found: int = struct.unpack_from(self.order + code, data, at)[0]
        except (struct.error, OverflowError):
            raise ValueError("a directory runs out of the data") from None
        return found

    def offset(self, data: bytes | bytearray, at: int) -> int:
        return self.number("Q" if self.big else "I", data, at)

    def end(self, data: bytes | bytearray, at: int) -> int:
        """Where the entries of a directory end, and the offset of the next one lies."""
        if self.big:
            return at + 8 + 20 * self.number("Q", data, at)
        return at + 2 + 12 * self.number("H", data, at)

    def entries(self, data: bytes | bytearray, at: int) -> dict[int, int]:
        """Where the entries of a directory lie, by tag; of several of a tag the first counts."""
        header, step = (8, 20) if self.big else (2, 12)
        end = self.end(data, at)
        if at < 8 or end > len(data) or end - at > header + step * MAX_ENTRIES:
            raise ValueError("a directory runs out of the data, or has too many entries")
        found: dict[int, int] = {}
        for place in range(at + header, end, step):
            found.setdefault(self.number("H", data, place), place)
        return found

    def value(self, data: bytes | bytearray, at: int) -> slice:
        """Where the value of an entry lies; empty for types that are not known."""
        inline = 8 if self.big else 4
        size = self.offset(data, at + 4) * _WIDTHS.get(self.number("H", data, at + 2), 0)
        start = at + 4 + inline
        if size > inline:
            start = self.offset(data, start)
        return slice(start, start + size)


_FORMS = {
    b"II*\0": _Form("<"),
    b"MM\0*": _Form(">"),
    b"II+\0": _Form("<", big=True),
    b"MM\0+": _Form(">", big=True),
}


@dataclass(frozen=True, slots=True)
class _Value:
    kind: int
    count: int
    content: bytes | memoryview | dict[int, _Value]
    """As it lies in a file; of a pointer, the directory there."""

    def size(self) -> int:
        parts = self.content
        return 12 + (
            sum(v.size() for v in parts.values()) if isinstance(parts, dict) else len(parts)
        )


def upright(exif: bytes) -> bytes | None:
    """EXIF of a picture that was turned as its orientation told; None where nothing is left.

    The orientation is gone, sides are exchanged where the picture lay, and so is the thumbnail,
    which was not turned; everything else stays where it is.

    Raises:
        ValueError: It cannot be read.
    """
    form, first = _header(exif)
    changed, entries = bytearray(exif), form.entries(exif, first)
    end = form.end(exif, first)
    second = form.number("I", exif.ljust(end + 4, b"\0"), end)
    turn = form.number("H", exif, entries[_ORIENTATION] + 8) if _ORIENTATION in entries else 1
    if turn >= _LYING:
        everywhere = {**entries}
        if _EXIF in entries:
            with suppress(ValueError):  # Then it tells no sides.
                everywhere |= form.entries(exif, form.number("I", exif, entries[_EXIF] + 8))
        for sides in _SIDES:
            if everywhere.keys() >= set(sides):
                one, other = (slice(everywhere[tag] + 2, everywhere[tag] + 12) for tag in sides)
                changed[one], changed[other] = exif[other], exif[one]
    kept, room = b"", len(exif)
    for tag, at in entries.items():
        value = form.value(exif, at)
        # Pillow, too, asks whether all of them have room, before it reads the next.
        room -= value.stop - value.start
        if tag != _ORIENTATION and value.stop <= len(exif) and room >= 0:
            kept += changed[at : at + 12]
    if not kept:
        return None
    following = struct.pack(form.order + "I", second if turn == 1 else 0)
    count = struct.pack(form.order + "H", len(kept) // 12)
    changed[first : end + 4] = (count + kept + following).ljust(end + 4 - first, b"\0")
    if turn != 1 and second:
        changed = _without_thumbnail(form, changed, second)
    return bytes(changed)


def _without_thumbnail(form: _Form, exif: bytearray, second: int) -> bytearray:
    """Shorter by the thumbnail that the second directory tells of, where that lies at the end."""
    try:
        entries = form.entries(exif, second)
    except ValueError:
        return exif
    if not entries.keys() >= set(_THUMBNAIL):
        return exif
    start, size = (form.number("I", exif, entries[tag] + 8) for tag in _THUMBNAIL)
    is_last = start > max(entries.values()) and 0 <= len(exif) - (start + size) < 2
    return exif[:start] if is_last else exif


def at_its_end(exif: bytes) -> bytes:
    """The same EXIF with its first directory at its end.

    Raises:
        ValueError: It cannot be read.
    """
    form, first = _header(exif)
    raw = exif[first : form.end(exif, first) + 4]
    moved = bytearray(exif) + bytes(len(exif) % 2)
    struct.pack_into(form.order + "I", moved, 4, len(moved))
    moved[first : first + len(raw)] = bytes(len(raw))
    return bytes(moved + raw)


def of_tiff(data: bytes) -> bytes | None:
    """EXIF of a TIFF's first page, from a header of its own on, in the file's order of bytes.

    Raises:
        ValueError: It cannot be read, or is longer than `MAX_BYTES`.
    """
    form, first = _header(data)
    found = _read(form, data, first, 0)
    if sum(value.size() for value in found.values()) > MAX_BYTES:
        raise ValueError("EXIF beyond the limit")
    header = data[:2] + struct.pack(form.order + "HI", 42, 8)
    return header + _directory(form, found, 8) if found else None


def pages(data: bytes) -> int:
    """Pictures that a TIFF holds one after the other; at most `MAX_PAGES` are counted.

    Raises:
        ValueError: A directory runs out of the file.
    """
    form, at = _header(data)
    seen: set[int] = set()
    while at and at not in seen and len(seen) < MAX_PAGES:
        seen.add(at)
        at = form.offset(data, form.end(data, at))
    return len(seen)


def tiff(
    samples: NDArray[np.uint8],
    exif: bytes | None = None,
    icc: bytes | None = None,
    iim: bytes | None = None,
) -> bytes:
    """A TIFF, not packed: the EXIF as it is, then the pixels, then a directory of both.

    Args:
        samples: ``[height, width]``, grey; or ``[height, width, channels]``, grey with alpha, RGB
            or RGBA.
        exif: from the TIFF header on.
        iim: IPTC-IIM records.

    Raises:
        UsageError: It would be longer than 4 GiB.
        ValueError: ``exif`` cannot be read.
    """
    block = exif or b"II*\0" + bytes(4)
    form, first = _header(block)
    height, width, channels = (*samples.shape, 1)[:3]
    if len(block) + samples.size > (1 << 32) - (1 << 26):
        raise UsageError("tiff cannot hold 4 GiB; use png")
    block += bytes(len(block) % 2)

    def shorts(*values: int) -> _Value:
        content = struct.pack(f"{form.order}{len(values)}H", *values)
        return _Value(_SHORT, len(values), content)

    def long(value: int) -> _Value:
        return _Value(_LONG, 1, struct.pack(form.order + "I", value))

    told = {
        256: long(width),
        257: long(height),
        258: shorts(*[8] * channels),
        259: shorts(1),
        262: shorts(1 if channels < 3 else 2),
        273: long(len(block)),
        277: shorts(channels),
        278: long(height),
        279: long(samples.size),
        284: shorts(1),
    }
    if channels in (2, 4):
        told[338] = shorts(2)
    for tag, content in ((_ICC_TAG, icc), (IIM_TAG, iim)):
        if content:
            told[tag] = _Value(_UNDEFINED, len(content), content)
    described = form.entries(block, first) if first else {}
    kept = {tag: block[at : at + 12] for tag, at in described.items() if tag in _DESCRIPTIVE}
    pixels = samples.tobytes() + bytes(samples.size % 2)
    at = len(block) + len(pixels)
    header = block[:4] + struct.pack(form.order + "I", at) + block[8:]
    return b"".join((header, pixels, _directory(form, told, at, kept)))


def _header(data: bytes) -> tuple[_Form, int]:
    """How numbers lie, and where the first directory begins."""
    form = _FORMS.get(data[:4])
    if form is None:
        raise ValueError("no TIFF header")
    return form, form.offset(data, 8 if form.big else 4)


def _read(form: _Form, data: bytes, at: int, depth: int) -> dict[int, _Value]:
    """What a directory says, of the first one what is EXIF; what lies outside of the data is not
    there. Values are not copied yet.
    """
    found = {}
    for tag, place in form.entries(data, at).items():
        kind, count = form.number("H", data, place + 2), form.offset(data, place + 4)
        value = form.value(data, place)
        if tag in _POINTERS[depth]:
            code = "Q" if form.big and kind in _LONG_POINTERS else "I"
            pointed = form.number(code, data, place + (12 if form.big else 8))
            found[tag] = _Value(_LONG, 1, _read(form, data, pointed, depth + 1))
        elif (depth or tag in _DESCRIPTIVE) and value.start < value.stop <= len(data):
            found[tag] = _Value(kind, count, memoryview(data)[value])
    return found


def _directory(
    form: _Form, values: Mapping[int, _Value], at: int, kept: Mapping[int, bytes] | None = None
) -> bytes:
    """A directory for the place ``at``, and its values behind it.

    Args:
        kept: further entries as they are, with values elsewhere; ``values`` go before.
    """
    entries, behind = dict(kept or {}), bytearray()
    start = at + 2 + 12 * len({*entries, *values}) + 4
    for tag, value in sorted(values.items()):
        place = start + len(behind)
        content = value.content
        if isinstance(content, dict):
            behind += _directory(form, content, place)
        elif len(content) > 4:
            behind += content
            behind += bytes(len(behind) % 2)
        if isinstance(content, dict) or len(content) > 4:
            content = struct.pack(form.order + "I", place)
        head = struct.pack(form.order + "HHI", tag, value.kind, value.count)
        entries[tag] = head + bytes(content).ljust(4, b"\0")
    listed = b"".join(entry for _, entry in sorted(entries.items()))
    return struct.pack(form.order + "H", len(entries)) + listed + bytes(4) + behind
