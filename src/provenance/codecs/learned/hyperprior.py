"""The network of the default codec: a hyperprior with a context model, for all rates.

::

    x ──analysis──► y ──×gain(level)──► y' ──round(y' - mu)──► residuals ──► bitstream
                                        │                          ▲
                                  hyper_analysis              mu, scale index
                                        ▼                          │
                                  z ──round──► bitstream ──hyper_synthesis
                                                             features │ ▲
                                                                   │  contexts: what the latents
                                                                   │  of earlier steps say
    x̂ ◄──synthesis── ÷gain(level) ◄── residuals + mu ◄─────────────┘

Minnen, Ballé and Toderici 2018, "Joint autoregressive and hierarchical priors", with the four
parallel steps of `context` for the autoregression; the gains around the quantiser are those of Cui
et al. 2021, "Asymmetric gained deep image compression with continuous rate adaptation".

Coding does not use this module's ``hyper_synthesis``, ``prediction`` and ``contexts``: it uses the
integer networks made from them (`integer_network`), so that every machine finds the same
probabilities.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from .context import STEPS, ContextStep, coded_at
from .layers import (
    DYADIC_SLOPE,
    SLOPE,
    DepthwiseBlock,
    FactorizedPrior,
    Passage,
    lower_bound,
    normal_bits,
    rounded,
    upsample,
)

LEVELS = 8
"""Trained operating points; quality 1 is level 0 and quality 100 is level 7."""

LAMBDAS = tuple(0.0008 * 100 ** (i / (LEVELS - 1)) for i in range(LEVELS))
"""Weight of the distortion at each level: bits per pixel + lambda * MSE on the scale 0..255."""

STRIDE = 16
"""Pixels per latent."""

HYPER_STRIDE = 64
"""Pixels per hyper-latent."""

RATIO = HYPER_STRIDE // STRIDE
"""Latents per hyper-latent, to each side."""

MIN_SCALE = 0.11
SCALE_OFFSET = 0.5
"""The scale is ``max(softplus(raw + SCALE_OFFSET), MIN_SCALE)``."""

CONTEXT_WIDTH = 192


def lambda_at(levels: Tensor) -> Tensor:
    """What `LAMBDAS` are at ``levels``, and between them."""
    found: Tensor = LAMBDAS[0] * (LAMBDAS[-1] / LAMBDAS[0]) ** (levels / (LEVELS - 1))
    return found


class MeanScaleHyperprior(nn.Module):
    """About 5.5 million parameters with the default widths.

    Args:
        widths: channels at 1/4, 1/8 and 1/16 of the size.
        latents: channels of the latents ``y``.
        hyper_latents: channels of ``z``.
    """

    def __init__(
        self,
        widths: tuple[int, int, int] = (48, 128, 256),
        latents: int = 256,
        hyper_latents: int = 64,
    ) -> None:
        super().__init__()
        fine, middle, coarse = widths
        self.widths = widths
        self.latents = latents
        self.hyper_latents = hyper_latents
        self.analysis = nn.Sequential(
            nn.PixelUnshuffle(4),
            Passage(48, fine, 3, padding=1),
            DepthwiseBlock(fine),
            DepthwiseBlock(fine),
            nn.PixelUnshuffle(2),
            Passage(4 * fine, middle, 1),
            DepthwiseBlock(middle),
            DepthwiseBlock(middle),
            DepthwiseBlock(middle),
            nn.PixelUnshuffle(2),
            Passage(4 * middle, coarse, 1),
            DepthwiseBlock(coarse),
            DepthwiseBlock(coarse),
            Passage(coarse, latents, 3, padding=1),
        )
        self.synthesis = nn.Sequential(
            Passage(latents, coarse, 3, padding=1),
            DepthwiseBlock(coarse),
            DepthwiseBlock(coarse),
            upsample(coarse, middle),
            DepthwiseBlock(middle),
            DepthwiseBlock(middle),
            DepthwiseBlock(middle),
            upsample(middle, fine),
            DepthwiseBlock(fine),
            DepthwiseBlock(fine),
            Passage(fine, 48, 3, padding=1),
            nn.PixelShuffle(4),
        )
        self.hyper_analysis = nn.Sequential(
            nn.Conv2d(latents, middle, 3, padding=1),
            nn.LeakyReLU(SLOPE),
            nn.Conv2d(middle, middle, 3, stride=2, padding=1),
            nn.LeakyReLU(SLOPE),
            nn.Conv2d(middle, hyper_latents, 3, stride=2, padding=1),
        )
        # Depthwise and pointwise only: its integer twin runs in float64, which is slow.
        self.hyper_synthesis = nn.Sequential(
            upsample(hyper_latents, middle),
            nn.LeakyReLU(DYADIC_SLOPE),
            nn.Conv2d(middle, middle, 3, padding=1, groups=middle),
            nn.Conv2d(middle, middle, 1),
            nn.LeakyReLU(DYADIC_SLOPE),
            upsample(middle, coarse),
            nn.LeakyReLU(DYADIC_SLOPE),
            nn.Conv2d(coarse, coarse, 3, padding=1, groups=coarse),
            nn.Conv2d(coarse, coarse, 1),
            nn.LeakyReLU(DYADIC_SLOPE),
        )
        self.prediction = nn.Sequential(nn.Conv2d(coarse, 2 * latents, 1))
        self.contexts = nn.ModuleList(
            ContextStep(latents, coarse, CONTEXT_WIDTH) for _ in range(1, STEPS)
        )
        self.prior = FactorizedPrior(hyper_latents)
        start = 0.5 * torch.log(torch.tensor(LAMBDAS) / 0.0067)
        self.log_gain = nn.Parameter(start[:, None].repeat(1, latents))
        self.log_inverse_gain = nn.Parameter(-start[:, None].repeat(1, latents))

    def gains(self, level: Tensor) -> tuple[Tensor, Tensor]:
        """Gain before and after the quantiser, each ``[batch, latents, 1, 1]``.

        Args:
            level: ``[batch]``, 0 to ``LEVELS - 1``, interpolated geometrically between levels, and
                above them extrapolated.
        """
        low = level.floor().long().clamp(0, LEVELS - 2)
        t = (level - low)[:, None]

        def pick(table: Tensor) -> Tensor:
            return torch.exp(torch.lerp(table[low], table[low + 1], t))[:, :, None, None]

        return pick(self.log_gain), pick(self.log_inverse_gain)

    def forward(self, x: Tensor, level: Tensor) -> tuple[Tensor, Tensor]:
        """One training pass: noise for the rate, straight-through rounding for the pixels.

        Args:
            x: ``[batch, 3, h, w]``, sRGB 0..1, sides multiples of 64.
            level: ``[batch]``, 0 to ``LEVELS - 1``.

        Returns:
            The reconstruction, like ``x``, and the estimated bits of each picture, ``[batch]``.
            In eval mode the latents are rounded for the rate as well.
        """
        latents, bits = self.coded(x, level)
        return self.synthesis(latents) + 0.5, bits

    def coded(self, x: Tensor, level: Tensor) -> tuple[Tensor, Tensor]:
        """What a synthesis is given, ``[batch, latents, h / 16, w / 16]``, and the bits.

        As for `forward`, whose first half this is.
        """
        gain, inverse_gain = self.gains(level)
        y = self.analysis(x - 0.5).float() * gain
        z = self.hyper_analysis(y).float()
        side_bits = self.prior.bits(self._quantised(z, torch.zeros_like(z)))
        mu, raw = self.entropy_parameters(rounded(z), y).chunk(2, 1)
        scale = lower_bound(functional.softplus(raw + SCALE_OFFSET), MIN_SCALE)
        y_hat = y + ((y - mu).round() + mu - y).detach()
        bits = normal_bits(self._quantised(y, mu) - mu, scale)
        return y_hat * inverse_gain, bits + side_bits

    def entropy_parameters(self, z_hat: Tensor, y: Tensor) -> Tensor:
        """Mean and raw scale of every latent, as the decoder will find them step by step.

        Args:
            z_hat: ``[batch, hyper_latents, h / 4, w / 4]``, rounded.
            y: ``[batch, latents, h, w]``.

        Returns:
            ``[batch, 2 * latents, h, w]``, float32.
        """
        features = self.hyper_synthesis(z_hat)
        first: Tensor = self.prediction(features).float()
        expected = first[:, : self.latents]
        result, surprise = first, torch.zeros_like(y)
        for step, context in enumerate(self.contexts):
            mu = result[:, : self.latents]
            y_hat = y + ((y - mu).round() + mu - y).detach()
            surprise = torch.where(coded_at(step, y), y_hat - expected, surprise)
            refined = first + context(features, surprise).float()
            result = torch.where(coded_at(step + 1, y).repeat(2, 1, 1), refined, result)
        return result

    def _quantised(self, values: Tensor, mean: Tensor) -> Tensor:
        if self.training:
            return values + torch.empty_like(values).uniform_(-0.5, 0.5)
        return (values - mean).round() + mean
