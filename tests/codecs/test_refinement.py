"""Refinement of latents: what it may do, and what it buys."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from provenance import codecs
from provenance.codecs import Picture
from provenance.codecs.learned import coder, msh, transforms
from provenance.codecs.learned.distortion import Distortion, dissimilarity
from provenance.codecs.learned.hyperprior import LAMBDAS
from provenance.codecs.learned.refinement import Outlook, refine
from provenance.codecs.learned.tiling import Region
from provenance.errors import UsageError
from provenance.metrics import ms_ssim, psnr_db

LIMIT = 10**8


@pytest.fixture(scope="module")
def photo(data: Path) -> NDArray[np.uint8]:
    with Image.open(data / "kodak" / "kodim21.png") as image:
        return np.asarray(image.convert("RGB"))[200:456, 200:520]


def test_each_square_goes_its_own_way_and_none_gets_worse() -> None:
    # Squares of 4x4 latents: in the first downhill is right, in the second each step is too far.
    torch.manual_seed(0)
    slopes = torch.tensor([1.0, 1000.0])
    start = torch.randn(3, 4, 8)

    def look(y: Tensor) -> Outlook:
        along = slopes.repeat_interleave(4)
        costs = (along * y**2).sum((0, 1)).view(2, 4).sum(1)[None]
        return Outlook(costs, 2 * along * y)

    before, costs = look(start), []
    for passes in (0, 1, 4, 16):
        costs.append(look(refine(start, look, passes)).costs)
    assert torch.equal(costs[0], before.costs)
    for less, more in itertools.pairwise(costs):
        assert bool((more <= less).all())
    assert costs[1][0, 0] < costs[0][0, 0] and costs[1][0, 1] == costs[0][0, 1]
    assert costs[3][0, 1] < 0.5 * costs[0][0, 1]


@pytest.mark.parametrize("tile", [transforms.LEARNING_TILE, 8])
def test_errors_are_those_of_the_decoder_whatever_the_tiles(
    photo: NDArray[np.uint8], monkeypatch: pytest.MonkeyPatch, tile: int
) -> None:
    pixels = photo[:250, :300]  # cut within a square
    made = coder.Coder.load(msh.WEIGHTS)
    latents = made.quantise(made.analyse(pixels), 40)
    _, inverse_gain = made._gains(40, None)
    exact = (torch.from_numpy(latents.residuals) + latents.means) * inverse_gain.table[..., None]
    monkeypatch.setattr(transforms, "LEARNING_TILE", tile)

    def errors(exact: Tensor) -> tuple[Tensor, Tensor]:
        distortion = Distortion(torch.full((4, 5), level), 0.0)
        return made._transforms.distortion(lambda seen: seen.of(exact), pixels, distortion, 4, 5)

    level = 2.0
    sums, gradient = errors(exact)
    shown = made.synthesise(latents, 40, 250, 300).astype(float)
    squared = np.pad((shown - pixels) ** 2, ((0, 6), (0, 20), (0, 0)))
    squares = squared.reshape(4, 64, 5, 64, 3).sum((1, 3, 4)) / 3 * LAMBDAS[2]
    assert sums.numpy() == pytest.approx(squares, rel=0.05)
    # Downhill, it falls by what the gradient says.
    step = 0.01 * float(sums.sum()) / float(gradient.square().sum())
    less, _ = errors(exact - step * gradient)
    assert 0.008 < 1 - float(less.sum() / sums.sum()) < 0.0102


def test_dissimilarity_is_that_of_the_metric(photo: NDArray[np.uint8]) -> None:
    rng = np.random.default_rng(0)
    found = []
    for spread in (4, 8):
        other = np.clip(photo + rng.normal(0, spread, photo.shape), 0, 255).round()
        wanted = torch.from_numpy(photo.astype(np.float32)).permute(2, 0, 1)
        errors = torch.from_numpy(other).permute(2, 0, 1).float() - wanted
        estimate = float(dissimilarity(errors, wanted).mean()) / 3
        measured = 1 - (ms_ssim(photo, other.astype(np.uint8)) or 0)
        assert 0.5 * measured < estimate < 2 * measured
        found.append(estimate)
    assert found[1] > 2 * found[0]


def test_structure_counts_as_much_as_squared_errors_did_at_first() -> None:
    torch.manual_seed(0)
    wanted, errors = 40 * torch.randn(3, 64, 128) + 128, 5 * torch.randn(3, 64, 128)
    wanted[:, :, 64:] = 128  # where errors are seen
    both, alone = (Distortion(torch.zeros(1, 2), share) for share in (0.5, 0.0))
    tile = Region(0, 1, 0, 2)
    assert torch.allclose(both(tile, errors, wanted), alone(tile, errors, wanted))
    half = errors / 2
    assert torch.allclose(both(tile, half, wanted), alone(tile, half, wanted), rtol=1e-3)
    # Half of the rest of the errors, there where nothing hides them or where it does.
    wanted[:, :32, :64] = 128
    again = Distortion(torch.zeros(1, 2), 0.5)
    first = again(tile, errors, wanted)[0, 0]
    upper, lower = errors.clone(), errors.clone()
    upper[:, :32] /= 2
    lower[:, 32:] /= 2
    assert again(tile, upper, wanted)[0, 0] < again(tile, lower, wanted)[0, 0] < first


@pytest.mark.parametrize(("quality", "tune"), [(10, "psnr"), (70, "psnr"), (40, "ssim")])
def test_it_saves_bits_for_the_same_fidelity(
    photo: NDArray[np.uint8], quality: int, tune: str
) -> None:
    plain, refined = (codecs.get("msh", tune=tune, effort=effort) for effort in (None, 4))
    assert refined.facts.extra["effort"] == 4 and "effort" not in plain.facts.extra
    stream = refined.encode(Picture(photo), quality)
    larger = codecs.within(plain, Picture(photo), 1.02 * len(stream))
    assert larger is not None and len(larger.bitstream) > 1.005 * len(stream)
    fidelity = psnr_db if tune == "psnr" else lambda a, b: ms_ssim(a, b) or 0.0
    before, after = (
        fidelity(photo, codecs.decode(bits, max_pixels=LIMIT).pixels)
        for bits in (larger.bitstream, stream)
    )
    assert before < after


def test_small_pictures_still_never_get_worse_with_quality(photo: NDArray[np.uint8]) -> None:
    small, codec = photo[:40, :70], codecs.get("msh", effort=2)
    found = []
    for quality in (1, 20, 21, 60, 100):
        stream = codec.encode(Picture(small), quality)
        found.append(psnr_db(small, codecs.decode(stream, max_pixels=LIMIT).pixels))
    assert found == sorted(found) and found[0] < found[-1]


def test_what_cannot_be_refined_says_so() -> None:
    with pytest.raises(UsageError, match="charm: knows no effort; only msh does"):
        codecs.get("charm", effort=2)
    for effort in (-1, 101):
        with pytest.raises(UsageError, match=f"effort {effort}: must be within 0 and 100"):
            codecs.get("msh", effort=effort)
