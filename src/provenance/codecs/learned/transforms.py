"""The pixel transforms at work: tile by tile, in bfloat16 where that is fast.

A tile sees as far beyond its own as a transform reaches, 5.25 latents. What later stages do not
need falls away between the stages. The finest one, at 1/4 of the size of the picture, has the most
places and goes through a tile in strips.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from .hyperprior import STRIDE, MeanScaleHyperprior
from .layers import DepthwiseBlock
from .pixels import cut
from .processor import bfloat16_is_fast
from .tiling import Region, for_each_tile

TILE = 56
"""Largest side of a tile in latents, 896 px."""

STRIP = 16
"""Rows of latents that the finest stage works on at once."""

REACH = 3
"""Places to each side that a stage sees with its three layers of 3x3."""

Pixels = NDArray[np.uint8]


class PixelTransforms:
    """Analysis and synthesis of a network, whose layers they take over.

    Args:
        network: the whole of it.
        synthesis: another one for the same latents, instead of the network's own.
    """

    def __init__(
        self, network: MeanScaleHyperprior, synthesis: nn.Sequential | None = None
    ) -> None:
        analysis, synthesis = network.analysis, synthesis or network.synthesis
        if bfloat16_is_fast():
            # The residual stream stays in float32, and nothing that can be measured is lost. Of the
            # layers into and out of the stream only this one bears it.
            synthesis[0].bfloat16()
            for layer in (*analysis, *synthesis):
                if isinstance(layer, DepthwiseBlock):
                    layer.bfloat16()
        for transform in (analysis, synthesis):
            transform.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._analysis = analysis[:4], analysis[4:9], analysis[9:]
        self._synthesis = synthesis[:3], synthesis[3:7], synthesis[7:]
        self._latents = network.latents
        self._fine_channels = network.widths[0]

    def analyse(self, pixels: Pixels, height: int, width: int) -> Tensor:
        """``[latents, height, width]`` float32 of RGB ``pixels``, whose edges are repeated."""
        y = torch.empty((self._latents, height, width), dtype=torch.float32)
        to_fine, to_middle, to_coarse = self._analysis

        def work(tile: Region) -> None:
            coarse = tile.grown(REACH, height, width)
            middle = coarse.times(2).grown(REACH, 2 * height, 2 * width)
            whole = middle.times(2)
            size = (
                1,
                self._fine_channels,
                whole.bottom - whole.top,
                whole.right - whole.left,
            )
            x = torch.empty(size, memory_format=torch.channels_last)
            for strip in whole.strips(4 * STRIP):
                fine = strip.grown(REACH, 4 * height, 4 * width)
                result = to_fine(_normalised(pixels, fine.times(4)))
                strip.within(whole).of(x).copy_(strip.within(fine).of(result))
            x = coarse.times(2).within(middle).of(to_middle(x))
            tile.of(y).copy_(tile.within(coarse).of(to_coarse(x)[0]))

        for_each_tile(height, width, TILE, work)
        return y

    def synthesise(
        self, latents: Callable[[Region], Tensor], height: int, width: int, pixels: Pixels
    ) -> None:
        """Fill RGB ``pixels``.

        Args:
            latents: gives a region of the ``height`` by ``width`` latents, ``[latents, h, w]``.
            height: rows of latents.
            width: columns of latents.
            pixels: ``[h, w, 3]``, no larger than what the latents stand for.
        """
        from_coarse, from_middle, from_fine = self._synthesis

        def seen_by_fine(region: Region) -> Region:
            return region.times(4).grown(REACH, 4 * height, 4 * width).over(2)

        def work(tile: Region) -> None:
            middle = seen_by_fine(tile)
            coarse = middle.grown(REACH, 2 * height, 2 * width).over(2)
            seen = coarse.grown(REACH, height, width)
            x = from_coarse(latents(seen)[None].contiguous(memory_format=torch.channels_last))
            x = from_middle(coarse.within(seen).of(x))
            x = middle.within(coarse.times(2)).of(x)
            for strip in tile.strips(STRIP):
                fine = seen_by_fine(strip)
                result = from_fine(fine.within(middle).of(x))[0]
                own = strip.times(STRIDE)
                target = pixels[own.rows, own.columns]
                result = own.within(fine.times(8)).of(result).permute(1, 2, 0)
                result = result[: target.shape[0], : target.shape[1]]
                result = result.add_(0.5).mul_(255).round_().clamp_(0, 255)
                torch.from_numpy(target).copy_(result)

        for_each_tile(height, width, TILE, work)


def _normalised(pixels: Pixels, window: Region) -> Tensor:
    """``[1, 3, h, w]``, -0.5 to 0.5, of what `cut` gives."""
    x = torch.from_numpy(cut(pixels, window)).permute(2, 0, 1)[None]
    return x.float().div_(255).sub_(0.5)
