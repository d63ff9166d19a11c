"""The compressed file: an AVIF that any viewer opens, with the neural bitstream inside.

::

    ftyp   avif mif1 miaf … nimg            nimg: our brand
    meta   pitm ─► preview                  an ordinary AV1 image item, small
           items  preview (av01 …)
                  XMP (mime, application/rdf+xml)    cdsc ─► preview and neural image
                  Exif                               cdsc ─► preview and neural image
                  neural image (nimg)                ispe: the full size; colr: its ICC profile
           grpl   altr [neural image, preview]       the same picture, best first
    mdat   preview, XMP, bitstream
    uuid   the C2PA manifest, added by signing

Item types: ISO/IEC 23008-12; ``altr``: 14496-12, 8.15.3.1. Without a preview the neural image is
the primary item, and the major brand is ``mif1``, because no AV1 image is there.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from .. import imaging
from ..errors import ContainerError
from .boxes import box, full_box, walk
from .items import Item, Items, Property, Reference, read, write
from .packets import NEURAL, XMP_TYPE, packet_of

MEDIA_TYPE = "image/avif"

MAX_SIDE = 1 << 20
"""Largest width or height that is believed."""

_BRANDS = (b"avif", b"mif1", b"miaf", NEURAL)
_BRANDS_WITHOUT_PREVIEW = (b"mif1", NEURAL)
_EXIF_MARK = b"Exif\0\0"
_PREVIEW_METADATA = (b"Exif", b"mime", b"uri ")


@dataclass(frozen=True, slots=True)
class Parts:
    """What a compressed file holds."""

    bitstream: bytes
    """The neural bitstream, as given to `pack`."""
    width: int
    """Width of the neural image in pixels, as the container claims; the bitstream decides."""
    height: int
    xmp: bytes | None
    preview_size: tuple[int, int] | None
    """Width and height of the preview; None where there is none."""
    icc: bytes | None
    """ICC profile of the neural image."""
    exif: bytes | None
    """From the TIFF header on."""


def pack(
    bitstream: bytes,
    *,
    width: int,
    height: int,
    preview: bytes | None,
    xmp: bytes | None,
    icc: bytes | None = None,
    exif: bytes | None = None,
) -> bytes:
    """Make a compressed file, ready to be signed.

    Args:
        bitstream: what our decoder needs.
        width: pixels of the decoded picture.
        height: pixels of the decoded picture.
        preview: a complete AVIF file to show in ordinary viewers; its Exif and XMP are left out.
        xmp: the packet; None for none.
        icc: profile of the decoded picture.
        exif: with or without the ``Exif`` mark of JPEG before its TIFF header.

    Raises:
        ContainerError: ``preview`` is not an AVIF file, the bitstream is empty, or a side is not
            between 1 and `MAX_SIDE`.
    """
    if not bitstream or not (0 < width <= MAX_SIDE and 0 < height <= MAX_SIDE):
        raise ContainerError(f"container: {len(bitstream)} bytes for {width} x {height} pixels")
    shown = read(preview) if preview is not None else Items(0, {})
    items = {n: item for n, item in shown.items.items() if item.kind not in _PREVIEW_METADATA}
    if preview is not None and shown.primary not in items:
        raise ContainerError("container: the preview holds no picture")
    references = tuple(
        entry for entry in shown.references if {entry.source, *entry.targets} <= items.keys()
    )
    ispe = full_box(b"ispe", 0, 0, struct.pack(">II", width, height))
    properties = [Property(ispe, essential=False)]
    if icc:
        properties.append(Property(box(b"colr", b"prof", icc), essential=False))
    neural = max(items, default=0) + 1
    items[neural] = Item(NEURAL, bitstream, "Neural image", properties=tuple(properties))
    primary = shown.primary or neural
    if exif:
        items[neural + 1] = Item(b"Exif", bytes(4) + exif.removeprefix(_EXIF_MARK), "Exif")
        described = tuple(dict.fromkeys((neural, primary)))
        references += (Reference(b"cdsc", neural + 1, described),)
    return _assemble(Items(primary, items, references), xmp)


def unpack(data: bytes) -> Parts:
    """Take a compressed file apart, signed or not.

    Raises:
        ContainerError: It is cut, contradicts itself, or holds no or several neural images.
    """
    content = read(data)
    neural = content.items[_neural(content)]
    if not neural.data:
        raise ContainerError("container: the neural image is empty")
    width, height = _size(neural)
    primary = content.items[content.primary]
    xmp = packet_of(content)
    return Parts(
        neural.data,
        width,
        height,
        content.items[xmp].data if xmp is not None else None,
        None if primary.kind == NEURAL else _size(primary),
        _icc(neural),
        _exif(content),
    )


def is_container(data: bytes) -> bool:
    """Whether this claims to be a compressed file of ours, sound or not.

    Both the brand and the item count: a signature does not cover the file type box.
    """
    if data[4:8] != b"ftyp":
        return False
    try:
        first = next(walk(memoryview(data), 0, len(data), top=True))
        brands = data[first.start : min(first.end, first.start + 4096)]
        if NEURAL in (brands[at : at + 4] for at in range(0, len(brands), 4) if at != 4):
            return True
        return any(item.kind == NEURAL for item in read(data).items.values())
    except ContainerError:
        return False


def media_type(data: bytes, name: str) -> str:
    """The media type of an image file, told from its content; see `provenance.imaging.media_type`.

    Without a preview, no image library knows a compressed file.
    """
    return MEDIA_TYPE if is_container(data) else imaging.media_type(data, name)


def _assemble(content: Items, xmp: bytes | None) -> bytes:
    """Order the items' data so that a viewer which reads from the start shows the preview soon."""
    neural = _neural(content)
    shown = {number: item for number, item in content.items.items() if number != neural}
    references = list(content.references)
    group = max(content.items) + 1
    if xmp:
        shown[group] = Item(b"mime", xmp, "XMP", XMP_TYPE)
        # The primary last: libavif heeds only the last item that a packet describes.
        described = tuple(dict.fromkeys((neural, content.primary)))
        references.append(Reference(b"cdsc", group, described))
        group += 1
    items = {**shown, neural: content.items[neural]}
    if content.primary == neural:
        return write(Items(neural, items, tuple(references)), _BRANDS_WITHOUT_PREVIEW)
    entities = struct.pack(">IIII", group, 2, neural, content.primary)
    groups = box(b"grpl", full_box(b"altr", 0, 0, entities))
    return write(Items(content.primary, items, tuple(references)), _BRANDS, groups)


def _neural(content: Items) -> int:
    found = [number for number, item in content.items.items() if item.kind == NEURAL]
    if len(found) != 1:
        raise ContainerError(f"container: {len(found)} neural images where one belongs")
    return found[0]


def _icc(item: Item) -> bytes | None:
    """The profile in ``colr``, 14496-12, 12.1.5."""
    entry = item.property_of(b"colr")
    return entry.data[12:] if entry and entry.data[8:12] == b"prof" else None


def _exif(content: Items) -> bytes | None:
    """The first Exif item, from its TIFF header on; 23008-12, annex A.2.1."""
    data = next((item.data for item in content.items.values() if item.kind == b"Exif"), b"")
    if len(data) < 4:
        return None
    return data[4 + int.from_bytes(data[:4], "big") :] or None


def _size(item: Item) -> tuple[int, int]:
    """Width and height from ``ispe``, 23008-12, 6.5.3."""
    entry = item.property_of(b"ispe")
    if entry is None or len(entry.data) != 20:
        raise ContainerError("container: an image has no size")
    width, height = struct.unpack_from(">II", entry.data, 12)
    if not (0 < width <= MAX_SIDE and 0 < height <= MAX_SIDE):
        raise ContainerError(f"container: an image claims {width} x {height} pixels")
    return width, height
