"""How much of a file's manifests is read: the C2PA library bounds no time.

Looked at before that library sees the file, whatever the format. Manifests may be compressed: a
``brob`` box follows a superbox's description, whose type the library does not look at.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from ..errors import InvalidError
from ..unpacking import unpacked

MAX_PARTS = 2000
"""JUMBF superboxes in a file that is read: a hundred generations have 800. The library's time
grows with the square of their number: with 3,000 ingredients it needs half a minute."""

MAX_UNPACKED = 32_000_000
"""Bytes that the compressed manifests of a file may unpack to, all together."""

_SUPERBOX, _DESCRIPTION, _PACKED = b"jumb", b"jumd", b"brob"

_JPEG, _GIF = b"\xff\xd8", b"GIF8"
_SEGMENT = b"\xff\xeb"
"""APP11, in which JPEG files have JUMBF (ISO/IEC 19566-5, D)."""

_ALONE = {0x00, 0x01, *range(0xD0, 0xD9), 0xFF}
"""Second bytes of markers without a length; 0 is of none, and 255 may begin one."""

_GIF_BLOCK = b"C2PA_GIF\x01\x00\x00"


def problem_of(data: bytes) -> str | None:
    """Why the manifests of a file, or a sidecar, are not read; None where they may be."""
    store = b"".join(_unframed(data))
    parts, room = _parts(store), MAX_UNPACKED
    try:
        for content in packed(store) if parts <= MAX_PARTS else ():
            manifest = unpacked(content, room)
            room -= len(manifest)
            parts += _parts(manifest)
    except InvalidError as error:
        return f"manifest: a compressed one {error}"
    if parts > MAX_PARTS:
        return f"manifest: more than {MAX_PARTS:,} parts, which is the limit"
    return None


def packed(store: bytes) -> Iterator[bytes]:
    """The contents of all ``brob`` boxes that follow a superbox's description.

    Raises:
        InvalidError: Where one would follow is told in a way that nothing needs.
    """
    at = store.find(_DESCRIPTION)
    while at >= 0:
        if at >= 4:
            length = int.from_bytes(store[at - 4 : at], "big")
            if length == 1:
                raise InvalidError("may follow a description whose length has 64 bits")
            header = at - 4 + length
            if store[header + 4 : header + 8] == _PACKED:
                (size,) = struct.unpack_from(">I", store, header)
                yield store[header + 8 : header + size]
        at = store.find(_DESCRIPTION, at + 4)


def _parts(data: bytes) -> int:
    return max(data.count(_SUPERBOX), data.count(_DESCRIPTION))


def _unframed(data: bytes) -> Iterator[bytes]:
    """What may hold manifests, without what a format cuts them into."""
    if data.startswith(_JPEG):
        yield from _jpeg(data)
    elif data.startswith(_GIF):
        yield from _gif(data)
    else:
        yield data


def _jpeg(data: bytes) -> Iterator[bytes]:
    """APP11 segments, wherever they are, those of one box after the other."""
    boxes: dict[bytes, list[bytes]] = {}
    at, ahead = 2, data.find(_SEGMENT)
    while ahead >= 0 and (at := data.find(b"\xff", at)) >= 0 and at + 4 <= len(data):
        if data[at + 1] in _ALONE:
            at += 1 if data[at + 1] == 0xFF else 2
            continue
        (size,) = struct.unpack_from(">H", data, at + 2)
        if at == ahead:
            number, order = data[at + 6 : at + 8], data[at + 8 : at + 12]
            # Each repeats the header of the box that it goes on with.
            start = at + 12 if order == b"\0\0\0\1" else at + 20
            boxes.setdefault(number, []).append(data[start : at + 2 + size])
        at += 2 + size
        if ahead < at:  # the compressed picture, megabytes of it, need not be walked through
            ahead = data.find(_SEGMENT, at)
    for pieces in boxes.values():
        yield from pieces


def _gif(data: bytes) -> Iterator[bytes]:
    """The blocks of its application extensions of C2PA."""
    at = data.find(_GIF_BLOCK)
    while at >= 0:
        at += len(_GIF_BLOCK)
        while at < len(data) and (size := data[at]):
            yield data[at + 1 : at + 1 + size]
            at += 1 + size
        at = data.find(_GIF_BLOCK, at)
