"""The network of cdc in training: its bitstreams, its start, and its first steps."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image
from safetensors.torch import load as parse
from safetensors.torch import save
from torch import Tensor

from provenance.codecs.bitstream import Sampling
from provenance.codecs.entropy import TOTAL
from provenance.codecs.learned import cdc, conversion
from provenance.metrics import psnr_db
from provenance.training.cdc_network import SEED, STEPS, Cdc


@pytest.fixture(scope="module")
def pixels(astronaut: Path) -> NDArray[np.uint8]:
    with Image.open(astronaut) as image:
        return np.array(image.convert("RGB"))


@pytest.fixture(scope="module")
def crops(pixels: NDArray[np.uint8]) -> Tensor:
    parts = [pixels[a : a + 256, b : b + 256] for a in (0, 128, 256) for b in (0, 128, 256)]
    return torch.from_numpy(np.stack(parts)).permute(0, 3, 1, 2).float() / 255


@pytest.fixture(scope="module")
def network(crops: Tensor) -> Cdc:
    torch.manual_seed(0)
    made = Cdc(16, 36)
    made.initialise(crops)
    return made.eval()


@pytest.fixture(scope="module")
def converted(network: Cdc) -> bytes:
    return conversion.converted(save(network.published()), "trained", half=True)


def test_the_rate_in_training_is_that_of_the_bitstream(
    network: Cdc, converted: bytes, pixels: NDArray[np.uint8]
) -> None:
    # One window, in training and in the codec.
    part = pixels[:256, 128:384]
    x = torch.from_numpy(part).permute(2, 0, 1)[None].float() / 255
    with torch.no_grad():
        reconstruction, bits = network(x)
    codec = conversion.built(converted, "trained", "cdc")
    assert isinstance(codec, cdc.Cdc)
    latents = codec.analyse(part)
    payload = codec.encode(latents)
    size = 8 * (len(payload.words) + len(payload.escapes))
    assert size == pytest.approx(bits.item(), rel=0.03)
    for found, expected in zip(codec.decode(payload, 256, 256), latents, strict=True):
        assert np.array_equal(found, expected)
    decoded = codec.synthesise(latents, 256, 256, Sampling(STEPS, SEED))
    seen = (reconstruction[0] * 255).round().permute(1, 2, 0).numpy().astype(np.uint8)
    assert psnr_db(seen, decoded) > 45
    # It starts from a block transform, so it is a picture before any training.
    assert psnr_db(part, decoded) > 24


def test_hyper_latents_cost_what_training_says(crops: Tensor) -> None:
    network = Cdc(16, 36)
    network.initialise(crops)
    density = network.entropy_bottleneck
    with torch.no_grad():
        for parameter in density.parameters():
            parameter.add_(0.3 * torch.randn_like(parameter))
    tensors = parse(conversion.converted(save(network.published()), "trained"))
    first, lengths, frequencies = (
        tensors[f"hyper_tables.{part}"] for part in ("first", "lengths", "frequencies")
    )
    for channel, table in enumerate(torch.split(frequencies, lengths.tolist())):
        values = first[channel] + torch.arange(len(table) - 1)
        with torch.no_grad():
            every = density(values.float().expand(1, density.channels, 1, -1))
        # The last one is the escape's.
        assert (every[channel, 0] - table[:-1] / TOTAL).abs().max() < 2e-3


def test_published_weights_are_taken_over(network: Cdc) -> None:
    other = Cdc(16, 36)
    state = network.published()
    assert not other.take_over(state).left
    assert all(torch.equal(value, state[key]) for key, value in other.published().items())
    # Of a network with other latents, the parts that do not depend on them.
    assert Cdc(16, 40).take_over(state).taken == ("denoise_fn",)


def test_steps_lower_the_loss(crops: Tensor) -> None:
    torch.manual_seed(0)
    network = Cdc(16, 36)
    network.initialise(crops)
    x = crops[4:5, :, :64, :64].expand(4, -1, -1, -1)
    optimiser = torch.optim.Adam(network.parameters(), lr=5e-5)
    losses = []
    for _ in range(20):
        loss = network.loss(x, 0.0067)
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        losses.append(loss.item())
    assert np.mean(losses[-5:]) < 0.95 * np.mean(losses[:5])


def test_too_few_channels_are_refused() -> None:
    with pytest.raises(ValueError, match="at least 16"):
        Cdc(8, 36)
