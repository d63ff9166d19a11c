"""XMP in JPEG XL files, in boxes and naked."""

from __future__ import annotations

import io
import struct
import time

import brotli
import pytest
from PIL import Image

from provenance.container import jxl
from provenance.container.boxes import box, walk
from provenance.errors import ContainerError
from provenance.formats import JXL_CONTAINER, plugin

XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"/>'


@pytest.fixture(scope="module")
def boxed(photo: Image.Image) -> bytes:
    plugin("jxl")
    stream = io.BytesIO()
    photo.save(stream, "JXL", lossless=True, effort=1, use_container=True)
    return stream.getvalue()


def codestream(boxed: bytes) -> bytes:
    """The naked codestream; each ``jxlp`` begins with its number."""
    found = walk(memoryview(boxed), 0, len(boxed), top=True)
    return b"".join(
        boxed[b.start + (4 if b.kind == b"jxlp" else 0) : b.end]
        for b in found
        if b.kind in (b"jxlc", b"jxlp")
    )


def pixels(data: bytes) -> bytes:
    plugin("jxl")
    with Image.open(io.BytesIO(data)) as opened:
        return opened.convert("RGB").tobytes()


def test_a_naked_codestream_is_put_into_boxes(boxed: bytes, photo: Image.Image) -> None:
    naked = codestream(boxed)
    assert naked[:2] == b"\xff\x0a"
    assert jxl.read_xmp(naked) is None
    after = jxl.replace_xmp(naked, XMP)
    assert jxl.read_xmp(after) == XMP
    assert pixels(after) == photo.tobytes()


def test_a_packed_packet_is_read_and_replaced(boxed: bytes, photo: Image.Image) -> None:
    packed = boxed + box(b"brob", b"xml ", brotli.compress(XMP)) + box(b"brob", b"Exif", b"theirs")
    assert jxl.read_xmp(packed) == XMP
    after = jxl.replace_xmp(packed, b"<new/>")
    assert jxl.read_xmp(after) == b"<new/>"
    assert b"theirs" in after
    assert pixels(after) == photo.tobytes()


def test_a_packet_that_unpacks_to_a_gigabyte_is_refused_at_once(boxed: bytes) -> None:
    bomb = brotli.compress(bytes(200_000_000), quality=1)
    start = time.process_time()
    with pytest.raises(ContainerError, match="more than"):
        jxl.read_xmp(boxed + box(b"brob", b"xml ", bomb))
    assert time.process_time() - start < 2


@pytest.mark.parametrize("content", [b"no brotli", brotli.compress(XMP)[:-3], b""])
def test_a_packet_that_does_not_unpack_is_refused(boxed: bytes, content: bytes) -> None:
    with pytest.raises(ContainerError):
        jxl.read_xmp(boxed + box(b"brob", b"xml ", content))


def test_a_last_box_of_open_size_is_closed(boxed: bytes, photo: Image.Image) -> None:
    ftyp = box(b"ftyp", b"jxl ", bytes(4), b"jxl ")
    data = JXL_CONTAINER + ftyp + struct.pack(">I4s", 0, b"jxlc") + codestream(boxed)
    after = jxl.replace_xmp(data, XMP)
    assert jxl.read_xmp(after) == XMP
    assert pixels(after) == photo.tobytes()


def test_what_would_give_the_old_jpeg_back_goes_for_it_holds_the_old_xmp(boxed: bytes) -> None:
    after = jxl.replace_xmp(boxed + box(b"jbrd", b"reconstruction"), XMP)
    assert b"jbrd" not in after


@pytest.mark.parametrize(
    "data",
    [b"", b"\xff\xd8", JXL_CONTAINER[:-1], JXL_CONTAINER + b"\0\0\0\7free", JXL_CONTAINER + b"x"],
)
def test_broken_files_are_refused(data: bytes) -> None:
    for act in (jxl.read_xmp, lambda d: jxl.replace_xmp(d, XMP)):
        with pytest.raises(ContainerError):
            act(data)


def test_two_packets_are_one_too_many(boxed: bytes) -> None:
    with pytest.raises(ContainerError, match="2 XMP packets"):
        jxl.read_xmp(boxed + box(b"xml ", XMP) + box(b"xml ", XMP))
