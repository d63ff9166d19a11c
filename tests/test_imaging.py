"""Photos of every kind, in and out."""

from __future__ import annotations

import io
import random
import struct
import sys
import threading
import time
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageCms, ImageOps

from provenance import colours, formats, imaging
from provenance.errors import ImageError, TooLargeError, UsageError
from provenance.formats import RENDITIONS


@pytest.fixture(scope="module")
def portrait(data: Path) -> Image.Image:
    with Image.open(data / "faces" / "portrait-2.jpg") as image:
        return image.convert("RGB").resize((120, 90))


def _saved(image: Image.Image, kind: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def test_orientation_is_applied_once(portrait: Image.Image) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turn right
    photo = imaging.load(_saved(portrait, "PNG", exif=exif), "photo")
    upright = np.asarray(portrait.transpose(Image.Transpose.ROTATE_270))
    assert np.array_equal(photo.pixels, upright)
    again = imaging.load(imaging.render(photo, "png"), "again")
    assert np.array_equal(again.pixels, upright)


@pytest.mark.parametrize("source", ["PNG", "TIFF", "JPEG"])
@pytest.mark.parametrize("kind", RENDITIONS)
def test_profile_and_exif_are_kept(portrait: Image.Image, kind: str, source: str) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    exif = Image.Exif()
    exif[0x010F] = "A camera"
    exif[0x8769] = {0x829A: 0.125}
    data = _saved(portrait, source, icc_profile=profile, exif=exif.tobytes())
    photo = imaging.load(data, "photo")
    rendered = imaging.render(photo, kind)
    assert imaging.media_type(rendered, "photo") == RENDITIONS[kind].media_type
    with Image.open(io.BytesIO(rendered)) as written:
        # JPEG XL keeps what a profile says and not its bytes.
        found = written.info["icc_profile"]
        assert found == profile or (kind == "jxl" and colours.is_profile(found))
        assert written.getexif()[0x010F] == "A camera"
        assert written.getexif().get_ifd(0x8769)[0x829A] == 0.125


LOSSLESS = ("png", "webp", "tiff", "jxl")


@pytest.mark.parametrize("kind", RENDITIONS)
@pytest.mark.parametrize("variant", ["colour", "alpha", "grey"])
def test_renditions_show_the_picture(portrait: Image.Image, kind: str, variant: str) -> None:
    pixels = np.asarray(portrait)
    grey = variant == "grey"
    if grey:
        pixels = np.repeat(pixels[:, :, 1:2], 3, axis=2)
    alpha = pixels[:, :, 0] if variant == "alpha" else None
    photo = imaging.load(imaging.render(imaging.Photo(pixels, alpha, grey), kind), "again")
    if variant == "alpha" and kind == "jpeg":
        assert photo.alpha is None
        return
    if kind in LOSSLESS:
        assert np.array_equal(photo.pixels, pixels)
    assert np.abs(photo.pixels.astype(int) - pixels).mean() < 4
    assert (photo.alpha is not None) == (variant == "alpha")


def test_what_reads_heif_and_jpeg_xl_is_named_where_it_is_missing(
    portrait: Image.Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    photo = imaging.Photo(np.asarray(portrait))
    for kind, module in (("heif", "pillow_heif"), ("jxl", "pillow_jxl")):
        data = imaging.render(photo, kind)
        monkeypatch.setitem(sys.modules, module, None)
        with pytest.raises(ImageError, match=rf"photo: .+provenance\[{kind}\]"):
            imaging.load(data, "photo")
        with pytest.raises(UsageError, match=rf"provenance\[{kind}\]"):
            imaging.render(photo, kind)
        assert imaging.media_type(data, "photo") == RENDITIONS[kind].media_type


def test_exif_that_tells_of_another_picture_s_pixels_does_no_harm_in_tiff(
    portrait: Image.Image,
) -> None:
    exif = Image.Exif()
    exif[0x0100], exif[0x0101], exif[0x0102] = 4000, 3000, 16  # as phones write them
    exif[0x010F] = "A phone"
    photo = imaging.load(_saved(portrait, "PNG", exif=exif.tobytes()), "photo")
    with Image.open(io.BytesIO(imaging.render(photo, "tiff"))) as written:
        assert np.array_equal(np.asarray(written), np.asarray(portrait))
        assert written.getexif()[0x010F] == "A phone"


@pytest.mark.parametrize("size", [(8, 8), (64, 32), (65, 49), (300, 225), (1000, 3), (9000, 20)])
def test_a_jpeg_xl_is_measured_before_it_unfolds(size: tuple[int, int]) -> None:
    data = imaging.render(imaging.Photo(np.zeros((size[1], size[0], 3), np.uint8)), "jxl")
    assert formats.jxl_size(data, "photo") == size
    with pytest.raises(TooLargeError, match=f"{size[0]}x{size[1]}"):
        imaging.load(data, "photo", max_pixels=size[0] * size[1] - 1)


def test_a_jpeg_xl_in_pieces_is_measured_before_it_unfolds() -> None:
    code = imaging.render(imaging.Photo(np.zeros((49, 65, 3), np.uint8)), "jxl")
    code = code if code.startswith(formats.JXL_CODESTREAM) else _codestream(code)

    def box(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I4s", 8 + len(body), kind) + body

    for cut in (1, 2, 5):
        data = b"".join(
            (
                formats.JXL_CONTAINER,
                box(b"ftyp", b"jxl " + bytes(4) + b"jxl "),
                box(b"jxlp", struct.pack(">I", 0) + code[:cut]),
                box(b"free", b"1234"),
                box(b"jxlp", struct.pack(">I", 1 << 31 | 1) + code[cut:]),
            )
        )
        assert formats.jxl_size(data, "photo") == (65, 49)
        assert imaging.load(data, "photo").width == 65
        with pytest.raises(TooLargeError, match="65x49"):
            imaging.load(data, "photo", max_pixels=65 * 49 - 1)


def _codestream(data: bytes) -> bytes:
    at = data.index(b"jxlc")
    return data[at + 4 : at - 4 + int.from_bytes(data[at - 4 : at], "big")]


def test_a_jpeg_xl_is_turned_by_its_codestream_alone(portrait: Image.Image) -> None:
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "A camera"
    formats.plugin("jxl")
    data = _saved(portrait, "JXL", lossless=True, exif=exif.tobytes(), use_container=True)
    photo = imaging.load(data, "photo")
    assert np.array_equal(photo.pixels, np.asarray(portrait))
    again = imaging.load(imaging.render(photo, "png"), "again")
    assert np.array_equal(again.pixels, photo.pixels) and again.exif


def test_ten_bit_heif_becomes_eight_and_is_told() -> None:
    formats.plugin("heif")
    import pillow_heif

    samples = np.linspace(0, 65535, 64 * 64 * 3).astype("<u2").reshape(64, 64, 3)
    buffer = io.BytesIO()
    pillow_heif.from_bytes("RGB;16", (64, 64), samples.tobytes()).save(buffer, quality=90)
    photo = imaging.load(buffer.getvalue(), "photo")
    assert photo.pixels[0, 0, 0] < 8 and photo.pixels[-1, -1, 0] > 247
    assert photo.notes == ("Samples of more than 8 bits were reduced to 8 bits.",)


def test_grey_stays_grey(portrait: Image.Image) -> None:
    photo = imaging.load(_saved(portrait.convert("L"), "PNG"), "photo")
    assert photo.grey and photo.pixels.shape == (90, 120, 3)
    with Image.open(io.BytesIO(imaging.render(photo, "png"))) as written:
        assert written.mode == "L"


def test_alpha_is_apart(portrait: Image.Image) -> None:
    mask = portrait.convert("L")
    portrait = portrait.copy()
    portrait.putalpha(mask)
    photo = imaging.load(_saved(portrait, "PNG"), "photo")
    assert photo.alpha is not None and np.array_equal(photo.alpha, np.asarray(mask))
    with Image.open(io.BytesIO(imaging.render(photo, "jpeg"))) as written:
        assert written.mode == "RGB"


def test_an_opaque_alpha_is_no_alpha(portrait: Image.Image) -> None:
    assert imaging.load(_saved(portrait.convert("RGBA"), "PNG"), "photo").alpha is None


def test_sixteen_bits_become_eight_and_are_told() -> None:
    ramp = np.linspace(0, 65535, 100 * 20).astype(np.uint16).reshape(20, 100)
    photo = imaging.load(_saved(Image.fromarray(ramp), "PNG"), "photo")
    assert photo.grey and photo.pixels[0, 0, 0] == 0 and photo.pixels[-1, -1, 0] == 255
    assert photo.notes == ("Samples of more than 8 bits were reduced to 8 bits.",)


def test_cmyk_becomes_srgb_and_is_told(portrait: Image.Image) -> None:
    photo = imaging.load(_saved(portrait.convert("CMYK"), "JPEG", quality=95), "photo")
    assert photo.icc is None and photo.notes == ("CMYK was converted to sRGB.",)
    assert np.abs(photo.pixels.astype(int) - np.asarray(portrait)).mean() < 12


def test_animations_give_their_first_frame(portrait: Image.Image) -> None:
    second = portrait.transpose(Image.Transpose.ROTATE_180)
    data = _saved(portrait, "PNG", save_all=True, append_images=[second])
    photo = imaging.load(data, "photo")
    assert photo.notes == ("Only the first of 2 frames is used.",)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF", "HEIF", "JXL"])
def test_cut_files_are_errors(portrait: Image.Image, kind: str) -> None:
    if kind in ("HEIF", "JXL"):
        formats.plugin(kind.lower())
    data = _saved(portrait, kind)
    with pytest.raises(ImageError, match="photo: "):
        imaging.load(data[: len(data) // 2], "photo")


def test_an_avif_with_a_flipped_bit_has_a_media_type_or_is_no_image() -> None:
    buffer = io.BytesIO()
    Image.new("RGB", (40, 30), (200, 30, 90)).save(buffer, "AVIF")
    refused = 0
    for place in range(len(buffer.getvalue())):
        changed = bytearray(buffer.getvalue())
        changed[place] ^= 1 << place % 8
        try:
            assert imaging.media_type(bytes(changed), "photo").startswith("image/")
        except ImageError:
            refused += 1
    assert refused > 50


@pytest.mark.parametrize("data", [b"", b"hello", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff"])
def test_other_files_are_no_images(data: bytes) -> None:
    with pytest.raises(ImageError):
        imaging.load(data, "photo")


def test_bombs_are_refused_before_they_unfold() -> None:
    data = _saved(Image.new("1", (11_000, 11_000)), "PNG")
    with pytest.raises(TooLargeError, match="pixels allowed"):
        imaging.load(data, "bomb")


def test_the_limit_is_the_callers(portrait: Image.Image) -> None:
    data = _saved(portrait, "PNG")
    with pytest.raises(TooLargeError, match="120x90 is more than the 8,000 pixels allowed"):
        imaging.load(data, "photo", max_pixels=8000)
    assert imaging.load(data, "photo", max_pixels=120 * 90).width == 120


def test_a_million_segments_are_not_read(portrait: Image.Image) -> None:
    data = _saved(portrait, "JPEG")
    segment = b"\xff\xe1\0\x16Exif\0\0II*\0\x08\0\0\0" + bytes(6)
    few = data[:2] + segment * 100 + b"\xff" * 20 + data[2:]
    assert imaging.load(few, "photo").width == 120
    hostile = data[:2] + segment * 1_000_000 + data[2:]
    begun = time.monotonic()
    for read in (imaging.load, imaging.media_type):
        with pytest.raises(TooLargeError, match=r"^photo: a JPEG of more than 5,000 segments"):
            read(hostile, "photo")
    assert time.monotonic() - begun < 1


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "TIFF", "WEBP"])
def test_threads_do_not_wait_for_each_other_and_pillow_s_own_limit_holds_for_others(
    kind: str, portrait: Image.Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = _saved(portrait, kind)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1000)
    together, done = threading.Barrier(3, timeout=20), threading.Event()
    convert = Image.Image.convert

    def convert_together(image: Image.Image, *arguments: Any, **options: Any) -> Image.Image:
        if options.get("mode", *arguments) == "RGB" and not done.is_set():
            together.wait()
            assert done.wait(20)
        return convert(image, *arguments, **options)

    monkeypatch.setattr(Image.Image, "convert", convert_together)
    with ThreadPoolExecutor(2) as pool:
        loads = [pool.submit(imaging.load, data, "photo") for _ in range(2)]
        try:
            together.wait()
            with pytest.raises(Image.DecompressionBombError):
                Image.open(io.BytesIO(data)).load()
        finally:
            done.set()
        assert [load.result().width for load in loads] == [120, 120]
    with pytest.raises(Image.DecompressionBombError):
        Image.open(io.BytesIO(data)).load()


def test_sides_beyond_a_format_are_usage_errors() -> None:
    photo = imaging.Photo(np.zeros((1, 20_000, 3), np.uint8))
    with pytest.raises(UsageError, match="webp cannot hold"):
        imaging.render(photo, "webp")


def test_damaged_profiles_and_exif_are_left_out_and_told(portrait: Image.Image) -> None:
    data = _saved(portrait, "PNG", icc_profile=b"not a profile" * 20)
    photo = imaging.load(data, "photo")
    assert photo.icc is None
    assert photo.notes == ("The ICC profile is damaged and was left out.",)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_odd_exif_costs_neither_picture_nor_patience(portrait: Image.Image, kind: str) -> None:
    exif = Image.Exif()
    exif[0x010F], exif[0x0112] = "A camera", 3
    exif[0x8769] = {0x829A: 0.125, 0x9003: "2026:01:02 03:04:05"}
    exif[0x8825] = {1: "N", 2: (1.0, 2.0, 3.0)}
    sound = exif.tobytes()
    small = portrait.resize((16, 12))
    choose = random.Random(5)
    for _ in range(150):
        odd = bytearray(sound)
        for _ in range(choose.randrange(1, 4)):
            odd[choose.randrange(6, len(odd))] = choose.randrange(256)
        if choose.random() < 0.2:
            del odd[choose.randrange(8, len(odd)) :]
        photo = imaging.load(_saved(small, kind, exif=bytes(odd)), "photo")
        assert photo.pixels.size == 16 * 12 * 3
        for to in ("jpeg", "tiff", "avif"):
            imaging.load(imaging.render(photo, to), to)


@pytest.mark.parametrize("turn", range(2, 9))
def test_every_orientation_is_applied(portrait: Image.Image, turn: int) -> None:
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = turn, "A camera"
    for kind in ("PNG", "TIFF"):
        photo = imaging.load(_saved(portrait, kind, exif=exif.tobytes()), "photo")
        with Image.open(io.BytesIO(_saved(portrait, "PNG", exif=exif.tobytes()))) as opened:
            upright = ImageOps.exif_transpose(opened)
        assert np.array_equal(photo.pixels, np.asarray(upright))
        assert photo.exif is not None
        again = Image.Exif()
        again.load(photo.exif)
        assert dict(again) == {0x010F: "A camera"}


def test_a_preview_is_small_and_in_srgb(astronaut: Path) -> None:
    photo = imaging.load(astronaut.read_bytes(), "astronaut")
    assert photo.icc
    small = imaging.preview(photo, 320)
    assert len(small) < 8000
    with Image.open(io.BytesIO(small)) as image:
        assert image.size == (320, 320) and not image.info.get("icc_profile")


def test_jpeg_2000_is_read_and_a_damaged_one_raises_nothing_else(portrait: Image.Image) -> None:
    data = _saved(portrait, "JPEG2000", irreversible=False)
    photo = imaging.load(data, "photo")
    assert photo.media_type == imaging.media_type(data, "photo") == "image/jp2"
    assert np.array_equal(photo.pixels, np.asarray(portrait))
    choose = random.Random(3)
    refused = 0
    for _ in range(100):
        changed = bytearray(data)
        changed[choose.randrange(300)] ^= 1 << choose.randrange(8)
        try:
            imaging.load(bytes(changed), "photo", max_pixels=portrait.width * portrait.height)
        except (ImageError, TooLargeError):
            refused += 1
    assert refused


def _tiff(
    bits: int,
    sample_format: int,
    rows: bytes,
    size: tuple[int, int],
    *,
    photometric: int = 1,
    channels: int = 1,
) -> bytes:
    """A TIFF, uncompressed (TIFF 6.0)."""
    entries = [
        (256, 3, 1, size[0]),
        (257, 3, 1, size[1]),
        (258, 3, 1, bits),
        (259, 3, 1, 1),
        (262, 3, 1, photometric),
        (273, 4, 1, 8),
        (277, 3, 1, channels),
        (278, 3, 1, size[1]),
        (279, 4, 1, len(rows)),
        (339, 3, 1, sample_format),
    ]
    directory = b"".join(struct.pack("<HHII", *entry) for entry in entries)
    head = b"II*\0" + struct.pack("<I", 8 + len(rows))
    return head + rows + struct.pack("<H", len(entries)) + directory + bytes(4)


def test_sixteen_bits_of_cmyk_are_as_eight() -> None:
    ramp = np.zeros((1, 3, 4), np.uint8)
    ramp[0, :, 0] = (0, 131, 255)
    shown = [
        imaging.load(_tiff(bits, 1, samples.tobytes(), (3, 1), photometric=5, channels=4), "scan")
        for bits, samples in ((8, ramp), (16, ramp.astype("<u2") * 257))
    ]
    assert np.array_equal(shown[0].pixels, shown[1].pixels) and shown[1].alpha is None
    assert shown[1].pixels[0, 0].tolist() == [255, 255, 255]


def test_white_may_be_nought() -> None:
    ramp = np.array([0, 131, 255], np.uint8)
    for bits, samples in ((8, ramp), (16, ramp.astype("<u2") * 257)):
        scan = imaging.load(_tiff(bits, 1, samples.tobytes(), (3, 1), photometric=0), "scan")
        assert scan.pixels[0, :, 0].tolist() == [255, 124, 0]


def test_colours_of_other_spaces_are_said_to_be_taken_for_srgb(portrait: Image.Image) -> None:
    png = _saved(portrait, "PNG")
    body = b"cICP" + bytes([9, 16, 0, 1])
    chunk = struct.pack(">I", 4) + body + struct.pack(">I", zlib.crc32(body))
    told = imaging.load(png[:33] + chunk + png[33:], "photo").notes
    assert told == ("The file tells colours by CICP 9/16, and they were taken for sRGB.",)
    for kind in ("PNG", "AVIF"):
        assert imaging.load(_saved(portrait, kind), "photo").notes == ()


def test_a_narrow_picture_counts_as_what_a_codec_makes_of_it(portrait: Image.Image) -> None:
    narrow = _saved(portrait.resize((4000, 1)), "PNG")
    assert imaging.load(narrow, "photo", max_pixels=64 * 4000).width == 4000
    with pytest.raises(TooLargeError):
        imaging.load(narrow, "photo", max_pixels=64 * 4000 - 1)


def _linear_grey() -> bytes:
    """A profile of greys with a gamma of 1 (ICC.1:2022, 7.2, 9.2.36 and 10.6)."""
    curve = b"curv" + struct.pack(">III", 0, 1, 0x0100 << 16)
    white = b"XYZ " + struct.pack(">Iiii", 0, 63190, 65536, 54061)
    table = struct.pack(">I4sII4sII", 2, b"kTRC", 156, 14, b"wtpt", 172, 20)
    head = struct.pack(">I4sI4s4s4s", 128 + 64, b"", 0x02400000, b"mntr", b"GRAY", b"XYZ ")
    head += bytes(12) + b"acsp" + bytes(28) + struct.pack(">iii", 63190, 65536, 54061)
    return head.ljust(128, b"\0") + table + curve + white


def test_a_grey_profile_counts_in_a_thumbnail() -> None:
    photo = imaging.Photo(np.full((8, 8, 3), 128, np.uint8), None, True, _linear_grey())
    assert np.asarray(imaging.thumbnail(photo, 8))[0, 0].tolist() == [188, 188, 188]


def test_samples_are_read_by_the_range_that_they_have() -> None:
    # Two samples of 12 bits in three bytes: 0xFFF and 0x800.
    twelve = imaging.load(_tiff(12, 1, b"\xff\xf8\x00", (2, 1)), "photo")
    assert twelve.pixels[0, :, 0].tolist() == [255, 128] and twelve.grey
    floats = np.array([0, 0.5, 1, 0.25], "<f4").tobytes()
    assert imaging.load(_tiff(32, 3, floats, (4, 1)), "photo").pixels[0, :, 0].tolist() == [
        *(0, 128, 255, 64)
    ]
    for beyond in ([0, 1.2], [0, float("nan")], [-0.1, 1], [0, 255]):
        data = _tiff(32, 3, np.array(beyond, "<f4").tobytes(), (2, 1))
        with pytest.raises(ImageError, match=r"^photo: floating-point samples beyond 0 to 1"):
            imaging.load(data, "photo")
    signalling = b"\x01\0\xa0\x7f" + bytes(4)
    with pytest.raises(ImageError, match=r"^photo: floating-point samples beyond 0 to 1"):
        imaging.load(_tiff(32, 3, signalling, (2, 1)), "photo")
    data = _tiff(32, 2, np.array([0, 255], "<i4").tobytes(), (2, 1))
    with pytest.raises(ImageError, match=r"^photo: integers of 32 bits have no known range"):
        imaging.load(data, "photo")
    deep = imaging.load(b"P6 1 1 65535\n" + b"\xff\xff\x80\0\0\0", "photo")
    assert deep.pixels[0, 0].tolist() == [255, 128, 0] and "more than 8 bits" in deep.notes[0]
    assert not imaging.load(b"P6 1 1 255\n\xff\x80\0", "photo").notes
