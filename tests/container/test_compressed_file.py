"""The compressed file opens everywhere and gives back what was packed."""

from __future__ import annotations

import io

import pytest
from PIL import Image, ImageChops, ImageCms, ImageStat

from provenance.container import is_container, pack, read_xmp, replace_xmp, unpack
from provenance.errors import ContainerError

BITS = bytes(range(256)) * 40
XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"/>'


def avif(picture: Image.Image, **options: object) -> bytes:
    stream = io.BytesIO()
    picture.save(stream, "AVIF", **options)
    return stream.getvalue()


def test_what_was_packed_comes_back(preview: bytes) -> None:
    parts = unpack(pack(BITS, width=4032, height=3024, preview=preview, xmp=XMP))
    assert parts.bitstream == BITS
    assert parts.xmp == XMP
    assert (parts.width, parts.height) == (4032, 3024)
    assert parts.preview_size == (256, 192)


def test_pillow_shows_the_very_preview(preview: bytes) -> None:
    packed = pack(BITS, width=4032, height=3024, preview=preview, xmp=XMP)
    with Image.open(io.BytesIO(packed)) as shown, Image.open(io.BytesIO(preview)) as alone:
        assert shown.size == (256, 192)
        assert shown.tobytes() == alone.tobytes()
        assert shown.info["xmp"] == XMP


@pytest.mark.parametrize("mode", ["L", "RGBA"])
def test_previews_of_other_kinds_keep_their_parts(photo: Image.Image, mode: str) -> None:
    picture = photo.convert(mode)
    if mode == "RGBA":
        picture.putalpha(picture.getchannel("G"))
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    made = avif(picture, quality=60, icc_profile=profile)
    packed = pack(BITS, width=9, height=9, preview=made, xmp=XMP)
    with Image.open(io.BytesIO(packed)) as shown, Image.open(io.BytesIO(made)) as alone:
        assert (shown.mode, shown.size) == (alone.mode, alone.size)
        assert shown.tobytes() == alone.tobytes()
        assert shown.info["icc_profile"] == profile


def test_exif_and_xmp_of_the_preview_stay_out(photo: Image.Image) -> None:
    exif = Image.Exif()
    exif[0x010E] = "secret place"
    made = avif(photo, exif=exif.tobytes(), xmp=b"<secret/>")
    packed = pack(BITS, width=9, height=9, preview=made, xmp=XMP)
    assert b"secret" not in packed
    with Image.open(io.BytesIO(packed)) as shown:
        difference = ImageChops.difference(shown.convert("RGB"), photo)
        assert max(ImageStat.Stat(difference).mean) < 4


def test_profile_and_exif_of_the_picture_travel_along(preview: bytes) -> None:
    exif = Image.Exif()
    exif[0x010E] = "a portrait"
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    packed = pack(
        BITS, width=9, height=9, preview=preview, xmp=XMP, icc=profile, exif=exif.tobytes()
    )
    for file in (packed, replace_xmp(packed, b"<other/>")):
        parts = unpack(file)
        assert parts.icc == profile
        assert parts.exif == exif.tobytes().removeprefix(b"Exif\0\0")
        with Image.open(io.BytesIO(file)) as shown:
            assert shown.getexif()[0x010E] == "a portrait"
            assert shown.info["xmp"] == parts.xmp
    bare = unpack(pack(BITS, width=9, height=9, preview=preview, xmp=XMP))
    assert (bare.icc, bare.exif) == (None, None)


def test_without_preview_the_neural_image_is_primary(preview: bytes) -> None:
    packed = pack(BITS, width=1, height=1, preview=None, xmp=XMP)
    parts = unpack(packed)
    assert parts.preview_size is None
    assert parts.bitstream == BITS
    assert parts.xmp == XMP
    assert len(packed) < len(BITS) + len(XMP) + 500


def test_without_xmp(preview: bytes) -> None:
    assert unpack(pack(BITS, width=1, height=1, preview=preview, xmp=None)).xmp is None


def test_the_frame_costs_little(preview: bytes) -> None:
    packed = pack(BITS, width=4032, height=3024, preview=preview, xmp=XMP)
    assert len(packed) - len(BITS) - len(XMP) - len(preview) < 250


def test_xmp_can_be_replaced_any_number_of_times(preview: bytes) -> None:
    packed = pack(BITS, width=4032, height=3024, preview=preview, xmp=XMP)
    other = replace_xmp(replace_xmp(packed, b"<one/>"), b"<two/>")
    assert unpack(other).xmp == b"<two/>"
    assert unpack(replace_xmp(other, XMP)) == unpack(packed)
    assert len(replace_xmp(other, XMP)) == len(replace_xmp(packed, XMP))


def test_our_files_are_told_from_other_avif(preview: bytes) -> None:
    packed = pack(BITS, width=4032, height=3024, preview=preview, xmp=XMP)
    assert is_container(packed)
    assert not is_container(preview)
    assert not is_container(b"")
    assert not is_container(b"\xff\xd8\xff\xe0" * 10)
    # A signature does not cover the brands, so they alone do not decide.
    assert is_container(packed.replace(b"nimg", b"zzzz", 1))
    assert is_container(packed[:400])


@pytest.mark.parametrize(("width", "height"), [(0, 1), (1, -1), (1 << 21, 1)])
def test_impossible_sizes_are_refused(width: int, height: int) -> None:
    with pytest.raises(ContainerError):
        pack(BITS, width=width, height=height, preview=None, xmp=XMP)


@pytest.mark.parametrize("preview", [b"", b"\x89PNG\r\n\x1a\n", b"\0\0\0\x18ftypavif"])
def test_a_preview_that_is_no_avif_is_refused(preview: bytes) -> None:
    with pytest.raises(ContainerError):
        pack(BITS, width=1, height=1, preview=preview, xmp=XMP)


def test_an_ordinary_avif_holds_no_neural_image(preview: bytes) -> None:
    with pytest.raises(ContainerError, match="0 neural images"):
        unpack(preview)
    assert read_xmp(preview) is None
