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

_ORDERS = {b"II*\0": "<", b"MM\0*": ">"}
_BYTES = 1
_ONE_BYTE_TYPES = (1, 2, 6, 7)


@dataclass(frozen=True, slots=True)
class _Directory:
    order: str
    start: int
    entries: dict[int, bytes]
    """Twelve bytes each, by tag."""
    following: bytes
    """Offset of the next directory, as it stands."""

    @property
    def end(self) -> int:
        return self.start + 2 + 12 * len(self.entries) + 4


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
        ContainerError: As for `read_xmp`, or the file would exceed 4 GiB.
    """
    found = _directory(data)
    changed = bytearray(data)
    for span in ((found.start, found.end), _packet(found, data)):
        if span is not None:
            changed[slice(*span)] = bytes(span[1] - span[0])
    changed += bytes(len(changed) % 2)
    packet_at = len(changed)
    changed += xmp + bytes(len(xmp) % 2)
    at = len(changed)
    if at >= (1 << 32) - (1 << 20):
        raise ContainerError("tiff: more than 4 GiB do not fit in one file")
    order = found.order
    short = len(xmp) <= 4
    value = xmp.ljust(4, b"\0") if short else struct.pack(order + "I", packet_at)
    entry = struct.pack(order + "HHI", XMP_TAG, _BYTES, len(xmp)) + value
    entries = sorted({**found.entries, XMP_TAG: entry}.items())
    changed += struct.pack(order + "H", len(entries))
    changed += b"".join(raw for _, raw in entries) + found.following
    struct.pack_into(order + "I", changed, 4, at)
    return bytes(changed)


def _directory(data: bytes) -> _Directory:
    order = _ORDERS.get(data[:4])
    if order is None:
        problem = "BigTIFF is not supported" if data[2:4] in (b"+\0", b"\0+") else "no signature"
        raise ContainerError(f"tiff: has not the signature of an ordinary TIFF: {problem}")
    try:
        (start,) = struct.unpack_from(order + "I", data, 4)
        (count,) = struct.unpack_from(order + "H", data, start)
        if start < 8 or not 0 < count <= MAX_ENTRIES:
            raise ContainerError(f"tiff: a first directory of {count} entries at {start}")
        entries: dict[int, bytes] = {}
        for number in range(count):
            at = start + 2 + 12 * number
            (tag,) = struct.unpack_from(order + "H", data, at)
            if tag in entries:
                raise ContainerError(f"tiff: tag {tag} is there twice")
            entries[tag] = data[at : at + 12]
        following = struct.pack(order + "I", *struct.unpack_from(order + "I", data, at + 12))
    except struct.error:
        raise ContainerError("tiff: the first directory runs out of the file") from None
    return _Directory(order, start, entries, following)


def _packet(directory: _Directory, data: bytes) -> tuple[int, int] | None:
    """Where the packet starts and ends."""
    entry = directory.entries.get(XMP_TAG)
    if entry is None:
        return None
    _, kind, size, offset = struct.unpack(directory.order + "HHII", entry)
    if kind not in _ONE_BYTE_TYPES:
        raise ContainerError("tiff: its XMP has a type that is not bytes")
    if size <= 4:
        return None
    if offset + size > len(data) or (offset < directory.end and offset + size > directory.start):
        raise ContainerError("tiff: its XMP runs out of the file")
    return offset, offset + size
