"""How likely each hyper-latent is, by the quality and by its neighbours, in integers alone.

A hyper-latent is expected near what four others of its channel say that are known before it: the
one to its left and three above (as pixels in Weinberger, Seroussi and Sapiro 2000, "The LOCO-I
lossless image compression algorithm", section III). How far from that it may lie is told by how far
these are from their own means, in this channel and in all. All places that need only what is known
are coded in one step: a wavefront that goes to the right, and two places behind in each row.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from ..entropy import Decoder, Part
from . import tables

UNIT = 16
"""Integers that a difference of 1 between hyper-latents is, inside."""

FRACTION = 4
"""Parts of 1 to which a mean is told: each has tables of its own."""

SHIFT = 8
"""Bits behind the point, of weights and of scales."""

SCALES = 32
"""Tables for each fraction, from the narrowest."""

FURTHEST = 2047
"""Hyper-latents beyond count as this where they are neighbours."""

NEIGHBOURS = ((0, 1), (1, 0), (0, 0), (0, 2))
"""Above, to the left, above that, and above to the right: in a map with a margin of 1."""

Integers = NDArray[np.int32]
Places = NDArray[np.intp]


class HyperPrior:
    """What `provenance.training.hyper_prior` made.

    Args:
        tensors: ``means`` ``[levels, channels]`` in `UNIT`, ``weights`` ``[levels, channels, 4]``
            of `NEIGHBOURS`, ``scales`` ``[levels, channels, 3]``: table and what it rises by with
            each of the ``thresholds`` that the neighbours reach, in this channel and in all; these
            start with ``hyper_prior.``, and beside them are the ``hyper_tables``.

    Raises:
        KeyError, ModelError: They are not there, or the tables are none.
    """

    def __init__(self, tensors: Mapping[str, Tensor]) -> None:
        self._means, self._weights, self._scales, self._thresholds = (
            tensors[f"hyper_prior.{name}"].numpy().astype(np.int32)
            for name in ("means", "weights", "scales", "thresholds")
        )
        self.tables = tables.read("hyper_tables", tensors, SCALES * FRACTION)

    def parts(self, hyper: Integers, levels: Integers) -> Iterator[Part]:
        """What is coded of hyper-latents, what is to be decoded last at first.

        Args:
            hyper: ``[hyper_latents, rows, columns]``.
            levels: ``[rows, columns]``, of the network, 0 to 7.
        """
        context, values = self.contexts(hyper, levels)
        for rows, columns in reversed(list(_steps(*levels.shape))):
            here = slice(None), rows, columns
            yield Part(self.tables, context[here].ravel(), values[here].ravel())

    def bits(self, hyper: Integers, levels: Integers) -> NDArray[np.float32]:
        """What the hyper-latents of each square cost, ``[rows, columns]``."""
        bits: NDArray[np.float32] = self.tables.bits(*self.contexts(hyper, levels)).sum(0)
        return bits

    def contexts(self, hyper: Integers, levels: Integers) -> tuple[NDArray[np.uint8], Integers]:
        """The table of each hyper-latent and the value that is coded by it, as ``hyper``."""
        centred = self._padded(levels)
        centred[:, 1:, 1:-1] = self._less_mean(hyper, levels)
        rows, columns = (places.ravel() for places in np.indices(levels.shape))
        context, base = self._expected(centred, levels, rows, columns)
        return context.reshape(hyper.shape), hyper - base.reshape(hyper.shape)

    def read(self, decoder: Decoder, levels: Integers) -> Integers:
        """Hyper-latents, of as many squares as there are ``levels``.

        Raises:
            BitstreamError: The payload cannot be one of ours.
        """
        hyper = np.zeros((self._means.shape[1], *levels.shape), np.int32)
        centred = self._padded(levels)
        for rows, columns in _steps(*levels.shape):
            context, base = self._expected(centred, levels, rows, columns)
            values = decoder.decode(self.tables, context.ravel()).reshape(context.shape) + base
            hyper[:, rows, columns] = values
            centred[:, rows + 1, columns + 1] = self._less_mean(values, levels[rows, columns])
        return hyper

    def _expected(
        self, centred: Integers, levels: Integers, rows: Places, columns: Places
    ) -> tuple[NDArray[np.uint8], Integers]:
        """Tables, and what is to be taken away before, of ``n`` places: ``[hyper_latents, n]``."""
        known = np.stack([centred[:, rows + down, columns + right] for down, right in NEIGHBOURS])
        level = levels[rows, columns]
        mean = self._means[level].T + ((known * self._weights[level].T).sum(0) >> SHIFT)
        quarters = (mean * FRACTION + UNIT // 2) // UNIT
        own = np.abs(known).sum(0)
        every = own.sum(0) // len(own)
        table, by_own, by_all = self._scales[level].T
        table = table + by_own * self._reached(own) + by_all * self._reached(every)
        scale = np.clip(table >> SHIFT, 0, SCALES - 1)
        context = (scale * FRACTION + quarters % FRACTION).astype(np.uint8)
        return context, (quarters // FRACTION).astype(np.int32)

    def _reached(self, energy: NDArray[np.int64]) -> Integers:
        """How many thresholds."""
        found: Integers = np.searchsorted(self._thresholds, energy, side="right").astype(np.int32)
        return found

    def _padded(self, levels: Integers) -> Integers:
        """Zeros for hyper-latents less their means, with a margin."""
        rows, columns = levels.shape
        return np.zeros((self._means.shape[1], rows + 1, columns + 2), np.int32)

    def _less_mean(self, hyper: Integers, levels: Integers) -> Integers:
        means = np.moveaxis(self._means[levels], -1, 0)
        return np.clip(hyper, -FURTHEST, FURTHEST) * UNIT - means


def _steps(rows: int, columns: int) -> Iterator[tuple[Places, Places]]:
    """Places that are coded at once, in order."""
    for step in range(columns + 2 * (rows - 1)):
        down = np.arange(max(0, (step - columns + 2) // 2), min(rows - 1, step // 2) + 1)
        yield down, step - 2 * down
