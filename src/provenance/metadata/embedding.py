"""Packets into files and out of them: by exiv2 where it can, by our own writers elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ..container import jxl, read_xmp, replace_xmp, tiff
from ..errors import InputError
from . import exiv2
from .tree import parse

_READ: Mapping[str, Callable[[bytes], bytes | None]] = {
    "image/avif": read_xmp,
    "image/heic": read_xmp,
    "image/heif": read_xmp,
    "image/jxl": jxl.read_xmp,
    "image/tiff": tiff.read_xmp,
}
_WRITE: Mapping[str, Callable[[bytes, bytes], bytes]] = {
    "image/avif": replace_xmp,
    "image/heic": replace_xmp,
    "image/heif": replace_xmp,
    "image/jxl": jxl.replace_xmp,
    "image/tiff": tiff.replace_xmp,
}
CARRIERS = (*exiv2.MEDIA_TYPES, *_WRITE)
"""Media types of files that can carry a packet."""


def embed(data: bytes, media_type: str, packet: bytes) -> bytes:
    """The same file with ``packet`` as its only XMP; to be signed afterwards, never before.

    Pixels and ICC profile stay, and EXIF that is sound. In JPEG, PNG and WebP the packet is
    written anew by exiv2: it says the same to a reader that goes by URI, in other bytes.

    Args:
        media_type: one of `CARRIERS`.

    Raises:
        InputError: Another media type, or there is more XMP in ``data`` than is read.
        ContainerError: ``data`` is broken, or not of that type.
        LabelError: The packet is not XMP, or too large for the file or to be read again.
    """
    if media_type not in CARRIERS:
        raise InputError(f"{media_type}: cannot carry a label; convert it to PNG, JPEG or WebP")
    parse(packet)
    if media_type in _WRITE:
        return _WRITE[media_type](data, packet)
    return exiv2.write(data, media_type, packet)


def read_packet(data: bytes, media_type: str) -> bytes | None:
    """The XMP packet of a file; None where it has none, or where the type can carry none.

    Of several packets in an ordinary image it is the one that exiv2 takes.

    Raises:
        ContainerError: ``data`` is broken, or not of that type.
        InputError: What unpacks it is not installed, or it is beyond the limits.
    """
    if media_type in _READ:
        return _READ[media_type](data)
    return exiv2.read(data, media_type) if media_type in exiv2.MEDIA_TYPES else None
