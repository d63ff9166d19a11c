"""Packets into files and out of them.

The packet is written byte for byte and everything else is left where it is: pixels, ICC profile,
EXIF. exiv2, which could do this, writes the packet anew with its own idea of prefixes, which one
hostile file can poison for a whole process (Exiv2 #9323), and refuses more than 64 KiB in JPEG.
"""

from __future__ import annotations

from ..container import read_xmp, replace_xmp
from ..errors import InputError, LabelError
from . import jpeg, png, webp
from .tree import MAX_BYTES

_FINDERS = {
    "image/jpeg": jpeg.find,
    "image/png": png.find,
    "image/webp": webp.find,
    "image/avif": read_xmp,
}
_REPLACERS = {
    "image/jpeg": jpeg.replace,
    "image/png": png.replace,
    "image/webp": webp.replace,
    "image/avif": replace_xmp,
}


def embed(data: bytes, media_type: str, packet: bytes) -> bytes:
    """The same file with ``packet`` as its only XMP; to be signed afterwards, never before.

    Args:
        media_type: ``image/jpeg``, ``image/png``, ``image/webp``, or ``image/avif`` for a
            compressed file of ours.

    Raises:
        InputError: Another media type.
        ContainerError: ``data`` is broken.
        LabelError: The packet is too large to be read again.
    """
    if media_type not in _REPLACERS:
        raise InputError(f"{media_type}: cannot carry a label; use JPEG, PNG, WebP or AVIF")
    if len(packet) > MAX_BYTES:
        raise LabelError(f"XMP: larger than {MAX_BYTES:,} bytes, which is the limit")
    return _REPLACERS[media_type](data, packet)


def read_packet(data: bytes, media_type: str) -> bytes | None:
    """The XMP packet of a file; None where it has none, or where the type can carry none.

    Raises:
        ContainerError: ``data`` is broken.
        LabelError: It has several packets, or one beyond the limits.
    """
    finder = _FINDERS.get(media_type)
    return None if finder is None else finder(data)
