"""The item layer of HEIF (ISO/IEC 23008-12 on top of ISO/IEC 14496-12, 8.11).

`read` turns the ``meta`` box into items with their data, properties and references, checking every
count and extent on the way; `write` makes a file of them.
"""

from __future__ import annotations

import itertools
import struct
from collections.abc import Mapping
from dataclasses import dataclass

from ..errors import ContainerError
from .boxes import Box, Cursor, box, by_kind, full_box, only, walk

MAX_ITEMS = 1024
MAX_EXTENTS = 8192
MAX_ASSOCIATIONS = 16384
MAX_REFERENCES = 16384
MAX_MEDIA = 64

FROM_FILE = 0
FROM_IDAT = 1


@dataclass(frozen=True, slots=True)
class Property:
    """One item property as a whole box, and whether a reader must understand it."""

    data: bytes
    essential: bool

    @property
    def kind(self) -> bytes:
        """Its four-character code."""
        return self.data[4:8]


@dataclass(frozen=True, slots=True)
class Item:
    """One item: what it is, what describes it, and its bytes."""

    kind: bytes
    data: bytes
    name: str = ""
    content_type: str = ""
    """Media type of an item of kind ``mime``; empty otherwise."""
    properties: tuple[Property, ...] = ()
    hidden: bool = False

    def property_of(self, kind: bytes) -> Property | None:
        """Its first property of that kind."""
        return next((entry for entry in self.properties if entry.kind == kind), None)


@dataclass(frozen=True, slots=True)
class Reference:
    """Item ``source`` refers to ``targets``, for instance ``cdsc``: describes them."""

    kind: bytes
    source: int
    targets: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Items:
    """What a ``meta`` box says."""

    primary: int
    items: Mapping[int, Item]
    references: tuple[Reference, ...] = ()


@dataclass(frozen=True, slots=True)
class Location:
    """Where an item's bytes lie."""

    method: int
    """`FROM_FILE` or `FROM_IDAT`."""
    spans: tuple[tuple[int, int], ...]
    """Start in the file and length of each extent, whatever the method."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Where things lie in a file of items."""

    top: Mapping[bytes, list[Box]]
    meta: Box
    boxes: Mapping[bytes, list[Box]]
    """Within ``meta``."""
    locations: Mapping[int, Location]


def layout(data: bytes) -> Layout:
    """The boxes and extents of an AVIF or HEIF file.

    Raises:
        ContainerError: They contradict each other.
    """
    view = memoryview(data)
    top = by_kind(walk(view, 0, len(data), top=True))
    if b"ftyp" not in top or data[4:8] != b"ftyp":
        raise ContainerError("container: does not begin with a file type box")
    meta = only(top, b"meta")
    cursor = Cursor(view, meta)
    cursor.version(0)
    boxes = by_kind(walk(view, cursor.at, meta.end))
    idat = only(boxes, b"idat") if b"idat" in boxes else None
    media = top.get(b"mdat", [])
    if len(media) > MAX_MEDIA:
        raise ContainerError(f"container: {len(media)} media data boxes; at most {MAX_MEDIA}")
    return Layout(top, meta, boxes, _locations(view, only(boxes, b"iloc"), media, idat))


def read(data: bytes) -> Items:
    """The items of an AVIF or HEIF file.

    Time and memory are bounded by a small multiple of the file's size: extents may not overlap and
    may lie in media data only, so that no byte is delivered twice and none comes from a box which
    a signature leaves out.

    Raises:
        ContainerError: Boxes, extents, counts or identifiers contradict each other.
    """
    view = memoryview(data)
    found = layout(data)
    boxes = found.boxes
    primary = _primary(view, only(boxes, b"pitm"))
    entries = _entries(view, only(boxes, b"iinf"))
    payloads = {
        number: b"".join(view[start : start + length] for start, length in location.spans)
        for number, location in found.locations.items()
    }
    properties = _properties(view, only(boxes, b"iprp")) if b"iprp" in boxes else {}
    references = _references(view, only(boxes, b"iref")) if b"iref" in boxes else ()
    if primary not in entries:
        raise ContainerError(f"container: primary item {primary} does not exist")
    items = {
        number: Item(
            entry.kind,
            payloads.get(number, b""),
            entry.name,
            entry.content_type,
            properties.get(number, ()),
            entry.hidden,
        )
        for number, entry in entries.items()
    }
    return Items(primary, items, references)


def write(content: Items, brands: tuple[bytes, ...], groups: bytes = b"") -> bytes:
    """A file of these items, their data in the order of the mapping.

    Args:
        brands: major brand first.
        groups: a ``grpl`` box, or nothing.

    Raises:
        ContainerError: An item's number has more than 16 bits, or there are 2 GiB of data.
    """
    items = content.items
    pointed = (number for entry in content.references for number in (entry.source, *entry.targets))
    if max((*items, *pointed)) > 0xFFFF:
        raise ContainerError("container: an item's number has more than 16 bits")
    shared: dict[bytes, int] = {}
    for item in items.values():
        for entry in item.properties:
            shared.setdefault(entry.data, len(shared) + 1)
    wide = len(shared) > 127

    def associations(number: int, item: Item) -> bytes:
        packed = [struct.pack(">HB", number, len(item.properties))]
        for entry in item.properties:
            index = shared[entry.data] | (entry.essential << (15 if wide else 7))
            packed.append(index.to_bytes(2 if wide else 1, "big"))
        return b"".join(packed)

    described = {n: item for n, item in sorted(items.items()) if item.properties}
    ipma = full_box(
        b"ipma",
        0,
        int(wide),
        struct.pack(">I", len(described)),
        *(associations(number, item) for number, item in described.items()),
    )

    def meta(offset: int) -> bytes:
        locations = []
        for number, item in items.items():
            locations.append(struct.pack(">HHHII", number, 0, 1, offset, len(item.data)))
            offset += len(item.data)
        parts = [
            full_box(b"hdlr", 0, 0, bytes(4), b"pict", bytes(13)),
            full_box(b"pitm", 0, 0, struct.pack(">H", content.primary)),
            full_box(b"iloc", 0, 0, b"\x44\x00", struct.pack(">H", len(items)), *locations),
            full_box(
                b"iinf",
                0,
                0,
                struct.pack(">H", len(items)),
                *(_infe(number, item) for number, item in items.items()),
            ),
        ]
        if content.references:
            parts.append(full_box(b"iref", 0, 0, *map(_reference_box, content.references)))
        parts.append(box(b"iprp", box(b"ipco", *shared), ipma))
        return full_box(b"meta", 0, 0, *parts, groups)

    ftyp = box(b"ftyp", brands[0], bytes(4), *dict.fromkeys(brands))
    payload = box(b"mdat", *(item.data for item in items.values()))
    if len(payload) >= 1 << 31:
        raise ContainerError("container: more than 2 GiB of data do not fit in one file")
    # The offsets have a fixed width, so the size of meta does not depend on them.
    return ftyp + meta(len(ftyp) + len(meta(0)) + 8) + payload


@dataclass(frozen=True, slots=True)
class _Entry:
    kind: bytes
    name: str
    content_type: str
    hidden: bool


def _primary(view: memoryview, area: Box) -> int:
    cursor = Cursor(view, area)
    version, _ = cursor.version(1)
    return cursor.number(4 if version else 2)


def _entries(view: memoryview, area: Box) -> dict[int, _Entry]:
    """Item information, 14496-12, 8.11.6."""
    cursor = Cursor(view, area)
    version, _ = cursor.version(1)
    count = cursor.number(4 if version else 2)
    if count > MAX_ITEMS:
        raise ContainerError(f"container: {count} items; at most {MAX_ITEMS} are read")
    entries: dict[int, _Entry] = {}
    for child in walk(view, cursor.at, area.end):
        if child.kind != b"infe":
            raise ContainerError("container: item information holds something else")
        entry = Cursor(view, child)
        version, flags = entry.version(3)
        if version < 2:
            raise ContainerError(f"container: item entry of old version {version}")
        number = entry.number(4 if version == 3 else 2)
        entry.take(2)
        kind, name = entry.take(4), entry.text()
        content_type = entry.text() if kind == b"mime" else ""
        if number in entries:
            raise ContainerError(f"container: item {number} is there twice")
        entries[number] = _Entry(kind, name, content_type, bool(flags & 1))
    if len(entries) != count:
        raise ContainerError(f"container: {count} items announced, {len(entries)} are there")
    return entries


def _locations(
    view: memoryview, area: Box, media: list[Box], idat: Box | None
) -> dict[int, Location]:
    """Item locations, 14496-12, 8.11.3."""
    cursor = Cursor(view, area)
    version, _ = cursor.version(2)
    sizes = cursor.number(2)
    offset_size, length_size, base_size, index_size = (
        sizes >> shift & 15 for shift in (12, 8, 4, 0)
    )
    if version == 0:
        index_size = 0
    if not {offset_size, length_size, base_size, index_size} <= {0, 4, 8}:
        raise ContainerError("container: item locations have fields of odd size")
    count = cursor.number(4 if version == 2 else 2)
    if count > MAX_ITEMS:
        raise ContainerError(f"container: {count} item locations; at most {MAX_ITEMS} are read")
    located: dict[int, Location] = {}
    total = 0
    for _ in range(count):
        number = cursor.number(4 if version == 2 else 2)
        method = cursor.number(2) & 15 if version else FROM_FILE
        if cursor.number(2):
            raise ContainerError(f"container: item {number} lies in another file")
        base = cursor.number(base_size)
        extents = cursor.number(2)
        total += extents
        if number in located or total > MAX_EXTENTS:
            raise ContainerError(f"container: item {number} has contradicting or too many extents")
        if method == FROM_IDAT and idat is not None:
            base, areas = base + idat.start, [idat]
        elif method == FROM_FILE:
            areas = media
        else:
            raise ContainerError(f"container: item {number} has unsupported location {method}")
        found = []
        for _ in range(extents):
            cursor.take(index_size)
            start = base + cursor.number(offset_size)
            length = cursor.number(length_size)
            if length and not any(a.start <= start and start + length <= a.end for a in areas):
                raise ContainerError(f"container: item {number} lies outside the media data")
            found.append((start, length))
        located[number] = Location(method, tuple(found))
    spans = sorted(span for entry in located.values() for span in entry.spans if span[1])
    for (start, length), (following, _) in itertools.pairwise(spans):
        if start + length > following:
            raise ContainerError(f"container: items overlap at byte {following}")
    return located


def _properties(view: memoryview, area: Box) -> dict[int, tuple[Property, ...]]:
    """Item properties and their associations, 23008-12, 9.3."""
    boxes = by_kind(walk(view, area.start, area.end))
    container = only(boxes, b"ipco")
    found = []
    at = container.start
    for child in walk(view, container.start, container.end):
        found.append(bytes(view[at : child.end]))
        at = child.end
    result: dict[int, tuple[Property, ...]] = {}
    total = 0
    for table in boxes.get(b"ipma", []):
        cursor = Cursor(view, table)
        version, flags = cursor.version(1)
        width = 2 if flags & 1 else 1
        top = 1 << (8 * width - 1)
        count = cursor.number(4)
        if count > MAX_ITEMS:
            raise ContainerError(f"container: {count} property lists; at most {MAX_ITEMS} are read")
        for _ in range(count):
            number = cursor.number(4 if version else 2)
            if number in result:
                raise ContainerError(f"container: item {number} has two property lists")
            listed = []
            for _ in range(cursor.number(1)):
                index = cursor.number(width)
                if index & (top - 1) > len(found):
                    raise ContainerError(f"container: item {number} has an unknown property")
                if index & (top - 1):
                    listed.append(Property(found[(index & (top - 1)) - 1], bool(index & top)))
            total += len(listed)
            if total > MAX_ASSOCIATIONS:
                raise ContainerError("container: too many property associations")
            result[number] = tuple(listed)
    return result


def _references(view: memoryview, area: Box) -> tuple[Reference, ...]:
    """Item references, 14496-12, 8.11.12."""
    cursor = Cursor(view, area)
    version, _ = cursor.version(1)
    width = 4 if version else 2
    found = []
    total = 0
    for child in walk(view, cursor.at, area.end):
        entry = Cursor(view, child)
        source = entry.number(width)
        count = entry.number(2)
        total += count
        if total > MAX_REFERENCES:
            raise ContainerError("container: too many item references")
        targets = tuple(entry.number(width) for _ in range(count))
        found.append(Reference(child.kind, source, targets))
    return tuple(found)


def _infe(number: int, item: Item) -> bytes:
    content = struct.pack(">HH4s", number, 0, item.kind) + item.name.encode() + b"\0"
    if item.kind == b"mime":
        content += item.content_type.encode() + b"\0"
    return full_box(b"infe", 2, int(item.hidden), content)


def _reference_box(reference: Reference) -> bytes:
    count = len(reference.targets)
    return box(
        reference.kind,
        struct.pack(f">HH{count}H", reference.source, count, *reference.targets),
    )
