"""Pixels to latents and back, as in HiFiC: strided convolutions, and a generator.

::

    x ─ 7x7 ─ 3x3 ↓2 ─ 3x3 ↓2 ─ 3x3 ↓2 ─ 3x3 ↓2 ─ 3x3 ─► y
        60      120      240      480      960     C channels, 1/16 of each side

        ┌───────────────────────┐
    ŷ ─ 3x3 ─ residual blocks ─ + ─ 3x3 ↑2 ─ 3x3 ↑2 ─ 3x3 ↑2 ─ 3x3 ↑2 ─ 7x7 ─► x̂
        960       two 3x3 each       480      240      120      60

Channels as in the paper; those at hand follow from the weights. After every convolution but the
last ones each place is normalised over its channels, and a ReLU follows outside of residual blocks.
The latents are normalised too. Edges are mirrored, but around transposed convolutions.

Mentzer, Toderici, Tschannen and Agustsson 2020, "High-fidelity generative image compression".
Large pictures are worked on in tiles that see as far as the filters reach: nothing is normalised
over places, so the result is that of the whole.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from . import pixels as pixel_tensors
from .layers import ChannelNorm, loaded
from .tiling import Region, for_each_tile

STRIDE = 16
"""Pixels per latent."""

TILE = 24
"""Largest side of a tile in latents, 384 px."""

ANALYSIS_REACH = 3
"""Latents that a tile of the analysis sees beyond its own: the filters reach 2.2."""

BLOCK_REACH = 2
"""The same for a residual block, and more than for what comes before them."""

EXIT_REACH = 2
"""The same from the residual blocks to pixels: the filters reach 1.2."""


class Sizes(NamedTuple):
    """Channels and blocks of the transforms."""

    down: tuple[int, ...]
    """Channels of the analysis, from the finest."""
    latents: int
    up: tuple[int, ...]
    """Channels of the generator, from the coarsest."""
    blocks: int


class ResidualBlock(nn.Module):
    """Two 3x3 convolutions beside the stream."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.change = nn.Sequential(
            nn.ReflectionPad2d(1),
            nn.Conv2d(channels, channels, 3),
            ChannelNorm(channels),
            nn.ReLU(inplace=True),
            nn.ReflectionPad2d(1),
            nn.Conv2d(channels, channels, 3),
            ChannelNorm(channels),
        )

    def forward(self, x: Tensor) -> Tensor:
        changed: Tensor = x + self.change(x)
        return changed


class Generator(nn.Module):
    """Latents to pixels.

    Args:
        sizes: of the layers.
        squashed: a sigmoid is the last one.
    """

    def __init__(self, sizes: Sizes, *, squashed: bool = False) -> None:
        super().__init__()
        up = sizes.up
        self.channels = up[0]
        self.entry = nn.Sequential(
            ChannelNorm(sizes.latents),
            nn.ReflectionPad2d(1),
            nn.Conv2d(sizes.latents, up[0], 3),
            ChannelNorm(up[0]),
        )
        self.blocks = nn.Sequential(*(ResidualBlock(up[0]) for _ in range(sizes.blocks)))
        layers: list[nn.Module] = []
        for a, b in pairwise(up):
            layers.append(nn.ConvTranspose2d(a, b, 3, stride=2, padding=1, output_padding=1))
            layers += _normalised(b)
        layers += [nn.ReflectionPad2d(3), nn.Conv2d(up[-1], 3, 7)]
        self.exit = nn.Sequential(*layers, *([nn.Sigmoid()] if squashed else []))

    def forward(self, latents: Tensor) -> Tensor:
        """``[batch, 3, 16 h, 16 w]`` for ``[batch, latents, h, w]``: pixels, about 0 to 1."""
        start = self.entry(latents)
        pixels: Tensor = self.exit(self.blocks(start) + start)
        return pixels


class Transforms(nn.Module):
    """Analysis and generator.

    Args:
        sizes: of the layers.
        squashed: see `Generator`.
    """

    def __init__(self, sizes: Sizes, *, squashed: bool = False) -> None:
        super().__init__()
        self.latents = sizes.latents
        down = sizes.down
        layers = [nn.ReflectionPad2d(3), nn.Conv2d(3, down[0], 7), *_normalised(down[0])]
        for a, b in pairwise(down):
            # Mirrored above and to the right, as TensorFlow's padding is not.
            layers += [nn.ReflectionPad2d((0, 1, 1, 0)), nn.Conv2d(a, b, 3, stride=2)]
            layers += _normalised(b)
        self.analysis = nn.Sequential(
            *layers, nn.ReflectionPad2d(1), nn.Conv2d(down[-1], sizes.latents, 3)
        )
        self.synthesis = Generator(sizes, squashed=squashed)

    @classmethod
    def of(cls, tensors: Mapping[str, Tensor]) -> Transforms:
        """The transforms among ``tensors``, whose names and shapes tell the sizes.

        Raises:
            KeyError, RuntimeError: They are not there, or have other shapes.
        """
        down = tuple(len(tensors[f"analysis.{4 * layer + 1}.weight"]) for layer in range(5))
        up = tuple(tensors[f"synthesis.exit.{3 * layer}.weight"].shape[1] for layer in range(4))
        up = (len(tensors["synthesis.entry.2.weight"]), *up)
        latents = len(tensors["synthesis.entry.0.gamma"])
        blocks = sum(key.endswith(".change.1.weight") for key in tensors)
        with torch.device("meta"):
            sizes = Sizes(down, latents, up, blocks)
            made = cls(sizes, squashed=bool(tensors["squashed"].item()))
        made = loaded(made, tensors)
        return made.to(memory_format=torch.channels_last)  # type: ignore[call-overload,no-any-return]

    @torch.inference_mode()
    def analyse(self, pixels: NDArray[np.uint8], rows: int, columns: int) -> Tensor:
        """Float32 latents ``[latents, rows, columns]`` of ``[h, w, 3]`` RGB.

        Right and lower edge are repeated as far as the latents go.
        """
        y = torch.empty((self.latents, rows, columns), dtype=torch.float32)

        def work(tile: Region) -> None:
            seen = tile.grown(ANALYSIS_REACH, rows, columns)
            result = self.analysis(pixel_tensors.seen(pixels, seen.times(STRIDE)))[0]
            tile.of(y).copy_(tile.within(seen).of(result))

        for_each_tile(rows, columns, TILE, work)
        return y

    @torch.inference_mode()
    def synthesise(self, latents: Tensor, height: int, width: int) -> NDArray[np.uint8]:
        """``[height, width, 3]`` RGB of float32 ``[latents, rows, columns]``."""
        generator = self.synthesis
        start = _through(generator.entry, latents, generator.channels)
        x = start
        for block in generator.blocks:
            x = _through(block, x, generator.channels)
        x = x + start
        del start
        rows, columns = x.shape[1:]
        pixels = np.empty((height, width, 3), np.uint8)

        def work(tile: Region) -> None:
            seen = tile.grown(EXIT_REACH, rows, columns)
            result = generator.exit(_first(seen.of(x)))[0]
            own = tile.within(seen).times(STRIDE)
            pixel_tensors.fill(pixels, tile.times(STRIDE), own.of(result))

        for_each_tile(rows, columns, TILE, work)
        return pixels


def _through(layer: nn.Module, x: Tensor, channels: int) -> Tensor:
    """What ``layer`` makes of ``x`` ``[c, rows, columns]``: ``[channels, rows, columns]``."""
    rows, columns = x.shape[1:]
    y = torch.empty((channels, rows, columns), dtype=torch.float32)

    def work(tile: Region) -> None:
        seen = tile.grown(BLOCK_REACH, rows, columns)
        tile.of(y).copy_(tile.within(seen).of(layer(_first(seen.of(x)))[0]))

    for_each_tile(rows, columns, TILE, work)
    return y


def _first(x: Tensor) -> Tensor:
    """``[1, channels, h, w]``."""
    return x[None].contiguous(memory_format=torch.channels_last)


def _normalised(channels: int) -> list[nn.Module]:
    return [ChannelNorm(channels), nn.ReLU(inplace=True)]
