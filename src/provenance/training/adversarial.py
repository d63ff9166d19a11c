"""What teaches a decoder to look right: a discriminator of patches, and energies of local bands.

Neither needs weights of others. Every picture here is ``[batch, 3, h, w]``, sRGB 0..1.
"""

from __future__ import annotations

import functools
import math

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.parametrizations import spectral_norm

SLOPE = 0.2
"""Negative slope of the leaky ReLUs, as in the papers."""

BLOCK = 8
"""Side of the blocks whose cosine transform gives the bands, px."""

STEP = 4
"""Distance of the blocks, px."""

POOL = 4
"""Blocks to each side whose energies are averaged: patches of 20 px."""

VISIBLE = 2 / 255
"""Standard deviation of a coefficient that is hardly seen; weaker ones count as none."""

CONTRAST = 16
"""What is faint is shown to the discriminator so many times stronger."""

_OPPONENT = ((0.299, 0.587, 0.114), (-0.169, -0.331, 0.5), (0.5, -0.419, -0.081))
"""RGB to luma and two colour differences (BT.601, full range)."""


class Discriminator(nn.Module):
    """Tells pictures from reconstructions, patch by patch.

    The PatchGAN of Isola et al. 2017, "Image-to-image translation with conditional adversarial
    networks", conditioned as in Mentzer et al. 2020, "High-fidelity generative image compression",
    section 3.2, with the spectral normalisation of Miyato et al. 2018. Beside the picture it is
    shown its `detail`: without that it stays at chance for thousands of steps, as what decoders
    leave out is faint.

    Args:
        conditions: channels of what else it is shown, such as latents or the picture of another
            decoder; 0 for none.
        widths: channels after each halving of the size.
        shown: channels that a condition smaller than the picture is brought to beforehand.
    """

    def __init__(
        self, conditions: int = 0, widths: tuple[int, ...] = (32, 64, 128), shown: int = 12
    ) -> None:
        super().__init__()
        self.entrance = (
            nn.Sequential(
                spectral_norm(nn.Conv2d(conditions, shown, 3, padding=1)), nn.LeakyReLU(SLOPE)
            )
            if conditions > shown
            else nn.Identity()
        )
        layers: list[nn.Module] = []
        channels = 6 + min(conditions, shown)
        for width in widths:
            layers.append(spectral_norm(nn.Conv2d(channels, width, 4, stride=2, padding=1)))
            layers.append(nn.LeakyReLU(SLOPE))
            channels = width
        layers.append(spectral_norm(nn.Conv2d(channels, channels, 3, padding=1)))
        layers.append(nn.LeakyReLU(SLOPE))
        layers.append(spectral_norm(nn.Conv2d(channels, 1, 1)))
        self.patches = nn.Sequential(*layers)

    def forward(self, pictures: Tensor, condition: Tensor | None = None) -> Tensor:
        """Logits that each patch is of a photo, ``[batch, 1, h / 2**n, w / 2**n]``, n halvings.

        Args:
            pictures: sides multiples of ``2**n``.
            condition: ``[batch, conditions, h / k, w / k]``, for any whole ``k``; values about 0,
                about 1 in size.
        """
        seen = torch.cat((2 * pictures - 1, detail(pictures)), 1)
        if condition is not None:
            shown = self.entrance(condition)
            shown = functional.interpolate(shown, size=pictures.shape[2:], mode="nearest")
            seen = torch.cat((seen, shown), 1)
        logits: Tensor = self.patches(seen)
        return logits.float()


class Adversary(nn.Module):
    """A discriminator with what teaches it: part of a training, and of no codec.

    Args:
        conditions: see `Discriminator`.
        rate: learning rate.
        device: where what it judges is; on CUDA it works in bfloat16.
    """

    calls: Tensor
    """How often the loss was asked for, float32: a tensor, which a graph counts on."""

    def __init__(self, conditions: int, rate: float, device: torch.device) -> None:
        super().__init__()
        self.discriminator = Discriminator(conditions)
        self.register_buffer("calls", torch.zeros(()))
        self.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.optimiser = torch.optim.Adam(
            self.discriminator.parameters(),
            lr=rate,
            betas=(0.5, 0.9),
            fused=True,
            capturable=device.type == "cuda",
        )

    @property
    def parts(self) -> dict[str, nn.Module | torch.optim.Optimizer]:
        """What a checkpoint holds of it."""
        return {"adversary": self, "adversary_optimiser": self.optimiser}

    def loss(self, photos: Tensor, reconstructions: Tensor, condition: Tensor) -> Tensor:
        """What the decoder minimises, after a step of the discriminator's own.

        Args:
            photos, reconstructions: ``[batch, 3, h, w]``; gradients reach the latter.
            condition: what the discriminator is shown beside either, without gradients.
        """
        kind, is_fast = photos.device.type, photos.is_cuda
        with torch.autocast(kind, dtype=torch.bfloat16, enabled=is_fast):
            real = self.discriminator(photos, condition)
            fake = self.discriminator(reconstructions.detach(), condition)
        lost = discriminator_loss(real, fake)
        self.optimiser.zero_grad(set_to_none=True)
        lost.backward()  # type: ignore[no-untyped-call]
        # As in `loop`: a step that is not finite is left out by itself.
        self.optimiser.found_inf = (~torch.isfinite(lost.detach())).float()  # type: ignore[attr-defined]
        self.optimiser.step()
        self.discriminator.requires_grad_(False)
        with torch.autocast(kind, dtype=torch.bfloat16, enabled=is_fast):
            seen = self.discriminator(reconstructions, condition)
        self.discriminator.requires_grad_(True)
        self.calls += 1
        return generator_loss(seen)


def detail(pictures: Tensor) -> Tensor:
    """What pictures have beyond their means over 5x5 px, `CONTRAST` times as strong."""
    means = functional.avg_pool2d(pictures, 5, 1, 2, count_include_pad=False)
    return CONTRAST * (pictures - means)


def discriminator_loss(real: Tensor, fake: Tensor) -> Tensor:
    """What the discriminator minimises; ``2 ln 2`` where it knows nothing.

    Goodfellow et al. 2014, "Generative adversarial networks", of logits of any shape.
    """
    return functional.softplus(-real).mean() + functional.softplus(fake).mean()


def generator_loss(fake: Tensor) -> Tensor:
    """What the decoder minimises: the non-saturating form of the same paper."""
    return functional.softplus(-fake).mean()


def band_energies(pictures: Tensor) -> Tensor:
    """Mean square of every coefficient but the mean of 8x8 cosine transforms, patch by patch.

    Returns:
        ``[batch, 3, 63, rows, columns]`` for luma and two colour differences, in squares of the
        picture's unit: the transform is orthonormal.
    """
    opponent, kernels = _kernels(pictures.device)
    with torch.autocast(pictures.device.type, enabled=False):
        planes = functional.conv2d(pictures.float(), opponent)
        batch, _, height, width = planes.shape
        planes = planes.reshape(batch * 3, 1, height, width)
        coefficients = functional.conv2d(planes, kernels, stride=STEP)
        energies = functional.avg_pool2d(coefficients.square(), POOL, POOL // 2)
    return energies.view(batch, 3, *energies.shape[1:])


def band_energy_loss(reconstruction: Tensor, original: Tensor) -> Tensor:
    """How far the local energies of all bands are from the original's, in nepers, ``[batch]``.

    Energies of a band are to those of an eye's threshold what loudness is to sound: their
    logarithms are compared, as texture is judged by statistics such as these (Portilla and
    Simoncelli 2000, "A parametric texture model based on joint statistics of complex wavelet
    coefficients"). An average over all that fits the bits has too little energy; where the energy
    comes from is not asked.
    """
    found, wanted = band_energies(reconstruction), band_energies(original)
    ratio = torch.log(found + VISIBLE**2) - torch.log(wanted + VISIBLE**2)
    return 0.5 * ratio.abs().mean((1, 2, 3, 4))


@functools.cache
def _kernels(device: torch.device) -> tuple[Tensor, Tensor]:
    """The colour transform, ``[3, 3, 1, 1]``, and the `_cosines`, on the device once."""
    return torch.tensor(_OPPONENT, device=device)[:, :, None, None], _cosines().to(device)


def _cosines() -> Tensor:
    """The 63 basis functions that are not constant, ``[63, 1, 8, 8]``."""
    place = torch.arange(BLOCK) + 0.5
    order = torch.arange(BLOCK)[:, None]
    rows = torch.cos(math.pi / BLOCK * order * place) * math.sqrt(2 / BLOCK)
    rows[0] /= math.sqrt(2)
    both = torch.einsum("ux,vy->uvxy", rows, rows)
    return both.reshape(BLOCK * BLOCK, 1, BLOCK, BLOCK)[1:]
