"""Quality, and the goals that choose it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from provenance import codecs
from provenance.codecs import Picture
from provenance.codecs.learned import msh
from provenance.metrics import psnr_db

LIMIT = 10**8


@pytest.fixture(scope="module")
def photo(data: Path) -> NDArray[np.uint8]:
    with Image.open(data / "kodak" / "kodim23.png") as image:
        return np.asarray(image.convert("RGB"))


def _measured(pixels: NDArray[np.uint8], quality: float) -> tuple[float, int]:
    """PSNR and bytes."""
    codec = codecs.get("msh")
    bitstream = codec.encode(Picture(pixels), quality)
    return psnr_db(pixels, codec.decode(bitstream, max_pixels=LIMIT).pixels), len(bitstream)


@pytest.mark.parametrize(
    ("height", "width"), [(1, 1), (3, 7), (17, 15), (1, 1000), (64, 64), (300, 400)]
)
def test_a_higher_quality_never_gives_a_worse_picture(
    photo: NDArray[np.uint8], height: int, width: int
) -> None:
    pixels = np.tile(photo, (1, 2, 1))[150 : 150 + height, 300 : 300 + width]
    found = [_measured(pixels, quality)[0] for quality in (1, 2, 9.5, 25, 26.5, 60, 61, 98, 100)]
    assert found == sorted(found)
    assert found[-1] > found[0] + 3


def test_a_higher_quality_gives_no_worse_gradient_or_colour() -> None:
    flat = np.full((200, 400, 3), (90, 140, 200), np.uint8)
    gradient = np.array([0.6, -0.3, 0.2]) * np.arange(400)[:, None] + (0, 200, 90)
    for pixels in (flat, np.repeat(gradient.astype(np.uint8)[None], 200, 0)):
        codec, picture, found = codecs.get("msh"), Picture(pixels), []
        for quality in (1, 10, 25, 30, 40, 50, 60, 100):
            decoded = codec.decode(codec.encode(picture, quality), max_pixels=LIMIT)
            found.append(psnr_db(pixels, decoded.pixels))
        assert found == sorted(found) and found[-1] > found[0] + 3


@pytest.mark.parametrize("noise", [0.0, 0.5, 50.0])
def test_small_pictures_are_held_between_few_qualities(noise: float) -> None:
    """Whatever the fidelities, and however much by chance, the ones given never fall."""
    drawn = np.random.default_rng(0).normal(0, noise, 101) + 0.16 * np.arange(101)
    tried: set[int] = set()

    def fidelity(quality: int) -> float:
        tried.add(quality)
        return float(drawn[quality])

    given, most = [], 0
    for quality in range(1, 101):
        tried.clear()
        given.append(msh.held(quality, fidelity))
        most = max(most, len(tried))
    assert given == sorted(given) and (drawn[given] == np.sort(drawn[given])).all()
    assert most <= 9
    if not noise:
        assert given == list(range(1, 101))
    tried.clear()
    assert msh.held(50.9, fidelity) == given[49]
    assert tried == {1, 50, 100}


def test_size_is_met_from_below(photo: NDArray[np.uint8]) -> None:
    codec, picture = codecs.get("msh"), Picture(photo[:256, :384])
    for size in (1500, 3500):
        found = codecs.within(codec, picture, size)
        assert found is not None and found.quality is not None
        assert 0.97 * size < len(found.bitstream) <= size
        assert found.bitstream == codec.encode(picture, found.quality)


def test_psnr_is_met_from_above(photo: NDArray[np.uint8]) -> None:
    codec, picture = codecs.get("msh"), Picture(photo[:256, :384])
    found = codecs.reaching(codec, picture, 34.0, max_pixels=LIMIT)
    assert found is not None
    decoded = codec.decode(found.bitstream, max_pixels=LIMIT)
    assert 34.0 <= psnr_db(picture.pixels, decoded.pixels) < 34.1


def test_goals_out_of_reach_are_none(photo: NDArray[np.uint8]) -> None:
    codec, picture = codecs.get("msh"), Picture(photo[:128, :128])
    assert codecs.within(codec, picture, 90) is None
    assert codecs.reaching(codec, picture, 70.0, max_pixels=LIMIT) is None
    generous = codecs.within(codec, picture, 10**6)
    assert generous is not None and generous.quality == 100
    modest = codecs.reaching(codec, picture, 10.0, max_pixels=LIMIT)
    assert modest is not None and modest.quality == 1
