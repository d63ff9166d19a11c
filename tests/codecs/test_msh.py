"""The default codec on real photos."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from provenance import codecs
from provenance.codecs import Picture, alpha, bitstream
from provenance.codecs.learned import msh
from provenance.errors import BitstreamError, ModelError, TooLargeError, UsageError
from provenance.metrics import ms_ssim, psnr_db
from provenance.risk.invention import invention_map

LIMIT = 10**8


@pytest.fixture(scope="module")
def photo(data: Path) -> NDArray[np.uint8]:
    with Image.open(data / "kodak" / "kodim19.png") as image:
        return np.asarray(image.convert("RGB"))


@pytest.fixture(scope="module")
def stream(photo: NDArray[np.uint8]) -> bytes:
    return codecs.get("msh").encode(Picture(photo[:256, :384]), 40)


def test_quality_buys_fidelity_with_bytes(photo: NDArray[np.uint8]) -> None:
    codec = codecs.get("msh")
    sizes, psnrs, similarities = [], [], []
    for quality in (1, 50, 100):
        encoded = codec.encode(Picture(photo), quality)
        decoded = codec.decode(encoded, max_pixels=LIMIT).pixels
        sizes.append(len(encoded))
        psnrs.append(psnr_db(photo, decoded))
        similarities.append(ms_ssim(photo, decoded) or 0)
    assert sizes == sorted(sizes) and psnrs == sorted(psnrs)
    assert similarities == sorted(similarities)
    bits_per_pixel = sizes[0] * 8 / (photo.shape[0] * photo.shape[1])
    assert bits_per_pixel < 0.15 and psnrs[0] > 26
    assert psnrs[-1] > 32


@pytest.mark.parametrize(
    ("height", "width"), [(1, 1), (3, 7), (17, 15), (1, 1000), (64, 64), (65, 129)]
)
def test_any_size_comes_back(photo: NDArray[np.uint8], height: int, width: int) -> None:
    source = np.tile(photo, (1, 2, 1))[:height, :width]
    codec = codecs.get("msh")
    decoded = codec.decode(codec.encode(Picture(source), 80), max_pixels=LIMIT)
    assert decoded.pixels.shape == source.shape
    assert psnr_db(source, decoded.pixels) > 22


def test_alpha_is_kept_without_loss_and_grey_stays_grey(photo: NDArray[np.uint8]) -> None:
    codec = codecs.get("msh")
    plane = photo[:90, :70, 1]
    grey = np.repeat(photo[:90, :70, :1], 3, axis=2)
    decoded = codec.decode(codec.encode(Picture(grey, plane, True), 30), max_pixels=LIMIT)
    assert decoded.alpha is not None and np.array_equal(decoded.alpha, plane)
    assert decoded.grey and np.ptp(decoded.pixels, axis=2).max() == 0


def test_what_does_not_depend_on_quality_is_made_once(
    photo: NDArray[np.uint8], monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[NDArray[np.uint8] | None] = []
    encode = alpha.encode

    def counted(plane: NDArray[np.uint8] | None) -> bytes:
        made.append(plane)
        return encode(plane)

    monkeypatch.setattr(alpha, "encode", counted)
    codec, planes = codecs.get("msh"), (photo[:64, :64, 1], photo[:64, :64, 2])
    pixels = photo[:64, :64]
    picture = Picture(pixels, planes[0])
    again = replace(picture, regions=((0, 0, 8, 8),))
    for each, quality in ((picture, 20), (picture, 30), (again, 30)):
        codec.encode(each, quality)
    assert len(made) == 1
    other = codec.decode(codec.encode(Picture(pixels, planes[1]), 20), max_pixels=LIMIT)
    assert np.array_equal(other.alpha, planes[1])  # type: ignore[arg-type]


def test_decoding_twice_gives_the_same_pixels(stream: bytes) -> None:
    first, second = (codecs.decode(stream, max_pixels=LIMIT).pixels for _ in range(2))
    assert np.array_equal(first, second)


def test_tiles_leave_no_seam(photo: NDArray[np.uint8], monkeypatch: pytest.MonkeyPatch) -> None:
    from provenance.codecs.learned import transforms

    codec = codecs.get("msh")
    encoded = codec.encode(Picture(photo), 60)
    untiled = codec.decode(encoded, max_pixels=LIMIT).pixels
    monkeypatch.setattr(transforms, "TILE", 16)
    monkeypatch.setattr(transforms, "STRIP", 3)
    tiled = codec.decode(encoded, max_pixels=LIMIT).pixels
    assert np.abs(untiled.astype(int) - tiled).max() <= 1


def test_a_stream_of_other_weights_is_refused(stream: bytes) -> None:
    other = replace(bitstream.parse(stream), weights=b"otherwts")
    with pytest.raises(ModelError, match=r"needs the model msh-6 .*here is msh-6"):
        codecs.decode(bitstream.pack(other), max_pixels=LIMIT)
    unknown = replace(bitstream.parse(stream), codec="unknown")
    with pytest.raises(ModelError, match="codec unknown, which is not installed"):
        codecs.decode(bitstream.pack(unknown), max_pixels=LIMIT)


def test_missing_weights_are_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(msh, "WEIGHTS", tmp_path / "msh-6.safetensors")
    with pytest.raises(ModelError, match=r"msh-6\.safetensors: the model is missing"):
        codecs.get("msh").encode(Picture(np.zeros((8, 8, 3), np.uint8)), 50)


def test_other_latents_than_encoded_are_refused(stream: bytes) -> None:
    parsed = bitstream.parse(stream)
    words = bytearray(parsed.words)
    words[len(words) // 2] ^= 1
    # A flip that the frame's checksum was made to fit: only the latents can tell.
    with pytest.raises(BitstreamError):
        codecs.decode(bitstream.pack(replace(parsed, words=bytes(words))), max_pixels=LIMIT)


def test_an_announced_size_is_bounded(stream: bytes) -> None:
    huge = replace(bitstream.parse(stream), width=1 << 20, height=1 << 20)
    with pytest.raises(TooLargeError, match="pixels allowed"):
        codecs.decode(bitstream.pack(huge), max_pixels=LIMIT)


def test_quality_out_of_range_and_unknown_codecs_are_usage_errors() -> None:
    with pytest.raises(UsageError, match="quality 0"):
        codecs.get("msh").encode(Picture(np.zeros((8, 8, 3), np.uint8)), 0)
    with pytest.raises(UsageError, match="no such codec"):
        codecs.get("jpeg2000")


def test_the_same_bits_have_two_pictures(photo: NDArray[np.uint8], stream: bytes) -> None:
    usual = codecs.decode(stream, max_pixels=LIMIT).pixels
    other = codecs.redirected(stream, "perceptual")
    # Nothing but the header differs: latents and payload are the same.
    assert len(other) == len(stream) + 8 and codecs.redirected(other, "conservative") == stream
    assert codecs.expected(other) == stream and codecs.expected(stream) is None
    perceptual = codecs.decode(other, max_pixels=LIMIT).pixels
    source = photo[:256, :384]
    assert 0.3 < np.abs(perceptual.astype(int) - usual).mean() < 12
    assert psnr_db(source, perceptual) > psnr_db(source, usual) - 3
    codec = codecs.get("msh", "perceptual")
    assert codec.encode(Picture(source), 40) == other
    assert codec.facts.generative and codec.facts.decoder == "perceptual"
    assert codec.model.extra["decoder_sha256"].startswith(bitstream.parse(other).decoder.hex())


def test_the_map_of_invention_tells_where_the_picture_is_wrong(photo: NDArray[np.uint8]) -> None:
    encoded = codecs.get("msh").encode(Picture(photo), 10)
    pictures = [
        codecs.decode(codecs.redirected(encoded, decoder), max_pixels=LIMIT).pixels
        for decoder in codecs.DECODERS
    ]
    # Made without the original, it ranks places as the error to the original does.
    maps = invention_map(*pictures), invention_map(photo, pictures[1])
    ranks = [found.ravel().argsort().argsort() for found in maps]
    assert np.corrcoef(ranks[0], ranks[1])[0, 1] > 0.5


def test_unknown_decoders_are_refused(stream: bytes) -> None:
    other = replace(bitstream.parse(stream), decoder=b"otherdec")
    with pytest.raises(ModelError, match=r"needs the decoder 6f7468657264\w+ of the model msh-"):
        codecs.decode(bitstream.pack(other), max_pixels=LIMIT)
    with pytest.raises(UsageError, match="no decoder 'fancy'; it has conservative, perceptual"):
        codecs.get("msh", "fancy")
    with pytest.raises(UsageError, match="hyperprior: has one decoder"):
        codecs.get("hyperprior", "perceptual")
    foreign = codecs.get("factorized").encode(Picture(np.zeros((64, 64, 3), np.uint8)), 50)
    with pytest.raises(UsageError, match="factorized: has one decoder"):
        codecs.redirected(foreign, "perceptual")
