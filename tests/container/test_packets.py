"""XMP put into files that other programs made, of every layout that HEIF allows."""

from __future__ import annotations

import io
import struct

import pytest
from PIL import Image

from provenance.container import read_xmp, replace_xmp
from provenance.container.boxes import box, full_box
from provenance.container.items import FROM_IDAT, layout, read
from provenance.errors import ContainerError, InputError
from provenance.formats import plugin

XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"/>'


def encode(picture: Image.Image, kind: str = "AVIF", **options: object) -> bytes:
    stream = io.BytesIO()
    picture.save(stream, kind, **options)
    return stream.getvalue()


def hand_made(version: int, *, wide_references: bool = False, tail: bytes = b"") -> bytes:
    """Item 1 in two extents, item 2 in ``idat``; ``mdat`` on both sides of ``meta``."""
    ftyp = box(b"ftyp", b"mif1", bytes(4), b"mif1", b"heic")
    first = box(b"mdat", b"..front")
    start = len(ftyp) + 8 + 2

    def meta(behind: int) -> bytes:
        wide = ">I" if version == 2 else ">H"
        # Both extents are counted from the base; the second lies behind this box.
        located = struct.pack(">HQHIIII", 0, start, 2, 0, 5, behind - start, 6)
        parts = [struct.pack(wide, 1), b"\0\0" if version else b"", located]
        count = 1
        if version:
            inside = struct.pack(">HHQHII", FROM_IDAT, 0, 1, 1, 1, 4)
            parts += [struct.pack(wide, 2), inside]
            count = 2
        iloc = full_box(b"iloc", version, 0, b"\x44\x80", struct.pack(wide, count), *parts)
        entries = [
            full_box(b"infe", 2, 0, struct.pack(">HH4s", n, 0, b"hvc1"), b"\0") for n in (1, 2)
        ]
        reference = box(b"thmb", struct.pack(">IHI" if wide_references else ">HHH", 2, 1, 1))
        return full_box(
            b"meta", 0, 0,
            full_box(b"hdlr", 0, 0, bytes(4), b"pict", bytes(13)),
            full_box(b"pitm", 0, 0, b"\0\1"),
            full_box(b"iinf", 0, 0, b"\0\2", *entries),
            box(b"idat", b"..in idat"),
            full_box(b"iref", int(wide_references), 0, reference),
            iloc,
        )  # fmt: skip

    behind = len(ftyp + first + meta(start)) + 8
    return ftyp + first + meta(behind) + (tail or box(b"mdat", b"behind"))


@pytest.mark.parametrize("wide", [False, True])
@pytest.mark.parametrize("version", [0, 1, 2])
def test_items_keep_their_bytes_wherever_they_lie(version: int, wide: bool) -> None:
    data = hand_made(version, wide_references=wide)
    before = read(data)
    assert before.items[1].data == b"frontbehind"
    after = replace_xmp(replace_xmp(data, b"<one/>" * 99), XMP)
    found = read(after)
    assert read_xmp(after) == XMP
    assert {n: found.items[n] for n in before.items} == dict(before.items)
    assert set(before.references) < set(found.references)
    if version:
        assert found.items[2].data == b"in i"
        assert layout(after).locations[2].method == FROM_IDAT
    assert b"<one/>" not in after


def test_a_last_box_of_open_size_is_closed() -> None:
    data = hand_made(1, tail=struct.pack(">I4s", 0, b"mdat") + b"behind")
    after = replace_xmp(data, XMP)
    assert read(after).items[1].data == b"frontbehind"
    assert read_xmp(after) == XMP


def test_labelling_again_and_again_does_not_grow_a_file(photo: Image.Image) -> None:
    data = replace_xmp(encode(photo), XMP)
    again = data
    for _ in range(100):
        again = replace_xmp(again, XMP)
    assert again == data


@pytest.mark.parametrize("kind", ["AVIF", "HEIF"])
def test_a_file_with_several_pictures_keeps_them(kind: str, photo: Image.Image) -> None:
    plugin("heif")
    if kind == "AVIF":
        with pytest.raises(InputError, match="sequence"):
            replace_xmp(encode(photo, save_all=True, append_images=[photo.rotate(180)]), XMP)
        return
    data = encode(photo, kind, save_all=True, append_images=[photo.rotate(180)], xmp=b"<old/>")
    after = replace_xmp(data, XMP)
    with Image.open(io.BytesIO(data)) as old, Image.open(io.BytesIO(after)) as new:
        assert new.n_frames == 2  # type: ignore[attr-defined]
        for frame in range(2):
            old.seek(frame)
            new.seek(frame)
            assert new.tobytes() == old.tobytes()
        new.seek(0)
        assert new.info["xmp"] == XMP


def test_a_broken_c2pa_manifest_goes_and_other_boxes_stay(photo: Image.Image) -> None:
    manifest = box(b"uuid", bytes.fromhex("d8fec3d61b0e483c92975828877ec481"), b"jumbf")
    other = box(b"uuid", bytes(range(16)), b"of somebody")
    data = encode(photo)
    end = struct.unpack(">I", data[:4])[0]
    moved = data + other + manifest
    assert replace_xmp(moved, XMP) == replace_xmp(data + other, XMP)
    assert b"of somebody" in replace_xmp(moved, XMP)
    assert data[:end] == replace_xmp(moved, XMP)[:end]


def test_a_packet_of_another_item_stays(photo: Image.Image) -> None:
    data = encode(photo, xmp=b"<theirs/>")
    # As phones do it: the packet describes an auxiliary picture and not the primary one.
    at = data.index(b"cdsc") + 4
    moved = data[: at + 4] + struct.pack(">H", 9) + data[at + 6 :]
    assert read_xmp(moved) is None
    after = replace_xmp(moved, XMP)
    assert b"<theirs/>" in after
    assert read_xmp(after) == XMP


def test_numbers_beyond_sixteen_bits_are_refused() -> None:
    data = hand_made(2).replace(
        full_box(b"infe", 2, 0, struct.pack(">HH4s", 2, 0, b"hvc1"), b"\0"),
        full_box(b"infe", 3, 0, struct.pack(">IH4s", 0xFFFF, 0, b"uri")),
    )
    with pytest.raises(ContainerError):
        replace_xmp(data, XMP)
