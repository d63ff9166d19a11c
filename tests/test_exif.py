"""What EXIF says comes through as it was said, whoever reads it."""

from __future__ import annotations

import io
import random
import struct
import time
from contextlib import suppress

import numpy as np
import pytest
from PIL import ExifTags, Image

from provenance import exif, imaging
from provenance.container import items
from provenance.errors import ImageError

ARTIST = "Jörg Müller".encode()
NOTE = b"MAKER\0" + bytes(range(256))
THUMBNAIL = b"\xff\xd8" + b"t" * 500 + b"\xff\xd9"
ORDERS = {"II": "<", "MM": ">"}


def directory(order: str, at: int, entries: list[tuple[int, int, int, bytes]], after: int) -> bytes:
    """Tag, type, count and bytes of each."""
    listed, behind = b"", b""
    for tag, kind, count, content in entries:
        place = at + 6 + 12 * len(entries) + len(behind)
        if len(content) > 4:
            behind += content + bytes(len(content) % 2)
            content = struct.pack(order + "I", place)
        listed += struct.pack(order + "HHI", tag, kind, count) + content.ljust(4, b"\0")
    return (
        struct.pack(order + "H", len(entries)) + listed + struct.pack(order + "I", after) + behind
    )


def camera(mark: str, turn: int = 6) -> bytes:
    """EXIF as cameras write it, with a thumbnail at its end."""
    order = ORDERS[mark]

    def short(tag: int, value: int) -> tuple[int, int, int, bytes]:
        return tag, 3, 1, struct.pack(order + "H", value)

    def long(tag: int, value: int) -> tuple[int, int, int, bytes]:
        return tag, 4, 1, struct.pack(order + "I", value)

    def text(tag: int, value: bytes) -> tuple[int, int, int, bytes]:
        return tag, 2, len(value) + 1, value + b"\0"

    details = directory(
        order,
        400,
        [
            (0x927C, 7, len(NOTE), NOTE),
            (
                0x9286,
                7,
                12,
                b"UNICODE\0" + "Üx".encode("utf-16-le" if mark == "II" else "utf-16-be"),
            ),
            long(0xA002, 300),
            short(0xA003, 200),
            long(0xA005, 900),
        ],
        0,
    )
    interoperability = directory(order, 900, [text(1, b"R98")], 0)
    second = directory(order, 1000, [long(0x0201, 1100), long(0x0202, len(THUMBNAIL))], 0)
    first = directory(
        order,
        8,
        [
            text(0x010F, b"A camera"),
            short(0x0112, turn),
            text(0x013B, ARTIST),
            long(0x8769, 400),
            long(0x8825, 950),
        ],
        1000,
    )
    place = directory(order, 950, [text(0x001D, b"2026:01:02")], 0)
    block = mark.encode() + struct.pack(order + "HI", 42, 8)
    for at, part in [
        (8, first),
        (400, details),
        (900, interoperability),
        (950, place),
        (1000, second),
        (1100, THUMBNAIL),
    ]:
        block = block.ljust(at, b"\0") + part
    return block


def photo(kind: str, described: bytes) -> bytes:
    buffer = io.BytesIO()
    pixels = np.arange(200 * 300 * 3, dtype=np.uint8).reshape(200, 300, 3)
    mark = exif.MARK if kind == "JPEG" else b""
    Image.fromarray(pixels).save(buffer, kind, exif=mark + described)
    return buffer.getvalue()


def told(described: bytes | None) -> Image.Exif:
    assert described is not None
    found = Image.Exif()
    found.load(described)
    return found


def is_all_there(described: bytes | None, mark: str) -> None:
    """But for thumbnail and orientation."""
    found = told(described)
    assert described is not None and described.startswith(mark.encode())
    assert found[0x010F] == "A camera" and found[0x013B].encode("latin-1") == ARTIST
    details = found.get_ifd(0x8769)
    assert details[0x927C] == NOTE
    assert details[0x9286][8:] == "Üx".encode("utf-16-le" if mark == "II" else "utf-16-be")
    assert (details[0xA002], details[0xA003]) == (200, 300)
    assert found.get_ifd(0xA005)[1] == "R98"
    assert found.get_ifd(0x8825)[0x1D] == "2026:01:02"
    assert 0x0112 not in found and not found.get_ifd(ExifTags.IFD.IFD1)


@pytest.mark.parametrize("mark", ORDERS)
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("to", ["jpeg", "png", "webp", "tiff", "avif"])
def test_a_turned_picture_keeps_what_its_exif_says(mark: str, kind: str, to: str) -> None:
    before = imaging.load(photo(kind, camera(mark)), "photo")
    assert (before.width, before.height) == (200, 300) and not before.notes
    is_all_there(before.exif, mark)
    after = imaging.load(imaging.render(before, to), "photo")
    is_all_there(after.exif, mark)
    assert to in ("jpeg", "avif") or np.array_equal(after.pixels, before.pixels)


@pytest.mark.parametrize("mark", ORDERS)
def test_what_cameras_note_stays_where_it_was_for_it_has_offsets(mark: str) -> None:
    before = camera(mark)
    after = exif.upright(before, 6)
    assert after is not None and after.index(NOTE) == before.index(NOTE)
    assert THUMBNAIL not in after and len(after) == 1100
    as_tiff = exif.tiff(np.zeros((2, 2), np.uint8), after)
    assert as_tiff.index(NOTE) == before.index(NOTE)


@pytest.mark.parametrize("mark", ORDERS)
def test_a_picture_that_was_not_turned_keeps_its_thumbnail(mark: str) -> None:
    found = imaging.load(photo("JPEG", camera(mark, turn=1)), "photo").exif
    assert found is not None and found.endswith(THUMBNAIL)
    assert told(found).get_ifd(ExifTags.IFD.IFD1) == {0x0201: 1100, 0x0202: len(THUMBNAIL)}
    details = told(found).get_ifd(0x8769)
    assert (details[0xA002], details[0xA003]) == (300, 200)


@pytest.mark.parametrize("mark", ORDERS)
def test_the_first_directory_may_stand_at_the_end(mark: str) -> None:
    upright = exif.upright(camera(mark), 6)
    assert upright is not None
    is_all_there(exif.at_its_end(upright), mark)


@pytest.mark.parametrize("mark", ORDERS)
def test_an_avif_that_is_turned_by_its_boxes_keeps_what_its_exif_says(mark: str) -> None:
    buffer = io.BytesIO()
    turned = Image.Exif()
    turned[0x0112] = 6
    Image.new("RGB", (300, 200)).save(buffer, "AVIF", exif=turned)
    found = items.read(buffer.getvalue())
    described = items.Item(b"Exif", bytes(4) + camera(mark, turn=1))
    refers = items.Reference(b"cdsc", 2, (found.primary,))
    data = items.write(
        items.Items(found.primary, {**found.items, 2: described}, (*found.references, refers)),
        (b"avif", b"mif1", b"miaf"),
    )
    read = imaging.load(data, "photo")
    assert (read.width, read.height) == (200, 300) and read.turned
    is_all_there(read.exif, mark)
    assert read.exif is not None and read.exif.index(NOTE) == camera(mark).index(NOTE)


def test_an_orientation_that_there_is_not_turns_nothing() -> None:
    for turn in (0, 9, 65_535):
        found = imaging.load(photo("JPEG", camera("II", turn)), "photo")
        assert (found.width, found.height) == (300, 200) and not found.turned
        assert found.exif == exif.upright(camera("II", 1))


@pytest.mark.parametrize("big", [False, True])
def test_exif_of_a_tiff_goes_along(big: bool) -> None:
    described = Image.Exif()
    described[0x010F], described[0x0112] = "A camera", 6
    described[0x8769] = {0x9003: "2026:01:02 03:04:05", 0xA002: 300, 0xA003: 200}
    described[0x8825] = {1: "N", 2: (1.0, 2.0, 3.0)}
    buffer = io.BytesIO()
    Image.new("RGB", (300, 200)).save(buffer, "TIFF", exif=described.tobytes(), big_tiff=big)
    found = imaging.load(buffer.getvalue(), "photo")
    assert (found.width, found.height) == (200, 300)
    assert dict(told(found.exif)).keys() == {0x010F, 0x8769, 0x8825}
    details = told(found.exif).get_ifd(0x8769)
    assert details == {0x9003: "2026:01:02 03:04:05", 0xA002: 200, 0xA003: 300}
    assert told(found.exif).get_ifd(0x8825) == {1: "N", 2: (1.0, 2.0, 3.0)}


def test_exif_in_a_text_of_a_png_is_read_too() -> None:
    from PIL.PngImagePlugin import PngInfo

    texts = PngInfo()
    digits = (exif.MARK + camera("II")).hex()
    texts.add_text("Raw profile type exif", f"\nexif\n    {len(digits) // 2}\n{digits}\n", zip=True)
    iim = b"\x1c\2\x50\0\2Jo"
    digits = (b"8BIM\4\4\0\0" + struct.pack(">I", len(iim)) + iim).hex()
    texts.add_text("Raw profile type iptc", f"\niptc\n    {len(digits) // 2}\n{digits}\n", zip=True)
    buffer = io.BytesIO()
    Image.new("RGB", (300, 200)).save(buffer, "PNG", pnginfo=texts)
    found = imaging.load(buffer.getvalue(), "photo")
    assert (found.width, found.height) == (200, 300) and not found.notes
    is_all_there(found.exif, "II")
    assert found.iim == iim
    texts.add_text("Raw profile type iptc", "\niptc\n    2\nno\n")
    buffer = io.BytesIO()
    Image.new("RGB", (3, 2)).save(buffer, "PNG", pnginfo=texts)
    damaged = imaging.load(buffer.getvalue(), "photo")
    assert damaged.iim is None
    assert damaged.notes == ("The IPTC-IIM is damaged and was left out.",)


def test_exif_too_long_for_a_jpeg_goes_into_others() -> None:
    described = Image.Exif()
    described[0x010E] = "x" * 70_000
    before = imaging.load(photo("PNG", described.tobytes()), "photo")
    assert before.exif and len(before.exif) > 70_000
    assert imaging.load(imaging.render(before, "jpeg"), "photo").exif is None
    assert imaging.load(imaging.render(before, "webp"), "photo").exif == before.exif


def laid(described: bytes) -> bytes | None:
    return exif.upright(described, 6)


@pytest.mark.parametrize("kind", [exif.upright, laid, exif.of_tiff, exif.at_its_end, exif.pages])
def test_broken_exif_never_raises_anything_else(kind) -> None:  # type: ignore[no-untyped-def]
    choose = random.Random(7)
    for mark in ORDERS:
        sound = camera(mark)
        for _ in range(1000):
            odd = bytearray(sound)
            for _ in range(choose.randrange(1, 5)):
                odd[choose.choice([choose.randrange(2, 90), choose.randrange(len(odd))])] = (
                    choose.randrange(256)
                )
            if choose.random() < 0.3:
                del odd[choose.randrange(len(odd)) :]
            with suppress(ValueError):
                found = kind(bytes(odd))
                if kind in (exif.upright, laid) and found:
                    assert exif.upright(found) == found


def test_directories_in_circles_and_values_over_one_another_are_bounded() -> None:
    circle = bytearray(camera("II"))
    struct.pack_into("<I", circle, 8 + 2 + 12 * 3 + 8, 8)  # EXIF's own directory is the first one
    assert exif.of_tiff(bytes(circle)) is not None
    value = bytes(3_000_000)
    entries = [(tag, 7, len(value), b"") for tag in (0x010E, 0x010F)]
    header = b"II" + struct.pack("<HI", 42, 8) + struct.pack("<H", len(entries))
    listed = b"".join(struct.pack("<HHII", *entry[:3], 38) for entry in entries)
    with pytest.raises(ValueError, match="beyond the limit"):
        exif.of_tiff(header + listed + bytes(4) + value)


def _pages(count: int) -> bytes:
    """A TIFF of so many directories, one after the other."""
    data = exif.tiff(np.zeros((8, 8), np.uint8))
    (first,) = struct.unpack_from("<I", data, 4)
    page = data[first : first + 2 + 12 * 10]
    chain = b"".join(
        page + struct.pack("<I", first + (len(page) + 4) * (n + 1) if n + 1 < count else 0)
        for n in range(count)
    )
    return data[:first] + chain


def test_a_hundred_thousand_pages_cost_nothing() -> None:
    assert imaging.load(_pages(3), "photo").frames == 3
    data = _pages(100_000)
    begun = time.monotonic()
    found = imaging.load(data, "photo")
    assert time.monotonic() - begun < 2
    assert found.notes == ("Only the first of 1000 or more frames is used.",)


def test_pages_in_a_circle_are_counted_once_and_a_broken_one_is_damage() -> None:
    data = bytearray(_pages(2))
    (first,) = struct.unpack_from("<I", data, 4)
    struct.pack_into("<I", data, len(data) - 4, first)
    assert imaging.load(bytes(data), "photo").frames == 2
    struct.pack_into("<I", data, len(data) - 4, len(data) + 100)
    with pytest.raises(ImageError, match=r"^photo: truncated or damaged image"):
        imaging.load(bytes(data), "photo")


def test_an_offset_beyond_all_memory_is_damage() -> None:
    big = b"II+\0\x08\0\0\0" + b"\xff" * 8
    for read in (exif.of_tiff, exif.pages):
        with pytest.raises(ValueError, match="runs out"):
            read(big)


def test_an_orientation_of_many_values_warns_of_nothing() -> None:
    stream = io.BytesIO()
    tagged = Image.Exif()
    tagged[0x0112] = 1
    Image.new("RGB", (8, 8)).save(stream, "TIFF", exif=tagged)
    data = stream.getvalue()
    entry = struct.pack("<HHI", 0x0112, 3, 1)
    assert data.count(entry) == 1
    many = data.replace(entry, struct.pack("<HHI", 0x0112, 3, 3))
    assert imaging.load(many, "many.tif").pixels.shape == (8, 8, 3)


def test_an_orientation_may_be_a_long_integer() -> None:
    entry = struct.pack(">HHIH", 0x0112, 3, 1, 6)
    sound = camera("MM")
    assert sound.count(entry) == 1
    wider = sound.replace(entry + b"\0\0", struct.pack(">HHII", 0x0112, 4, 1, 6))
    found = imaging.load(photo("JPEG", wider), "photo")
    assert (found.width, found.height) == (200, 300)
    is_all_there(found.exif, "MM")


def test_a_bigtiff_is_no_exif() -> None:
    stream = io.BytesIO()
    Image.new("RGB", (8, 8)).save(stream, "TIFF", big_tiff=True)
    for act in (exif.upright, exif.at_its_end):
        with pytest.raises(ValueError, match="BigTIFF"):
            act(stream.getvalue())
