"""Packets in TIFF, AVIF, HEIF and JPEG XL, which our own writers put there."""

from __future__ import annotations

import dataclasses
import io
import json
import random
import shutil
import subprocess
from pathlib import Path

import pytest
from PIL import Image, ImageCms

from provenance.errors import ContainerError, LabelError
from provenance.formats import plugin
from provenance.labels import Label
from provenance.metadata import embed, packet, read_label, read_packet

TYPES = {
    "TIFF": "image/tiff",
    "AVIF": "image/avif",
    "HEIF": "image/heic",
    "JXL": "image/jxl",
}
PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


@pytest.fixture(scope="module", autouse=True)
def plugins() -> None:
    plugin("heif")
    plugin("jxl")


@pytest.fixture(scope="module")
def photo(photos: Path) -> Image.Image:
    with Image.open(photos / "faces" / "portrait-1.jpg") as opened:
        return opened.convert("RGB").resize((96, 64))


def encode(picture: Image.Image, kind: str, **options: object) -> bytes:
    stream = io.BytesIO()
    picture.save(stream, kind, **options)
    return stream.getvalue()


def carried(data: bytes, kind: str) -> Label | None:
    found = read_packet(data, TYPES[kind])
    assert found is not None
    return read_label(found)


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L"])
@pytest.mark.parametrize("kind", TYPES)
def test_the_label_goes_in_and_pixels_profile_and_exif_stay(
    kind: str, mode: str, photo: Image.Image, label: Label
) -> None:
    exif = Image.Exif()
    exif[0x010E] = "a portrait"
    picture = photo.convert(mode)
    if mode == "RGBA":
        picture.putalpha(photo.getchannel("G"))
    icc = PROFILE if mode != "L" else None
    before = encode(picture, kind, exif=exif.tobytes(), icc_profile=icc)
    after = embed(before, TYPES[kind], packet(label))
    assert carried(after, kind) == label
    with Image.open(io.BytesIO(before)) as old, Image.open(io.BytesIO(after)) as new:
        assert new.tobytes() == old.tobytes()
        assert new.info.get("icc_profile") == old.info.get("icc_profile")
        assert mode == "L" or new.info["icc_profile"]
        assert new.getexif()[0x010E] == "a portrait"


@pytest.mark.parametrize("kind", TYPES)
def test_a_second_packet_replaces_the_first(kind: str, photo: Image.Image, label: Label) -> None:
    old = dataclasses.replace(label, warnings=("an older warning",) * 200)
    data = encode(photo, kind, **({} if kind == "JXL" else {"xmp": packet(old)}))
    data = embed(embed(data, TYPES[kind], packet(old)), TYPES[kind], packet(label))
    assert carried(data, kind) == label
    assert b"an older warning" not in data


@pytest.mark.parametrize("kind", TYPES)
def test_a_label_of_any_length_fits(kind: str, photo: Image.Image, label: Label) -> None:
    risk = dataclasses.replace(label.risk, findings=label.risk.findings[:1] * 1000)
    long = dataclasses.replace(label, risk=risk)
    assert carried(embed(encode(photo, kind), TYPES[kind], packet(long)), kind) == long


@pytest.mark.parametrize("kind", TYPES)
def test_a_file_of_another_type_is_refused(kind: str, photo: Image.Image, label: Label) -> None:
    data = encode(photo, "JPEG")
    with pytest.raises(ContainerError):
        read_packet(data, TYPES[kind])
    with pytest.raises(ContainerError):
        embed(data, TYPES[kind], packet(label))


@pytest.mark.parametrize("kind", TYPES)
def test_exiftool_reads_the_structures_and_finds_nothing_wrong(
    kind: str, photo: Image.Image, label: Label, tmp_path: Path
) -> None:
    tool = shutil.which("exiftool")
    if tool is None:
        pytest.skip("exiftool is not installed")
    path = tmp_path / f"photo.{kind.lower()}"
    path.write_bytes(embed(encode(photo, kind), TYPES[kind], packet(label)))
    run = subprocess.run(
        [tool, "-struct", "-json", "-G1", "-a", "-XMP:all", "-warning", "-error", str(path)],
        capture_output=True,
        check=True,
        text=True,
    )
    (found,) = json.loads(run.stdout)
    assert not {"ExifTool:Warning", "ExifTool:Error"} & found.keys()
    assert found["XMP-mc:Risk"]["Score"] == 0.37
    assert found["XMP-mc:Risk"]["Findings"][0]["Box"] == "966 930 30 75"


@pytest.mark.parametrize("kind", TYPES)
def test_changed_and_cut_files_never_raise_anything_else(
    kind: str, photo: Image.Image, label: Label
) -> None:
    choose = random.Random(12)
    sound = embed(encode(photo, kind), TYPES[kind], packet(label))
    # Where the structure lies: a TIFF's directory is behind its packet.
    places = [*range(min(len(sound), 1200)), *range(len(sound) - 400, len(sound))]
    for _ in range(400):
        changed = bytearray(sound)
        changed[choose.choice(places)] ^= 1 << choose.randrange(8)
        if choose.random() < 0.3:
            del changed[choose.randrange(len(changed)) :]
        for act in (read_packet, lambda d, t: embed(d, t, packet(label))):
            try:
                act(bytes(changed), TYPES[kind])
            except (ContainerError, LabelError) as error:
                assert "\n" not in str(error)
