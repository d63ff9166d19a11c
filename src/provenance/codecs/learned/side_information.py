"""Entropy coding with side information: hyper-latents tell by which table each symbol is coded.

::

    symbols ───────────────────────────────────────────► payload
                                                         ▲   ▲
    hyper-latents ──┬──── a table for each channel ──────┘   │
                    │                                        │
                    └─► + median ──► integer network ──► scales: a table for each symbol
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..entropy import Decoder, Part, Payload, channels, encode
from . import tables
from .fixed_rate import Integers, integers
from .integer_network import FRACTION_BITS, LIMIT, fixed_point

Indices = NDArray[np.uint8]
"""The table of each symbol, ``[latents, rows, columns]``."""


class SideInformation:
    """Tables and medians of a scheme, and what is coded by them.

    Args:
        tensors: medians, thresholds, ``hyper_tables`` and ``scale_tables``, among others.
        hyper_latents: channels.

    Raises:
        KeyError, ModelError: They are not there, or others.
    """

    def __init__(self, tensors: Mapping[str, Tensor], hyper_latents: int) -> None:
        self._hyper_latents = hyper_latents
        self._medians = tables.medians(tensors, hyper_latents)
        self._thresholds = tables.thresholds(tensors)
        self._hyper_tables = tables.read("hyper_tables", tensors, hyper_latents)
        self._scale_tables = tables.read("scale_tables", tensors, tables.LEVELS)

    def rounded(self, z: Tensor) -> Integers:
        """Hyper-latents, float32 ``[hyper_latents, rows, columns]``, less their medians.

        Raises:
            ModelError: They are not numbers, or beyond all measure.
        """
        return integers(z - self._medians * 2.0**-FRACTION_BITS)

    def known(self, hyper: Integers) -> Tensor:
        """Hyper-latents with their medians, as integer networks take them."""
        return fixed_point(torch.from_numpy(hyper)).add_(self._medians).clamp_(-LIMIT, LIMIT)

    def indices(self, scales: Tensor) -> Indices:
        """The tables for scales in units of ``2**-FRACTION_BITS``, int32 of any shape."""
        found = torch.searchsorted(self._thresholds, scales.contiguous()).to(torch.uint8)
        result: Indices = found.numpy()
        return result

    def encode(self, symbols: Integers, hyper: Integers, indices: Indices) -> Payload:
        """Entropy-code symbols ``[latents, rows, columns]`` and hyper-latents."""
        # What is decoded first is encoded last.
        return encode(
            [
                Part(self._scale_tables, indices.ravel(), symbols.ravel()),
                Part(self._hyper_tables, channels(hyper.shape), hyper.ravel()),
            ]
        )

    def decode(
        self, payload: Payload, size: tuple[int, int], indices_of: Callable[[Integers], Indices]
    ) -> tuple[Integers, Integers]:
        """Symbols and hyper-latents.

        Args:
            size: rows and columns of the hyper-latents.
            indices_of: what the scheme makes of them.

        Raises:
            BitstreamError: The payload cannot be one of ours.
        """
        decoder = Decoder(payload)
        shape = (self._hyper_latents, *size)
        hyper = decoder.decode(self._hyper_tables, channels(shape)).reshape(shape)
        indices = indices_of(hyper)
        symbols = decoder.decode(self._scale_tables, indices.ravel()).reshape(indices.shape)
        decoder.finish()
        return symbols, hyper
