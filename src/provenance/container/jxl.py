"""XMP in JPEG XL files (ISO/IEC 18181-2, 9): an ``xml `` box, plain or Brotli-compressed."""

from __future__ import annotations

from ..errors import ContainerError, InvalidError
from ..formats import JXL_CODESTREAM, JXL_CONTAINER
from ..unpacking import unpacked
from .boxes import Box, box, walk

MAX_UNPACKED = 16_000_000
"""Most bytes that a compressed packet may unpack to."""

_XMP = b"xml "
_PACKED = b"brob"
_JPEG = b"jbrd"
"""What the JPEG that a file was made from needs to come back bit for bit, its XMP included."""

_FTYP = box(b"ftyp", b"jxl ", bytes(4), b"jxl ")


def read_xmp(data: bytes) -> bytes | None:
    """The packet of a JPEG XL file, or None.

    Raises:
        ContainerError: Broken, several packets, or one that unpacks beyond `MAX_UNPACKED`.
    """
    found = [entry for entry in _boxes(data) if _kind(data, entry) == _XMP]
    if len(found) > 1:
        raise ContainerError(f"jxl: {len(found)} XMP packets where one belongs")
    if not found:
        return None
    content = data[found[0].start : found[0].end]
    if found[0].kind != _PACKED:
        return content
    try:
        return unpacked(content[4:], MAX_UNPACKED)
    except InvalidError as error:
        raise ContainerError(f"jxl: its XMP {error}") from error


def replace_xmp(data: bytes, xmp: bytes) -> bytes:
    """The same file with another packet; a naked codestream is put into boxes first.

    Raises:
        ContainerError: ``data`` is broken.
    """
    if data.startswith(JXL_CODESTREAM):
        return b"".join((JXL_CONTAINER, _FTYP, box(b"jxlc", data), box(_XMP, xmp)))
    kept = [entry for entry in _boxes(data) if _kind(data, entry) not in (_XMP, _JPEG)]
    # Written anew, so that a last box of open size is closed before another follows.
    boxes = (box(entry.kind, data[entry.start : entry.end]) for entry in kept)
    return b"".join((*boxes, box(_XMP, xmp)))


def _boxes(data: bytes) -> list[Box]:
    if data.startswith(JXL_CODESTREAM):
        return []
    if not data.startswith(JXL_CONTAINER):
        raise ContainerError("jxl: has not its signature")
    return list(walk(memoryview(data), 0, len(data), top=True))


def _kind(data: bytes, entry: Box) -> bytes:
    """What a box holds, compressed or not."""
    return data[entry.start : entry.start + 4] if entry.kind == _PACKED else entry.kind
