"""Packets in real photos: written, read by us and by others, all else left alone."""

from __future__ import annotations

import dataclasses
import io
import json
import random
import shutil
import struct
import subprocess
import zlib
from pathlib import Path

import pytest
from PIL import Image, ImageCms

from provenance.container import pack
from provenance.errors import ContainerError, InputError, LabelError
from provenance.labels import Label
from provenance.metadata import NAMESPACE, embed, packet, read_label, read_packet

TYPES = {"JPEG": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp"}


def encode(picture: Image.Image, kind: str, **options: object) -> bytes:
    stream = io.BytesIO()
    picture.save(stream, kind, **options)
    return stream.getvalue()


@pytest.fixture(scope="module")
def photo(photos: Path) -> Image.Image:
    with Image.open(photos / "faces" / "portrait-1.jpg") as opened:
        return opened.convert("RGB").resize((512, 384))


@pytest.fixture(scope="module")
def profile() -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def many(label: Label, count: int) -> Label:
    risk = dataclasses.replace(label.risk, findings=label.risk.findings[:1] * count)
    return dataclasses.replace(label, risk=risk)


@pytest.mark.parametrize("kind", TYPES)
def test_the_label_goes_in_and_pixels_profile_and_exif_stay(
    kind: str, photo: Image.Image, profile: bytes, label: Label
) -> None:
    exif = Image.Exif()
    exif[0x010E] = "a portrait"
    before = encode(photo, kind, icc_profile=profile, exif=exif.tobytes())
    after = embed(before, TYPES[kind], packet(label))
    found = read_packet(after, TYPES[kind])
    assert found == packet(label)
    assert read_label(found) == label
    with Image.open(io.BytesIO(before)) as old, Image.open(io.BytesIO(after)) as new:
        assert new.tobytes() == old.tobytes()
        assert new.info["icc_profile"] == profile
        assert new.getexif()[0x010E] == "a portrait"


@pytest.mark.parametrize("kind", TYPES)
def test_a_second_packet_replaces_the_first(kind: str, photo: Image.Image, label: Label) -> None:
    first = embed(encode(photo, kind), TYPES[kind], packet(many(label, 300)))
    second = embed(first, TYPES[kind], packet(label))
    assert read_packet(second, TYPES[kind]) == packet(label)
    assert second == embed(encode(photo, kind), TYPES[kind], packet(label))


@pytest.mark.parametrize("kind", TYPES)
def test_a_label_of_many_findings_fits(kind: str, photo: Image.Image, label: Label) -> None:
    long = many(label, 1000)
    carried = read_packet(embed(encode(photo, kind), TYPES[kind], packet(long)), TYPES[kind])
    assert carried is not None
    assert read_label(carried) == long


@pytest.mark.parametrize("options", [{}, {"lossless": True}, {"quality": 30}])
@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_every_kind_of_webp_still_opens(
    mode: str, options: dict[str, object], photo: Image.Image, label: Label
) -> None:
    picture = photo.convert(mode)
    if mode == "RGBA":
        picture.putalpha(picture.getchannel("G"))
    before = encode(picture, "WEBP", **options)
    after = embed(before, "image/webp", packet(label))
    with Image.open(io.BytesIO(before)) as old, Image.open(io.BytesIO(after)) as new:
        assert (new.size, new.mode) == (old.size, old.mode)
        assert new.tobytes() == old.tobytes()
        assert new.info["xmp"] == packet(label)


@pytest.mark.parametrize("name", ["text/scene-01.jpg", "text/english.png", "faces/two-people.jpg"])
def test_real_photos_take_a_label(photos: Path, name: str, label: Label) -> None:
    data = (photos / name).read_bytes()
    kind = "image/png" if name.endswith("png") else "image/jpeg"
    after = embed(data, kind, packet(label, read_packet(data, kind)))
    carried = read_packet(after, kind)
    assert carried is not None
    assert read_label(carried) == label


def test_the_compressed_file_takes_a_label(photo: Image.Image, label: Label) -> None:
    preview = encode(photo, "AVIF", quality=40)
    file = pack(b"bits" * 50, width=512, height=384, preview=preview, xmp=packet(label))
    assert read_packet(file, "image/avif") == packet(label)
    other = dataclasses.replace(label, warnings=("other",))
    assert read_packet(embed(file, "image/avif", packet(other)), "image/avif") == packet(other)


def test_types_that_carry_no_label() -> None:
    assert read_packet(b"BM", "image/bmp") is None
    with pytest.raises(InputError, match="image/bmp"):
        embed(b"BM", "image/bmp", b"")


@pytest.mark.parametrize("kind", [*TYPES, "AVIF"])
@pytest.mark.parametrize("count", [1, 300])
def test_exiftool_reads_the_structures(
    kind: str, count: int, photo: Image.Image, label: Label, tmp_path: Path
) -> None:
    tool = shutil.which("exiftool")
    if tool is None:
        pytest.skip("exiftool is not installed")
    label = many(label, count)
    if kind == "AVIF":
        preview = encode(photo, "AVIF", quality=40)
        data = pack(b"bits", width=512, height=384, preview=preview, xmp=packet(label))
    else:
        data = embed(encode(photo, kind), TYPES[kind], packet(label))
    path = tmp_path / f"photo.{kind.lower()}"
    path.write_bytes(data)
    run = subprocess.run(
        [tool, "-struct", "-json", "-G1", "-a", "-XMP:all", "-warning", str(path)],
        capture_output=True,
        check=True,
        text=True,
    )
    (found,) = json.loads(run.stdout)
    assert "ExifTool:Warning" not in found
    assert found["XMP-mc:Risk"]["Score"] == 0.37
    assert found["XMP-mc:Risk"]["Findings"][0]["Box"] == "966 930 30 75"
    assert len(found["XMP-mc:Risk"]["Findings"]) == count
    assert found["XMP-mc:Warnings"][1] == "The number 14 reads 11."
    assert found["XMP-iptcExt:DigitalSourceType"].endswith("algorithmicallyEnhanced")


@pytest.mark.parametrize("kind", TYPES)
def test_exiv2_reads_the_structures(kind: str, photo: Image.Image, label: Label) -> None:
    pyexiv2 = pytest.importorskip("pyexiv2")
    pyexiv2.registerNs(NAMESPACE, "mc")
    image = pyexiv2.ImageData(embed(encode(photo, kind), TYPES[kind], packet(label)))
    found = image.read_xmp()
    image.close()
    assert found["Xmp.mc.risk/mc:score"] == "0.37"
    assert found["Xmp.mc.risk/mc:findings[1]/mc:box"] == "966 930 30 75"


def test_packets_by_other_programs_are_read(photo: Image.Image) -> None:
    text = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"/>'
    assert read_packet(encode(photo, "JPEG", xmp=text), "image/jpeg") == text
    assert read_packet(encode(photo, "WEBP", xmp=text), "image/webp") == text
    assert read_packet(encode(photo, "AVIF", xmp=text), "image/avif") == text
    assert read_packet(encode(photo, "JPEG"), "image/jpeg") is None


def png_with(photo: Image.Image, body: bytes) -> bytes:
    data = encode(photo, "PNG")
    body = b"iTXt" + body
    chunk = struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))
    return data[:33] + chunk + data[33:]


def test_a_compressed_png_packet_is_read_and_a_bomb_is_not(photo: Image.Image) -> None:
    head = b"XML:com.adobe.xmp\0\1\0en\0\0"
    assert read_packet(png_with(photo, head + zlib.compress(b"<x/>")), "image/png") == b"<x/>"
    bomb = zlib.compress(b"<" * 200_000_000, 9)
    with pytest.raises(LabelError, match="more than"):
        read_packet(png_with(photo, head + bomb), "image/png")
    with pytest.raises(ContainerError):
        read_packet(png_with(photo, head + b"no zlib"), "image/png")


@pytest.mark.parametrize("kind", TYPES)
def test_two_packets_are_refused(kind: str, photo: Image.Image, label: Label) -> None:
    data = embed(encode(photo, kind), TYPES[kind], packet(label))
    at = data.index(b"http://ns.adobe.com/xap/1.0/\0") - 4 if kind == "JPEG" else 0
    if kind == "JPEG":
        end = at + 2 + int.from_bytes(data[at + 2 : at + 4], "big")
        twice = data[:end] + data[at:end] + data[end:]
    elif kind == "PNG":
        end = 33 + 12 + int.from_bytes(data[33:37], "big")
        twice = data[:end] + data[33:end] + data[end:]
    else:
        at = data.index(b"XMP ")
        twice = data + data[at:]
        twice = twice[:4] + struct.pack("<I", len(twice) - 8) + twice[8:]
    with pytest.raises(LabelError, match="2 packets"):
        read_packet(twice, TYPES[kind])


def test_an_extension_that_was_changed_is_refused(photo: Image.Image, label: Label) -> None:
    data = bytearray(embed(encode(photo, "JPEG"), "image/jpeg", packet(many(label, 300))))
    at = data.rindex(b"The number 14")
    data[at] ^= 1
    with pytest.raises(LabelError, match="extension"):
        read_packet(bytes(data), "image/jpeg")


@pytest.mark.parametrize("kind", [*TYPES, "AVIF"])
def test_changed_and_cut_files_never_raise_anything_else(
    kind: str, photo: Image.Image, label: Label
) -> None:
    choose = random.Random(11)
    media_type = TYPES.get(kind, "image/avif")
    if kind == "AVIF":
        preview = encode(photo.resize((64, 48)), "AVIF")
        sound = pack(b"bits", width=512, height=384, preview=preview, xmp=packet(label))
    else:
        sound = embed(encode(photo.resize((64, 48)), kind), media_type, packet(label))
    for _ in range(300):
        changed = bytearray(sound)
        changed[choose.randrange(min(len(changed), 9000))] ^= 1 << choose.randrange(8)
        if choose.random() < 0.3:
            del changed[choose.randrange(len(changed)) :]
        try:
            found = read_packet(bytes(changed), media_type)
            if found is not None:
                read_label(found)
            embed(bytes(changed), media_type, packet(label))
        except (ContainerError, LabelError) as error:
            assert "\n" not in str(error)
