"""The float network of the scheme ``cdc``, small, with its published names.

Its state dict goes the way of any published one: `conversion.converted` makes a codec of it.
Pictures are ``[batch, 3, h, w]``, sRGB 0..1, sides multiples of 64; within, they are -1..1.

Training follows sampling. The denoiser sees ``sqrt(share) * picture + sqrt(1 - share) * noise``,
with noise of `diffusion.STRENGTH` throughout, as deterministic steps keep that of their start. A
quarter of the times is the highest, noise alone, where the latents must tell everything; the others
are even. The squared error of the expected picture counts alike at all of them.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional

from provenance.codecs.learned import diffusion
from provenance.codecs.learned.cdc_network import (
    SCALES,
    SLOPE,
    Attention,
    Compressor,
    Denoiser,
    ResidualBlock,
    Widths,
    parts,
)
from provenance.codecs.learned.layers import (
    FactorizedPrior,
    doubling,
    lower_bound,
    normal_bits,
    rounded,
)

from .klt import principal_components
from .scheme_networks import MIN_SCALE, Parts, noisy, taken_over

STEPS = 8
"""In which pictures are drawn outside of training; those of the codec."""

SEED = 0

LEAST = 16
"""Fewest channels: values of 2x2 pixels go through them."""

_ALONE = 0.25
"""Share of the training at noise alone."""

_FAINT = 0.02
"""Factor to what is beside the transform that training starts from."""

_LATENT_SCALE = 2.0
"""Of that transform, for pictures from -1 to 1."""

_STEADY = 4.0
"""Largest of the constants that keep the last normalisation nearly linear at the start."""

_SEEN = 48
"""Crops from whose latents the densities start."""

_BLOCK = 12
"""Values in 2x2 pixels."""

_PRIOR = "context_fn.prior"
_KINDS = {
    "matrices": f"{_PRIOR}.affine.{{}}.weight",
    "biases": f"{_PRIOR}.affine.{{}}.bias",
    "factors": f"{_PRIOR}.a.{{}}",
}


class Cdc(nn.Module):
    """``cdc``: latents tell a diffusion model what picture to draw.

    Args:
        channels: those of the first transform; all others but the latents follow from them.
        latents: channels of the latents.
    """

    levels: Tensor
    """Factors to the picture and to the noise at each of `diffusion.TIMES`."""

    def __init__(self, channels: int = 32, latents: int = 96) -> None:
        super().__init__()
        if channels < LEAST or channels % 2:
            raise ValueError(f"{channels} channels: at least {LEAST}, and an even number")
        self.widths = widths_of(channels, latents)
        n = self.widths.hyper
        self.context_fn = Compressor(self.widths)
        self.denoise_fn = Denoiser(self.widths)
        self.hyper_dec = nn.ModuleList(
            (
                nn.ModuleList((doubling(n, n), nn.LeakyReLU(SLOPE))),
                nn.ModuleList((doubling(n, n), nn.LeakyReLU(SLOPE))),
                nn.ModuleList((nn.Conv2d(n, 2 * latents, 3, padding=1),)),
            )
        )
        self.entropy_bottleneck = FactorizedPrior(n)
        shares = torch.from_numpy(diffusion.cumulative())
        levels = torch.stack((shares.sqrt(), diffusion.STRENGTH * (1 - shares).sqrt())).float()
        self.register_buffer("levels", levels, persistent=False)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """The picture that is drawn with seed 0, like ``x``, and the bits of each, ``[batch]``."""
        context, bits = self.coded(2 * x - 1)
        noise = torch.from_numpy(diffusion.noise(SEED, *x.shape[2:])).to(x.device)
        start = (noise.float() * 2.0**-diffusion.NOISE_BITS).expand_as(x)

        def expected(noisy: Tensor, time: float) -> Tensor:
            found: Tensor = self.denoise_fn(noisy, noisy.new_full((1, 1), time), context)
            return found.float()

        return (diffusion.sample(expected, start, STEPS) + 1) / 2, bits

    def loss(self, x: Tensor, balance: float) -> Tensor:
        """Bits per pixel + ``balance`` * squared error on the scale 0..255, at random times."""
        clean = 2 * x - 1
        last = diffusion.TIMES - 1
        place = torch.randint(diffusion.TIMES, (len(x),), device=x.device)
        alone = torch.rand(len(x), device=x.device) < _ALONE
        place = place.masked_fill(alone, last)
        kept, added = self.levels[:, place, None, None, None]
        noisy = kept * clean + added * torch.randn_like(clean)
        with torch.autocast(x.device.type, dtype=torch.bfloat16, enabled=x.is_cuda):
            context, bits = self.coded(clean)
            found = self.denoise_fn(noisy, place[:, None] / diffusion.TIMES, context)
        error = (found.float() - clean).square().mean() * 127.5**2
        result: Tensor = bits.mean() / (x.shape[2] * x.shape[3]) + balance * error
        return result

    def coded(self, x: Tensor) -> tuple[list[Tensor], Tensor]:
        """What tells the denoiser of pictures from -1 to 1, and the bits of each."""
        *layers, last = (layer for stage in self.context_fn.enc for layer in parts(stage))
        for layer in layers:
            x = layer(x)
        # Latents are more than bfloat16 holds.
        with torch.autocast(x.device.type, enabled=False):
            y = last(x.float())
            z = self.context_fn.hyper_analyse(y)
            mean, scale = self._entropy_parameters(rounded(z))
            bits = normal_bits(noisy(y - mean, self.training), lower_bound(scale, MIN_SCALE))
            bits = bits + self.entropy_bottleneck.bits(noisy(z, self.training))
            y_hat = rounded(y - mean) + mean
        return self.context_fn.context(y_hat), bits

    def published(self) -> dict[str, Tensor]:
        """The state dict under its published names."""
        state = {f"{_PRIOR}._medians": torch.zeros(1, self.widths.hyper, 1, 1)}
        for key, value in self.state_dict().items():
            name, form = _published(key, value)
            state[name] = form.detach().float().cpu().contiguous().clone()
        return state

    def take_over(self, state: Mapping[str, Tensor]) -> Parts:
        """Set the parts that a published state dict has whole; see `taken_over`."""
        return taken_over(state, (_published(key, v) for key, v in self.state_dict().items()))

    @torch.no_grad()
    def initialise(self, crops: Tensor) -> None:
        """Start as a transform of 16x16 blocks, from statistics of photos ``[n, 3, 256, 256]``.

        As `klt.initialise_strided`: skips and strided convolutions hand on principal components,
        and back to pixels, which go through the two finest sizes of the denoiser. What is beside
        the skips starts near zero, and densities as wide as the latents of the photos.
        """
        compressor, denoiser = self.context_fn, self.denoise_fn
        for module in (*compressor.modules(), *denoiser.modules()):
            _quiet(module)
        features = 2 * crops - 1
        ups = [parts(stage) for stage in compressor.dec]
        known = 3
        for index, stage in enumerate(compressor.enc):
            block, halve = parts(stage)
            block_back, double = ups[-1 - index]
            _hand_on(block, known)
            features = features[:, : halve.conv.in_channels]
            known = features.shape[1]
            blocks = functional.pixel_unshuffle(features, 2)
            basis = principal_components(blocks, halve.conv.out_channels)
            scale = _LATENT_SCALE if index == SCALES - 1 else 1.0
            taps = basis.T.view(-1, known, 2, 2)
            _halve(halve.conv, taps * scale)
            # The way back is narrower: the strongest components are enough.
            taps = taps[: double.conv.in_channels]
            _double(double.conv, taps / scale)
            _hand_on(block_back, len(taps))
            features = functional.conv2d(blocks, basis.T[:, :, None, None] * scale)
            known = basis.shape[1]
        pixels = torch.eye(_BLOCK).view(_BLOCK, 3, 2, 2)
        (first, _, _, halve), (second, *_) = (parts(stage) for stage in denoiser.downs[:2])
        _hand_on(first, 3, after=3)
        _halve(halve.conv, pixels)
        _hand_on(second, _BLOCK)
        last, _, _, double = parts(denoiser.ups[-1])
        _hand_on(last, _BLOCK, after=self.widths.denoiser[1])
        _double(double.conv, pixels)
        self._finish(double.conv)
        self._start_densities(2 * crops[:_SEEN] - 1)

    def _finish(self, double: nn.ConvTranspose2d) -> None:
        """Let pixels pass the last normalisation, beside constants much larger than they are."""
        width = double.out_channels
        constants = torch.linspace(-_STEADY, _STEADY, width - 3)
        assert double.bias is not None
        double.bias[3:] = constants
        deviation = (constants.square().sum() / width).sqrt()
        final = self.denoise_fn.final_conv[1]
        assert isinstance(final, nn.Conv2d) and final.bias is not None
        final.weight.mul_(_FAINT)
        final.bias.zero_()
        # The mean over channels, which the pixels are part of, was taken from them.
        final.weight[:, :3, 3, 3] = deviation * torch.linalg.inv(torch.eye(3) - 1 / width)

    def _start_densities(self, x: Tensor) -> None:
        """Make hyper-latents vary, and probabilities as wide as what they tell of."""
        y = torch.cat([self.context_fn.analyse(part) for part in torch.split(x, 8)])
        hyper = parts(self.context_fn.hyper_enc[-1])[0]
        z = self.context_fn.hyper_analyse(y)
        spread = z.std((0, 2, 3)).clamp_min(1e-3)
        hyper.weight.div_(spread[:, None, None, None])
        hyper.bias.sub_(z.mean((0, 2, 3))).div_(spread)
        first = self.entropy_bottleneck.matrices[0]
        # The density starts as a logistic one of scale 10.
        first.copy_(torch.log(torch.expm1(functional.softplus(first) * 10 * math.pi / 3**0.5)))
        (last,) = parts(self.hyper_dec[-1])
        last.weight.mul_(0.1)
        last.bias.copy_(torch.cat((y.mean((0, 2, 3)), y.std((0, 2, 3)).clamp_min(0.2))))

    def _entropy_parameters(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and scale of each latent."""
        for stage in self.hyper_dec:
            for layer in parts(stage):
                z = layer(z)
        mean, scale = z.chunk(2, 1)
        return mean, scale


def widths_of(channels: int, latents: int) -> Widths:
    """Little at full size, where most of the time goes, and more where places are few."""
    c, finest = channels, max(_BLOCK, channels // 2)
    return Widths(
        enc=(c, 2 * c, 3 * c, latents),
        dec=(3 * c, 2 * c, c, c // 2),
        hyper=5 * c // 4,
        denoiser=(finest, c, 3 * c // 2, 7 * c // 4, 2 * c),
    )


def _published(key: str, value: Tensor) -> tuple[str, Tensor]:
    """Name and form, a view, of a tensor where it is published."""
    found = re.fullmatch(r"entropy_bottleneck\.(\w+)\.(\d)", key)
    if found:
        return _KINDS[found[1]].format(found[2]), value.transpose(1, 2)[:, None, None]
    return f"context_fn.{key}" if key.startswith("hyper_dec.") else key, value


def _quiet(module: nn.Module) -> None:
    """Make what a block adds to its skip faint."""
    if isinstance(module, ResidualBlock):
        norm = module.block2.block[1]
        norm.g.mul_(_FAINT)  # type: ignore[operator]
    if isinstance(module, Attention):
        out = module.get_submodule("fn.fn.to_out")
        assert isinstance(out, nn.Conv2d) and out.bias is not None
        out.weight.mul_(_FAINT)
        out.bias.zero_()


def _hand_on(block: ResidualBlock, count: int, after: int = 0) -> None:
    """Make the first channels of a block those that come in ``after`` so many."""
    skip = block.res_conv
    if not isinstance(skip, nn.Conv2d):
        return
    count = min(count, skip.out_channels)
    assert skip.bias is not None
    skip.bias.zero_()
    skip.weight[:count] = 0
    skip.weight[:count, after : after + count, 0, 0] = torch.eye(count)


def _halve(conv: nn.Conv2d, taps: Tensor) -> None:
    """Make the first channels what ``[found, known, 2, 2]`` tells of blocks."""
    found, known = taps.shape[:2]
    conv.weight[:found].mul_(_FAINT)
    conv.weight[found:, known:].mul_(_FAINT)
    assert conv.bias is not None
    conv.bias.zero_()
    conv.weight[:found, :known, 1:, 1:] = taps


def _double(conv: nn.ConvTranspose2d, taps: Tensor) -> None:
    """Its transpose."""
    found, known = taps.shape[:2]
    conv.weight[:, :known].mul_(_FAINT)
    assert conv.bias is not None
    conv.bias.zero_()
    conv.weight[:found, :known, 1:3, 1:3] = taps
