"""XMP in TIFF files (Adobe TIFF 6.0; XMP part 3, 2.3): a new first directory at the file's end.

Pixels, profiles, further pages and every other byte stay where they are; the old directory and the
old packet are blanked.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from ..errors import ContainerError

XMP_TAG = 700
MAX_ENTRIES = 4096

_BYTES = 1
_ONE_BYTE_TYPES = (1, 2, 6, 7)


@dataclass(frozen=True, slots=True)
class _Form:
    """How a file counts: ``struct``'s codes of a directory's count and of an offset."""

    order: str
    count: str
    offset: str
    pointer: int
    """Where the offset of the first directory lies."""

    def size(self, code: str) -> int:
        return struct.calcsize(self.order + code)

    @property
    def entry(self) -> int:
        """Bytes of an entry: tag, type, count and value."""
        return self.size("HH") + 2 * self.size(self.offset)


_FORMS = {
    b"II*\0": _Form("<", "H", "I", 4),
    b"MM\0*": _Form(">", "H", "I", 4),
    b"II+\0": _Form("<", "Q", "Q", 8),
    b"MM\0+": _Form(">", "Q", "Q", 8),
}
"""Ordinary TIFF, and BigTIFF, whose offsets have 64 bits."""


@dataclass(frozen=True, slots=True)
class _Directory:
    form: _Form
    start: int
    end: int
    entries: dict[int, bytes]
    """As they stand, by tag."""
    following: bytes
    """Offset of the next directory, as it stands."""


def read_xmp(data: bytes) -> bytes | None:
    """The packet of the first directory, or None.

    Raises:
        ContainerError: No TIFF, or its first directory or packet runs out of the file.
    """
    span = _packet(_directory(data), data)
    return None if span is None else data[slice(*span)]


def replace_xmp(data: bytes, xmp: bytes) -> bytes:
    """The same file with another packet.

    Raises:
        ContainerError: As for `read_xmp`, or the file would exceed 4 GiB and is no BigTIFF.
    """
    found = _directory(data)
    form = found.form
    changed = bytearray(data)
    for span in ((found.start, found.end), _packet(found, data)):
        if span is not None:
            changed[slice(*span)] = bytes(span[1] - span[0])
    changed += bytes(-len(changed) % 8)
    packet_at = len(changed)
    changed += xmp + bytes(-len(xmp) % 8)
    at = len(changed)
    if form.offset == "I" and at >= (1 << 32) - (1 << 20):
        raise ContainerError("tiff: more than 4 GiB do not fit in one file")
    width = form.size(form.offset)
    place = struct.pack(form.order + form.offset, packet_at)
    value = xmp.ljust(width, b"\0") if len(xmp) <= width else place
    entry = struct.pack(f"{form.order}HH{form.offset}", XMP_TAG, _BYTES, len(xmp)) + value
    entries = sorted({**found.entries, XMP_TAG: entry}.items())
    changed += struct.pack(form.order + form.count, len(entries))
    changed += b"".join(raw for _, raw in entries) + found.following
    struct.pack_into(form.order + form.offset, changed, form.pointer, at)
    return bytes(changed)


def _directory(data: bytes) -> _Directory:
    form = _FORMS.get(data[:4])
    if form is None:
        raise ContainerError("tiff: has not its signature")
    try:
        (start,) = struct.unpack_from(form.order + form.offset, data, form.pointer)
        (count,) = struct.unpack_from(form.order + form.count, data, start)
        if start < 8 or not 0 < count <= MAX_ENTRIES:
            raise ContainerError(f"tiff: a first directory of {count} entries at {start}")
        entries: dict[int, bytes] = {}
        at = start + form.size(form.count)
        for _ in range(count):
            (tag,) = struct.unpack_from(form.order + "H", data, at)
            if tag in entries:
                raise ContainerError(f"tiff: tag {tag} is there twice")
            entries[tag] = data[at : at + form.entry]
            at += form.entry
        end = at + form.size(form.offset)
        struct.unpack_from(form.order + form.offset, data, at)
    except struct.error:
        raise ContainerError("tiff: the first directory runs out of the file") from None
    return _Directory(form, start, end, entries, data[at:end])


def _packet(directory: _Directory, data: bytes) -> tuple[int, int] | None:
    """Where the packet starts and ends."""
    entry, form = directory.entries.get(XMP_TAG), directory.form
    if entry is None:
        return None
    _, kind, size, offset = struct.unpack(f"{form.order}HH{form.offset}{form.offset}", entry)
    if kind not in _ONE_BYTE_TYPES:
        raise ContainerError("tiff: its XMP has a type that is not bytes")
    if size <= form.size(form.offset):
        return None
    if offset + size > len(data) or (offset < directory.end and offset + size > directory.start):
        raise ContainerError("tiff: its XMP runs out of the file")
    return offset, offset + size
