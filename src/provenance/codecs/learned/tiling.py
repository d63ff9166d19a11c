"""Work on overlapping tiles, so that memory stays flat however large the picture."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import product

import torch


@dataclass(frozen=True, slots=True)
class Span:
    """One tile along one side: ``start`` to ``stop`` is its own, ``padded_*`` is what it sees."""

    start: int
    stop: int
    padded_start: int
    padded_stop: int

    @property
    def inner(self) -> slice:
        """Its own part of the whole."""
        return self.scaled(1)

    @property
    def halved(self) -> slice:
        """Its own part, from an even start, of a whole that is half as large."""
        return slice(self.start // 2, self.stop // 2)

    @property
    def padded(self) -> slice:
        """What it sees of the whole."""
        return slice(self.padded_start, self.padded_stop)

    @property
    def cut(self) -> slice:
        """Its own part of what it sees."""
        return self.scaled_cut(1)

    def scaled(self, factor: int) -> slice:
        """Its own part of a whole that is ``factor`` times as large."""
        return slice(self.start * factor, self.stop * factor)

    def scaled_cut(self, factor: int) -> slice:
        """Its own part of what it sees, ``factor`` times as large."""
        start = (self.start - self.padded_start) * factor
        return slice(start, start + (self.stop - self.start) * factor)


def for_each_tile(
    rows: int, columns: int, tile: int, overlap: int, work: Callable[[Span, Span], None]
) -> None:
    """Call ``work`` with the row and column span of each tile of a ``rows`` by ``columns`` grid.

    Several tiles are worked on side by side, one thread each, in inference mode: that scales better
    than threads within a layer, and does not stall where other programs want the processor too.
    """
    tiles = list(product(_spans(rows, tile, overlap), _spans(columns, tile, overlap)))
    threads = torch.get_num_threads()
    if threads == 1 or len(tiles) == 1:
        for row, column in tiles:
            work(row, column)
        return

    def alone(spans: tuple[Span, Span]) -> None:
        with torch.inference_mode():
            work(*spans)

    try:
        with ThreadPoolExecutor(threads, initializer=torch.set_num_threads, initargs=(1,)) as pool:
            for _ in pool.map(alone, tiles):
                pass
    finally:
        torch.set_num_threads(threads)


def _spans(length: int, tile: int, overlap: int) -> Iterator[Span]:
    for start in range(0, length, tile):
        stop = min(start + tile, length)
        yield Span(start, stop, max(0, start - overlap), min(length, stop + overlap))
