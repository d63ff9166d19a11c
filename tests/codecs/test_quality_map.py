"""Quality maps: what they follow, how they travel, what they buy."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from provenance import codecs
from provenance.codecs import Picture, bitstream
from provenance.codecs.entropy import Decoder, Part, encode
from provenance.codecs.learned import quality_map
from provenance.codecs.learned.quality_map import MOST, REGION_STEP, adapted, flat, raised
from provenance.errors import BitstreamError, ModelError, UsageError
from provenance.metrics import ms_ssim, psnr_db

LIMIT = 10**8


@pytest.fixture(scope="module")
def photo(data: Path) -> NDArray[np.uint8]:
    with Image.open(data / "kodak" / "kodim21.png") as image:
        return np.asarray(image.convert("RGB"))[:, 128:640]


def test_smooth_squares_get_more_and_busy_ones_less() -> None:
    rng = np.random.default_rng(1)
    picture = np.full((128, 192, 3), 120, np.uint8)
    picture[:, 64:128] += rng.integers(0, 40, (128, 64, 1), np.uint8)
    picture[:, 128:] = rng.integers(0, 256, (128, 64, 1))
    smooth, fine, busy = adapted(picture).T
    assert (smooth > 0).all() and (smooth > fine).all()
    assert (fine > busy).all() and (busy < 0).all()
    assert (adapted(picture[:, :64]) > smooth).all() and (adapted(picture[:, 128:]) < busy).all()
    assert (np.abs(adapted(picture)) <= MOST).all()


@pytest.mark.parametrize(
    ("height", "width", "shape"),
    [(1, 1, (1, 1)), (7, 3, (1, 1)), (64, 65, (1, 2)), (1, 1000, (1, 16)), (129, 64, (3, 1))],
)
def test_a_map_of_any_size_travels(
    photo: NDArray[np.uint8], height: int, width: int, shape: tuple[int, int]
) -> None:
    offsets = adapted(np.tile(photo, (1, 2, 1))[:height, :width])
    assert offsets.shape == flat(height, width).shape == shape
    found = quality_map.read(Decoder(encode([quality_map.part(offsets)])), height, width)
    assert np.array_equal(found, offsets)


@pytest.mark.parametrize("delta", [MOST + 1, 2 * MOST + 1, 1 << 30])
def test_a_map_out_of_range_is_refused(delta: int) -> None:
    tables = quality_map.part(flat(64, 64)).tables
    payload = encode([Part(tables, np.zeros(2, np.uint8), np.array([delta, 0], np.int32))])
    with pytest.raises(BitstreamError, match="quality map is out of range"):
        quality_map.read(Decoder(payload), 64, 128)


def test_it_buys_similarity_with_psnr(photo: NDArray[np.uint8]) -> None:
    picture, found = Picture(photo), {}
    for tune in ("psnr", "ssim"):
        fitted = codecs.within(codecs.get("msh", tune=tune), picture, 9000)
        assert fitted is not None and 8000 < len(fitted.bitstream) <= 9000
        decoded = codecs.decode(fitted.bitstream, max_pixels=LIMIT).pixels
        found[tune] = psnr_db(photo, decoded), ms_ssim(photo, decoded) or 0
    assert found["ssim"][1] > found["psnr"][1]
    assert found["psnr"][0] - 0.5 < found["ssim"][0] < found["psnr"][0]


def test_regions_are_raised_and_no_further_than_may_be() -> None:
    assert raised(100, 200, ()) is None
    once = raised(100, 200, [(60, 10, 10, 20), (199, 99, 1, 1)])
    assert once is not None
    assert (once == REGION_STEP * np.array([[1, 1, 0, 0], [0, 0, 0, 1]])).all()
    often = raised(100, 200, [(0, 0, 200, 100)] * 9)
    assert often is not None and (often == MOST).all()


def test_regions_get_the_bits(photo: NDArray[np.uint8]) -> None:
    codec, box = codecs.get("msh", tune="meaning"), (192, 128, 64, 64)
    plain = codec.encode(Picture(photo), 10)
    assert plain[8:] == codecs.get("msh").encode(Picture(photo), 10)[8:]
    finer = codec.encode(Picture(photo, regions=(box, box)), 10)
    assert 0 < len(finer) - len(plain) < 0.1 * len(plain)
    before, after = (codecs.decode(s, max_pixels=LIMIT).pixels for s in (plain, finer))
    there = np.s_[128:192, 192:256]
    assert psnr_db(photo[there], after[there]) > psnr_db(photo[there], before[there]) + 1.5
    away = np.s_[:, 400:]
    assert psnr_db(photo[away], after[away]) == pytest.approx(
        psnr_db(photo[away], before[away]), abs=0.05
    )
    # Another codec takes no notice.
    small = codecs.get("charm")
    assert small.encode(Picture(photo, regions=(box,)), 1) == small.encode(Picture(photo), 1)


def test_quality_still_buys_fidelity(photo: NDArray[np.uint8]) -> None:
    codec = codecs.get("msh", tune="ssim")
    for part in (photo, photo[:50, :70]):
        psnrs = []
        for quality in (1, 10, 40, 80, 100):
            encoded = codec.encode(Picture(part), quality)
            psnrs.append(psnr_db(part, codecs.decode(encoded, max_pixels=LIMIT).pixels))
        assert psnrs == sorted(psnrs) and psnrs[0] < psnrs[-1]


def test_the_map_is_part_of_what_is_checked(photo: NDArray[np.uint8]) -> None:
    encoded = codecs.get("msh", tune="ssim").encode(Picture(photo[:200, :300]), 30)
    parsed = bitstream.parse(encoded)
    assert parsed.mapped
    for other in (codecs.redirected(encoded, "perceptual"), encoded):
        assert codecs.decode(other, max_pixels=LIMIT).pixels.shape == (200, 300, 3)
    with pytest.raises(BitstreamError):
        codecs.decode(bitstream.pack(replace(parsed, mapped=False)), max_pixels=LIMIT)
    plain = bitstream.parse(codecs.get("msh").encode(Picture(photo[:200, :300]), 30))
    assert not plain.mapped
    with pytest.raises(BitstreamError):
        codecs.decode(bitstream.pack(replace(plain, mapped=True)), max_pixels=LIMIT)


def test_what_cannot_be_tuned_says_so(photo: NDArray[np.uint8]) -> None:
    with pytest.raises(UsageError, match="factorized: cannot be tuned; only msh can"):
        codecs.get("factorized", tune="ssim")
    with pytest.raises(UsageError, match="no tune 'vmaf'; it has psnr, ssim, meaning"):
        codecs.get("msh", tune="vmaf")
    stream = bitstream.parse(codecs.get("factorized").encode(Picture(photo[:64, :64]), 50))
    with pytest.raises(ModelError, match="quality map, which the codec factorized"):
        codecs.decode(bitstream.pack(replace(stream, mapped=True)), max_pixels=LIMIT)
