"""Packets into files and out of them: exiv2 for ordinary images, our own boxes for AVIF."""

from __future__ import annotations

from ..container import read_xmp, replace_xmp
from ..errors import InputError, LabelError
from . import exiv2
from .tree import MAX_BYTES, parse

_AVIF = "image/avif"
_ORDINARY = ("image/jpeg", "image/png", "image/webp")


def embed(data: bytes, media_type: str, packet: bytes) -> bytes:
    """The same file with ``packet`` as its only XMP; to be signed afterwards, never before.

    Pixels and ICC profile stay, and EXIF that is sound. In ordinary images the packet is written
    anew by exiv2: it says the same to a reader that goes by URI, in other bytes.

    Args:
        media_type: ``image/jpeg``, ``image/png``, ``image/webp``, or ``image/avif`` for a
            compressed file of ours.

    Raises:
        InputError: Another media type.
        ContainerError: ``data`` is broken, or not of that type.
        LabelError: The packet is not XMP, or too large for the file or to be read again.
    """
    if media_type not in (*_ORDINARY, _AVIF):
        raise InputError(f"{media_type}: cannot carry a label; use JPEG, PNG, WebP or AVIF")
    if media_type == _AVIF:
        if len(packet) > MAX_BYTES:
            raise LabelError(f"XMP: larger than {MAX_BYTES:,} bytes, which is the limit")
        return replace_xmp(data, packet)
    parse(packet)
    return exiv2.write(data, media_type, packet)


def read_packet(data: bytes, media_type: str) -> bytes | None:
    """The XMP packet of a file; None where it has none, or where the type can carry none.

    Of several packets in an ordinary image it is the one that exiv2 takes.

    Raises:
        ContainerError: ``data`` is broken, or not of that type.
        LabelError: It has a packet beyond the limits.
    """
    if media_type == _AVIF:
        return read_xmp(data)
    return exiv2.read(data, media_type) if media_type in _ORDINARY else None
