"""The float network of the scheme ``hific``, small, with its published names.

Its state dict goes the way of any published one: `conversion.converted` makes a codec of it.
Pictures are ``[batch, 3, h, w]``, sRGB 0..1, sides multiples of 64 and at least 128. Noise stands
for rounding in the rate, and rounding whose gradient is that of the identity in the pixels; in eval
mode all is rounded.
"""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional

from provenance.codecs.learned import hific_weights
from provenance.codecs.learned.hific import hyper_analysis
from provenance.codecs.learned.hific_transforms import ResidualBlock, Sizes, Transforms
from provenance.codecs.learned.layers import (
    ChannelNorm,
    FactorizedPrior,
    doubling,
    lower_bound,
    normal_bits,
    rounded,
)

from .adversarial import Adversary, band_energy_loss
from .klt import principal_components
from .scheme_networks import MIN_SCALE, Parts, noisy, precise, taken_over

BANDS, ADVERSARIAL = 0.6, 0.1
"""Weights of the two losses that ask for texture.

A picture of 0.3 bits per pixel has a squared error of some 70, and 0.0067 times that is 0.5. Local
energies of a decoder that only averages are 0.5 nepers off, and a discriminator that is not fooled
says 1 or more: with these weights the two come to 0.4, so that rate, error and texture are of one
size. They are to the error as in `perceptual`.
"""

WARM_CALLS = 1500
"""Calls of the loss until those weights are what they are: before, the transforms settle."""

JUDGE_RATE = 2e-4

LEAST = 16
"""Fewest channels: those of pixels and their negatives, and others."""

_BLOCKS = 4
_LATENT_SCALE = 4.0
"""Of the transform that training starts from, for pictures of 0 to 1."""

_LINEAR = 0.02
"""Share of pictures in the variance that a normalisation divides by, at the start."""

_FREE = 0.5
"""Factor to the random start of what does not carry the transform."""

_SEEN = 200
"""Crops from which the transform is made."""

_TRIED = 48
"""Crops from whose latents the densities start."""

_KINDS = {"matrices": "H", "biases": "b", "factors": "a"}
_HYPER = {"means": "synthesis_mu", "scales": "synthesis_std"}


class Prior(FactorizedPrior):
    """One whose medians are 0."""

    def logits(self, values: Tensor) -> Tensor:
        """See `FactorizedPrior`."""
        return super().logits(values) - self.offset()

    def offset(self) -> Tensor:
        """What brings the medians there, ``[channels, 1, 1]``."""
        return super().logits(self.biases[-1].new_zeros(self.channels, 1, 1))


class Hific(nn.Module):
    """``hific``: a generator trained against a discriminator, and a mean-scale hyperprior.

    The discriminator is no part of its state.

    Args:
        channels: those at full size; all others but the latents follow from them.
        latents: channels of the latents.
    """

    def __init__(self, channels: int = 32, latents: int = 96) -> None:
        super().__init__()
        if channels < LEAST or channels % 2:
            raise ValueError(f"{channels} channels: at least {LEAST}, and an even number")
        c = channels
        n, m = 3 * c // 2, latents
        down, up = (c, 3 * c // 2, 2 * c, 3 * c, 4 * c), (4 * c, 4 * c, 3 * c, 2 * c, c)
        self.sizes = Sizes(down, m, up, _BLOCKS)
        transforms = Transforms(self.sizes)
        self.analysis, self.synthesis = transforms.analysis, transforms.synthesis
        self.hyper_analysis = hyper_analysis(m, n)
        self.means, self.scales = (
            nn.Sequential(
                *(doubling(n, n), nn.ReLU(), doubling(n, n), nn.ReLU()),
                nn.ConvTranspose2d(n, m, 3, padding=1),
            )
            for _ in range(2)
        )
        self.entropy_bottleneck = Prior(n)
        self._names = hific_weights.names(self.sizes)

    @functools.cached_property
    def adversary(self) -> Adversary:
        """The discriminator, made on the device of the network; not among its parameters."""
        device = next(self.parameters()).device
        return Adversary(self.sizes.latents, JUDGE_RATE, device)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """The reconstruction, like ``x``, and the bits of each picture, ``[batch]``."""
        latents, bits = self.coded(self.analyse(x))
        return self.synthesise(latents), bits

    def loss(self, x: Tensor, balance: float) -> Tensor:
        """Bits per pixel + ``balance`` * squared error on the scale 0..255 + what asks for texture.

        The discriminator learns a step, too.
        """
        with torch.autocast(x.device.type, dtype=torch.bfloat16, enabled=x.is_cuda):
            latents, bits = self.coded(self.analyse(x))
            reconstruction = self.synthesise(latents)
        rate = bits.mean() / (x.shape[2] * x.shape[3])
        error = (reconstruction - x).square().mean() * 255**2
        shown = self.synthesis.entry[0](latents.detach()).detach()
        share = (self.adversary.calls / WARM_CALLS).clamp_max(1.0)
        seen = self.adversary.loss(x, reconstruction, shown)
        bands = band_energy_loss(reconstruction, x).mean()
        grown = 0.5 - 0.5 * torch.cos(math.pi * share)
        result: Tensor = rate + balance * error + grown * (BANDS * bands + ADVERSARIAL * seen)
        return result

    def analyse(self, x: Tensor) -> Tensor:
        """Latents in float32, before they are rounded."""
        start = precise(x, self.analysis[:2])
        return precise(self.analysis[2:-2](start), self.analysis[-2:])

    def synthesise(self, latents: Tensor) -> Tensor:
        """Pixels of latents as the decoder has them, about 0 to 1."""
        generator = self.synthesis
        start = precise(latents, generator.entry)
        features = generator.exit[:-2](generator.blocks(start) + start)
        return precise(features, generator.exit[-2:])

    def coded(self, y: Tensor) -> tuple[Tensor, Tensor]:
        """Latents as the decoder has them, and the bits of each picture."""
        with torch.autocast(y.device.type, enabled=False):
            z = self.hyper_analysis(y)
            bits = self.entropy_bottleneck.bits(noisy(z, self.training))
            z_hat = rounded(z)
            mean, scale = self.means(z_hat), lower_bound(self.scales(z_hat), MIN_SCALE)
            bits = bits + normal_bits(noisy(y - mean, self.training), scale)
            return rounded(y - mean) + mean, bits

    def published(self) -> dict[str, Tensor]:
        """The state dict under its published names."""
        prior = self.entropy_bottleneck
        layers = len(prior.matrices)
        offset = prior.offset().detach()
        state = {hific_weights.NORMALISED: torch.tensor(False)}
        for key, value in self.state_dict().items():
            name, form = self._published(key, value)
            if key == f"entropy_bottleneck.biases.{layers - 1}":
                form = form - offset
            state[name] = form.detach().float().cpu().contiguous().clone()
        state[f"{hific_weights.DENSITY}.a_{layers - 1}"] = torch.zeros(prior.channels, 1, 1)
        return state

    def take_over(self, state: Mapping[str, Tensor]) -> Parts:
        """Set the parts that a published state dict has whole; see `taken_over`."""
        return taken_over(state, (self._published(key, v) for key, v in self.state_dict().items()))

    @torch.no_grad()
    def initialise(self, crops: Tensor) -> None:
        """Start as a transform of 16x16 blocks, from statistics of photos ``[n, 3, 256, 256]``.

        As `klt.initialise_strided`, through the normalisations and ReLUs: each layer has the
        components and their negatives, of which ReLUs leave one, and the other channels have
        constants so large that the variance hardly changes from place to place.
        """
        *convs, out = (layer for layer in self.analysis if isinstance(layer, nn.Conv2d))
        norms = [layer for layer in self.analysis if isinstance(layer, ChannelNorm)]
        down, latents, up, _ = self.sizes
        features = crops[:_SEEN] - 0.5
        gains = [_gain(features, down[0])]
        taps = torch.zeros(3, 3, 7, 7)
        taps[:, :, 3, 3] = gains[0] * torch.eye(3)
        _carry(convs[0], norms[0], taps)
        _bias(convs[0])[:6] = -0.5 * convs[0].weight[:6].sum((1, 2, 3))
        bases = []
        for level in range(1, len(down)):
            known = features.shape[1]
            blocks = functional.pixel_unshuffle(features, 2)
            most = min(down[level], up[-1 - level]) // 2 - 2
            if level == len(down) - 1:
                most = min(most, latents - max(4, latents // 8))
            basis = principal_components(blocks, most)
            features = functional.conv2d(blocks, basis.T[:, :, None, None])
            bases.append(basis.T.reshape(-1, known, 2, 2))
            gains.append(_gain(features, down[level]))
            taps = torch.zeros(len(bases[-1]), known, 3, 3)
            # Mirrored above and to the right, so the filters see a block there.
            taps[:, :, 1:, :2] = bases[-1] * (gains[-1] / gains[-2])
            _carry(convs[level], norms[level], _both(taps))
        deviation = self._latents_from(out, features, gains[-1])
        self._start_generator(features, bases, deviation)
        for block in self.synthesis.blocks:
            assert isinstance(block, ResidualBlock)
            last = block.change[-1]
            assert isinstance(last, ChannelNorm)
            last.gamma.zero_()
        tried = crops[:_TRIED]
        y = torch.cat([self.analyse(part) for part in torch.split(tried, 8)])
        self._match(tried[:8], y[:8])
        self._start_densities(y)

    def _latents_from(self, out: nn.Conv2d, features: Tensor, gain: float) -> float:
        """Make latents the components, beside constants; returns their deviation in a place."""
        latents, count = self.sizes.latents, features.shape[1]
        out.weight.mul_(_FREE / _LATENT_SCALE)
        out.weight[:count] = 0
        out.weight[:count, : 2 * count, 1, 1] = _both(torch.eye(count)) * (_LATENT_SCALE / gain)
        energy = _LATENT_SCALE**2 * float(features.square().sum(1).mean())
        constants = _constants(latents - count)
        _bias(out).zero_()
        _bias(out)[count:] = constants * (energy / _LINEAR / float(constants.square().sum())) ** 0.5
        return math.sqrt(energy / latents * (1 + 1 / _LINEAR))

    def _start_generator(self, features: Tensor, bases: list[Tensor], deviation: float) -> None:
        """Make the generator the transform's transpose.

        Args:
            features: components, ``[n, count, h / 16, w / 16]``.
            bases: of each level, ``[found, known, 2, 2]``.
            deviation: of latents over the channels of a place.
        """
        entry, leave = self.synthesis.entry, self.synthesis.exit
        first, _, conv, norm = entry
        assert isinstance(conv, nn.Conv2d)
        assert isinstance(first, ChannelNorm) and isinstance(norm, ChannelNorm)
        count = features.shape[1]
        # As in `_carry`: what is constant is taken away once it has served.
        out = self.analysis[-1]
        assert isinstance(out, nn.Conv2d)
        first.beta[count:] = -_bias(out)[count:] / deviation
        gain = _gain(features, self.sizes.up[0])
        # The mean over channels, which the components are part of, was taken from them.
        undone = torch.linalg.inv(torch.eye(count) - 1 / self.sizes.latents)
        taps = torch.zeros(count, count, 3, 3)
        taps[:, :, 1, 1] = undone * (gain * deviation / _LATENT_SCALE)
        _carry(conv, norm, taps)
        # Twice the start comes out of the blocks, and no ReLU has parted it from its negatives.
        gain *= 4
        convs = [layer for layer in leave if isinstance(layer, nn.ConvTranspose2d)]
        norms = [layer for layer in leave if isinstance(layer, ChannelNorm)]
        for up, after, basis in zip(convs, norms, reversed(bases), strict=True):
            components = basis.flatten(1).T
            features = functional.conv2d(features, components[:, :, None, None])
            features = functional.pixel_shuffle(features, 2)
            wanted = _gain(features, up.out_channels)
            taps = torch.zeros(basis.shape[1], len(basis), 3, 3)
            taps[:, :, 1:, 1:] = basis.transpose(0, 1) * (wanted / gain)
            _carry(up, after, _both(taps))
            gain = wanted
        last = leave[-1]
        assert isinstance(last, nn.Conv2d)
        last.weight.zero_()
        last.weight[:, :6, 3, 3] = _both(torch.eye(3)) / gain
        _bias(last).fill_(0.5)

    def _match(self, x: Tensor, y: Tensor) -> None:
        """Give reconstructions the contrast of the pictures, as far as one factor does."""
        found = self.synthesise(y) - 0.5
        last = self.synthesis.exit[-1]
        assert isinstance(last, nn.Conv2d)
        last.weight.mul_(((x - 0.5) * found).sum() / found.square().sum())

    def _start_densities(self, y: Tensor) -> None:
        """Make hyper-latents vary, and probabilities as wide as what they tell of."""
        mean, spread = y.mean((0, 2, 3)), y.std((0, 2, 3))
        first, last = self.hyper_analysis[0], self.hyper_analysis[-1]
        assert isinstance(first, nn.Conv2d) and isinstance(last, nn.Conv2d)
        # Constants tell nothing, and large latents no more than small ones.
        first.weight.div_(spread.clamp_min(1)[:, None, None])
        _bias(first).sub_((first.weight.sum((2, 3)) * mean).sum(1))
        z = self.hyper_analysis(y)
        width = z.std((0, 2, 3)).clamp_min(1e-3)
        last.weight.div_(width[:, None, None, None])
        _bias(last).sub_(z.mean((0, 2, 3))).div_(width)
        matrix = self.entropy_bottleneck.matrices[0]
        # The density starts as a logistic one of scale 10.
        matrix.copy_(torch.log(torch.expm1(functional.softplus(matrix) * 10 * math.pi / 3**0.5)))
        for part, start in ((self.means, mean), (self.scales, spread.clamp_min(0.2))):
            out = part[-1]
            assert isinstance(out, nn.ConvTranspose2d)
            out.weight.mul_(0.1)
            _bias(out).copy_(start)

    def _published(self, key: str, value: Tensor) -> tuple[str, Tensor]:
        """Name and form, a view, of a tensor where it is published."""
        found = re.fullmatch(r"entropy_bottleneck\.(\w+)\.(\d)", key)
        if found:
            return f"{hific_weights.DENSITY}.{_KINDS[found[1]]}_{found[2]}", value
        layer, part = key.rsplit(".", 1)
        if layer in self._names:
            form = value.view(1, -1, 1, 1) if part in ("gamma", "beta") else value
            return f"{self._names[layer]}.{part}", form
        network, place = layer.split(".")
        return f"Hyperprior.{_HYPER[network]}.conv{int(place) // 2 + 1}.{part}", value


def _carry(conv: nn.Conv2d | nn.ConvTranspose2d, norm: ChannelNorm, taps: Tensor) -> None:
    """Give a layer components, their negatives, and features of no use so far beside constants.

    Args:
        norm: what follows; the constants end there.
        taps: ``[components, inputs, rows, columns]``, of the first inputs.
    """
    weight = conv.weight.transpose(0, 1) if isinstance(conv, nn.ConvTranspose2d) else conv.weight
    count, inputs = taps.shape[:2]
    weight.mul_(_FREE)
    weight[: 2 * count] = 0
    weight[:count, :inputs] = taps
    weight[count : 2 * count, :inputs] = -taps
    # All sums over channels are 0, so that no mean is taken from the components.
    weight[2 * count :] -= weight[2 * count :].mean(0)
    constants = _constants(len(weight) - 2 * count)
    constants *= (len(weight) / float(constants.square().sum())) ** 0.5
    _bias(conv).zero_()
    _bias(conv)[2 * count :] = constants
    norm.beta[2 * count :] = -constants


def _both(taps: Tensor) -> Tensor:
    """Taps of components out of those and their negatives, the second dimension."""
    return torch.cat((taps, -taps), 1)


def _constants(count: int) -> Tensor:
    """Numbers whose sum is 0."""
    return torch.linspace(-1, 1, count)


def _gain(features: Tensor, channels: int) -> float:
    """Factor to components with which they are a small share of the variance, which is 1."""
    energy = float(features.square().sum(1).mean())
    return math.sqrt(_LINEAR * channels / (2 * energy))


def _bias(conv: nn.Conv2d | nn.ConvTranspose2d) -> Tensor:
    assert conv.bias is not None
    return conv.bias
