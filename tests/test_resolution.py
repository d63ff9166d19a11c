"""At how many dots per inch a picture is to be laid out, whichever way its format tells it."""

from __future__ import annotations

import io
import random
import struct
from contextlib import suppress

import numpy as np
import pytest
from PIL import ExifTags, Image

from provenance import container, exif, imaging, sources

PICTURE = Image.fromarray(np.arange(24 * 36 * 3, dtype=np.uint8).reshape(24, 36, 3))


def encode(kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    PICTURE.save(buffer, kind, **options)
    return buffer.getvalue()


def density(data: bytes) -> tuple[int, int] | None:
    """What the file's own header says, EXIF aside: JFIF's dots per inch, or those of PNG."""
    if data.startswith(b"\xff\xd8"):
        at = data.index(b"JFIF\0") + 7
        unit, across, down = struct.unpack_from(">BHH", data, at)
        return (across, down) if unit == 1 else None
    at = data.find(b"pHYs") + 4
    across, down, unit = struct.unpack_from(">IIB", data, at)
    return (round(across * 0.0254), round(down * 0.0254)) if at > 3 and unit == 1 else None


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "BMP", "TIFF"])
@pytest.mark.parametrize("to", ["jpeg", "png", "tiff", "webp", "avif"])
def test_it_is_told_as_the_format_s_readers_read_it(kind: str, to: str) -> None:
    before = imaging.load(encode(kind, dpi=(300, 150)), "photo")
    after = imaging.render(before, to)
    if to in ("jpeg", "png"):
        assert density(after) == (300, 150)
    with Image.open(io.BytesIO(after)) as opened:
        tags = opened.tag_v2 if to == "tiff" else opened.getexif()  # type: ignore[attr-defined]
        assert (tags[0x011A], tags[0x011B], tags[0x0128]) == (300, 150, 2)


@pytest.mark.parametrize("dots", [72, 96, 100, 180, 240, 254, 299.5, 600, 12_000])
def test_dots_per_metre_come_back_to_the_dot(dots: float) -> None:
    data = encode("PNG", dpi=(dots, dots))
    again = imaging.render(imaging.load(data, "photo"), "png")
    place = slice(data.index(b"pHYs"), data.index(b"pHYs") + 13)
    assert again[again.index(b"pHYs") :][:13] == data[place]


def test_a_compressed_file_carries_it() -> None:
    photo = imaging.load(encode("PNG", dpi=(300, 300)), "photo")
    packed = container.pack(b"bits", width=36, height=24, preview=None, xmp=None, exif=photo.exif)
    assert container.unpack(packed).exif == photo.exif
    assert photo.exif is not None and exif.resolution(photo.exif) == (300, 300)


@pytest.mark.parametrize("turn", range(1, 9))
@pytest.mark.parametrize("told_by", ["header", "exif"])
def test_it_turns_with_the_picture(turn: int, told_by: str) -> None:
    described = Image.Exif()
    described[0x0112] = turn
    if told_by == "exif":
        described[0x011A], described[0x011B], described[0x0128] = 300.0, 150.0, 2
    dpi = {"dpi": (300, 150)} if told_by == "header" else {}
    photo = imaging.load(encode("JPEG", exif=described, **dpi), "photo")
    expected = (150, 300) if turn > 4 else (300, 150)
    assert photo.exif is not None and exif.resolution(photo.exif) == expected
    assert density(imaging.render(photo, "jpeg")) == expected


def test_what_exif_tells_goes_before_and_the_rest_of_it_stays() -> None:
    described = Image.Exif()
    described[0x010F], described[0x011A], described[0x011B] = "A camera", 240.0, 240.0
    data = encode("JPEG", exif=described, dpi=(300, 300))
    photo = imaging.load(data, "photo")
    assert photo.exif == described.tobytes()[6:]
    assert density(imaging.render(photo, "jpeg")) == (240, 240)
    del described[0x011A], described[0x011B]
    photo = imaging.load(encode("JPEG", exif=described, dpi=(300, 300)), "photo")
    found = Image.Exif()
    found.load(photo.exif or b"")
    assert dict(found) == {0x010F: "A camera", 0x011A: 300, 0x011B: 300, 0x0128: 2}


def test_centimetres_are_brought_to_inches() -> None:
    described = Image.Exif()
    described[0x011A], described[0x011B], described[0x0128] = 118.11, 118.11, 3
    photo = imaging.load(encode("WEBP", exif=described), "photo")
    assert density(imaging.render(photo, "jpeg")) == (300, 300)


def test_nothing_is_made_up() -> None:
    for data in (encode("JPEG"), encode("PNG"), encode("BMP", dpi=(0, 0)), encode("WEBP")):
        photo = imaging.load(data, "photo")
        assert photo.exif is None
        assert density(imaging.render(photo, "jpeg")) is None
        assert density(imaging.render(photo, "png")) is None


@pytest.mark.parametrize("dots", [0.0, 0.2, 70_000.0, float("inf"), float("nan")])
def test_what_no_one_can_mean_is_not_told(dots: float) -> None:
    assert exif.with_resolution(None, dots, 300) is None
    described = exif.with_resolution(None, 300, 300)
    assert described is not None
    odd = described.replace(struct.pack("<II", 300, 1), struct.pack("<II", 300, 0))
    assert exif.resolution(odd) is None


def test_damaged_exif_does_not_take_it_along() -> None:
    data = encode("JPEG", exif=exif.MARK + b"II*\0" + b"\xff" * 20, dpi=(300, 300))
    photo = imaging.load(data, "photo")
    assert photo.notes == ("The EXIF data is damaged and was left out.",)
    assert photo.exif is not None and exif.resolution(photo.exif) == (300, 300)


def test_a_thumbnail_stays_where_a_resolution_is_added() -> None:
    thumbnail = b"\xff\xd8thumbnail\xff\xd9"
    first = struct.pack("<HHHIIIH", 1, 0x010F, 2, 4, int.from_bytes(b"abc", "little"), 26, 2)
    second = struct.pack("<HHIIHHIII", 0x0201, 4, 1, 56, 0x0202, 4, 1, len(thumbnail), 0)
    block = b"II*\0\x08\0\0\0" + first + second
    block = block.ljust(56, b"\0") + thumbnail
    found = Image.Exif()
    found.load(exif.with_resolution(block, 300, 300) or b"")
    assert found[0x010F] == "abc" and found[0x011A] == 300
    assert found.get_ifd(ExifTags.IFD.IFD1)[0x0202] == len(thumbnail)


def test_broken_exif_never_raises_anything_else() -> None:
    choose = random.Random(11)
    described = exif.with_resolution(None, 300, 300) or b""
    for _ in range(2000):
        odd = bytearray(described)
        for _ in range(choose.randrange(1, 4)):
            odd[choose.randrange(2, len(odd))] = choose.randrange(256)
        with suppress(ValueError):
            exif.resolution(bytes(odd))
        with suppress(ValueError):
            upright = exif.upright(bytes(odd), choose.randrange(1, 9))
            # What is upright can be added to.
            try:
                exif.with_resolution(upright, 72, 72)
            except ValueError as error:
                raise AssertionError(odd.hex()) from error


def test_the_photo_of_a_compressed_file_tells_it(monkeypatch: pytest.MonkeyPatch) -> None:
    from provenance import codecs

    photo = imaging.load(encode("PNG", dpi=(300, 300)), "photo")
    parts = container.Parts(b"", 36, 24, None, None, None, photo.exif)
    picture = codecs.Picture(photo.pixels, None, False)
    monkeypatch.setattr(codecs, "decode", lambda *_, **__: picture)
    assert density(imaging.render(sources.decoded(parts, 10**6), "jpeg")) == (300, 300)
