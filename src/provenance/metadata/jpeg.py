"""XMP in JPEG: APP1 segments (ISO 16684-3 / Adobe XMP part 3, 1.1.3).

A segment holds 65,533 bytes. A longer packet is split: a short main packet names the MD5 of the
rest, and numbered extension segments carry that.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterator
from typing import NamedTuple

from ..errors import ContainerError, LabelError
from .packet import NOTE, merge, write
from .structure import NAMESPACE, RDF
from .tree import MAX_BYTES, Name, Node

_MAIN = b"http://ns.adobe.com/xap/1.0/\0"
_EXTENSION = b"http://ns.adobe.com/xmp/extension/\0"
_EXIF = b"Exif\0"
_ROOM = 65533 - len(_MAIN)
_PORTION = 65400
_SOI, _SOS, _EOI, _APP0, _APP1 = 0xD8, 0xDA, 0xD9, 0xE0, 0xE1
_BARE = {0x01, *range(0xD0, 0xD8)}
"""Markers without length."""


class _Segment(NamedTuple):
    marker: int
    start: int
    end: int
    body: int
    """Where the content begins, after marker and length."""


def find(data: bytes) -> bytes | None:
    """The packet, its extension merged in where that holds a label of ours.

    Other programs' extensions hold depth maps and previews of the old picture; they stay out.

    Raises:
        ContainerError: The segments are broken.
        LabelError: Two packets, or an extension that is not the announced one.
    """
    main: list[bytes] = []
    portions: dict[bytes, list[tuple[int, int, bytes]]] = {}
    for segment in _segments(data):
        if segment.marker != _APP1:
            continue
        if data.startswith(_MAIN, segment.body):
            main.append(data[segment.body + len(_MAIN) : segment.end])
        elif data.startswith(_EXTENSION, segment.body):
            at = segment.body + len(_EXTENSION)
            if segment.end - at < 40:
                raise ContainerError("JPEG: an XMP extension is cut")
            total, offset = struct.unpack_from(">II", data, at + 32)
            portion = (offset, total, data[at + 40 : segment.end])
            portions.setdefault(data[at : at + 32], []).append(portion)
    if len(main) > 1:
        raise LabelError(f"XMP: {len(main)} packets where one belongs")
    if not main:
        return None
    announced = [guid for guid in portions if guid in main[0]]
    if not announced:
        return main[0]
    extension = _join(portions[announced[0]])
    if NAMESPACE.encode() not in extension:
        return main[0]
    # MD5 is what the format demands; it names the extension and protects nothing.
    digest = hashlib.md5(extension, usedforsecurity=False).hexdigest().upper()
    if digest.encode() != announced[0]:
        raise LabelError("XMP: the extension is not the one that the packet announces")
    return merge(main[0], extension)


def replace(data: bytes, packet: bytes) -> bytes:
    """The same file with this packet as its only one, behind JFIF and EXIF.

    Raises:
        ContainerError: The segments are broken.
    """
    kept: list[bytes] = []
    place: int | None = None
    at = 2
    for segment in _segments(data):
        leading = segment.marker == _APP0 or data.startswith(_EXIF, segment.body)
        if place is None and not leading:
            place = len(kept)
        at = segment.end
        if segment.marker == _APP1 and data.startswith((_MAIN, _EXTENSION), segment.body):
            continue
        kept.append(data[segment.start : segment.end])
    place = len(kept) if place is None else place
    return b"".join((data[:2], *kept[:place], *_split(packet), *kept[place:], data[at:]))


def _segments(data: bytes) -> Iterator[_Segment]:
    """Segments up to the picture data, which is left out."""
    if data[:2] != bytes((0xFF, _SOI)):
        raise ContainerError("JPEG: does not begin with the start marker")
    at = 2
    while True:
        start = at
        if data[at : at + 1] != b"\xff":
            raise ContainerError(f"JPEG: no marker at byte {at}")
        while data[at : at + 1] == b"\xff":
            at += 1
        if at >= len(data):
            raise ContainerError("JPEG: is cut before the picture data")
        marker = data[at]
        at += 1
        if marker in (_SOS, _EOI):
            return
        if marker in _BARE:
            yield _Segment(marker, start, at, at)
            continue
        length = int.from_bytes(data[at : at + 2], "big")
        if length < 2 or at + length > len(data):
            raise ContainerError(f"JPEG: the segment at byte {start} is cut")
        yield _Segment(marker, start, at + length, at + 2)
        at += length


def _join(portions: list[tuple[int, int, bytes]]) -> bytes:
    portions.sort(key=lambda portion: portion[0])
    total = portions[0][1]
    at = 0
    for offset, whole, content in portions:
        if offset != at or whole != total:
            raise LabelError("XMP: the extension has gaps or overlaps")
        at += len(content)
    if at != total or total > MAX_BYTES:
        raise LabelError("XMP: the extension is cut or too large")
    return b"".join(content for _, _, content in portions)


def _split(packet: bytes) -> list[bytes]:
    if len(packet) <= _ROOM:
        return [_app1(_MAIN + packet)]
    start, end = packet.find(b"?>") + 2, packet.rfind(b"<?xpacket")
    extension = packet[start:end].strip()
    guid = hashlib.md5(extension, usedforsecurity=False).hexdigest().upper()
    pointer = {Name(RDF, "about"): "", Name(NOTE, "HasExtendedXMP"): guid}
    main = write([Node(Name(RDF, "Description"), pointer)], {NOTE: "xmpNote", RDF: "rdf"})
    segments = [_app1(_MAIN + main)]
    for offset in range(0, len(extension), _PORTION):
        place = struct.pack(">II", len(extension), offset)
        portion = extension[offset : offset + _PORTION]
        segments.append(_app1(_EXTENSION + guid.encode() + place + portion))
    return segments


def _app1(content: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, _APP1, len(content) + 2) + content
