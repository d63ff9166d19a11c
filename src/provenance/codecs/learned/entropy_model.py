"""Means and frequency tables of the latents, step by step, by integers alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from . import integer_network
from .context import STEPS, places
from .hyperprior import RATIO, MeanScaleHyperprior
from .integer_network import FRACTION_BITS, LIMIT, IntegerNetwork, fixed_point
from .tiling import Region, for_each_tile, give_back

HYPER_TILE = 16
"""Largest side of a tile in hyper-latents, 1024 px; the hyper-transforms reach one further."""

TILE = 48
"""Largest side of a tile in latents, 768 px."""

OVERLAP = 2
"""Latents that a tile of a context step sees beyond its own: two depthwise 3x3 layers."""

Integers = NDArray[np.int32]

CONTEXTS = tuple(f"contexts.{number}" for number in range(STEPS - 1))

PARTS = (
    "hyper_synthesis",
    "prediction",
    *(f"{name}.{part}" for name in CONTEXTS for part in ("neighbours", "mixing", "correction")),
)
"""Submodules of the network that have integer twins."""

Code = Callable[[int, Tensor, NDArray[np.uint8]], Integers]
"""Codes one step: its number, means (float32, exact multiples of ``2**-FRACTION_BITS``) and indices
of the tables, to residuals; each ``[groups, latents/4, h/32, w/32]``, in the order of `places`."""


class EntropyModel:
    """The integer twins of hyper-synthesis, prediction and context model."""

    def __init__(self, network: MeanScaleHyperprior, tensors: Mapping[str, Tensor]) -> None:
        def twin(name: str) -> IntegerNetwork:
            start = f"integer.{name}."
            chosen = {k[len(start) :]: v for k, v in tensors.items() if k.startswith(start)}
            return integer_network.build(network.get_submodule(name), chosen)

        def by_group(name: str) -> list[IntegerNetwork]:
            whole = twin(name)
            return [whole.rows(slice(group, None, STEPS)) for group in range(STEPS)]

        self._latents = network.latents
        self._table_of = _TableOf(tensors["scale_thresholds"])
        self._hyper_synthesis = twin("hyper_synthesis")
        self._prediction = by_group("prediction")
        self._contexts = [
            (twin(f"{name}.neighbours"), twin(f"{name}.mixing"), by_group(f"{name}.correction"))
            for name in CONTEXTS
        ]

    def follow(self, hyper: Integers, code: Code) -> Integers:
        """Go through the steps, as encoder and decoder do alike.

        Args:
            hyper: hyper-latents, ``[hyper_latents, h/64, w/64]``.
            code: makes or reads the residuals of each step.

        Returns:
            All residuals, ``[latents, h/16, w/16]``.
        """
        features = self._features(hyper)
        give_back()
        shape = (self._latents, *features.shape[1:])
        residuals = np.empty(shape, np.int32)
        # Known latents less their first mean.
        surprise = torch.zeros(shape, dtype=torch.int32)
        for step in range(STEPS):
            self._follow(step, features, surprise, residuals, code)
            give_back()
        return residuals

    def _follow(
        self, step: int, features: Tensor, surprise: Tensor, residuals: Integers, code: Code
    ) -> None:
        """Go through one step: set what it codes in ``surprise`` and ``residuals``."""
        means, scales, corrections = self._predict(step, features, surprise)
        values = code(step, means, scales)
        for place, part, correction in zip(places(step), values, corrections, strict=True):
            residuals[place] = part
            known = fixed_point(torch.from_numpy(part)).add_(correction)
            surprise[place] = known.clamp_(-LIMIT, LIMIT)

    def _features(self, hyper: Integers) -> Tensor:
        """What the hyper-synthesis says of every place."""
        z = fixed_point(torch.from_numpy(hyper))
        rows, columns = z.shape[1:]
        size = (self._hyper_synthesis.outputs, rows * RATIO, columns * RATIO)
        features = torch.empty(size, dtype=torch.int32)

        def work(tile: Region) -> None:
            seen = tile.grown(1, rows, columns)
            result = self._hyper_synthesis(seen.of(z))
            tile.times(RATIO).of(features).copy_(tile.within(seen).times(RATIO).of(result))

        for_each_tile(rows, columns, HYPER_TILE, work)
        return features

    def _predict(
        self, step: int, features: Tensor, surprise: Tensor
    ) -> tuple[Tensor, NDArray[np.uint8], Tensor]:
        """Means, indices of tables, and what ``step`` adds to the first means; see `Code`."""
        height, width = features.shape[1:]
        shape = (STEPS, self._latents // STEPS, height // 2, width // 2)
        means, scales = torch.empty(shape, dtype=torch.float32), np.empty(shape, np.uint8)
        corrections = torch.empty(shape, dtype=torch.int32)

        def work(tile: Region) -> None:
            if step:
                neighbours, mixing, correct = self._contexts[step - 1]
                seen = tile.grown(OVERLAP, height, width)
                known = neighbours(seen.of(surprise))
                mixed = tile.within(seen).of(mixing(seen.of(features), known))
            here = tile.of(features)
            # Tiles begin at even places, so a step codes the same corners of each.
            quarter = tile.over(2)
            for group, (_, rows, columns) in enumerate(places(step)):
                final = first = self._prediction[group](here[:, rows, columns])
                if step:
                    final = correct[group](mixed[:, rows, columns]).add_(first)
                    final.clamp_(-LIMIT, LIMIT)
                mean, raw = final.chunk(2)
                quarter.of(means[group]).copy_(mean).mul_(2.0**-FRACTION_BITS)
                quarter.of(corrections[group]).copy_(mean).sub_(first.chunk(2)[0])
                scales[group, :, quarter.rows, quarter.columns] = self._table_of(raw)

        for_each_tile(height, width, TILE, work)
        return means, scales, corrections


class _TableOf:
    """The index of the frequency table for each raw scale: how many thresholds are below it."""

    def __init__(self, thresholds: Tensor) -> None:
        self._first, last = int(thresholds[0]), int(thresholds[-1])
        every = torch.arange(self._first, last + 2)
        self._indices = torch.searchsorted(thresholds, every).to(torch.uint8)

    def __call__(self, raw: Tensor) -> NDArray[np.uint8]:
        """Indices for int32 ``raw``, of the same shape."""
        entry = (raw - self._first).clamp_(0, len(self._indices) - 1).flatten()
        indices: NDArray[np.uint8] = self._indices.index_select(0, entry).view(raw.shape).numpy()
        return indices
