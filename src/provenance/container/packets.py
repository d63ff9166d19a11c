"""XMP in AVIF and HEIF files, whoever made them: every other item stays as it is.

A packet is an item of its own behind all others; ``meta`` is written anew with it, and the offsets
of what lies behind ``meta`` move along. The old packet is blanked.
"""

from __future__ import annotations

import struct
from collections.abc import Callable

from ..errors import ContainerError, InputError
from .boxes import Box, Cursor, box, full_box, walk
from .items import FROM_FILE, Items, Location, layout, read

NEURAL = b"nimg"
"""Item type of our neural bitstream, and brand of files that hold one."""

XMP_TYPE = "application/rdf+xml"

_MANIFEST = bytes.fromhex("d8fec3d61b0e483c92975828877ec481")
"""Of the ``uuid`` boxes that C2PA makes (C2PA 2.2, A.5)."""

_REPLACED = (b"iinf", b"iloc", b"iref")


def read_xmp(data: bytes) -> bytes | None:
    """The XMP packet of any AVIF or HEIF file.

    Raises:
        ContainerError: The file is broken, or has several packets for its primary item.
    """
    content = read(data)
    number = packet_of(content)
    return None if number is None else content.items[number].data


def packet_of(content: Items) -> int | None:
    """The item that describes the primary item; one that describes only others is not meant.

    Raises:
        ContainerError: There are several.
    """
    packets = {n for n, item in content.items.items() if item.content_type == XMP_TYPE}
    found = {
        entry.source
        for entry in content.references
        if entry.kind == b"cdsc" and entry.source in packets and content.primary in entry.targets
    }
    if len(found) > 1:
        raise ContainerError(f"container: {len(found)} XMP packets where one belongs")
    return next(iter(found), None)


def replace_xmp(data: bytes, xmp: bytes) -> bytes:
    """The same file with another packet; a C2PA manifest is left out, for it broke.

    Raises:
        ContainerError: ``data`` is broken, or numbers its items beyond 16 bits.
        InputError: It is an image sequence, whose offsets lie elsewhere too.
    """
    content = read(data)
    found = layout(data)
    if b"moov" in found.top:
        raise InputError("an image sequence cannot carry a label; take out one picture")
    old = packet_of(content)
    number = max(content.items) + 1 if old is None else old
    if max(number, *content.items) > 0xFFFF:
        raise ContainerError("container: an item's number has more than 16 bits")
    described = [n for n, item in content.items.items() if item.kind == NEURAL]
    # The primary last: libavif heeds only the last item that a packet describes.
    targets = tuple(dict.fromkeys((*described, content.primary)))
    if len(data) + len(xmp) >= 1 << 31:
        raise ContainerError("container: more than 2 GiB of data do not fit in one file")
    gone = found.locations.get(number, Location(FROM_FILE, ())).spans
    blanked = bytearray(data)
    for start, length in gone:
        blanked[start : start + length] = bytes(length)
    view = memoryview(blanked)
    kept = {n: entry for n, entry in found.locations.items() if n != old}
    idat = found.boxes[b"idat"][0].start if b"idat" in found.boxes else 0

    def meta(moved: Callable[[int], int], packet_at: int) -> bytes:
        spans = {
            n: [(moved(start) if entry.method == FROM_FILE else start - idat, length)
                for start, length in entry.spans]
            for n, entry in kept.items()
        }  # fmt: skip
        spans[number] = [(packet_at, len(xmp))]
        locations = {**kept, number: Location(FROM_FILE, ())}
        parts = [
            bytes(view[entry.at : entry.end])
            for entry in walk(view, found.meta.start + 4, found.meta.end)
            if entry.kind not in _REPLACED
        ]
        parts.append(_iinf(view, found.boxes[b"iinf"][0], old, number))
        parts.append(_iloc(locations, spans))
        parts.append(_iref(view, found.boxes.get(b"iref", []), old, number, targets))
        return full_box(b"meta", 0, 0, *parts)

    size = len(meta(lambda start: start, 0))
    kept_boxes = [
        entry
        for entry in walk(view, 0, len(view), top=True)
        if (entry.kind != b"uuid" or view[entry.start : entry.start + 16] != _MANIFEST)
        and gone != ((entry.start, entry.end - entry.start),)
    ]
    shifts: list[tuple[int, int, int]] = []
    end = 0
    for entry in kept_boxes:
        shifts.append((entry.at, entry.end, end - entry.at))
        end += size if entry.kind == b"meta" else entry.end - entry.at

    def moved(start: int) -> int:
        return start + next((by for at, last, by in shifts if at <= start < last), 0)

    written = [
        meta(moved, end + 8) if entry.kind == b"meta" else _closed(view, entry)
        for entry in kept_boxes
    ]
    return b"".join((*written, box(b"mdat", xmp)))


def _closed(view: memoryview, entry: Box) -> bytes:
    """A box as it stands; one of open size with its size."""
    raw = bytes(view[entry.at : entry.end])
    return struct.pack(">I", len(raw)) + raw[4:] if raw[:4] == bytes(4) else raw


def _iinf(view: memoryview, area: Box, old: int | None, number: int) -> bytes:
    cursor = Cursor(view, area)
    version, flags = cursor.version(1)
    cursor.number(4 if version else 2)
    entries = []
    for child in walk(view, cursor.at, area.end):
        entry = Cursor(view, child)
        wide = entry.version(3)[0] == 3
        if entry.number(4 if wide else 2) != old:
            entries.append(bytes(view[child.at : child.end]))
    content = struct.pack(">HH4s", number, 0, b"mime") + b"XMP\0" + XMP_TYPE.encode() + b"\0"
    entries.append(full_box(b"infe", 2, 0, content))
    count = struct.pack(">I" if version else ">H", len(entries))
    return full_box(b"iinf", version, flags, count, *entries)


def _iloc(locations: dict[int, Location], spans: dict[int, list[tuple[int, int]]]) -> bytes:
    parts = [b"\x44\x00", struct.pack(">H", len(locations))]
    for number, entry in locations.items():
        parts.append(struct.pack(">HHHH", number, entry.method, 0, len(spans[number])))
        parts.extend(struct.pack(">II", *span) for span in spans[number])
    return full_box(b"iloc", 1, 0, *parts)


def _iref(
    view: memoryview, area: list[Box], old: int | None, number: int, targets: tuple[int, ...]
) -> bytes:
    version, kept = 0, []
    for table in area:
        cursor = Cursor(view, table)
        version, _ = cursor.version(1)
        for child in walk(view, cursor.at, table.end):
            source = Cursor(view, child).number(4 if version else 2)
            if source != old or child.kind != b"cdsc":
                kept.append(bytes(view[child.at : child.end]))
    form = f">{'I' if version else 'H'}H{len(targets)}{'I' if version else 'H'}"
    kept.append(box(b"cdsc", struct.pack(form, number, len(targets), *targets)))
    return full_box(b"iref", version, 0, *kept)
