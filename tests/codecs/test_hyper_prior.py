"""The prior of hyper-latents: by level and by neighbours, and the same for encoder and decoder."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from safetensors.torch import load_file

from provenance.codecs.entropy import Decoder, encode
from provenance.codecs.learned import msh
from provenance.codecs.learned.coder import Coder, _nearest_levels
from provenance.codecs.learned.hyper_prior import HyperPrior

Maps = NDArray[np.int32]
CHANNELS = 64


@pytest.fixture(scope="module")
def prior() -> HyperPrior:
    return HyperPrior(load_file(msh.WEIGHTS))


def _decoded(prior: HyperPrior, hyper: Maps, levels: Maps) -> tuple[Maps, int]:
    """What comes back, and how many bits were sent."""
    payload = encode(prior.parts(hyper, levels))
    decoder = Decoder(payload)
    found = prior.read(decoder, levels)
    decoder.finish()
    return found, 8 * (len(payload.words) + len(payload.escapes))


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (9, 1), (2, 3), (8, 12), (13, 5)])
@pytest.mark.parametrize("spread", [0.3, 4.0, 1e5, 2.0**30])
def test_hyper_latents_come_back(prior: HyperPrior, shape: tuple[int, int], spread: float) -> None:
    rng = np.random.default_rng(3)
    hyper = np.rint(rng.uniform(-spread, spread, (CHANNELS, *shape))).astype(np.int32)
    levels = rng.integers(0, 8, shape).astype(np.int32)
    found, _ = _decoded(prior, hyper, levels)
    assert np.array_equal(found, hyper)


def test_the_ends_of_what_an_integer_holds_come_back(prior: HyperPrior) -> None:
    hyper = np.full((CHANNELS, 3, 4), 2**31 - 1, np.int32)
    hyper[:, ::2, ::2] = -(2**31)
    levels = np.full((3, 4), 3, np.int32)
    assert np.array_equal(_decoded(prior, hyper, levels)[0], hyper)


def test_places_beside_each_other_foretell_each_other(prior: HyperPrior, data: Path) -> None:
    with Image.open(data / "kodak" / "kodim06.png") as image:
        photo = np.asarray(image.convert("RGB"))
    coder = Coder.load(msh.WEIGHTS)
    latents = coder.quantise(coder.analyse(photo), 40)
    assert (latents.levels == 3).all()
    found, bits = _decoded(prior, latents.hyper, latents.levels)
    assert np.array_equal(found, latents.hyper)
    foretold = prior.bits(latents.hyper, latents.levels)
    assert foretold.shape == latents.levels.shape and foretold.min() > 0
    assert bits == pytest.approx(foretold.sum(), abs=64)
    # Not where the squares lie anywhere, nor where the level is told wrongly.
    order = np.random.default_rng(0).permutation(foretold.size)
    elsewhere = latents.hyper.reshape(CHANNELS, -1)[:, order].reshape(latents.hyper.shape)
    assert prior.bits(elsewhere, latents.levels).sum() > 1.2 * foretold.sum()
    assert prior.bits(latents.hyper, np.zeros_like(latents.levels)).sum() > 1.02 * foretold.sum()


def test_a_square_has_the_level_that_is_nearest() -> None:
    shape = (2, 3)
    assert (_nearest_levels(1, None, shape) == 0).all()
    assert (_nearest_levels(100, None, shape) == 7).all()
    by_quality = [int(_nearest_levels(q / 4, None, (1, 1))[0, 0]) for q in range(4, 401)]
    assert by_quality == sorted(by_quality) and set(by_quality) == set(range(8))
    offsets = np.array([[-6, -1, 0], [1, 2, 6]], np.int32)
    # Level 3.5 and half a level for each offset, the lowest and the highest kept.
    assert _nearest_levels(50.5, offsets, shape).tolist() == [[1, 3, 4], [4, 5, 7]]
