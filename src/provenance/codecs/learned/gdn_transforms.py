"""Pixels to latents and back, as published in 2017 and 2018: four convolutions with GDN between.

::

    x ─ 5x5 ↓2 ─ GDN ─ 5x5 ↓2 ─ GDN ─ 5x5 ↓2 ─ GDN ─ 5x5 ↓2 ─► y
      N channels         N              N              M          1/16 of each side

    x̂ ◄─ 5x5 ↑2 ─ IGDN ─ 5x5 ↑2 ─ IGDN ─ 5x5 ↑2 ─ IGDN ─ 5x5 ↑2 ─ ŷ

Ballé, Laparra and Simoncelli 2017, "End-to-end optimized image compression"; the sizes of the
filters are those of Ballé et al. 2018, "Variational image compression with a scale hyperprior".
Pixels are sRGB from 0 to 1. Large pictures are worked on in tiles that see as far as the filters
reach, so the result is that of the whole.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from . import pixels as pixel_tensors
from .layers import GDN, doubling, halving, loaded
from .tiling import Region, for_each_tile

STRIDE = 16
"""Pixels per latent."""

TILE = 32
"""Side of a tile in latents, 512 px."""

OVERLAP = 2
"""Latents that a tile sees beyond its own: the transforms reach 1.875."""


class Transforms(nn.Module):
    """Analysis and synthesis.

    Args:
        channels: within the transforms, N in the papers.
        latents: channels of the latents, M.
    """

    def __init__(self, channels: int, latents: int) -> None:
        super().__init__()
        n, m = channels, latents
        self.latents = m
        self.analysis = nn.Sequential(
            *(halving(3, n), GDN(n), halving(n, n), GDN(n)),
            *(halving(n, n), GDN(n), halving(n, m)),
        )
        self.synthesis = nn.Sequential(
            *(doubling(m, n), GDN(n, inverse=True), doubling(n, n), GDN(n, inverse=True)),
            *(doubling(n, n), GDN(n, inverse=True), doubling(n, 3)),
        )

    @classmethod
    def of(cls, tensors: Mapping[str, Tensor]) -> Transforms:
        """The transforms among ``tensors``, whose names and shapes tell N and M.

        Raises:
            KeyError, RuntimeError: They are not there, or have other shapes.
        """
        with torch.device("meta"):
            made = cls(*(len(tensors[f"analysis.{layer}.weight"]) for layer in (0, 6)))
        made = loaded(made, tensors)
        return made.to(memory_format=torch.channels_last)  # type: ignore[call-overload,no-any-return]

    @torch.inference_mode()
    def analyse(self, pixels: NDArray[np.uint8], rows: int, columns: int) -> Tensor:
        """Float32 latents ``[latents, rows, columns]`` of ``[h, w, 3]`` RGB.

        Right and lower edge are repeated as far as the latents go.
        """
        y = torch.empty((self.latents, rows, columns), dtype=torch.float32)

        def work(tile: Region) -> None:
            seen = tile.grown(OVERLAP, rows, columns)
            result = self.analysis(pixel_tensors.seen(pixels, seen.times(STRIDE)))[0]
            own = tile.within(seen)
            y[:, tile.rows, tile.columns] = result[:, own.rows, own.columns]

        for_each_tile(rows, columns, TILE, work)
        return y

    @torch.inference_mode()
    def synthesise(self, latents: Tensor, height: int, width: int) -> NDArray[np.uint8]:
        """``[height, width, 3]`` RGB of float32 ``[latents, rows, columns]``."""
        rows, columns = latents.shape[1:]
        pixels = np.empty((height, width, 3), np.uint8)

        def work(tile: Region) -> None:
            seen = tile.grown(OVERLAP, rows, columns)
            y = latents[None, :, seen.rows, seen.columns]
            x = self.synthesis(y.contiguous(memory_format=torch.channels_last))[0]
            own = tile.within(seen).times(STRIDE)
            pixel_tensors.fill(pixels, tile.times(STRIDE), own.of(x))

        for_each_tile(rows, columns, TILE, work)
        return pixels
