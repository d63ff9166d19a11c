"""XMP in TIFF files (Adobe TIFF 6.0; XMP part 3, 2.3): a new first directory at the file's end.

Pixels, profiles, further pages and every other byte stay where they are; the old directory and the
old packet are blanked.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping

from ..directories import Directories
from ..errors import ContainerError

XMP_TAG = 700

_BYTES = 1
_ONE_BYTE_TYPES = (1, 2, 6, 7)


def read_xmp(data: bytes) -> bytes | None:
    """The packet of the first directory, or None.

    Raises:
        ContainerError: No TIFF, or its first directory or packet runs out of the file.
    """
    span = _packet(*_first(data))
    return None if span is None else data[span]


def replace_xmp(data: bytes, xmp: bytes) -> bytes:
    """The same file with another packet.

    Raises:
        ContainerError: As for `read_xmp`, or the file would exceed 4 GiB and is no BigTIFF.
    """
    read, found = _first(data)
    form, end = read.form, read.end(read.first)
    kept = {tag: data[place : place + form.entry] for tag, place in found.items()}
    following = data[end : end + form.inline]
    changed = bytearray(data)
    for span in (slice(read.first, end + form.inline), _packet(read, found)):
        if span is not None:
            changed[span] = bytes(span.stop - span.start)
    changed += bytes(-len(changed) % 8)
    packet_at = len(changed)
    changed += xmp + bytes(-len(xmp) % 8)
    at = len(changed)
    if form.offset == "I" and at >= (1 << 32) - (1 << 20):
        raise ContainerError("tiff: more than 4 GiB do not fit in one file")
    place = struct.pack(form.order + form.offset, packet_at)
    value = xmp.ljust(form.inline, b"\0") if len(xmp) <= form.inline else place
    kept[XMP_TAG] = struct.pack(f"{form.order}HH{form.offset}", XMP_TAG, _BYTES, len(xmp)) + value
    changed += struct.pack(form.order + form.count, len(kept))
    changed += b"".join(entry for _, entry in sorted(kept.items())) + following
    struct.pack_into(form.order + form.offset, changed, form.pointer, at)
    return bytes(changed)


def _first(data: bytes) -> tuple[Directories, Mapping[int, int]]:
    """The file, and where the entries of its first directory stand, by tag."""
    try:
        read = Directories(data)
        found, count = read.entries(read.first), read.number(read.form.count, read.first)
        if not found:
            raise ContainerError("tiff: a first directory of 0 entries")
        read.following(read.first)
    except ValueError as error:
        raise ContainerError(f"tiff: {error}") from None
    if len(found) < count:
        # Readers differ in which of them counts, and a label must say the same to all.
        raise ContainerError("tiff: a tag is there twice")
    return read, found


def _packet(read: Directories, found: Mapping[int, int]) -> slice | None:
    """Where the packet lies; None where there is none, or one too short to be any."""
    place = found.get(XMP_TAG)
    if place is None:
        return None
    if read.kind(place) not in _ONE_BYTE_TYPES:
        raise ContainerError("tiff: its XMP has a type that is not bytes")
    if read.count(place) <= read.form.inline:
        return None
    span, end = read.value(place), read.end(read.first) + read.form.inline
    if span.stop > len(read.data) or (span.start < end and span.stop > read.first):
        raise ContainerError("tiff: its XMP runs out of the file")
    return span
