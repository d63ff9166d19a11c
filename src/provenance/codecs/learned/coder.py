"""Pixels to latents to payload and back, tile by tile, with one loaded model."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ...errors import ModelError
from ..entropy import Decoder, Part, Payload, encode
from . import quality_map, refinement, restoration, tables
from .context import STEPS, places
from .distortion import Distortion
from .entropy_model import HYPER_TILE, EntropyModel
from .hyper_prior import HyperPrior
from .hyperprior import HYPER_STRIDE, LEVELS, RATIO, MeanScaleHyperprior, lambda_at
from .layers import loaded
from .quality_map import Offsets
from .refinement import Outlook
from .restoration import Filter
from .tiling import Region, for_each_tile, give_back, grid
from .transforms import PixelTransforms

INTEGER_PARTS = ("hyper_synthesis", "prediction", "contexts", "prior")
"""Parts of the network that coding replaces by integers: by `EntropyModel` and by tables."""

Integers = NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Latents:
    """What the payload holds."""

    hyper: Integers
    """``[hyper_latents, h/64, w/64]``."""
    residuals: Integers
    """``[latents, h/16, w/16]``: latents less their means."""
    offsets: Offsets | None
    """The quality map; None where there is none."""
    restoration: Filter | None
    """What the decoded picture goes through; None where nothing."""

    def serialise(self) -> Iterator[memoryview[Any]]:
        """The integers as bytes, for a digest."""
        for integers in (self.hyper, self.residuals, self.offsets, self.restoration):
            if integers is not None:
                yield np.ascontiguousarray(integers, "<i4").data


@dataclass(frozen=True, slots=True)
class Decoded(Latents):
    """Latents with what completes them."""

    means: Tensor
    """As ``residuals``, float32, exact multiples of ``2**-10``."""


@dataclass(frozen=True, slots=True)
class Quantised(Decoded):
    """Latents with what an encoder needs."""

    scales: tuple[NDArray[np.uint8], ...]
    """By step: the index of the table for each residual, ``[n]``."""
    levels: Integers
    """``[h/64, w/64]``: the level that is nearest to that of each square."""


@dataclass(frozen=True, slots=True)
class Gains:
    """A factor for every latent."""

    table: Tensor
    """``[latents, levels]``: by channel and by the levels that there are."""
    levels: Tensor
    """``[h/64, w/64]``: which level each square has; of any size where there is but one."""

    def of(self, channels: slice, rows: slice, columns: slice) -> Tensor:
        """Those of a part of ``[latents, h/16, w/16]``, or what broadcasts to it."""
        if self.table.shape[1] == 1:
            return self.table[channels, :, None]
        down, across = (
            torch.arange(RATIO * side)[chosen] // RATIO
            for side, chosen in zip(self.levels.shape, (rows, columns), strict=True)
        )
        return self.table[channels][:, self.levels[down[:, None], across]]


class Coder:
    """The network with its integer twin and tables; made by `Coder.load`."""

    def __init__(self, tensors: Mapping[str, Tensor]) -> None:
        with torch.random.fork_rng(devices=[]):
            network = MeanScaleHyperprior()
        self._entropy_model = EntropyModel(network, tensors)
        self._scale_tables = tables.read("scale_tables", tensors, tables.LEVELS)
        self._hyper_prior = HyperPrior(tensors)
        for name in INTEGER_PARTS:
            setattr(network, name, nn.Identity())
        self._network = loaded(network, tensors).requires_grad_(False)
        self._transforms = PixelTransforms(network)
        self._restores = True

    @classmethod
    def load(cls, path: Path) -> Coder:
        """Load a weights file written by `provenance.training.export`.

        Raises:
            ModelError: It is missing or not such a file.
        """
        from safetensors.torch import load_file

        try:
            loaded = cls(load_file(path))
        except (OSError, KeyError, ValueError, RuntimeError, ModelError) as error:
            raise ModelError(f"{path}: not a model of this codec: {error}") from error
        give_back()
        return loaded

    def other_decoder(self, path: Path) -> Coder:
        """This coder with another synthesis, of a file by `provenance.training.perceptual`.

        All the rest is shared. What it gives does not go through the filter of the latents, which
        is that of the first synthesis.

        Raises:
            ModelError: It is missing or not such a file.
        """
        from safetensors.torch import load_file

        synthesis = copy.deepcopy(self._network.synthesis)
        try:
            state = {name: value.float() for name, value in load_file(path).items()}
            synthesis.load_state_dict(state, assign=True)
        except (OSError, KeyError, ValueError, RuntimeError) as error:
            raise ModelError(f"{path}: not a decoder of this model: {error}") from error
        other = copy.copy(self)
        other._transforms = PixelTransforms(self._network, synthesis.requires_grad_(False))
        other._restores = False
        return other

    @torch.inference_mode()
    def analyse(self, pixels: NDArray[np.uint8]) -> Tensor:
        """The analysis transform of ``[h, w, 3]`` RGB: ``[latents, h/16, w/16]`` float32."""
        rows, columns = grid(pixels.shape[0], pixels.shape[1], HYPER_STRIDE)
        analysed = self._transforms.analyse(pixels, RATIO * rows, RATIO * columns)
        give_back()
        return analysed

    @torch.inference_mode()
    def refine(
        self,
        analysed: Tensor,
        pixels: NDArray[np.uint8],
        quality: float,
        offsets: Offsets | None,
        passes: int,
        *,
        structural: float = 0.0,
    ) -> Tensor:
        """What `analyse` gave of ``pixels``, moved by `refinement` so that `quantise` does better.

        Args:
            passes: over the picture; more find more.
            structural: share of structural dissimilarity in the distortion, 0 to 1.
        """
        levels, squares = _levels(quality, offsets)
        shape = [side // RATIO for side in analysed.shape[1:]]
        distortion = Distortion(levels[squares].expand(shape), structural)
        return refinement.refine(
            analysed,
            lambda moved: self._outlook(moved, pixels, quality, offsets, distortion),
            passes,
        )

    @torch.inference_mode()
    def quantise(
        self, analysed: Tensor, quality: float, offsets: Offsets | None = None
    ) -> Quantised:
        """Latents at ``quality`` 1 to 100 of what `analyse` gave, to be encoded.

        Args:
            offsets: the quality map; None for the same quality everywhere.
        """
        chosen: list[NDArray[np.uint8]] = []
        found = torch.empty_like(analysed)

        def keep(step: int, means: Tensor, scales: NDArray[np.uint8], _: Tensor) -> None:
            chosen.append(scales.ravel())
            _scatter(means, step, found)

        hyper, residuals = self._quantised(analysed, quality, offsets, keep)
        levels = _nearest_levels(quality, offsets, hyper.shape[1:])
        return Quantised(hyper, residuals, offsets, None, found, tuple(chosen), levels)

    @torch.inference_mode()
    def restored(self, latents: Quantised, pixels: NDArray[np.uint8], quality: float) -> Quantised:
        """With the filter that brings the decoded picture nearer to ``pixels``, if it is worth
        its bits."""
        _, rows, columns = latents.residuals.shape
        level, _ = _levels(quality, None)
        # Squared errors count as their mean over the channels.
        worth = float(lambda_at(level)) / 3
        given = self._given(latents, quality)
        found = self._transforms.restoration(given, rows, columns, pixels, worth)
        give_back()
        return replace(latents, restoration=found)

    def encode(self, latents: Quantised) -> Payload:
        """Entropy-code latents."""

        def parts() -> Iterator[Part]:
            for step in reversed(range(STEPS)):
                residuals = np.concatenate([latents.residuals[p].ravel() for p in places(step)])
                yield Part(self._scale_tables, latents.scales[step], residuals)
            yield from self._hyper_prior.parts(latents.hyper, latents.levels)
            if latents.offsets is not None:
                yield quality_map.part(latents.offsets)
            if latents.restoration is not None:
                yield from restoration.parts(latents.restoration)

        return encode(parts())

    @torch.inference_mode()
    def decode(
        self,
        words: bytes,
        escapes: bytes,
        height: int,
        width: int,
        quality: float,
        *,
        mapped: bool = False,
        restored: bool = False,
    ) -> Decoded:
        """Latents of a picture of that size and quality, before them perhaps a filter and a quality
        map.

        Raises:
            BitstreamError: The payload cannot be one of ours.
        """
        decoder = Decoder(Payload(words, escapes))
        filter_ = restoration.read(decoder) if restored else None
        offsets = quality_map.read(decoder, height, width) if mapped else None
        rows, columns = grid(height, width, HYPER_STRIDE)
        hyper = self._hyper_prior.read(decoder, _nearest_levels(quality, offsets, (rows, columns)))
        size = (self._network.latents, RATIO * rows, RATIO * columns)
        found = torch.empty(size, dtype=torch.float32)

        def code(step: int, means: Tensor, scales: NDArray[np.uint8]) -> Integers:
            _scatter(means, step, found)
            return decoder.decode(self._scale_tables, scales.ravel()).reshape(scales.shape)

        residuals = self._entropy_model.follow(hyper, code)
        decoder.finish()
        return Decoded(hyper, residuals, offsets, filter_, found)

    @torch.inference_mode()
    def synthesise(
        self, latents: Decoded, quality: float, height: int, width: int
    ) -> NDArray[np.uint8]:
        """``[height, width, 3]`` RGB of ``latents``."""
        pixels = np.empty((height, width, 3), np.uint8)
        _, rows, columns = latents.residuals.shape
        given = self._given(latents, quality)
        filter_ = latents.restoration if self._restores else None
        self._transforms.synthesise(given, rows, columns, pixels, filter_)
        return pixels

    def _outlook(
        self,
        analysed: Tensor,
        pixels: NDArray[np.uint8],
        quality: float,
        offsets: Offsets | None,
        distortion: Distortion,
    ) -> Outlook:
        """What such latents cost, and where they would cost less."""
        gain, inverse_gain = self._gains(quality, offsets)
        rows, columns = (side // RATIO for side in analysed.shape[1:])
        bits = np.zeros((rows, columns), np.float32)
        means, slope = torch.empty_like(analysed), torch.empty_like(analysed)
        cost = self._scale_tables.bits

        def see(step: int, found: Tensor, scales: NDArray[np.uint8], exact: Tensor) -> None:
            _scatter(found, step, means)
            for place, scale, part in zip(places(step), scales, exact, strict=True):
                nearest, below = (x.to(torch.int32).numpy() for x in (part.round(), part.floor()))
                bits[:] += _by_square(cost(scale, nearest))
                rise = cost(scale, below + 1) - cost(scale, below)
                slope[place] = torch.from_numpy(rise)

        hyper, residuals = self._quantised(analysed, quality, offsets, see)
        bits += self._hyper_prior.bits(hyper, _nearest_levels(quality, offsets, (rows, columns)))
        give_back()
        decoded = Decoded(hyper, residuals, offsets, None, means)
        costs, gradient = self._transforms.distortion(
            self._given(decoded, quality), pixels, distortion, rows, columns
        )
        whole = slice(None), slice(0, RATIO * rows), slice(0, RATIO * columns)
        gradient.mul_(inverse_gain.of(*whole)).add_(slope, alpha=refinement.RATE)
        direction = gradient.div_(refinement.CURVATURE).clamp_(-1, 1).div_(gain.of(*whole))
        give_back()
        return Outlook(costs + torch.from_numpy(bits), direction)

    def _given(self, latents: Decoded, quality: float) -> Callable[[Region], Tensor]:
        """What the synthesis is given of a region."""
        residuals = torch.from_numpy(latents.residuals)
        _, inverse_gain = self._gains(quality, latents.offsets)

        def part(seen: Region) -> Tensor:
            gain = inverse_gain.of(slice(None), seen.rows, seen.columns)
            return (seen.of(residuals) + seen.of(latents.means)).mul_(gain)

        return part

    def _quantised(
        self,
        analysed: Tensor,
        quality: float,
        offsets: Offsets | None,
        see: Callable[[int, Tensor, NDArray[np.uint8], Tensor], None],
    ) -> tuple[Integers, Integers]:
        """Hyper-latents and residuals of what `analyse` gave.

        Args:
            see: told of each step what `Code` is told, and what is then rounded to residuals.
        """
        gain, _ = self._gains(quality, offsets)
        hyper = self._hyper_analysis(analysed, gain).round_().to(torch.int32).numpy()
        give_back()

        def code(step: int, means: Tensor, scales: NDArray[np.uint8]) -> Integers:
            exact = torch.empty_like(means)
            for place, mean, part in zip(places(step), means, exact, strict=True):
                torch.mul(analysed[place], gain.of(*place), out=part).sub_(mean)
            see(step, means, scales, exact)
            found: Integers = exact.round_().to(torch.int32).numpy()
            return found

        return hyper, self._entropy_model.follow(hyper, code)

    def _hyper_analysis(self, analysed: Tensor, gain: Gains) -> Tensor:
        """``[hyper_latents, h/4, w/4]`` of what `analyse` gave, which the gain multiplies."""
        height, width = (side // RATIO for side in analysed.shape[1:])
        z = torch.empty((self._network.hyper_latents, height, width), dtype=torch.float32)

        def work(tile: Region) -> None:
            seen = tile.grown(1, height, width)
            whole = seen.times(RATIO)
            y = whole.of(analysed) * gain.of(slice(None), whole.rows, whole.columns)
            result = self._network.hyper_analysis(y[None])[0]
            z[:, tile.rows, tile.columns] = tile.within(seen).of(result)

        for_each_tile(height, width, HYPER_TILE, work)
        return z

    def _gains(self, quality: float, offsets: Offsets | None) -> tuple[Gains, Gains]:
        """Gain and inverse gain."""
        levels, squares = _levels(quality, offsets)
        gain, inverse_gain = (found[:, :, 0, 0].T for found in self._network.gains(levels))
        return Gains(gain, squares), Gains(inverse_gain, squares)


def _levels(quality: float, offsets: Offsets | None) -> tuple[Tensor, Tensor]:
    """The levels that there are, float32, and which of them each square has, ``[h/64, w/64]``;
    ``[1, 1]`` where all have the same."""
    if offsets is None:
        offsets = np.zeros((1, 1), np.int32)
    distinct, which = np.unique(offsets, return_inverse=True)
    levels = (quality - 1) / 99 * (LEVELS - 1) + distinct * quality_map.STEP
    level = torch.from_numpy(levels).float().clamp_(0, quality_map.HIGHEST)
    return level, torch.from_numpy(which.reshape(offsets.shape))


def _nearest_levels(quality: float, offsets: Offsets | None, shape: tuple[int, ...]) -> Integers:
    """The trained level of each square of a map of that shape, in integers alone."""
    if offsets is None:
        offsets = np.zeros(shape, np.int32)
    # Hundredths of a quality from 1 to 100 are 9,900; an offset is half a level.
    twice = 2 * (LEVELS - 1) * (round(100 * quality) - 100) + 9900 * offsets
    nearest: Integers = np.clip((twice + 9900) // 19800, 0, LEVELS - 1).astype(np.int32)
    return nearest


def _by_square(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Sums of ``[n, h/32, w/32]``, what a step codes of one group, by square: ``[h/64, w/64]``."""
    _, height, width = values.shape
    found: NDArray[np.float32] = (
        values.sum(0).reshape(height // 2, 2, width // 2, 2).sum((1, 3), dtype=np.float32)
    )
    return found


def _scatter(values: Tensor, step: int, target: Tensor) -> None:
    """Put ``[groups, latents/4, h/2, w/2]`` of a step where it belongs in ``[latents, h, w]``."""
    for place, part in zip(places(step), values, strict=True):
        target[place] = part
