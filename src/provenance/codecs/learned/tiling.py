"""Work on overlapping tiles, so that memory stays flat however large the picture."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import torch
from torch import Tensor

GOLDEN = 0.6180339887498949
"""Multiples of it, less their whole parts, lie evenly from 0 to 1, however many there are."""


@dataclass(frozen=True, slots=True)
class Region:
    """A rectangle: rows from ``top`` to ``bottom``, columns from ``left`` to ``right``."""

    top: int
    bottom: int
    left: int
    right: int

    @property
    def rows(self) -> slice:
        return slice(self.top, self.bottom)

    @property
    def columns(self) -> slice:
        return slice(self.left, self.right)

    def of(self, x: Tensor) -> Tensor:
        """What it covers of ``[..., height, width]``."""
        return x[..., self.rows, self.columns]

    def grown(self, margin: int, height: int, width: int) -> Region:
        """With ``margin`` more to each side, within a whole of that size."""
        return Region(
            max(0, self.top - margin),
            min(height, self.bottom + margin),
            max(0, self.left - margin),
            min(width, self.right + margin),
        )

    def times(self, factor: int) -> Region:
        """The same in a whole that is ``factor`` times as large."""
        return Region(
            self.top * factor, self.bottom * factor, self.left * factor, self.right * factor
        )

    def over(self, factor: int) -> Region:
        """What covers the same in a whole that is ``factor`` times as small."""
        return Region(
            self.top // factor,
            -(-self.bottom // factor),
            self.left // factor,
            -(-self.right // factor),
        )

    def within(self, outer: Region) -> Region:
        """The same, counted from the corner of ``outer``."""
        return Region(
            self.top - outer.top,
            self.bottom - outer.top,
            self.left - outer.left,
            self.right - outer.left,
        )

    def strips(self, rows: int) -> Iterator[Region]:
        """Parts of at most so many rows, from top to bottom."""
        for top in range(self.top, self.bottom, rows):
            yield Region(top, min(top + rows, self.bottom), self.left, self.right)


def grid(height: int, width: int, stride: int) -> tuple[int, int]:
    """Rows and columns of places, each of ``stride`` px to a side, that cover a picture."""
    return -(-height // stride), -(-width // stride)


def for_each_tile(
    height: int, width: int, tile: int, work: Callable[[Region], None], most: int | None = None
) -> None:
    """Call ``work`` with each tile of ``height`` by ``width`` places.

    Tiles are all but of one size, at most ``tile`` to each side, and begin at even places.

    Several tiles are worked on side by side, one thread each, in inference mode: that scales better
    than threads within a layer, and does not stall where other programs want the processor too.
    They are as many as torch has threads for the caller; no other thread's number changes.

    Args:
        most: where there are more, so many of them, spread over the whole.
    """
    columns = list(_spans(width, tile))
    tiles = [Region(*rows, *span) for rows in _spans(height, tile) for span in columns]
    if most is not None and len(tiles) > most:
        spread = sorted(range(len(tiles)), key=lambda index: index * GOLDEN % 1)
        tiles = [tiles[index] for index in spread[:most]]
    threads = torch.get_num_threads()
    if threads == 1 or len(tiles) == 1 or not _SETTERS:
        for region in tiles:
            work(region)
        return

    def alone(region: Region) -> None:
        with torch.inference_mode():
            work(region)

    with ThreadPoolExecutor(threads, initializer=_without_helpers) as pool:
        for _ in pool.map(alone, tiles):
            pass


def _thread_setters() -> tuple[Callable[[int], object], ...]:
    """What sets the number of threads of the calling thread alone, within torch's libraries.

    `torch.set_num_threads` also sets it for all threads that start later, the host program's among
    them. There are none where torch is not built with OpenMP, as its packages for Linux are: there
    tiles are worked on one after another.
    """
    libraries = ctypes.CDLL(torch._C.__file__)
    names = ("omp_set_num_threads", "MKL_Set_Num_Threads_Local")
    found = tuple(getattr(libraries, name) for name in names if hasattr(libraries, name))
    return found if hasattr(libraries, names[0]) else ()


_SETTERS = _thread_setters()


def _without_helpers() -> None:
    """Make torch work with one thread wherever it is called from this one."""
    torch.get_num_threads()  # A thread gets its number at its first use of torch, and keeps it.
    for set_threads in _SETTERS:
        set_threads(1)


# A forked process has none of the threads that OpenMP would wait for, for ever.
if hasattr(os, "register_at_fork"):  # Windows forks none.
    os.register_at_fork(after_in_child=_without_helpers)


def give_back() -> None:
    """Hand the memory that tiles needed back to the system; glibc would keep it in case."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)


def _spans(length: int, longest: int) -> Iterator[tuple[int, int]]:
    """Spans of one even length, but for the last one."""
    some = -(-length // longest)
    step = -(-length // (2 * some)) * 2
    for start in range(0, length, step):
        yield start, min(start + step, length)
