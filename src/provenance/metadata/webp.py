"""XMP in WebP: one ``XMP `` chunk, announced by a flag in ``VP8X`` (RFC 9649, 2.7)."""

from __future__ import annotations

import struct
from typing import NamedTuple

from ..errors import ContainerError, LabelError

_HAS_XMP = 0x04
_HAS_ALPHA = 0x10


class _Chunk(NamedTuple):
    kind: bytes
    content: bytes


def find(data: bytes) -> bytes | None:
    """The packet, or None.

    Raises:
        ContainerError: The chunks are broken.
        LabelError: Two packets.
    """
    found = [chunk.content for chunk in _chunks(data) if chunk.kind == b"XMP "]
    if len(found) > 1:
        raise LabelError(f"XMP: {len(found)} packets where one belongs")
    return found[0] if found else None


def replace(data: bytes, packet: bytes) -> bytes:
    """The same file with this packet as its only one, behind the picture.

    Raises:
        ContainerError: The chunks are broken.
    """
    chunks = [chunk for chunk in _chunks(data) if chunk.kind != b"XMP "]
    if not chunks:
        raise ContainerError("WebP: is empty")
    first = chunks[0]
    if first.kind == b"VP8X":
        if len(first.content) != 10:
            raise ContainerError("WebP: the header is broken")
        header = bytes((first.content[0] | _HAS_XMP,)) + first.content[1:]
        chunks = chunks[1:]
    else:
        header = _extended_header(first)
    body = b"WEBP" + b"".join(
        _chunk(*chunk) for chunk in (_Chunk(b"VP8X", header), *chunks, _Chunk(b"XMP ", packet))
    )
    return b"RIFF" + struct.pack("<I", len(body)) + body


def _chunks(data: bytes) -> list[_Chunk]:
    if data[:4] != b"RIFF" or data[8:12] != b"WEBP":
        raise ContainerError("WebP: does not begin with its signature")
    end = 8 + int.from_bytes(data[4:8], "little")
    if end > len(data):
        raise ContainerError("WebP: is cut")
    chunks = []
    at = 12
    while at < end:
        if end - at < 8:
            raise ContainerError(f"WebP: the chunk at byte {at} is cut")
        kind, length = struct.unpack_from("<4sI", data, at)
        if length > end - at - 8:
            raise ContainerError(f"WebP: the chunk at byte {at} is cut")
        chunks.append(_Chunk(kind, data[at + 8 : at + 8 + length]))
        at += 8 + length + length % 2
    return chunks


def _extended_header(picture: _Chunk) -> bytes:
    """The ``VP8X`` content for a file that had a picture only (RFC 9649, 2.5, 2.6 and 3.4)."""
    content = picture.content
    if picture.kind == b"VP8 " and content[3:6] == b"\x9d\x01\x2a" and len(content) >= 10:
        width, height = (side & 0x3FFF for side in struct.unpack_from("<HH", content, 6))
        flags = _HAS_XMP
    elif picture.kind == b"VP8L" and content[:1] == b"\x2f" and len(content) >= 5:
        bits = int.from_bytes(content[1:5], "little")
        width, height = (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
        flags = _HAS_XMP | (_HAS_ALPHA if bits >> 28 & 1 else 0)
    else:
        raise ContainerError("WebP: the picture is broken")
    if not width or not height:
        raise ContainerError("WebP: the picture is empty")
    return struct.pack("<IQ", flags, (width - 1) | (height - 1) << 24)[:10]


def _chunk(kind: bytes, content: bytes) -> bytes:
    return kind + struct.pack("<I", len(content)) + content + b"\0" * (len(content) % 2)
