"""CDC: beside the published layers, as bitstreams, and as a generator whose seed decides."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image
from safetensors.torch import load as parse

from provenance import codecs
from provenance.codecs import Picture, bitstream
from provenance.codecs.bitstream import Sampling
from provenance.codecs.learned import conversion, diffusion
from provenance.codecs.learned.cdc import Cdc
from provenance.codecs.learned.cdc_network import Networks, Widths
from provenance.codecs.learned.tiling import Region
from provenance.errors import BitstreamError, InputError, UsageError

from . import restated_cdc as restated

LIMIT = 10**7


@pytest.fixture(scope="module")
def photo(astronaut: Path) -> NDArray[np.uint8]:
    with Image.open(astronaut) as image:
        return np.array(image.convert("RGB"))


@pytest.fixture(scope="module")
def state() -> restated.State:
    return restated.state()


@pytest.fixture(scope="module")
def ours(state: restated.State) -> Cdc:
    return Cdc(_converted(state))


@pytest.fixture(scope="module")
def codec(
    state: restated.State, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[codecs.Codec]:
    path = tmp_path_factory.mktemp("weights") / "cdc.pt"
    torch.save(restated.checkpoint(state, restated.state(seed=1)), path)
    yield codecs.add("small-cdc", path)
    codecs.remove("small-cdc")


def _converted(published: object) -> dict[str, torch.Tensor]:
    buffer = io.BytesIO()
    torch.save(published, buffer)
    return dict(parse(conversion.converted(buffer.getvalue(), "weights")))


def test_names_and_shapes_are_those_that_were_published() -> None:
    with torch.device("meta"):
        made = {key: value.shape for key, value in Networks(Widths()).state_dict().items()}
    # The weights of the paper, but for what coding makes integers of.
    expected = {key: value.shape for key, value in restated.state(64, 6, 256).items()}
    rest = {key for key in expected if "hyper_dec" in key or ".prior." in key}
    assert made == {key: shape for key, shape in expected.items() if key not in rest}
    assert 49e6 < sum(shape.numel() for shape in made.values()) < 50e6


def test_averaged_weights_are_taken(state: restated.State) -> None:
    ours = _converted(restated.checkpoint(state, restated.state(seed=1)))
    for key, value in _converted(state).items():
        assert torch.equal(ours[key], value)


def test_latents_are_those_that_were_published(
    state: restated.State, ours: Cdc, photo: NDArray[np.uint8]
) -> None:
    # Two tiles to each side.
    pixels = photo[:448, :512]
    x = torch.from_numpy(pixels).permute(2, 0, 1)[None].float() / 127.5 - 1
    y = restated.analysis(state, x)
    assert (ours.latents(pixels) - y[0]).abs().max() < 1e-4 * max(1.0, float(y.abs().max()))
    symbols, hyper = ours.analyse(pixels)
    medians = state["context_fn.prior._medians"]
    z = restated.hyper_analysis(state, y)
    expected = (z - medians).round()[0].numpy()
    assert np.mean(hyper != expected) < 1e-2 and np.abs(hyper).max() > 1
    mean, scale = restated.hyper_synthesis(state, torch.from_numpy(hyper)[None] + medians)
    found, tables = ours._entropy_parameters(hyper)
    assert (found - mean[0]).abs().max() < 1e-2
    assert np.mean(symbols != (y - mean)[0].round().numpy()) < 1e-2
    assert np.abs(symbols).max() > 3 and len(np.unique(tables)) > 10
    # What the published densities ask for is what is spent.
    q = (torch.from_numpy(symbols)[None].double(), scale.double())
    upper, lower = (torch.special.ndtr((q[0] + half) / q[1]) for half in (0.5, -0.5))
    ideal = -(upper - lower).clamp_min(1e-9).log2().sum()
    likely = restated.density(state, torch.from_numpy(hyper)[None] + medians)
    ideal -= likely.clamp_min(1e-9).log2().sum()
    payload = ours.encode((symbols, hyper))
    assert 8 * (len(payload.words) + len(payload.escapes)) < 1.02 * float(ideal) + 128


@pytest.mark.parametrize("steps", [1, 3])
def test_what_is_drawn_is_what_was_published(
    state: restated.State, ours: Cdc, photo: NDArray[np.uint8], steps: int
) -> None:
    symbols, hyper = ours.analyse(photo[:128, :192])
    y = torch.from_numpy(symbols) + ours._entropy_parameters(hyper)[0]
    noise = diffusion.noise(5, 128, 192)
    start = 0.8 * torch.from_numpy(noise).float()[None] / 2**diffusion.NOISE_BITS
    expected = restated.sampled(state, start, steps, restated.context(state, y[None]))[0]
    with torch.inference_mode():
        found = ours.drawn(y, Region(0, 128, 0, 192), noise, steps)
    assert np.abs(found - expected.numpy()).max() < 1e-4
    pixels = ours.synthesise((symbols, hyper), 128, 192, Sampling(steps, 5))
    assert np.abs(pixels / 127.5 - 1 - expected.permute(1, 2, 0).numpy()).max() < 1.01 / 255


def test_the_noise_is_the_same_everywhere() -> None:
    noise = diffusion.noise(7, 33, 65)
    assert noise.dtype == np.int16 and noise.shape == (3, 33, 65)
    digest = hashlib.sha256(noise.astype("<i2").tobytes()).hexdigest()
    assert digest == "9d16c7f60963b676df50ab9bff8eed918a2613c15bc5f7114e3572e032502cdb"
    values = diffusion.noise(0, 300, 400) / 2**diffusion.NOISE_BITS
    assert abs(values.mean()) < 0.01 and abs(values.std() - 1) < 0.01 and values.max() > 3.9
    assert abs(np.corrcoef(values[0].ravel(), diffusion.noise(1, 300, 400)[0].ravel())[0, 1]) < 0.02


@pytest.mark.parametrize(("height", "width"), [(1, 1), (3, 70), (64, 64), (130, 97)])
def test_any_size_comes_back(
    codec: codecs.Codec, photo: NDArray[np.uint8], height: int, width: int
) -> None:
    stream = codec.encode(Picture(photo[:height, :width]), 50)
    assert bitstream.parse(stream).sampling == Sampling(8, 0)
    decoded = codecs.decode(codecs.resampled(stream, steps=2), max_pixels=LIMIT)
    assert decoded.pixels.shape == (height, width, 3)


def test_windows_meet_without_a_seam(ours: Cdc, photo: NDArray[np.uint8]) -> None:
    # A flat picture: whatever differs between windows would show at their edges.
    flat = np.full((448, 832, 3), 90, np.uint8)
    pixels = ours.synthesise(ours.analyse(flat), 448, 832, Sampling(1, 0)).astype(float)
    steps = np.abs(np.diff(pixels, axis=1)).mean((0, 2))
    assert steps.max() < 3 * np.median(steps) + 2


def test_the_seed_decides_what_the_bits_leave_open(
    codec: codecs.Codec, photo: NDArray[np.uint8]
) -> None:
    stream = codecs.resampled(codec.encode(Picture(photo[:64, :80]), 50), steps=3)
    first = codecs.decode(stream, max_pixels=LIMIT).pixels
    assert np.array_equal(codecs.decode(stream, max_pixels=LIMIT).pixels, first)
    again = codecs.resampled(stream, seed=bitstream.MAX_SEED)
    other = codecs.decode(again, max_pixels=LIMIT).pixels
    assert not np.array_equal(other, first)
    assert bitstream.parse(again).latents == bitstream.parse(stream).latents
    facts = codecs.facts_of(codec, again)
    assert facts.generative and (facts.seed, facts.extra["steps"]) == (bitstream.MAX_SEED, 3)


def test_steps_and_seeds_out_of_range_are_refused(
    codec: codecs.Codec, photo: NDArray[np.uint8]
) -> None:
    picture = Picture(photo[:32, :32])
    stream = codec.encode(picture, 50)
    for steps, seed in ((0, 0), (101, 0), (8, -1), (8, 2**32)):
        with pytest.raises(UsageError, match="must be within"):
            codecs.resampled(stream, steps=steps, seed=seed)
    with pytest.raises(UsageError, match="no steps and no seed"):
        codecs.resampled(codecs.get("msh").encode(picture, 50), seed=1)
    parsed = bitstream.parse(stream)
    for sampling in (Sampling(0, 0), Sampling(101, 0), Sampling(8, 2**32), None):
        with pytest.raises(BitstreamError):
            codecs.decode(bitstream.pack(replace(parsed, sampling=sampling)), max_pixels=LIMIT)
    plain = bitstream.parse(codecs.get("msh").encode(picture, 50))
    bitstream.parse(bitstream.pack(replace(plain, sampling=Sampling(8, 0))))


def test_tables_do_not_depend_on_threads(ours: Cdc) -> None:
    hyper = np.random.default_rng(0).integers(-400, 400, (16, 5, 7)).astype(np.int32)
    threads = torch.get_num_threads()
    means, tables = ours._entropy_parameters(hyper)
    try:
        torch.set_num_threads(1)
        again = ours._entropy_parameters(hyper)
    finally:
        torch.set_num_threads(threads)
    assert torch.equal(again[0], means) and np.array_equal(again[1], tables)


def test_other_networks_are_told_by_the_first_tensor_that_is_wrong(
    state: restated.State, tmp_path: Path
) -> None:
    path = tmp_path / "weights.pt"
    prior = "context_fn.prior.a.0"
    for changed, said in (
        ({**state, prior: torch.zeros(3)}, f"{prior} is 3, not 16x1x1x1x3"),
        ({**state, "denoise_fn.more": torch.zeros(3)}, "another kind of network"),
        ({key: value for key, value in state.items() if key != prior}, f"{prior} is missing"),
        (restated.state(levels=7), "sizes of the published"),
        ({**state, "context_fn.prior._medians": state["context_fn.prior._medians"] / 0}, "finite"),
    ):
        torch.save(changed, path)
        with pytest.raises(InputError, match=said):
            codecs.add("wrong", path)
