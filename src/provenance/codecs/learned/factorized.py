"""The scheme ``factorized``: transforms with GDN, and one learned density per channel.

::

    x ──analysis──► y ──round(y - median)──► symbols ──► bitstream
                                                │           ▲
                                                │    one table per channel
    x̂ ◄──synthesis── ŷ ◄──────── + median ◄─────┘

Ballé, Laparra and Simoncelli 2017, "End-to-end optimized image compression", in the form in which
CompressAI publishes weights for it, `bmshj2018-factorized`. Whatever decoding depends on is in the
tables, which are integers, made once when weights are added.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..entropy import Decoder, Part, Payload, channels, encode
from . import published, tables
from .fixed_rate import Latents, integers
from .gdn_transforms import STRIDE, Transforms
from .tiling import grid


def shapes(n: int, m: int) -> published.Shapes:
    """Names and shapes of the published tensors."""
    return published.transform_shapes(n, m) | published.density_shapes(m)


def check(state: published.State, name: str) -> None:
    """Whether the tensors are those of this scheme.

    Args:
        name: of their file, for errors.

    Raises:
        InputError: They are not.
    """
    published.check(state, shapes(*published.sizes(state, name)), name)


def convert(state: published.State) -> dict[str, Tensor]:
    """All that `Factorized` needs, from published tensors that were checked."""
    medians, made = published.density(state, "tables")
    return {**published.transforms(state), "medians": medians, **made}


class Factorized:
    """Implements `fixed_rate.Scheme`.

    Args:
        tensors: what `convert` made.

    Raises:
        ModelError, KeyError, RuntimeError: They are other ones.
    """

    def __init__(self, tensors: Mapping[str, Tensor]) -> None:
        self._transforms = Transforms.of(tensors)
        self._medians = tensors["medians"].view(self._transforms.latents, 1, 1)
        self._tables = tables.read("tables", tensors, self._transforms.latents)

    def analyse(self, pixels: NDArray[np.uint8]) -> Latents:
        """See `fixed_rate.Scheme`; the latents are the symbols alone, ``[M, h/16, w/16]``."""
        rows, columns = grid(pixels.shape[0], pixels.shape[1], STRIDE)
        return (integers(self._transforms.analyse(pixels, rows, columns) - self._medians),)

    def encode(self, latents: Latents) -> Payload:
        """See `fixed_rate.Scheme`."""
        (symbols,) = latents
        return encode([Part(self._tables, channels(symbols.shape), symbols.ravel())])

    def decode(self, payload: Payload, height: int, width: int) -> Latents:
        """See `fixed_rate.Scheme`."""
        shape = (self._transforms.latents, *grid(height, width, STRIDE))
        decoder = Decoder(payload)
        symbols = decoder.decode(self._tables, channels(shape)).reshape(shape)
        decoder.finish()
        return (symbols,)

    def synthesise(self, latents: Latents, height: int, width: int) -> NDArray[np.uint8]:
        """See `fixed_rate.Scheme`."""
        y = torch.from_numpy(latents[0]) + self._medians
        return self._transforms.synthesise(y, height, width)
