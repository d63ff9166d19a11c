"""Float networks of the schemes, with the key names under which their weights are published.

Their state dicts go the way of any published one: `conversion.converted` makes codecs of them.
Pictures are ``[batch, 3, h, w]``, sRGB 0..1, sides multiples of 64. Noise stands for rounding in
the rate, and rounding whose gradient is that of the identity in the pixels; in eval mode all is
rounded.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Mapping
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from provenance.codecs.learned.layers import (
    FactorizedPrior,
    doubling,
    halving,
    lower_bound,
    normal_bits,
    rounded,
)

PEDESTAL = 2.0**-36
MIN_BETA = 1e-6
MIN_SCALE = 0.11

_DENSITY = {"matrices.": "_matrix", "biases.": "_bias", "factors.": "_factor"}


class GDN(nn.Module):
    """As `layers.GDN`, with square roots as parameters, which keep beta and gamma from below 0."""

    def __init__(self, channels: int, *, inverse: bool = False) -> None:
        super().__init__()
        self.inverse = inverse
        self.beta = nn.Parameter(torch.ones(channels).add(PEDESTAL).sqrt())
        self.gamma = nn.Parameter((0.01 * torch.eye(channels)).add(PEDESTAL).sqrt())

    def forward(self, x: Tensor) -> Tensor:
        beta = lower_bound(self.beta, (MIN_BETA + PEDESTAL) ** 0.5).square() - PEDESTAL
        gamma = lower_bound(self.gamma, PEDESTAL**0.5).square() - PEDESTAL
        with torch.autocast(x.device.type, enabled=False):
            x = x.float()
            norm = functional.conv2d(x * x, gamma[:, :, None, None], beta)
            return x * (torch.sqrt(norm) if self.inverse else torch.rsqrt(norm))


class Factorized(nn.Module):
    """``factorized``: every latent has the density of its channel.

    Args:
        channels: within the transforms, N in the papers.
        latents: channels of the latents, M.
    """

    def __init__(self, channels: int, latents: int) -> None:
        super().__init__()
        n, m = channels, latents
        self.g_a = nn.Sequential(
            *(halving(3, n), GDN(n), halving(n, n), GDN(n)),
            *(halving(n, n), GDN(n), halving(n, m)),
        )
        self.g_s = nn.Sequential(
            *(doubling(m, n), GDN(n, inverse=True), doubling(n, n), GDN(n, inverse=True)),
            *(doubling(n, n), GDN(n, inverse=True), doubling(n, 3)),
        )
        self.entropy_bottleneck = FactorizedPrior(self.side_channels(n, m), (3, 3, 3, 3))

    def side_channels(self, channels: int, latents: int) -> int:  # noqa: ARG002
        """Channels that have a learned density."""
        return latents

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """The reconstruction, like ``x``, and the bits of each picture, ``[batch]``."""
        y = precise(self.g_a[:-1](x), self.g_a[-1])
        y_hat, bits = self.coded(y)
        return precise(self.g_s[:-1](y_hat), self.g_s[-1]), bits

    def loss(self, x: Tensor, balance: float) -> Tensor:
        """Bits per pixel + ``balance`` * squared error on the scale 0..255."""
        with torch.autocast(x.device.type, dtype=torch.bfloat16):
            reconstruction, bits = self(x)
        mse = (reconstruction - x).square().mean() * 255**2
        result: Tensor = bits.mean() / (x.shape[2] * x.shape[3]) + balance * mse
        return result

    @torch.no_grad()
    def start(self, latents: Tensor) -> None:
        """Set what tells the probabilities from latents of photos, ``[n, M, rows, columns]``."""
        spread = latents.std((0, 2, 3)).clamp_min(0.3)
        first = self.entropy_bottleneck.matrices[0]
        # The density starts as a logistic one of scale 10.
        wider = 10 * math.pi / 3**0.5 / spread[:, None, None]
        first.copy_(torch.log(torch.expm1(functional.softplus(first) * wider)))

    def coded(self, y: Tensor) -> tuple[Tensor, Tensor]:
        """Latents as the decoder has them, and the bits of each picture."""
        return rounded(y), self.entropy_bottleneck.bits(noisy(y, self.training))

    def published(self) -> dict[str, Tensor]:
        """The state dict under its published names."""
        density = self.entropy_bottleneck
        state = {"entropy_bottleneck.quantiles": torch.zeros(density.channels, 1, 3)}
        for key, value in self.state_dict().items():
            state[_published(key)] = value.detach().float().cpu().contiguous()
        return state

    def take_over(self, state: Mapping[str, Tensor]) -> Parts:
        """Set the parts that a published state dict has whole; see `taken_over`."""
        return taken_over(state, ((_published(key), v) for key, v in self.state_dict().items()))


class Hyperprior(Factorized):
    """``hyperprior``: hyper-latents tell the scale of every latent."""

    def __init__(self, channels: int, latents: int) -> None:
        super().__init__(channels, latents)
        n, m = channels, latents
        self.h_a = nn.Sequential(
            *(nn.Conv2d(m, n, 3, padding=1), nn.ReLU(), halving(n, n), nn.ReLU()),
            halving(n, n),
        )
        # Published ones end with a ReLU: the bound of the scales takes its place here, as it lets
        # gradients climb.
        self.h_s = nn.Sequential(
            *(doubling(n, n), nn.ReLU(), doubling(n, n), nn.ReLU()),
            nn.Conv2d(n, m, 3, padding=1),
        )

    def side_channels(self, channels: int, latents: int) -> int:  # noqa: ARG002
        """See `Factorized`."""
        return channels

    @torch.no_grad()
    def start(self, latents: Tensor) -> None:
        """See `Factorized`."""
        last = self.h_s[-1]
        assert isinstance(last, nn.Conv2d) and last.bias is not None
        last.weight.mul_(0.1)
        last.bias.copy_(latents.std((0, 2, 3)).clamp_min(0.2))

    def coded(self, y: Tensor) -> tuple[Tensor, Tensor]:
        """See `Factorized`."""
        z = self.h_a(y.abs()).float()
        scale = lower_bound(self.h_s(rounded(z)).float(), MIN_SCALE)
        bits = normal_bits(noisy(y, self.training), scale)
        return rounded(y), bits + self.entropy_bottleneck.bits(noisy(z, self.training))


class Charm(Factorized):
    """``charm``: slices of latents, each told by hyper-latents and the slices before it.

    The names are those of the authors' educational code.

    Args:
        side: channels of the hyper-latents and within the hyper-transforms.
        features: channels that the hyper-syntheses give.
        slices: how many there are; they divide ``latents``.
        support: how many of the first slices tell the later ones.
        widths: channels within the networks of a slice.
        sizes: of their filters.
    """

    def __init__(
        self,
        channels: int,
        latents: int,
        side: int = 48,
        features: int = 32,
        slices: int = 6,
        support: int = 5,
        widths: tuple[int, int] = (32, 32),
        sizes: tuple[int, int, int] = (3, 1, 1),
    ) -> None:
        self._side = side
        super().__init__(channels, latents)
        if latents % slices:
            raise ValueError(f"{latents} latents are not {slices} slices")
        self._size, self._support = latents // slices, support
        self.h_a = nn.Sequential(
            *(nn.Conv2d(latents, side, 3, padding=1), nn.ReLU(), halving(side, side), nn.ReLU()),
            halving(side, side),
        )
        self.h_mean_s, self.h_scale_s = (
            nn.Sequential(
                *(doubling(side, side), nn.ReLU(), doubling(side, side), nn.ReLU()),
                *(nn.Conv2d(side, features, 3, padding=1), nn.ReLU()),
            )
            for _ in range(2)
        )

        def networks(own: int) -> nn.ModuleList:
            reach = [features + (min(i, support) + own) * self._size for i in range(slices)]
            return nn.ModuleList(_row((width, *widths, self._size), sizes) for width in reach)

        self.cc_mean_transforms, self.cc_scale_transforms = networks(0), networks(0)
        self.lrp_transforms = networks(1)

    def side_channels(self, channels: int, latents: int) -> int:  # noqa: ARG002
        """See `Factorized`."""
        return self._side

    @torch.no_grad()
    def start(self, latents: Tensor) -> None:
        """See `Factorized`."""
        levels = _level(latents.std((0, 2, 3)).clamp_min(0.2))
        starts = (latents.mean((0, 2, 3)), levels, torch.zeros_like(levels))
        parts = (self.cc_mean_transforms, self.cc_scale_transforms, self.lrp_transforms)
        for part, values in zip(parts, starts, strict=True):
            for row, value in zip(part, values.chunk(len(part)), strict=True):
                assert isinstance(row, nn.Sequential)
                last = row[-1]
                assert isinstance(last, nn.Conv2d) and last.bias is not None
                last.weight.mul_(0.1)
                last.bias.copy_(value)

    def coded(self, y: Tensor) -> tuple[Tensor, Tensor]:
        """See `Factorized`."""
        z = self.h_a(y).float()
        bits = self.entropy_bottleneck.bits(noisy(z, self.training))
        z_hat = rounded(z)
        mean_features, scale_features = self.h_mean_s(z_hat), self.h_scale_s(z_hat)
        known: list[Tensor] = []
        for index, part in enumerate(y.chunk(len(self.cc_mean_transforms), 1)):
            before = known[: min(index, self._support)]
            support = torch.cat((mean_features, *before), 1)
            mean = self.cc_mean_transforms[index](support).float()
            level = self.cc_scale_transforms[index](torch.cat((scale_features, *before), 1))
            bits = bits + normal_bits(noisy(part - mean, self.training), _scale(level.float()))
            value = rounded(part - mean) + mean
            residual = self.lrp_transforms[index](torch.cat((support, value), 1)).float()
            known.append(value + 0.5 * torch.tanh(residual))
        return torch.cat(known, 1), bits


_LEVEL = math.log(256 / MIN_SCALE) / 63
"""Step between two of the scales that have tables, in nepers."""


def _scale(level: Tensor) -> Tensor:
    """Standard deviation for the index of a table."""
    return MIN_SCALE * torch.exp(_LEVEL * -lower_bound(-lower_bound(level, 0.0), -63.0))


def _level(scale: Tensor) -> Tensor:
    return torch.log(scale / MIN_SCALE) / _LEVEL


def _row(widths: tuple[int, ...], sizes: tuple[int, ...]) -> nn.Sequential:
    """Convolutions with ReLUs between them."""
    layers: list[nn.Module] = []
    for (inputs, outputs), size in zip(itertools.pairwise(widths), sizes, strict=True):
        layers += [nn.Conv2d(inputs, outputs, size, padding=size // 2), nn.ReLU()]
    return nn.Sequential(*layers[:-1])


def _published(key: str) -> str:
    for ours, theirs in _DENSITY.items():
        key = key.replace(f"entropy_bottleneck.{ours}", f"entropy_bottleneck.{theirs}")
    return key


class Parts(NamedTuple):
    """Parts of a network by name, such as ``g_a``: what is before the first dot of its tensors."""

    taken: tuple[str, ...]
    left: tuple[str, ...]


@torch.no_grad()
def taken_over(state: Mapping[str, Tensor], named: Iterable[tuple[str, Tensor]]) -> Parts:
    """Set the parts of a network of which a state dict has every tensor, in the same shape.

    The others are left as they are: a few tensors of another network fit nothing.
    """
    parts: dict[str, list[tuple[str, Tensor]]] = {}
    for name, value in named:
        parts.setdefault(name.split(".")[0], []).append((name, value))
    taken = {
        part: tensors
        for part, tensors in parts.items()
        if all(name in state and state[name].shape == value.shape for name, value in tensors)
    }
    for name, value in itertools.chain.from_iterable(taken.values()):
        value.copy_(state[name])
    return Parts(tuple(taken), tuple(part for part in parts if part not in taken))


def noisy(values: Tensor, training: bool) -> Tensor:
    """Values as the rate sees them: with noise in place of rounding, or rounded."""
    if training:
        return values + torch.empty_like(values).uniform_(-0.5, 0.5)
    return values.round()


def precise(x: Tensor, layer: nn.Module) -> Tensor:
    """What a layer makes of ``x`` in float32: latents and pixels are more than bfloat16 holds."""
    with torch.autocast(x.device.type, enabled=False):
        result: Tensor = layer(x.float())
    return result
