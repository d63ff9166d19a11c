"""What a hard binding leaves open beside the manifest itself (C2PA 2.2, 9.2 and 15.12).

Whether such bytes were changed since, nobody can tell. Cameras leave metadata open, and the C2PA
library only remarks on it, whatever is open. Changes to it must not change how the picture is
understood (10.4.1): here all of it must be metadata, in the file as it is now.
"""

from __future__ import annotations

import struct
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from ..directories import Directories
from ..formats import JXL, jpeg_segments, sniff

_JPEG, _PNG, _WEBP, _TIFF = "image/jpeg", "image/png", "image/webp", "image/tiff"

_BOXES = {"/uuid", "/ftyp", "/mfra", "/free", "/skip"}
"""Of files of items, those in which no picture is; the library itself leaves them open."""

_CHUNKS = {
    _PNG: {b"caBX", b"tEXt", b"zTXt", b"iTXt", b"eXIf", b"tIME"},
    _WEBP: {b"C2PA", b"EXIF", b"XMP "},
    JXL: {b"jumb", b"Exif", b"xml "},
}
"""Chunks and boxes of metadata, and of the manifest."""

_SEGMENTS = {0xFE, *range(0xE0, 0xF0)} - {0xE2, 0xEE}
"""Second bytes of the markers of a JPEG's metadata, and of the manifest: APP14 tells colours, and
APP2 a profile or, behind the words here, other pictures."""
_MULTIPLE = b"\xff\xe2", b"MPF\0"

_NAMES = {
    "C2PA",
    "APP1",
    "APP13",
    "COM",
    *(name.decode() for name in set().union(*_CHUNKS.values())),
}
"""The same in a map of boxes."""

_MANIFEST_TAG = 0xCD41

_MOST = 100_000
"""Segments, chunks and boxes of a file that are looked at; what is behind them is no metadata."""


def gaps(data: bytes, assertions: Mapping[str, Any]) -> Iterator[tuple[str, bool]]:
    """For each kind of thing that is left open: C2PA's name of the binding, and whether it is
    nothing but metadata.

    Args:
        assertions: of the manifest that binds the content, by their labels.
    """
    for label, binding in assertions.items():
        excluded = (binding.get("exclusions") or ()) if label.startswith("c2pa.hash.") else ()
        if label.startswith("c2pa.hash.data") and len(excluded) > 1:
            # The library has seen that one of them is the manifest.
            spans = [(int(entry["start"]), int(entry["length"])) for entry in excluded]
            good = _all_within(spans, list(_areas(data)))
            if not good or sniff(data) != _TIFF:
                yield "dataHash", good
        elif label.startswith("c2pa.hash.bmff") and not {e["xpath"] for e in excluded} <= _BOXES:
            yield "bmffHash", False
        elif label.startswith("c2pa.hash.boxes"):
            # Which bytes of which boxes may be left out, the library knows.
            boxes = binding["boxes"]
            names = {name for box in boxes if box.get("excluded") for name in box["names"]}
            if names - {"C2PA"} or any(box.get("exclusions") for box in boxes):
                yield "boxesHash", names <= _NAMES


def _all_within(spans: list[tuple[int, int]], areas: list[slice]) -> bool:
    """Whether each span, which has a start and a length, lies in one of the areas, or several that
    follow each other without a gap.

    Args:
        areas: in their order.
    """
    joined: list[slice] = []
    for area in areas:
        if joined and joined[-1].stop == area.start:
            area = slice(joined.pop().start, area.stop)
        joined.append(area)
    starts = [area.start for area in joined]

    def within(start: int, length: int) -> bool:
        before = bisect_right(starts, start)
        return before > 0 and start + length <= joined[before - 1].stop

    return all(within(*span) for span in spans)


def _areas(data: bytes) -> Iterator[slice]:
    """Where metadata and the manifest are; of a TIFF the manifest alone."""
    kind = sniff(data)
    if kind == _JPEG:
        for area in islice(jpeg_segments(data), _MOST):
            marker, content = data[area.start : area.start + 2], data[area.start + 4 : area.stop]
            if marker[1] in _SEGMENTS or (marker, content[:4]) == _MULTIPLE:
                yield area
    elif kind == _TIFF:
        read = Directories(data)
        place = read.entries(read.first).get(_MANIFEST_TAG)
        if place is not None:
            areas = slice(place + 4, place + 4 + read.form.inline), read.value(place)
            yield from sorted(areas, key=lambda area: area.start)
    elif kind in _CHUNKS:
        for name, area in islice(_pieces(data, kind), _MOST):
            if name in _CHUNKS[kind]:
                yield area


def _pieces(data: bytes, kind: str) -> Iterator[tuple[bytes, slice]]:
    """The chunks of a PNG or a WebP, or the boxes of a JPEG XL, up to one of open or long size."""
    at = {_PNG: 8, _WEBP: 12, JXL: 0}[kind]
    while at + 8 <= len(data):
        size: int
        if kind == _WEBP:
            name, size = struct.unpack_from("<4sI", data, at)
            end = at + 8 + size + size % 2
        else:
            size, name = struct.unpack_from(">I4s", data, at)
            end = at + size + (12 if kind == _PNG else 0)
        if end < at + 8:
            return
        yield name, slice(at, end)
        at = end
