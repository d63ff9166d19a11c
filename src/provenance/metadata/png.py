"""XMP in PNG: one ``iTXt`` chunk with a fixed keyword (ISO 16684-3; PNG 11.3.3.4)."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from typing import NamedTuple

from ..errors import ContainerError, LabelError
from .tree import MAX_BYTES

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_KEYWORD = b"XML:com.adobe.xmp\0"


class _Chunk(NamedTuple):
    kind: bytes
    start: int
    end: int
    """End of the whole chunk, checksum included."""


def find(data: bytes) -> bytes | None:
    """The packet, or None.

    Raises:
        ContainerError: The chunks are broken, or the packet's checksum is wrong.
        LabelError: Two packets, or one that unpacks to more than the limit.
    """
    found = [chunk for chunk in _chunks(data) if _is_xmp(data, chunk)]
    if len(found) > 1:
        raise LabelError(f"XMP: {len(found)} packets where one belongs")
    if not found:
        return None
    body = data[found[0].start + 8 : found[0].end - 4]
    checksum = int.from_bytes(data[found[0].end - 4 : found[0].end], "big")
    if zlib.crc32(b"iTXt" + body) != checksum:
        raise ContainerError("PNG: the checksum of the XMP chunk is wrong")
    flags, rest = body[len(_KEYWORD) : len(_KEYWORD) + 2], body[len(_KEYWORD) + 2 :]
    parts = rest.split(b"\0", 2)
    if len(flags) != 2 or len(parts) != 3 or flags not in (b"\0\0", b"\1\0"):
        raise ContainerError("PNG: the XMP chunk is broken")
    return _inflate(parts[2]) if flags[0] else parts[2]


def replace(data: bytes, packet: bytes) -> bytes:
    """The same file with this packet as its only one, right behind the header.

    Raises:
        ContainerError: The chunks are broken.
    """
    kept = [
        (chunk.kind, data[chunk.start : chunk.end])
        for chunk in _chunks(data)
        if not _is_xmp(data, chunk)
    ]
    if not kept or kept[0][0] != b"IHDR":
        raise ContainerError("PNG: does not begin with a header")
    body = b"iTXt" + _KEYWORD + bytes(4) + packet
    ours = struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))
    return b"".join((_SIGNATURE, kept[0][1], ours, *(content for _, content in kept[1:])))


def _chunks(data: bytes) -> Iterator[_Chunk]:
    """All chunks up to the end chunk; what follows that is no part of the picture."""
    if not data.startswith(_SIGNATURE):
        raise ContainerError("PNG: does not begin with its signature")
    at = len(_SIGNATURE)
    while at < len(data):
        if len(data) - at < 12:
            raise ContainerError(f"PNG: the chunk at byte {at} is cut")
        length, kind = struct.unpack_from(">I4s", data, at)
        if length > len(data) - at - 12:
            raise ContainerError(f"PNG: the chunk at byte {at} is cut")
        yield _Chunk(kind, at, at + 12 + length)
        at += 12 + length
        if kind == b"IEND":
            return
    raise ContainerError("PNG: has no end chunk")


def _is_xmp(data: bytes, chunk: _Chunk) -> bool:
    return chunk.kind == b"iTXt" and data.startswith(_KEYWORD, chunk.start + 8)


def _inflate(packed: bytes) -> bytes:
    engine = zlib.decompressobj()
    try:
        text = engine.decompress(packed, MAX_BYTES)
    except zlib.error as error:
        raise ContainerError(f"PNG: the XMP chunk does not unpack: {error}") from error
    if not engine.eof:
        raise LabelError(f"XMP: cut, or unpacks to more than {MAX_BYTES:,} bytes")
    return text
