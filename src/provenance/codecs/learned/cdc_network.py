"""The networks of the scheme ``cdc``: residual transforms, and the U-Net that takes noise away.

::

    x ─► enc ─► y ─► hyper_enc ─► z          ŷ ─► dec ─► context at 1, 1/2, 1/4 and 1/8 of the size
         1/16                    1/64                       │     │     │      │
                                                            ▼     ▼     ▼      ▼
    noisy picture, time ──────────────────────────► downs: 1 ─► 1/2 ─► 1/4 ─► 1/8 ─► ... ┐
                                                                 │      │      │         │
    picture ◄─ final_conv ◄─ 1 ◄──────────── ups:         1/2 ◄─ 1/4 ◄─ 1/8 ◄─ ... ◄─ middle

Yang and Mandt 2023, "Lossy image compression with conditional diffusion models", with the layers
and the names of tensors of the weights that its authors published. Every tensor here is
``[batch, channels, height, width]``; pictures are sRGB from -1 to 1.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from .layers import loaded

STRIDE = 16
"""Pixels per latent."""

SLOPE = 0.2
"""Negative slope of the leaky ReLUs."""

SCALES = 4
"""Sizes in which the context comes: 1, 1/2, 1/4 and 1/8."""


@dataclass(frozen=True, slots=True)
class Widths:
    """Channels throughout; the defaults are those that were published."""

    enc: tuple[int, ...] = (64, 128, 192, 256)
    """After each halving; the last are the latents."""
    dec: tuple[int, ...] = (192, 128, 64, 64)
    """After each doubling: the context, from coarse to fine."""
    hyper: int = 256
    denoiser: tuple[int, ...] = (64, 128, 192, 256, 320, 384)
    """At each size of the U-Net, from fine to coarse."""

    @classmethod
    def of(cls, tensors: Mapping[str, Tensor]) -> Widths:
        """Those of a state dict.

        Raises:
            KeyError: It is of another network.
        """

        def count(pattern: str) -> tuple[int, ...]:
            found: list[int] = []
            while (key := pattern.format(len(found))) in tensors:
                found.append(tensors[key].shape[0])
            if not found:
                raise KeyError(pattern.format(0))
            return tuple(found)

        return cls(
            count("context_fn.enc.{}.1.conv.weight"),
            tuple(
                tensors[f"context_fn.dec.{stage}.1.conv.bias"].shape[0] for stage in range(SCALES)
            ),
            tensors["context_fn.hyper_enc.0.0.weight"].shape[0],
            count("denoise_fn.downs.{}.0.block1.block.0.weight"),
        )


class Norm(nn.Module):
    """Layer normalisation over the channels of each place."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.g = nn.Parameter(torch.ones(1, channels, 1, 1))
        self.b = nn.Parameter(torch.zeros(1, channels, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        last = x.permute(0, 2, 3, 1)
        y = functional.layer_norm(last, last.shape[-1:], self.g.flatten(), self.b.flatten())
        return y.permute(0, 3, 1, 2)


class _Block(nn.Module):
    def __init__(self, channels_in: int, channels_out: int, size: int) -> None:
        super().__init__()
        conv = nn.Conv2d(channels_in, channels_out, size, padding=size // 2)
        self.block = nn.Sequential(conv, Norm(channels_out), nn.ReLU(inplace=True))

    def forward(self, x: Tensor) -> Tensor:
        result: Tensor = self.block(x)
        return result


class ResidualBlock(nn.Module):
    """Two convolutions beside a skip; the time, if there is one, is added between them."""

    def __init__(
        self, channels_in: int, channels_out: int, time: int | None = None, size: int = 3
    ) -> None:
        super().__init__()
        if time is not None:
            self.mlp = nn.Sequential(nn.LeakyReLU(SLOPE), nn.Linear(time, channels_out))
        self.block1 = _Block(channels_in, channels_out, size)
        self.block2 = _Block(channels_out, channels_out, 3)
        self.res_conv = (
            nn.Conv2d(channels_in, channels_out, 1)
            if channels_in != channels_out
            else nn.Identity()
        )

    def forward(self, x: Tensor, time: Tensor | None = None) -> Tensor:
        h: Tensor = self.block1(x)
        if time is not None:
            h = h + self.mlp(time)[:, :, None, None]
        result: Tensor = self.block2(h) + self.res_conv(x)
        return result


class Attention(nn.Module):
    """Linear attention with one head, beside a skip: cost and memory grow with the places."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        convs = {
            "to_qkv": nn.Conv2d(channels, 3 * channels, 1, bias=False),
            "to_out": nn.Conv2d(channels, channels, 1),
        }
        self.fn = nn.ModuleDict({"norm": Norm(channels), "fn": nn.ModuleDict(convs)})

    def forward(self, x: Tensor) -> Tensor:
        batch, channels, height, width = x.shape
        convs = self.fn["fn"]
        assert isinstance(convs, nn.ModuleDict)
        q, k, v = convs["to_qkv"](self.fn["norm"](x)).flatten(2).chunk(3, dim=1)
        summary = k.softmax(dim=-1) @ v.transpose(1, 2)
        y = summary.transpose(1, 2) @ (q * channels**-0.5)
        y = y.view(batch, channels, height, width)
        result: Tensor = x + convs["to_out"](y)
        return result


class _Resize(nn.Module):
    """A convolution to half, or a transposed one to twice the size."""

    def __init__(self, conv: nn.Conv2d | nn.ConvTranspose2d) -> None:
        super().__init__()
        self.conv = conv

    def forward(self, x: Tensor) -> Tensor:
        result: Tensor = self.conv(x)
        return result


def _halving(channels: int) -> _Resize:
    return _Resize(nn.Conv2d(channels, channels, 3, stride=2, padding=1))


def _doubling(channels_in: int, channels_out: int) -> _Resize:
    return _Resize(nn.ConvTranspose2d(channels_in, channels_out, 4, stride=2, padding=1))


class Compressor(nn.Module):
    """Pixels to latents and hyper-latents, and latents to the context of the denoiser.

    The hyper-synthesis is not here: coding runs it in integers.
    """

    def __init__(self, widths: Widths) -> None:
        super().__init__()
        through = (3, *widths.enc)
        self.enc = nn.ModuleList(
            nn.ModuleList((ResidualBlock(a, b, size=3 if stage else 7), _halving(b)))
            for stage, (a, b) in enumerate(pairwise(through))
        )
        latents, n = widths.enc[-1], widths.hyper
        self.hyper_enc = nn.ModuleList(
            (
                nn.ModuleList((nn.Conv2d(latents, n, 3, padding=1), nn.LeakyReLU(SLOPE))),
                nn.ModuleList((nn.Conv2d(n, n, 5, 2, padding=2), nn.LeakyReLU(SLOPE))),
                nn.ModuleList((nn.Conv2d(n, n, 5, 2, padding=2), nn.Identity())),
            )
        )
        through = (latents, *widths.dec)
        self.dec = nn.ModuleList(
            nn.ModuleList((ResidualBlock(a, middle), _doubling(middle, b)))
            for a, middle, b in zip(
                through[:-1], (*widths.dec[:-1], through[-2]), widths.dec, strict=True
            )
        )

    def analyse(self, x: Tensor) -> Tensor:
        """Latents, 1/16 of the size."""
        return _through(self.enc, x)

    def hyper_analyse(self, y: Tensor) -> Tensor:
        """Hyper-latents, 1/64 of the size."""
        return _through(self.hyper_enc, y)

    def context(self, y: Tensor) -> list[Tensor]:
        """What tells the denoiser of the picture, the finest first."""
        found = []
        for stage in self.dec:
            y = _through([stage], y)
            found.append(y)
        return found[::-1]


class Denoiser(nn.Module):
    """The picture that is expected behind a noisy one, given its context."""

    def __init__(self, widths: Widths) -> None:
        super().__init__()
        time = widths.denoiser[0]
        levels = len(widths.denoiser)
        self.time_mlp = nn.Sequential(nn.Linear(1, 4 * time), nn.GELU(), nn.Linear(4 * time, time))
        contexts = (*reversed(widths.dec), *[0] * levels)
        through = (3, *widths.denoiser)
        self.downs = nn.ModuleList(
            nn.ModuleList(
                (
                    ResidualBlock(a + contexts[level], b, time, size=3 if level else 7),
                    ResidualBlock(b, b, time),
                    Attention(b),
                    _halving(b) if level < levels - 1 else nn.Identity(),
                )
            )
            for level, (a, b) in enumerate(pairwise(through))
        )
        coarsest = widths.denoiser[-1]
        self.mid_block1 = ResidualBlock(coarsest, coarsest, time)
        self.mid_attn = Attention(coarsest)
        self.mid_block2 = ResidualBlock(coarsest, coarsest, time)
        self.ups = nn.ModuleList(
            nn.ModuleList(
                (
                    ResidualBlock(2 * b, a, time),
                    ResidualBlock(a, a, time),
                    Attention(a),
                    _doubling(a, a),
                )
            )
            for a, b in reversed(list(pairwise(widths.denoiser)))
        )
        self.final_conv = nn.Sequential(Norm(time), nn.Conv2d(time, 3, 7, padding=3))

    def forward(self, x: Tensor, time: Tensor, context: list[Tensor]) -> Tensor:
        """Like ``x``.

        Args:
            x: the noisy picture; sides are multiples of ``2 ** (levels - 1)``.
            time: ``[batch, 1]``, from 0, no noise, to 1, noise alone.
            context: from `Compressor.context`.
        """
        t = self.time_mlp(time)
        kept = []
        for level, stage in enumerate(self.downs):
            first, second, attention, halve = parts(stage)
            if level < len(context):
                x = torch.cat((x, context[level]), 1)
            x = attention(second(first(x, t), t))
            kept.append(x)
            x = halve(x)
        x = self.mid_block2(self.mid_attn(self.mid_block1(x, t)), t)
        for stage in self.ups:
            first, second, attention, double = parts(stage)
            x = first(torch.cat((x, kept.pop()), 1), t)
            x = double(attention(second(x, t)))
        result: Tensor = self.final_conv(x)
        return result


class Networks(nn.Module):
    """All that is kept in floats, under the published names."""

    def __init__(self, widths: Widths) -> None:
        super().__init__()
        self.context_fn = Compressor(widths)
        self.denoise_fn = Denoiser(widths)

    @classmethod
    def of(cls, tensors: Mapping[str, Tensor]) -> Networks:
        """The networks among ``tensors``, whose names and shapes tell the widths.

        Raises:
            KeyError, RuntimeError: They are not there, or have other shapes.
        """
        with torch.device("meta"):
            made = cls(Widths.of(tensors))
        made = loaded(made, tensors)
        return made.to(memory_format=torch.channels_last)  # type: ignore[call-overload,no-any-return]


def parts(stage: nn.Module) -> list[Any]:
    """The layers of one size; what they are is known by their order."""
    return list(cast(nn.ModuleList, stage))


def _through(stages: nn.ModuleList | list[nn.Module], x: Tensor) -> Tensor:
    for stage in stages:
        for layer in parts(stage):
            x = layer(x)
    return x
