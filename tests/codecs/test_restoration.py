"""The filter that a bitstream of ``msh`` may hold for the decoded picture."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from provenance import codecs
from provenance.codecs import Picture, bitstream
from provenance.codecs.entropy import Decoder, Part, Payload, encode
from provenance.codecs.learned import coder, restoration, tiling, transforms
from provenance.codecs.learned.restoration import MARGIN, Filter, Normal
from provenance.errors import BitstreamError, ModelError
from provenance.metrics import psnr_db

LIMIT = 10**8
BIT = 1.0
"""Bits that a squared error is worth, where the bits of a filter are to matter little."""


@pytest.fixture(scope="module")
def photo(astronaut: Path) -> NDArray[np.uint8]:
    with Image.open(astronaut) as image:
        return np.asarray(image.convert("RGB"))[100:300, 100:350]


def _seen(pixels: NDArray[np.uint8]) -> restoration.Floats:
    """As the filter sees a whole picture."""
    margin = (MARGIN, MARGIN), (MARGIN, MARGIN), (0, 0)
    return np.pad(pixels.astype(float), margin, mode="edge")


def _pale(photo: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """With less colour, darker, and a red edge where there was a blue one."""
    mixed = photo @ np.array([[0.8, 0.2, 0.1], [0.1, 0.7, 0.1], [0.1, 0.1, 0.8]]) - 5
    found: NDArray[np.uint8] = np.clip(np.rint(mixed), 0, 255).astype(np.uint8)
    return found


def test_what_a_filter_can_mend_is_mended(photo: NDArray[np.uint8]) -> None:
    pale = _pale(photo)
    found = Normal.of(_seen(pale), photo).solved(BIT)
    assert found is not None and found.shape == (restoration.TERMS, 3)
    mended = np.clip(restoration.restored(_seen(pale), found), 0, 255)
    before, after = (np.square(p - photo.astype(float)).mean() for p in (pale, mended))
    assert after < before / 50


def test_blur_is_undone_a_little(photo: NDArray[np.uint8]) -> None:
    with Image.fromarray(photo) as image:
        soft = np.asarray(image.reduce(2).resize(image.size, Image.Resampling.BILINEAR))
    found = Normal.of(_seen(soft), photo).solved(BIT)
    assert found is not None
    mended = restoration.restored(_seen(soft), found)
    before, after = (np.square(p - photo.astype(float)).mean() for p in (soft, mended))
    assert 0.5 * before < after < 0.9 * before


def test_a_filter_that_is_not_worth_its_bits_is_left_out(photo: NDArray[np.uint8]) -> None:
    assert Normal.of(_seen(photo), photo).solved(BIT) is None
    pale = _pale(photo)
    assert Normal.of(_seen(pale), photo).solved(1e-9) is None
    flat = np.full((8, 8, 3), 77, np.uint8)
    assert Normal.of(_seen(flat), flat).solved(BIT) is None
    lighter = Normal.of(_seen(flat), flat + np.uint8(3)).solved(BIT)
    assert lighter is not None
    assert restoration.restored(_seen(flat), lighter) == pytest.approx(80, abs=0.6)


@pytest.fixture
def some_filter() -> Filter:
    rng = np.random.default_rng(1)
    steps = rng.integers(-30, 31, (restoration.TERMS, 3)).astype(np.int32)
    steps[3:6] = 0
    return steps


def test_parts_of_a_picture_come_out_as_in_the_whole(
    photo: NDArray[np.uint8], some_filter: Filter
) -> None:
    seen = _seen(photo)
    whole = restoration.restored(seen, some_filter)
    for top, left, height, width in ((0, 0, 50, 60), (51, 33, 1, 1), (70, 90, 113, 7)):
        part = seen[top : top + height + 2 * MARGIN, left : left + width + 2 * MARGIN]
        expected = whole[top : top + height, left : left + width]
        found = restoration.restored(np.ascontiguousarray(part), some_filter)
        assert found == pytest.approx(expected, abs=1e-9)


def test_a_filter_is_coded_in_few_bytes(some_filter: Filter) -> None:
    payload = encode(iter(restoration.parts(some_filter)))
    assert len(payload.words) < 40 and not payload.escapes
    decoder = Decoder(Payload(payload.words, payload.escapes))
    assert np.array_equal(restoration.read(decoder), some_filter)
    decoder.finish()


@pytest.mark.parametrize(("told", "step"), [(1, restoration.MOST + 1), (1, -(2**20)), (2, 5)])
def test_no_other_filter_is_read(told: int, step: int) -> None:
    flags = np.full(len(restoration.SIZES), told, np.int32)
    steps = np.full(3 * restoration.TERMS, step, np.int32)
    parts = (
        Part(restoration._TABLES, np.zeros(steps.size, np.uint8), steps),
        Part(restoration._TOLD, np.zeros(flags.size, np.uint8), flags),
    )
    with pytest.raises(BitstreamError, match="restoration filter is out of range"):
        restoration.read(Decoder(encode(iter(parts))))


@pytest.fixture(scope="module")
def encoded(photo: NDArray[np.uint8]) -> bytes:
    return codecs.get("msh").encode(Picture(photo), 60)


def test_it_makes_pictures_better_for_a_few_bytes(
    photo: NDArray[np.uint8], encoded: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert bitstream.parse(encoded).restored
    monkeypatch.setattr(coder.Coder, "restored", lambda self, latents, *_: latents)
    plain = codecs.get("msh").encode(Picture(photo), 60)
    assert not bitstream.parse(plain).restored
    assert 0 < len(encoded) - len(plain) < 40
    without, with_ = (
        psnr_db(photo, codecs.decode(stream, max_pixels=LIMIT).pixels)
        for stream in (plain, encoded)
    )
    assert with_ > without + 0.03


def test_it_is_part_of_what_is_checked(encoded: bytes) -> None:
    parsed = bitstream.parse(encoded)
    with pytest.raises(BitstreamError):
        codecs.decode(bitstream.pack(replace(parsed, restored=False)), max_pixels=LIMIT)
    # The other decoder reads it, and makes its own picture.
    other = codecs.decode(codecs.redirected(encoded, "perceptual"), max_pixels=LIMIT)
    assert other.pixels.shape == (200, 250, 3)
    with pytest.raises(ModelError, match="a filter, which the codec factorized"):
        small = bitstream.parse(codecs.get("factorized").encode(Picture(other.pixels[:64, :64]), 5))
        codecs.decode(bitstream.pack(replace(small, restored=True)), max_pixels=LIMIT)


def test_tiles_make_no_difference(encoded: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = codecs.decode(encoded, max_pixels=LIMIT).pixels
    monkeypatch.setattr(transforms, "TILE", 4)
    monkeypatch.setattr(transforms, "STRIP", 2)
    tiled = codecs.decode(encoded, max_pixels=LIMIT).pixels
    difference = np.abs(tiled.astype(int) - whole)
    # Sums of float32 differ a little; now and then that turns a level.
    assert difference.max() <= 1 and np.count_nonzero(difference) < 1e-4 * whole.size


def test_of_a_large_picture_some_tiles_are_looked_at() -> None:
    found: list[tiling.Region] = []
    tiling.for_each_tile(189, 252, 28, found.append, most=10)
    assert len(found) == len(set(found)) == 10
    # In every quarter of it, and in many rows and columns.
    assert len({(tile.top < 95, tile.left < 126) for tile in found}) == 4
    assert len({tile.top for tile in found}) >= 5 and len({tile.left for tile in found}) >= 5
