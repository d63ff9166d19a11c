"""Photos of every kind, in and out."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageCms

from provenance import imaging
from provenance.errors import ImageError, TooLargeError, UsageError


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


@pytest.mark.parametrize("kind", ["jpeg", "png", "webp"])
def test_profile_and_exif_are_kept(portrait: Image.Image, kind: str) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    exif = Image.Exif()
    exif[0x010F] = "A camera"
    photo = imaging.load(_saved(portrait, "PNG", icc_profile=profile, exif=exif), "photo")
    with Image.open(io.BytesIO(imaging.render(photo, kind))) as written:
        assert written.info["icc_profile"] == profile
        assert written.getexif()[0x010F] == "A camera"


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


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
def test_cut_files_are_errors(portrait: Image.Image, kind: str) -> None:
    data = _saved(portrait, kind)
    with pytest.raises(ImageError, match="photo: "):
        imaging.load(data[: len(data) // 2], "photo")


@pytest.mark.parametrize("data", [b"", b"hello", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff"])
def test_other_files_are_no_images(data: bytes) -> None:
    with pytest.raises(ImageError):
        imaging.load(data, "photo")


def test_bombs_are_refused_before_they_unfold() -> None:
    data = _saved(Image.new("1", (60_000, 60_000)), "PNG")
    with pytest.raises(TooLargeError, match="pixels allowed"):
        imaging.load(data, "bomb")


def test_the_limit_is_the_callers(portrait: Image.Image) -> None:
    data = _saved(portrait, "PNG")
    with pytest.raises(TooLargeError, match="120x90 is more than the 8,000 pixels allowed"):
        imaging.load(data, "photo", max_pixels=8000)
    assert imaging.load(data, "photo", max_pixels=120 * 90).width == 120


def test_sides_beyond_a_format_are_usage_errors() -> None:
    photo = imaging.Photo(np.zeros((1, 20_000, 3), np.uint8))
    with pytest.raises(UsageError, match="webp cannot hold"):
        imaging.render(photo, "webp")


def test_damaged_profiles_and_exif_are_left_out_and_told(portrait: Image.Image) -> None:
    data = _saved(portrait, "PNG", icc_profile=b"not a profile" * 20)
    photo = imaging.load(data, "photo")
    assert photo.icc is None
    assert photo.notes == ("The ICC profile is damaged and was left out.",)


def test_a_preview_is_small_and_in_srgb(astronaut: Path) -> None:
    photo = imaging.load(astronaut.read_bytes(), "astronaut")
    assert photo.icc
    small = imaging.preview(photo, 320)
    assert len(small) < 8000
    with Image.open(io.BytesIO(small)) as image:
        assert image.size == (320, 320) and not image.info.get("icc_profile")
