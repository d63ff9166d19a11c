"""EXIF as bytes: a TIFF without a picture (EXIF 2.32, 4.5; TIFF 6.0), changed in place or copied
entry by entry. Whoever parses it and writes it anew loses what he does not know: character sets,
the order of bytes, and whatever cameras note in forms of their own."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from .directories import LONG, RATIONAL, SHORT, UNDEFINED, Directories
from .errors import UsageError

MARK = b"Exif\0\0"
"""What precedes the TIFF header in JPEG alone."""

MAX_BYTES = 4_000_000
"""Of EXIF that is copied out of a TIFF."""

MAX_PAGES = 1000
"""How many of a TIFF are counted."""

IIM_TAG = 33723
_ICC_TAG = 34675

_ORIENTATION, _EXIF, _GPS, _INTEROPERABILITY = 0x0112, 0x8769, 0x8825, 0xA005
_RESOLUTION, _UNIT = (0x011A, 0x011B), 0x0128
_SIDES = ((0x0100, 0x0101), (0xA002, 0xA003), _RESOLUTION)
"""Tags that exchange their values where a picture that lay is turned."""
_THUMBNAIL = (0x0201, 0x0202)
_DESCRIPTIVE = (
    *(0x010E, 0x010F, 0x0110, _ORIENTATION, *_RESOLUTION, _UNIT, 0x0131, 0x0132, 0x013B, 0x013C),
    *(0x4746, 0x4749, 0x8298, _EXIF, _GPS, 0x9C9B, 0x9C9C, 0x9C9D, 0x9C9E, 0x9C9F),
)
"""Tags of a TIFF's directory that are EXIF; the others tell how its pixels lie."""
_POINTERS = ((_EXIF, _GPS), (_INTEROPERABILITY,), ())
"""Tags that point to a directory: in the first one, in those, and in those that they point to."""

_UNITS = {2: 1.0, 3: 2.54}
"""Units in an inch, by what the tag of the unit says."""
_RESOLUTIONS = (1, 65_535)
"""Least and most dots per inch that are believed, and that a JPEG can tell."""
_FINEST = 39
"""Largest denominator of a resolution that is written: true to half a dot per metre, which is how
PNG tells it, and to whole dots per inch where PNG means them."""
_EMPTY = b"II*\0\x08\0\0\0" + bytes(6)
LYING = 5
"""The least orientation of those that lay the picture on its side."""


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


def upright(exif: bytes, turn: int = 1) -> bytes | None:
    """EXIF of a picture that is upright; None where nothing is left.

    The orientation is gone, and so is the thumbnail, which was not turned; where the picture lay,
    sides and resolutions are exchanged; everything else stays where it is.

    Args:
        turn: the orientation as which the picture was turned, 1 to 8; of 1 it was not.

    Raises:
        ValueError: It cannot be read.
    """
    read = _plain(exif)
    first, entries, end = read.first, read.entries(read.first), read.end(read.first)
    # Where the data end with the entries, there is no other directory.
    second = read.following(first) if end + 4 <= len(exif) else 0
    if turn >= LYING:
        read = _plain(_with_sides_exchanged(read, entries))
    size = _thumbnail(read, second) if turn != 1 and second else len(exif)
    kept, room = b"", size
    for tag, at in entries.items():
        value = read.value(at)
        # Pillow, too, asks whether all of them have room, before it reads the next.
        room -= value.stop - value.start
        if tag != _ORIENTATION and value.stop <= size and room >= 0:
            kept += read.data[at : at + 12]
    if not kept:
        return None
    order = read.form.order
    count, following = len(kept) // 12, second if turn == 1 else 0
    written = struct.pack(order + "H", count) + kept + struct.pack(order + "I", following)
    return read.data[:first] + written.ljust(end + 4 - first, b"\0") + read.data[end + 4 : size]


def _with_sides_exchanged(read: Directories, entries: Mapping[int, int]) -> bytes:
    """The data, with what is said of width and height said of the other."""
    changed, everywhere = bytearray(read.data), {**entries}
    if _EXIF in entries:
        with suppress(ValueError):  # Then it tells no sides.
            everywhere |= read.entries(read.integer(entries[_EXIF]))
    for sides in _SIDES:
        if everywhere.keys() >= set(sides):
            one, other = (slice(everywhere[tag] + 2, everywhere[tag] + 12) for tag in sides)
            changed[one], changed[other] = read.data[other], read.data[one]
    return bytes(changed)


def _thumbnail(read: Directories, second: int) -> int:
    """Where the thumbnail that the second directory tells of begins, if it lies at the end of the
    data; else their end.
    """
    size = len(read.data)
    with suppress(ValueError):
        entries = read.entries(second)
        if entries.keys() >= set(_THUMBNAIL):
            start, length = (read.integer(entries[tag]) for tag in _THUMBNAIL)
            if start > max(entries.values()) and 0 <= size - (start + length) < 2:
                return start
    return size


def at_its_end(exif: bytes, told: Mapping[int, _Value] | None = None) -> bytes:
    """The same EXIF with its first directory at its end.

    Args:
        told: what it says beside or instead of what it did.

    Raises:
        ValueError: It cannot be read.
    """
    read = _plain(exif)
    first, entries, end = read.first, read.entries(read.first), read.end(read.first)
    second = exif[end : end + 4].ljust(4, b"\0")
    moved = bytearray(exif) + bytes(len(exif) % 2)
    struct.pack_into(read.form.order + "I", moved, read.form.pointer, len(moved))
    moved[first : end + 4] = bytes(len(moved[first : end + 4]))
    kept = {tag: exif[place : place + 12] for tag, place in entries.items()}
    return bytes(moved + _directory(read.form.order, told or {}, len(moved), kept, second))


def resolution(exif: bytes) -> tuple[float, float] | None:
    """Dots per inch, across and down; None where it tells none that can be.

    Raises:
        ValueError: It cannot be read.
    """
    read = _plain(exif)
    entries = read.entries(read.first)
    if not entries.keys() >= set(_RESOLUTION):
        return None
    unit = _UNITS.get(read.integer(entries[_UNIT]) if _UNIT in entries else 2, 0)
    found = []
    for place in (entries[tag] for tag in _RESOLUTION):
        value = read.value(place)
        if read.kind(place) != RATIONAL or value.stop - value.start != 8:
            return None
        above, below = (read.number("I", at) for at in (value.start, value.start + 4))
        found.append(unit * above / below if below else 0)
    across, down = found
    least, most = _RESOLUTIONS
    return (across, down) if least <= min(found) and max(found) <= most else None


def with_resolution(exif: bytes | None, across: float, down: float) -> bytes | None:
    """The same EXIF, or a new one, telling a resolution where it tells none.

    Args:
        exif: from the TIFF header on.
        across: dots per inch, as ``down``; what no one can mean is not told.

    Raises:
        ValueError: ``exif`` cannot be read.
    """
    block, (least, most) = exif or _EMPTY, _RESOLUTIONS
    if not (least <= across <= most and least <= down <= most) or resolution(block):
        return exif
    order = _plain(block).form.order
    told = {_UNIT: _Value(SHORT, 1, struct.pack(order + "H", 2))}
    for tag, dots in zip(_RESOLUTION, (across, down), strict=True):
        parts = Fraction(dots).limit_denominator(_FINEST).as_integer_ratio()
        told[tag] = _Value(RATIONAL, 1, struct.pack(order + "II", *parts))
    return at_its_end(block, told)


def of_tiff(data: bytes) -> bytes | None:
    """EXIF of a TIFF's first page, from a header of its own on, in the file's order of bytes.

    Raises:
        ValueError: It cannot be read, or is longer than `MAX_BYTES`.
    """
    read = Directories(data)
    found, order = _described(read, read.first, 0), read.form.order
    if sum(value.size() for value in found.values()) > MAX_BYTES:
        raise ValueError("EXIF beyond the limit")
    header = data[:2] + struct.pack(order + "HI", 42, 8)
    return header + _directory(order, found, 8) if found else None


def pages(data: bytes) -> int:
    """Pictures that a TIFF holds one after the other; at most `MAX_PAGES` are counted.

    Raises:
        ValueError: A directory runs out of the file.
    """
    read = Directories(data)
    at, seen = read.first, set[int]()
    while at and at not in seen and len(seen) < MAX_PAGES:
        seen.add(at)
        at = read.following(at)
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
    block = exif or _EMPTY
    read = _plain(block)
    order = read.form.order
    height, width, channels = (*samples.shape, 1)[:3]
    if len(block) + samples.size > (1 << 32) - (1 << 26):
        raise UsageError("tiff cannot hold 4 GiB; use png")
    block += bytes(len(block) % 2)

    def shorts(*values: int) -> _Value:
        return _Value(SHORT, len(values), struct.pack(f"{order}{len(values)}H", *values))

    def long(value: int) -> _Value:
        return _Value(LONG, 1, struct.pack(order + "I", value))

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
            told[tag] = _Value(UNDEFINED, len(content), content)
    described = read.entries(read.first).items()
    kept = {tag: block[at : at + 12] for tag, at in described if tag in _DESCRIPTIVE}
    pixels = samples.tobytes() + bytes(samples.size % 2)
    at = len(block) + len(pixels)
    header = block[:4] + struct.pack(order + "I", at) + block[8:]
    return b"".join((header, pixels, _directory(order, told, at, kept)))


def _plain(exif: bytes) -> Directories:
    read = Directories(exif)
    if read.form.offset != "I":
        raise ValueError("is a BigTIFF, which EXIF never is")
    return read


def _described(read: Directories, at: int, depth: int) -> dict[int, _Value]:
    """What a directory says, of the first one what is EXIF; what lies outside of the data is not
    there. Values are not copied yet.
    """
    found = {}
    for tag, place in read.entries(at).items():
        value = read.value(place)
        if tag in _POINTERS[depth]:
            inner = _described(read, read.integer(place), depth + 1)
            found[tag] = _Value(LONG, 1, inner)
        elif (depth or tag in _DESCRIPTIVE) and value.start < value.stop <= len(read.data):
            content = memoryview(read.data)[value]
            found[tag] = _Value(read.kind(place), read.count(place), content)
    return found


def _directory(
    order: str,
    values: Mapping[int, _Value],
    at: int,
    kept: Mapping[int, bytes] | None = None,
    following: bytes = bytes(4),
) -> bytes:
    """A directory for the place ``at``, and its values behind it.

    Args:
        kept: further entries as they are, with values elsewhere; ``values`` go before.
        following: offset of the next directory, as it is written.
    """
    entries, behind = dict(kept or {}), bytearray()
    start = at + 2 + 12 * len({*entries, *values}) + 4
    for tag, value in sorted(values.items()):
        place = start + len(behind)
        content = value.content
        if isinstance(content, dict):
            behind += _directory(order, content, place)
        elif len(content) > 4:
            behind += content
            behind += bytes(len(behind) % 2)
        if isinstance(content, dict) or len(content) > 4:
            content = struct.pack(order + "I", place)
        head = struct.pack(order + "HHI", tag, value.kind, value.count)
        entries[tag] = head + bytes(content).ljust(4, b"\0")
    listed = b"".join(entry for _, entry in sorted(entries.items()))
    return struct.pack(order + "H", len(entries)) + listed + following + behind
