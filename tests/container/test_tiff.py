"""XMP in TIFF files: every page, every other tag and every byte of the picture stays."""

from __future__ import annotations

import io
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from provenance.container import tiff
from provenance.errors import ContainerError

XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"/>'


def encode(picture: Image.Image, **options: object) -> bytes:
    stream = io.BytesIO()
    picture.save(stream, "TIFF", **options)
    return stream.getvalue()


@pytest.mark.parametrize("compression", [None, "tiff_lzw", "jpeg", "packbits"])
def test_every_page_and_byte_of_the_picture_stays(
    photo: Image.Image, compression: str | None
) -> None:
    pages = [photo.rotate(angle) for angle in (90, 180, 270)]
    data = encode(photo, compression=compression, save_all=True, append_images=pages)
    after = tiff.replace_xmp(data, XMP)
    assert tiff.read_xmp(after) == XMP
    with Image.open(io.BytesIO(data)) as old, Image.open(io.BytesIO(after)) as new:
        assert new.n_frames == 4  # type: ignore[attr-defined]
        for page in range(4):
            old.seek(page)
            new.seek(page)
            assert new.tobytes() == old.tobytes()


def test_iptc_and_unknown_tags_stay(photo: Image.Image) -> None:
    data = encode(photo, tiffinfo={33723: b"IPTC of an agency", 65001: "private", 700: b"<old/>"})
    after = tiff.replace_xmp(data, XMP)
    with Image.open(io.BytesIO(after)) as new:
        tags = new.tag_v2  # type: ignore[attr-defined]
        assert bytes(tags[33723]) == b"IPTC of an agency"
        assert tags[65001] == "private"
        assert tags[700] == XMP
    assert b"<old/>" not in after


def big_endian() -> bytes:
    """One white pixel, by hand."""
    entries = [(256, 3, 1, 1 << 16), (257, 3, 1, 1 << 16), (258, 3, 1, 8 << 16)]
    entries += [(262, 3, 1, 1 << 16), (273, 4, 1, 8), (279, 4, 1, 1)]
    directory = b"".join(struct.pack(">HHII", *entry) for entry in entries)
    return (
        b"MM\0*" + struct.pack(">I", 10) + b"\xff\0" + struct.pack(">H", 6) + directory + bytes(4)
    )


def test_both_byte_orders() -> None:
    after = tiff.replace_xmp(big_endian(), XMP)
    assert tiff.read_xmp(after) == XMP
    with Image.open(io.BytesIO(after)) as new:
        assert new.getpixel((0, 0)) == 255
        assert new.info["xmp"] == XMP


def test_bigtiff_is_as_good(photo: Image.Image) -> None:
    data = encode(photo, big_tiff=True, save_all=True, append_images=[photo.rotate(90)])
    assert tiff.read_xmp(data) is None
    after = tiff.replace_xmp(tiff.replace_xmp(data, XMP + b" " * 9), XMP)
    assert tiff.read_xmp(after) == XMP
    with Image.open(io.BytesIO(after)) as new:
        assert new.tobytes() == photo.tobytes() and new.info["xmp"] == XMP
        new.seek(1)
        assert new.tobytes() == photo.rotate(90).tobytes()


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "signature"),
        (b"II*\0", "runs out"),
        (b"II+\0\x08\0\0\0", "runs out"),
        (b"II+\0\x08\0\0\0\x10\0\0\0\0\0\0\0" + b"\xff" * 8, "entries at 16"),
        (b"II*\0\x08\0\0\0\xff\xff", "65535 entries"),
        (b"II*\0\x08\0\0\0\0\0", "0 entries"),
        (b"II*\0\x00\0\0\0\x01\0", "entries at 0"),
        (b"II*\0\x08\0\0\0\x01\0" + struct.pack("<HHII", 700, 1, 9, 99) + bytes(4), "out"),
        (b"II*\0\x08\0\0\0\x01\0" + struct.pack("<HHII", 700, 1, 9, 8) + bytes(4), "out"),
        (b"II*\0\x08\0\0\0\x01\0" + struct.pack("<HHII", 700, 4, 9, 8) + bytes(4), "type"),
        (b"II*\0\x08\0\0\0\x02\0" + struct.pack("<HHII", 700, 1, 9, 8) * 2 + bytes(4), "twice"),
    ],
)
def test_contradictions_are_named(data: bytes, message: str) -> None:
    for act in (tiff.read_xmp, lambda d: tiff.replace_xmp(d, XMP)):
        with pytest.raises(ContainerError, match=message):
            act(data)


@settings(deadline=None, max_examples=200)
@given(st.data())
def test_rearranged_bytes_never_raise_anything_else(data: st.DataObject) -> None:
    sound = tiff.replace_xmp(big_endian(), XMP)
    at = data.draw(st.integers(0, len(sound)))
    cut = data.draw(st.integers(0, 40))
    changed = sound[:at] + data.draw(st.binary(max_size=40)) + sound[at + cut :]
    for act in (tiff.read_xmp, lambda d: tiff.replace_xmp(d, XMP)):
        try:
            act(changed)
        except ContainerError as error:
            assert "\n" not in str(error)
