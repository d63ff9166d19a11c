"""XMP in JPEG, PNG and WebP files, read and written by exiv2.

exiv2 parses a packet and writes it anew: whitespace, order and prefixes may differ from what was
given, some 2 KB of padding follow, and a namespace that ends in neither ``/`` nor ``#`` gets a
``/``. Prefixes therefore mean nothing; whoever reads a packet goes by URI.
"""

from __future__ import annotations

import struct
import threading
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import accumulate
from types import ModuleType
from typing import Any

from .. import exif
from ..errors import ContainerError, LabelError, TooLargeError
from ..formats import jpeg_segments
from .prefixes import PREFIXES

MEDIA_TYPES = ("image/jpeg", "image/png", "image/webp")

MAX_BYTES = 300_000
"""Of XMP in one file. exiv2 takes time with the square of the number of properties: seconds for
the worst packet of this size, and minutes for one of a megabyte."""

_SIGNATURES = {"image/jpeg": b"\xff\xd8\xff", "image/png": b"\x89PNG\r\n\x1a\n"}
_TEXTS = {b"tEXt", b"zTXt", b"iTXt"}
_KEYWORDS = (b"XML:com.adobe.xmp", b"Raw profile type xmp")
"""Of the PNG chunks in which exiv2 finds XMP."""

_APP1 = 0xE1
_EXTENSION = b"http://ns.adobe.com/xmp/extension/\0"
"""What extended XMP begins with (XMP part 3, 1.1.3.1)."""

_CARRIER = b"\xff\xd8\xff\xd9"
"""A JPEG without a picture."""

_in_use = threading.Lock()
"""exiv2's tables of namespaces are shared by the process and not safe between threads."""


def read(data: bytes, media_type: str) -> bytes | None:
    """The packet, or None.

    Raises:
        ContainerError: ``data`` is broken or not of that type.
        TooLargeError: More XMP than the limit.
    """
    with _opened(data, media_type) as image:
        # Latin-1 gives every byte back; whether they are UTF-8 is for the reader of XML to say.
        text: str = image.read_raw_xmp("latin-1")
    return text.encode("latin-1") or None


def write(data: bytes, media_type: str, packet: bytes) -> bytes:
    """The same file with what ``packet`` says as its only XMP; ``packet`` is XML in UTF-8.

    Raises:
        ContainerError: ``data`` is broken or not of that type.
        LabelError: ``packet`` is not XMP, or too large for the file or to be read again.
        TooLargeError: There is more XMP than the limit in ``data``.
    """
    with _opened(data, media_type) as image:
        try:
            image.modify_raw_xmp(packet.decode())
        except Exception as error:
            if "JPEG segment" in str(error):
                raise LabelError(
                    f"XMP: {len(packet):,} bytes do not fit into a JPEG; use PNG, WebP or AVIF"
                ) from error
            if "XMP" in str(error):
                raise LabelError(f"XMP: exiv2 refuses it: {_line(error)}") from error
            raise
        written: bytes = image.get_bytes()
    try:
        _check(written, media_type)
    except TooLargeError as error:
        raise LabelError(f"{error}, so it could not be read again") from error
    if media_type == "image/jpeg":
        return _without_extensions(written)
    return _exif_apart(written) if media_type == "image/png" else written


def rewrite(packet: bytes) -> bytes:
    """What becomes of a packet in a JPEG, the file that holds the least.

    Raises:
        LabelError: It is not XMP, or does not fit.
    """
    return read(write(_CARRIER, "image/jpeg", packet), "image/jpeg") or b""


@contextmanager
def _opened(data: bytes, media_type: str) -> Iterator[Any]:
    """The file in exiv2, for one thread at a time; exiv2's errors as ours."""
    _check(data, media_type)
    pyexiv2 = _library()
    with _in_use:
        try:
            pyexiv2.set_log_level(4)
            # Anew each time: a file may have bound any of them to another URI since.
            for uri, prefix in PREFIXES.items():
                pyexiv2.registerNs(uri, prefix)
            image = pyexiv2.ImageData(data)
            try:
                yield image
            finally:
                image.close()
        except (ContainerError, LabelError, TooLargeError):
            raise
        except Exception as error:  # the binding maps C++ errors to several of Python's
            kind = media_type.removeprefix("image/")
            raise ContainerError(f"{kind}: exiv2 cannot read it: {_line(error)}") from error


def _library() -> ModuleType:
    import pyexiv2  # takes a moment, which the import of this package shall not

    module: ModuleType = pyexiv2
    return module


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:200]


def _check(data: bytes, media_type: str) -> None:
    """Whether the file is what it is said to be, and its XMP within the limit.

    exiv2 itself goes by content and would try twenty more formats. A JPEG segment is bounded by
    its format.
    """
    if media_type == "image/webp":
        sound = data[:4] == b"RIFF" and data[8:12] == b"WEBP"
    else:
        sound = data.startswith(_SIGNATURES[media_type])
    if not sound:
        raise ContainerError(f"{media_type.removeprefix('image/')}: has not its signature")
    sizes: Iterator[int] = iter(())
    if media_type == "image/png":
        sizes = (_text_size(k, data[at]) for k, at in _png_chunks(data) if k in _TEXTS)
    elif media_type == "image/webp":
        sizes = (len(body) for kind, body in _webp_chunks(data) if kind.upper() == b"XMP ")
    # No more is unpacked than until they are too many.
    if any(found > MAX_BYTES for found in accumulate(sizes)):
        raise TooLargeError(f"XMP: larger than {MAX_BYTES:,} bytes, which is the limit here")


def _png_chunks(data: bytes) -> Iterator[tuple[bytes, slice]]:
    """Type of each chunk, and where its content lies."""
    at = 8
    while at + 8 <= len(data):
        length, kind = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8]
        yield kind, slice(at + 8, at + 8 + length)
        at += 12 + length


def _without_extensions(data: bytes) -> bytes:
    """The same JPEG without the segments in which a packet that was replaced went on."""
    kept, end = list[bytes](), 0
    for place in jpeg_segments(data):
        if data.startswith(_EXTENSION, place.start + 4) and data[place.start + 1] == _APP1:
            kept.append(data[end : place.start])
            end = place.stop
    return b"".join((*kept, data[end:]))


def _exif_apart(data: bytes) -> bytes:
    """The same PNG, with the first directory of its EXIF at the end of that.

    exiftool (as of 12.57) takes a directory that begins as far into its chunk as one before it did
    for the same, and reads it not. C2PA's chunk goes first, with a directory at 8, where EXIF has
    its own.
    """
    for kind, place in _png_chunks(data):
        if kind != b"eXIf":
            continue
        try:
            content = exif.at_its_end(data[place])
        except ValueError:
            return data  # As damaged as it came.
        chunk = kind + content
        head = struct.pack(">I", len(content))
        checksum = struct.pack(">I", zlib.crc32(chunk))
        return data[: place.start - 8] + head + chunk + checksum + data[place.stop + 4 :]
    return data


def _webp_chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 12
    while at + 8 <= len(data):
        length = int.from_bytes(data[at + 4 : at + 8], "little")
        yield data[at : at + 4], data[at + 8 : at + 8 + length]
        at += 8 + length + length % 2


def _text_size(kind: bytes, body: bytes) -> int:
    """Bytes of XMP in a PNG chunk, unpacked; one beyond the limit is counted that far only."""
    if not body.startswith(_KEYWORDS):
        return 0
    text = body.partition(b"\0")[2]
    if kind == b"zTXt":
        packed = text[1:]
    elif kind == b"iTXt" and text[:1] != b"\0":
        packed = text[2:].split(b"\0", 2)[-1]
    else:
        return len(text)
    try:
        return len(zlib.decompressobj().decompress(packed, MAX_BYTES + 1))
    except zlib.error:
        return 0  # exiv2 will refuse it, too
