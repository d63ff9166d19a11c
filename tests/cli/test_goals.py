"""Quality, bits per pixel, size and PSNR: what people ask of `compress`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from provenance import container
from provenance.codecs import bitstream
from provenance.metrics import psnr_db

from .conftest import Command


@pytest.fixture(scope="module")
def photo(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Part of a photo that nothing was trained on."""
    target = tmp_path_factory.mktemp("goals") / "photo.png"
    with Image.open(data / "kodak" / "kodim15.png") as image:
        image.crop((100, 0, 484, 320)).save(target)
    return target


def _quality(done: Any) -> dict[str, float]:
    assert done.code == 0, done.err
    quality: dict[str, float] = done.json("written")["label"]["quality"]
    return quality


def test_bits_per_pixel(provenance: Command, photo: Path, tmp_path: Path) -> None:
    target = tmp_path / "a.avif"
    done = provenance("compress", photo, "--bpp", 0.25, "-o", target, "--json")
    assert 0.24 < _quality(done)["bits_per_pixel"] <= 0.25


def test_size_of_the_file(provenance: Command, photo: Path, tmp_path: Path) -> None:
    target = tmp_path / "a.avif"
    done = provenance("compress", photo, "--max-bytes", 22_000, "-o", target, "--json")
    assert 1 < _quality(done)["setting"] <= 100
    assert 19_000 < target.stat().st_size <= 22_000
    assert provenance("verify", target).code == 0


def test_psnr(provenance: Command, photo: Path, tmp_path: Path) -> None:
    target, decoded = tmp_path / "a.avif", tmp_path / "a.png"
    done = provenance("compress", photo, "--min-psnr", 33, "-o", target, "--json")
    assert 33 <= _quality(done)["psnr_db"] < 33.2
    assert provenance("decompress", target, "-o", decoded).code == 0
    with Image.open(photo) as before, Image.open(decoded) as after:
        assert psnr_db(np.asarray(before), np.asarray(after)) >= 33


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--bpp", 0.01), "even the lowest quality needs more than 0.01 bits per pixel"),
        (("--max-bytes", 4000), "4,000 bytes are not enough: the smallest file tried has"),
        (("--min-psnr", 80), "no quality reaches 80 dB"),
        (("--bpp", 0.3, "-q", 30), "give one of them"),
        (("--max-bytes", 30_000, "--min-psnr", 30), "give one of them"),
        (("--max-bytes", 30_000, "--to", "avif"), "is for compressed files"),
    ],
)
def test_what_cannot_be_is_told_in_one_line(
    provenance: Command, photo: Path, tmp_path: Path, options: tuple[object, ...], message: str
) -> None:
    target = tmp_path / "a.avif"
    done = provenance("compress", photo, *options, "-o", target)
    assert done.code == 2 and message in done.err and done.err.count("\n") == 1
    assert not target.exists()


def test_the_label_tells_the_quality_that_a_smooth_picture_got(
    provenance: Command, tmp_path: Path
) -> None:
    photo, told = tmp_path / "paper.png", []
    Image.new("RGB", (300, 220), "white").save(photo)
    for quality in (25, 40):
        target = tmp_path / f"{quality}.avif"
        assert provenance("compress", photo, "-q", quality, "-o", target).code == 0
        assert provenance("verify", target, "--decode").code in (0, 5)
        told.append(provenance("show", target, "--json").json("show")["label"]["quality"])
        stream = bitstream.parse(container.unpack(target.read_bytes()).bitstream)
        assert told[-1]["setting"] == stream.quality
    assert [quality["setting"] for quality in told] != [25, 40]
    assert told[0]["psnr_db"] <= told[1]["psnr_db"]
