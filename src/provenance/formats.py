"""The image formats that are written, and those that are told by their first bytes alone."""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from .errors import ImageError, UsageError

AVIF, HEIC, HEIF, JXL = "image/avif", "image/heic", "image/heif", "image/jxl"


@dataclass(frozen=True, slots=True)
class Format:
    """A format that renditions are written in."""

    media_type: str
    suffix: str
    longest_side: int
    """Highest width or height that it can hold, px."""
    extra: str | None = None
    """The optional part of this package that brings its encoder; None: always there."""


RENDITIONS = {
    "jpeg": Format("image/jpeg", ".jpg", 65_500),
    "png": Format("image/png", ".png", 2**31 - 1),
    "webp": Format("image/webp", ".webp", 16_383),
    "tiff": Format("image/tiff", ".tif", 2**31 - 1),
    "avif": Format(AVIF, ".avif", 32_768),
    "heif": Format(HEIC, ".heic", 16_384, "heif"),
    "jxl": Format(JXL, ".jxl", 2**30, "jxl"),
}
"""By the name that ``--to`` takes."""

_KINDS = {entry.suffix: kind for kind, entry in RENDITIONS.items()} | {
    ".heif": "heif",
    ".jpeg": "jpeg",
    ".tiff": "tiff",
}

PICTURE_SUFFIXES = frozenset(_KINDS)
"""Of the files in a folder that can carry a label."""

OTHER_SUFFIXES = frozenset({".bmp", ".gif", ".j2k", ".jp2", ".pbm", ".pgm", ".pnm", ".ppm"})
"""Of pictures that are read and can carry no label; their credential lies beside them."""

JXL_CONTAINER = bytes.fromhex("0000000c4a584c200d0a870a")
"""What a JPEG XL file in boxes begins with, ISO/IEC 18181-2, 9.1."""

JXL_CODESTREAM = b"\xff\x0a"
"""What a naked JPEG XL codestream begins with."""

_JXL_HEADER = 16
"""Bytes of a codestream that tell its size, and some more."""

_BEGINNINGS = {
    "image/jpeg": re.compile(rb"\xff\xd8"),
    "image/png": re.compile(rb"\x89PNG"),
    "image/webp": re.compile(rb"RIFF....WEBP", re.DOTALL),
    "image/tiff": re.compile(rb"II[*+]\0|MM\0[*+]"),
    JXL: re.compile(re.escape(JXL_CONTAINER) + b"|" + re.escape(JXL_CODESTREAM)),
}
"""Of the formats that can carry a label, beside those that are told by their brands."""

MAX_SEGMENTS = 5000
"""Of a JPEG: those who read and write them need time with the square of their number. A hundred
megabytes of metadata need 1,600."""

_WITHOUT_LENGTH = {bytes([marker]) for marker in (0x00, 0x01, *range(0xD0, 0xD9), 0xFF)}
"""Second bytes of markers without a length; 0 is of none, and 255 may begin one."""

_PLUGINS = {"heif": "pillow_heif", "jxl": "pillow_jxl"}
_BRANDS = {
    AVIF: {b"avif", b"avis", b"nimg"},
    HEIC: {b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"hevm", b"hevs"},
    HEIF: {b"mif1", b"msf1", b"heif"},
}
"""Of files of items; the first that has any of them counts."""


def kind_of(media_type: str) -> str:
    """The name of the rendition format that has this media type, which must be one of them."""
    wanted = HEIC if media_type == HEIF else media_type
    return next(kind for kind, entry in RENDITIONS.items() if entry.media_type == wanted)


def kind_of_suffix(suffix: str) -> str | None:
    """The name of the rendition format that files with such a suffix hold; None for others."""
    return _KINDS.get(suffix.lower())


def sniff(data: bytes) -> str | None:
    """The media type that a file claims by its first bytes; None for what can carry no label."""
    if data[4:8] != b"ftyp":
        return next((kind for kind, first in _BEGINNINGS.items() if first.match(data)), None)
    end = min(int.from_bytes(data[:4], "big"), 1024)
    brands = {data[at : at + 4] for at in range(8, end, 4) if at != 12}
    return next((kind for kind, known in _BRANDS.items() if brands & known), None)


def jpeg_segments(data: bytes) -> Iterator[slice]:
    """Where the markers of a JPEG before its picture lie, each with the segment that it begins."""
    at = 2
    while True:
        at = data.find(b"\xff", at)
        marker = data[at + 1 : at + 2]
        if at < 0 or marker in (b"", b"\xd9", b"\xda"):
            return
        if marker in _WITHOUT_LENGTH:
            end = at + 1
        else:
            end = at + 2 + int.from_bytes(data[at + 2 : at + 4], "big")
        yield slice(at, end)
        at = end


def has_too_many_segments(data: bytes) -> bool:
    """Whether a JPEG has more than `MAX_SEGMENTS` before its picture; False for other files."""
    if sniff(data) != "image/jpeg":
        return False
    return any(True for _ in islice(jpeg_segments(data), MAX_SEGMENTS, None))


def jxl_size(data: bytes, name: str) -> tuple[int, int] | None:
    """Width and height that a JPEG XL codestream announces (ISO/IEC 18181-1, D.2); turned or not.

    None for other files.

    Args:
        name: what error messages call the file.

    Raises:
        ImageError: It is a JPEG XL file without a codestream.
    """
    if sniff(data) != JXL:
        return None
    header = data[:_JXL_HEADER] if data.startswith(JXL_CODESTREAM) else _codestream(data)
    if not header.startswith(JXL_CODESTREAM):
        raise ImageError(f"{name}: damaged JPEG XL: no codestream where one belongs")
    bits = int.from_bytes(header[len(JXL_CODESTREAM) :], "little")

    def take(count: int) -> int:
        nonlocal bits
        value, bits = bits & ((1 << count) - 1), bits >> count
        return value

    small = take(1)

    def side() -> int:
        return 8 * (take(5) + 1) if small else take((9, 13, 18, 30)[take(2)]) + 1

    height = side()
    ratio = take(3)
    if not ratio:
        return side(), height
    above, below = ((1, 1), (12, 10), (4, 3), (3, 2), (16, 9), (5, 4), (2, 1))[ratio - 1]
    return height * above // below, height


def _codestream(data: bytes) -> bytes:
    """How it begins in a file of boxes, which may cut it anywhere; empty where none does."""
    found, at = b"", len(JXL_CONTAINER)
    while at + 8 <= len(data) and len(found) < _JXL_HEADER:
        size, kind = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8]
        header = 8
        if size == 1:
            size, header = int.from_bytes(data[at + 8 : at + 16], "big"), 16
        end = at + size if size else len(data)
        if end < at + header:
            break
        if kind in (b"jxlc", b"jxlp"):
            start = at + header + (4 if kind == b"jxlp" else 0)
            found += data[start : min(end, start + _JXL_HEADER)]
        at = end
    return found[:_JXL_HEADER]


def check_kind(kind: str, width: int = 1, height: int = 1) -> None:
    """Whether files of that kind can be written here, with pictures of that size.

    Raises:
        UsageError: It is none of `RENDITIONS`, its encoder is not installed, or the picture exceeds
            its sides.
    """
    if kind not in RENDITIONS:
        raise UsageError(f"{kind}: not a rendition format; choose from {', '.join(RENDITIONS)}")
    if extra := RENDITIONS[kind].extra:
        plugin(extra)
    limit = RENDITIONS[kind].longest_side
    if max(width, height) > limit:
        raise UsageError(f"{kind} cannot hold sides over {limit} px; use png")


def plugin(extra: str) -> None:
    """Make Pillow read and write a format that it does not know by itself.

    Raises:
        UsageError: The optional part that brings it is not installed.
    """
    try:
        module = importlib.import_module(_PLUGINS[extra])
    except ImportError:
        raise UsageError(
            f"{extra.upper()} needs an optional part; use `pip install 'provenance[{extra}]'`"
        ) from None
    if extra == "heif":
        module.register_heif_opener(thumbnails=False)
