"""The float network of ``hific``: what it tells in training is what its codec does."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image
from safetensors.torch import save

from provenance.codecs.learned import conversion
from provenance.metrics import psnr_db
from provenance.training import schemes
from provenance.training.hific_network import WARM_CALLS, Hific


@pytest.fixture(scope="module")
def pixels(data: Path) -> NDArray[np.uint8]:
    source = sorted((data / "validation").glob("*.png"))[0]
    with Image.open(source) as image:
        return np.asarray(image.convert("RGB"))[:384, :512]


@pytest.fixture
def network(pixels: NDArray[np.uint8]) -> Hific:
    torch.manual_seed(0)
    made = Hific(16, 36)
    made.initialise(pictures(pixels))
    return made


def pictures(pixels: NDArray[np.uint8]) -> torch.Tensor:
    return torch.from_numpy(pixels.copy()).permute(2, 0, 1)[None].float() / 255


def as_seen(reconstruction: torch.Tensor) -> NDArray[np.uint8]:
    seen = (reconstruction[0].clamp(0, 1) * 255).round().permute(1, 2, 0)
    return seen.numpy().astype(np.uint8)


def test_rate_and_pixels_in_training_are_those_of_the_codec(
    network: Hific, pixels: NDArray[np.uint8]
) -> None:
    # Other medians than that of the start, and other factors.
    with torch.no_grad():
        for parameter in network.entropy_bottleneck.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    network.eval()
    with torch.no_grad():
        reconstruction, bits = network(pictures(pixels))
    state = network.published()
    codec = conversion.built(conversion.converted(save(state), "made", half=True), "made", "hific")
    latents = codec.analyse(pixels)
    payload = codec.encode(latents)
    assert 8 * (len(payload.words) + len(payload.escapes)) == pytest.approx(bits.item(), rel=0.03)
    decoded = codec.synthesise(latents, *pixels.shape[:2])
    seen = as_seen(reconstruction)
    assert psnr_db(seen, decoded) > 45
    # It starts as a block transform, so it is a picture before any training.
    assert psnr_db(pixels, seen) > 29 and bits.item() < 0.6 * 384 * 512
    # Another network takes all of it over.
    other = Hific(16, 36).eval()
    assert not other.take_over(state).left
    with torch.no_grad():
        again, _ = other(pictures(pixels))
    assert psnr_db(seen, as_seen(again)) > 45


def test_training_lowers_the_error(network: Hific, pixels: NDArray[np.uint8]) -> None:
    # Its discriminator is none of the codec's.
    assert not any("adversary" in key for key in network.state_dict())
    x = pictures(pixels)[:, :, :128, :256]

    def error() -> float:
        network.eval()
        with torch.no_grad():
            reconstruction, _ = network(x)
        network.train()
        return float((reconstruction - x).square().mean())

    optimiser = torch.optim.Adam(network.parameters(), lr=1e-4)
    before = error()
    for calls in (0, WARM_CALLS):
        # Without the discriminator at first, then with all its weight.
        network.adversary.calls.fill_(calls)
        for _ in range(12):
            optimiser.zero_grad()
            loss = network.loss(x, 0.05)
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
        assert torch.isfinite(loss)
        found = error()
        assert found < (0.9 if calls == 0 else 1.0) * before


def test_its_discriminator_goes_on_where_it_stopped(
    pixels: NDArray[np.uint8], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    photos, work = tmp_path / "photos", tmp_path / "work"
    photos.mkdir()
    Image.fromarray(pixels[:256, :256]).save(photos / "photo.png")
    words = ["", "hific", "--photos", photos, "--validation", photos, "--work", work]
    words += ["--channels", 16, "--latents", 36, "--batch", 1]

    def trained(minutes: float) -> tuple[int, float]:
        monkeypatch.setattr(sys, "argv", [str(word) for word in (*words, "--minutes", minutes)])
        schemes.main()
        state = torch.load(work / "checkpoint.pt", weights_only=True)
        assert state["adversary"]["calls"] == state["step"]
        assert len(state["adversary_optimiser"]["state"]) > 0
        return state["step"], state["elapsed"] / 60

    steps, minutes = trained(0.01)
    assert trained(minutes + 0.05)[0] > steps > 0
