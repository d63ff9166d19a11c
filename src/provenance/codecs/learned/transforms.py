"""The pixel transforms at work: tile by tile, in bfloat16 where that is fast.

A tile sees as far beyond its own as a transform reaches, 5.25 latents. What later stages do not
need falls away between the stages. The finest one, at 1/4 of the size of the picture, has the most
places and goes through a tile in strips.
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from .hyperprior import RATIO, STRIDE, MeanScaleHyperprior
from .layers import DepthwiseBlock
from .pixels import cut
from .processor import bfloat16_is_fast
from .restoration import MARGIN, Filter, Floats, Normal, restored
from .tiling import Region, for_each_tile

TILE = 56
"""Largest side of a tile in latents, 896 px."""

LEARNING_TILE = 28
"""The same where gradients are asked for, which keep all that they are made of."""

LOOKED_AT = 10
"""Most of these tiles, 2 megapixels, that a filter for the whole picture is fitted to."""

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
        self,
        latents: Callable[[Region], Tensor],
        height: int,
        width: int,
        pixels: Pixels,
        restoration: Filter | None = None,
    ) -> None:
        """Fill RGB ``pixels``.

        Args:
            latents: gives a region of the ``height`` by ``width`` latents, ``[latents, h, w]``.
            height: rows of latents.
            width: columns of latents.
            pixels: ``[h, w, 3]``, no larger than what the latents stand for.
            restoration: what the picture goes through, if anything.
        """

        def work(tile: Region) -> None:
            margin = 0 if restoration is None else MARGIN
            for own, levels in self._shown(latents, tile, height, width, margin):
                target = pixels[own.rows, own.columns]
                if restoration is not None:
                    levels = torch.from_numpy(restored(_seen_by_filter(levels), restoration))
                levels = levels[: target.shape[0], : target.shape[1]]
                torch.from_numpy(target).copy_(levels.round_().clamp_(0, 255))

        for_each_tile(height, width, TILE, work)

    def restoration(
        self,
        latents: Callable[[Region], Tensor],
        height: int,
        width: int,
        pixels: Pixels,
        worth: float,
    ) -> Filter | None:
        """The filter that brings what `synthesise` gives nearest to ``pixels``, if any is worth it.

        Of a large picture some tiles are looked at, the same ones every time.

        Args:
            latents: as there, as is the rest.
            worth: bits that a squared error is worth, summed over colours.
        """
        found: dict[tuple[int, int], Normal] = {}

        def work(tile: Region) -> None:
            parts = []
            for own, levels in self._shown(latents, tile, height, width, MARGIN):
                wanted = pixels[own.rows, own.columns]
                if wanted.size:
                    around = _seen_by_filter(levels)[: wanted.shape[0] + 2 * MARGIN]
                    parts.append(Normal.of(around[:, : wanted.shape[1] + 2 * MARGIN], wanted))
            if parts:  # Else it lies beyond the edge.
                found[tile.top, tile.left] = functools.reduce(operator.add, parts)

        whole = height * width <= LOOKED_AT * LEARNING_TILE**2
        for_each_tile(height, width, TILE if whole else LEARNING_TILE, work, most=LOOKED_AT)
        # Threads end in any order; sums have one.
        total = functools.reduce(operator.add, (found[place] for place in sorted(found)))
        return total.solved(worth * pixels.shape[0] * pixels.shape[1] / total.pixels)

    def _shown(
        self,
        latents: Callable[[Region], Tensor],
        tile: Region,
        height: int,
        width: int,
        margin: int,
    ) -> Iterator[tuple[Region, Tensor]]:
        """What is to be seen of a tile, strip by strip: where it is in pixels, and levels, float32
        ``[h, w, 3]``, with a margin to each side; beyond the edge the last are repeated."""
        from_coarse, from_middle, from_fine = self._synthesis
        sight = _Sight.of(tile, height, width)
        x = from_coarse(latents(sight.seen)[None].contiguous(memory_format=torch.channels_last))
        x = from_middle(sight.after_coarse(x))
        x = sight.after_middle(x)
        for strip in tile.strips(STRIP):
            fine = _seen_by_fine(strip, height, width)
            result = from_fine(fine.within(sight.middle).of(x))
            own = strip.times(STRIDE)
            # The last stage is given a place more than it sees: so far its results are those of
            # the whole picture.
            seen = own.grown(margin, STRIDE * height, STRIDE * width)
            result = seen.within(fine.times(8)).of(result)
            lacks = [
                margin - abs(a - b)
                for a, b in zip(
                    (seen.left, seen.right, seen.top, seen.bottom),
                    (own.left, own.right, own.top, own.bottom),
                    strict=True,
                )
            ]
            if any(lacks):
                result = functional.pad(result, lacks, mode="replicate")
            yield own, result[0].permute(1, 2, 0).add_(0.5).mul_(255)

    def distortion(
        self,
        latents: Callable[[Region], Tensor],
        pixels: Pixels,
        measure: Callable[[Region, Tensor, Tensor], Tensor],
        rows: int,
        columns: int,
    ) -> tuple[Tensor, Tensor]:
        """How wrong what `synthesise` gives is, and how that changes with the latents.

        Args:
            latents: as there, of all places in the squares.
            pixels: ``[h, w, 3]`` RGB that should come out.
            measure: see `Distortion`.
            rows: of squares of `HYPER_STRIDE` pixels, as many as cover the picture.
            columns: likewise.

        Returns:
            By square what ``measure`` finds, and the gradient of the sum of all by the latents,
            ``[latents, h/16, w/16]``.
        """
        height, width = RATIO * rows, RATIO * columns
        found = torch.empty((rows, columns))
        gradients: dict[tuple[int, int], tuple[Region, Tensor]] = {}

        from_coarse, from_middle, from_fine = self._synthesis

        def work(squares: Region) -> None:
            tile = squares.times(RATIO)
            sight = _Sight.of(tile, height, width)
            shown = tile.times(STRIDE)
            with torch.inference_mode(mode=False), torch.enable_grad():
                y = latents(sight.seen).clone().requires_grad_(True)
                x = from_coarse(y[None].contiguous(memory_format=torch.channels_last))
                x = from_middle(sight.after_coarse(x))
                x = from_fine(sight.after_middle(x))[0]
                x = shown.within(sight.middle.times(8)).of(x)
                wanted = torch.from_numpy(cut(pixels, shown)).permute(2, 0, 1).float()
                errors = x.add(0.5).mul(255) - wanted
                # Beyond the edge of the picture nobody sees them.
                inside = torch.zeros(wanted.shape[1:])
                inside[: pixels.shape[0] - shown.top, : pixels.shape[1] - shown.left] = 1
                costs = measure(squares, errors * inside, wanted)
                (gradient,) = torch.autograd.grad(costs.sum(), y)
            squares.of(found).copy_(costs.detach())
            gradients[tile.top, tile.left] = sight.seen, gradient

        for_each_tile(rows, columns, LEARNING_TILE // RATIO, work)
        gradient = torch.zeros((self._latents, height, width))
        # Tiles see beyond their own; the order of sums is the same whichever was the first.
        for _, (seen, part) in sorted(gradients.items()):
            seen.of(gradient).add_(part)
        return found, gradient


@dataclass(frozen=True, slots=True)
class _Sight:
    """What the stages of a synthesis see beyond a tile."""

    seen: Region
    """Latents."""
    coarse: Region
    """What is kept of the first stage, in latents."""
    middle: Region
    """What is kept of the second, in places of 8 px."""

    @classmethod
    def of(cls, tile: Region, height: int, width: int) -> _Sight:
        """That of ``tile`` among ``height`` by ``width`` latents."""
        middle = _seen_by_fine(tile, height, width)
        coarse = middle.grown(REACH, 2 * height, 2 * width).over(2)
        return cls(coarse.grown(REACH, height, width), coarse, middle)

    def after_coarse(self, x: Tensor) -> Tensor:
        return self.coarse.within(self.seen).of(x)

    def after_middle(self, x: Tensor) -> Tensor:
        return self.middle.within(self.coarse.times(2)).of(x)


def _seen_by_fine(region: Region, height: int, width: int) -> Region:
    """What the last stage sees of a region of latents, in places of 8 px."""
    return region.times(4).grown(REACH, 4 * height, 4 * width).over(2)


def _seen_by_filter(levels: Tensor) -> Floats:
    seen: Floats = levels.clamp_(0, 255).double().contiguous().numpy()
    return seen


def _normalised(pixels: Pixels, window: Region) -> Tensor:
    """``[1, 3, h, w]``, -0.5 to 0.5, of what `cut` gives."""
    x = torch.from_numpy(cut(pixels, window)).permute(2, 0, 1)[None]
    return x.float().div_(255).sub_(0.5)
