"""The losses of perceptual decoders: they see what squared error does not."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional

from provenance.training.adversarial import (
    Discriminator,
    band_energies,
    band_energy_loss,
    discriminator_loss,
    generator_loss,
)


@pytest.fixture(scope="module")
def photo(data: Path) -> Tensor:
    import numpy as np

    with Image.open(data / "kodak" / "kodim13.png") as image:
        pixels = np.asarray(image.convert("RGB"))[200:456, 100:356]
    return torch.from_numpy(pixels.copy()).permute(2, 0, 1)[None].float() / 255


def test_bands_hold_the_energy_of_the_picture(photo: Tensor) -> None:
    noise = 0.1 * torch.randn(4, 3, 256, 256, generator=torch.Generator().manual_seed(1))
    luma = band_energies(noise)[:, 0]
    assert luma.shape[1] == 63
    expected = 0.01 * (0.299**2 + 0.587**2 + 0.114**2)
    assert luma.mean((0, 2, 3)).sqrt().numpy() == pytest.approx(math.sqrt(expected), rel=0.05)
    assert band_energies(photo.mean((1, 2, 3), keepdim=True).expand(1, 3, 256, 256)).max() < 1e-8


def test_smoothed_texture_loses_and_displaced_texture_does_not(photo: Tensor) -> None:
    smooth = functional.avg_pool2d(photo, 3, 1, 1)
    displaced = photo.roll((1, 1), (2, 3))
    losses = {
        name: band_energy_loss(other, photo).item()
        for name, other in (("same", photo), ("smooth", smooth), ("displaced", displaced))
    }
    assert losses["same"] == 0
    assert (smooth - photo).square().mean() < (displaced - photo).square().mean()
    assert losses["smooth"] > 1.5 * losses["displaced"]


@pytest.mark.parametrize(("conditions", "ratio"), [(0, 1), (3, 1), (220, 16)])
def test_a_discriminator_learns_to_tell_blur_from_photos(
    photo: Tensor, conditions: int, ratio: int
) -> None:
    torch.manual_seed(0)
    discriminator = Discriminator(conditions)
    optimiser = torch.optim.Adam(discriminator.parameters(), lr=1e-3)
    smooth = functional.avg_pool2d(photo, 3, 1, 1)
    condition = torch.randn(1, conditions, 256 // ratio, 256 // ratio) if conditions else None
    for _ in range(30):
        real, fake = discriminator(photo, condition), discriminator(smooth, condition)
        assert real.shape == (1, 1, 32, 32)
        loss = discriminator_loss(real, fake)
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
    assert loss.item() < 0.8 * 2 * math.log(2)
    assert generator_loss(fake).item() > math.log(2)
