"""Means and frequency tables of the latents, step by step, by integers alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from . import integer_network
from .context import STEPS, places
from .hyperprior import HYPER_STRIDE, STRIDE, MeanScaleHyperprior
from .integer_network import FRACTION_BITS, LIMIT, IntegerNetwork, fixed_point
from .tiling import Span, for_each_tile

HYPER_TILE = 16
"""Side of a tile in hyper-latents, 1024 px; the hyper-synthesis reaches less than one further."""

TILE = 64
"""Side of a tile in latents, 1024 px."""

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
"""Codes one step: its number, the means and the table indices of all latents, of which those at
``places(step)`` are set by now, to the residuals of those, one group after the other, ``[n]``."""


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
        self._thresholds = tensors["scale_thresholds"].float()
        self._hyper_synthesis = twin("hyper_synthesis")
        self._prediction = by_group("prediction")
        self._contexts = [
            (twin(f"{name}.neighbours"), twin(f"{name}.mixing"), by_group(f"{name}.correction"))
            for name in CONTEXTS
        ]

    def follow(self, hyper: Integers, code: Code) -> tuple[Integers, Tensor, NDArray[np.uint8]]:
        """Go through the steps, as encoder and decoder do alike.

        Args:
            hyper: hyper-latents, ``[hyper_latents, h/64, w/64]``.
            code: makes or reads the residuals of each step.

        Returns:
            Residuals, means (float32, exact multiples of ``2**-FRACTION_BITS``) and indices of the
            tables, each ``[latents, h/16, w/16]``.
        """
        features = self._features(hyper)
        shape = (self._latents, *features.shape[1:])
        residuals = np.empty(shape, np.int32)
        means, scales = torch.empty(shape, dtype=torch.float32), np.empty(shape, np.uint8)
        # Known latents less their first mean, as integers: below 2**24, so exact in float32.
        surprise, corrections = (torch.zeros(shape, dtype=torch.float32) for _ in range(2))
        for step in range(STEPS):
            self._predict(step, features, surprise, means, scales, corrections)
            values = code(step, means, scales)
            start = 0
            for place in places(step):
                part = residuals[place]
                part[...] = values[start : start + part.size].reshape(part.shape)
                start += part.size
                known = corrections[place].double() + fixed_point(torch.from_numpy(part))
                surprise[place] = known.clamp_(-LIMIT, LIMIT).float()
        return residuals, means, scales

    def _features(self, hyper: Integers) -> Tensor:
        """What the hyper-synthesis says of every place, as integers in float32."""
        ratio = HYPER_STRIDE // STRIDE
        z = fixed_point(torch.from_numpy(hyper))
        rows, columns = z.shape[1:]
        size = (self._hyper_synthesis.outputs, rows * ratio, columns * ratio)
        features = torch.empty(size, dtype=torch.float32)

        def work(row: Span, column: Span) -> None:
            tile = self._hyper_synthesis(z[:, row.padded, column.padded])
            features[:, row.scaled(ratio), column.scaled(ratio)] = tile[
                :, row.scaled_cut(ratio), column.scaled_cut(ratio)
            ].float()

        for_each_tile(rows, columns, HYPER_TILE, 1, work)
        return features

    def _predict(
        self,
        step: int,
        features: Tensor,
        surprise: Tensor,
        means: Tensor,
        scales: NDArray[np.uint8],
        corrections: Tensor,
    ) -> None:
        """Set ``means``, ``scales`` and the ``corrections`` to first means where ``step`` codes."""

        def work(row: Span, column: Span) -> None:
            if step:
                neighbours, mixing, correct = self._contexts[step - 1]
                known = neighbours(surprise[:, row.padded, column.padded].double())
                seen = torch.cat((features[:, row.padded, column.padded], known))
                mixed = mixing(seen)[:, row.cut, column.cut]
            tile = (slice(None), row.inner, column.inner)
            # Tiles begin at even places, so a step codes the same corners of each.
            for group, place in enumerate(places(step)):
                _, rows, columns = place
                first = self._prediction[group](features[tile][:, rows, columns].double())
                final = first
                if step:
                    final = correct[group](mixed[:, rows, columns]) + first
                    final.clamp_(-LIMIT, LIMIT)
                mean, raw = final.chunk(2)
                means[tile][place] = (mean * 2.0**-FRACTION_BITS).float()
                corrections[tile][place] = (mean - first.chunk(2)[0]).float()
                index = torch.bucketize(raw.float().contiguous(), self._thresholds, out_int32=True)
                scales[tile][place] = index.to(torch.uint8).numpy()

        rows, columns = features.shape[1:]
        for_each_tile(rows, columns, TILE, OVERLAP, work)
