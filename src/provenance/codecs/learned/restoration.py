"""Restoration: a linear filter over the decoded picture, fitted to the picture at hand.

A synthesis gives what is to be expected behind the latents of any photo. What this photo has in
common with itself it cannot know: how its colours go with its edges, or how much of its grain was
lost. The filter that comes nearest to the original (Wiener 1949) tells that in a few bytes, as the
loop filters of video codecs do (Tsai et al. 2013, "Adaptive loop filtering for video coding", IEEE
Journal of Selected Topics in Signal Processing 7)::

    x + A (x - mean of 3x3) + B (x - mean of 7x7) + C x + d

`A`, `B` and `C` are matrices over red, green and blue. All is float64, which adds nothing that can
be seen to what float32 left open.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...errors import BitstreamError
from ..entropy import TOTAL, Decoder, Part, Tables

SIDES = (3, 7)
"""Of the squares whose means are taken away, px."""

MARGIN = max(SIDES) // 2
"""Pixels to each side that the filter sees."""

DETAIL, COLOUR, LEVEL = 32, 64, 1
"""Steps of 1 in which `A` and `B`, `C`, and `d`, in levels, are told. Chosen, as `LIKELY` was, on
twelve photos of training and validation."""

MIDDLE = 128
"""Level about which `C` turns colours."""

MOST = 64
"""Largest of the integers that tell a filter."""

LIKELY = 0.8
"""How likely each is beside the one before it, away from 0."""

SIZES = (*(3 for _ in SIDES), 3, 1)
"""Terms of `A`, `B`, `C` and `d`: each of these has none but zeros, or is told."""

TERMS = sum(SIZES)

_TABLE = [
    max(1, int(TOTAL * (1 - LIKELY) / (1 + LIKELY) * LIKELY ** abs(step)))
    for step in range(-MOST, MOST + 1)
]
_TABLES = Tables(
    np.array([-MOST], np.int32),
    np.array([len(_TABLE) + 1], np.int32),
    np.array([*_TABLE, TOTAL - sum(_TABLE)], np.int32),
)
_TOLD = Tables(
    np.array([0], np.int32),
    np.array([3], np.int32),
    np.array([TOTAL // 2, TOTAL // 2 - 1, 1], np.int32),
)

_UNITS = np.repeat([*(DETAIL for _ in SIDES), COLOUR, LEVEL], SIZES).astype(np.float64)
"""Steps of each term's weights."""

Filter = NDArray[np.int32]
"""``[TERMS, 3]``: for each term of the sum, in the order above, its weights for red, green and
blue, -`MOST` to `MOST`."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Normal:
    """What least squares need of a part of a picture: the normal equations."""

    terms: NDArray[np.float64]
    """``[TERMS, TERMS]``: products of the terms with each other, summed over all pixels."""
    errors: NDArray[np.float64]
    """``[TERMS, 3]``: products of the terms with what should be added."""
    pixels: int

    @classmethod
    def of(cls, seen: Floats, wanted: NDArray[np.uint8]) -> Normal:
        """Those of a part.

        Args:
            seen: ``[h + 2 MARGIN, w + 2 MARGIN, 3]``, levels, 0 to 255.
            wanted: ``[h, w, 3]``, what its inside should be.
        """
        ones = np.ones((*wanted.shape[:2], 1))
        flat = np.concatenate([*_terms(seen), ones], 2).reshape(-1, TERMS)
        errors = (wanted - _inside(seen)).reshape(-1, 3)
        return cls(flat.T @ flat, flat.T @ errors, len(flat))

    def __add__(self, other: Normal) -> Normal:
        return Normal(
            self.terms + other.terms, self.errors + other.errors, self.pixels + other.pixels
        )

    def solved(self, worth: float) -> Filter | None:
        """The best filter; None where it is not worth its bits.

        Args:
            worth: bits that a squared error of 1, summed over all pixels and colours that were
                looked at, is worth.
        """
        best, most = None, 0.0
        for told in itertools.product((False, True), repeat=len(SIZES)):
            chosen = np.flatnonzero(np.repeat(told, SIZES))
            steps = self._nearest(chosen)
            weights = steps / _UNITS[:, None]
            saved = 2 * (weights * self.errors).sum() - (weights * (self.terms @ weights)).sum()
            net = worth * saved - len(SIZES) - _bits(steps[chosen])
            if net > most:
                best, most = steps, net
        return best

    def _nearest(self, chosen: NDArray[np.intp]) -> Filter:
        """The best filter with some of the terms."""
        terms = self.terms[np.ix_(chosen, chosen)]
        # Pictures of one colour have no best one: then the smallest.
        ridge = np.diag(1e-6 * terms.diagonal() + 1e-3)
        weights = np.linalg.solve(terms + ridge, self.errors[chosen]) * _UNITS[chosen, None]
        steps = np.zeros((TERMS, 3), np.int32)
        steps[chosen] = np.clip(np.rint(weights), -MOST, MOST)
        return steps


def restored(seen: Floats, filter_: Filter) -> Floats:
    """``[h, w, 3]`` levels, not rounded and perhaps beyond 0 to 255.

    Args:
        seen: as for `Normal.of`.
    """
    weights = filter_ / _UNITS[:, None]
    result: Floats = _inside(seen) + weights[-1]
    for index, term in enumerate(_terms(seen)):
        chosen = weights[3 * index :][:3]
        if chosen.any():
            result += term @ chosen
    return result


def parts(filter_: Filter) -> tuple[Part, Part]:
    """What is coded of a filter, what is to be decoded last at first."""
    groups = np.split(filter_, np.cumsum(SIZES)[:-1])
    told = np.array([group.any() for group in groups], np.int32)
    steps = np.concatenate([group.ravel() for group in groups if group.any()])
    return (
        Part(_TABLES, np.zeros(steps.size, np.uint8), steps),
        Part(_TOLD, np.zeros(told.size, np.uint8), told),
    )


def read(decoder: Decoder) -> Filter:
    """A filter.

    Raises:
        BitstreamError: The payload cannot be one of ours.
    """
    told = decoder.decode(_TOLD, np.zeros(len(SIZES), np.uint8))
    if not np.isin(told, (0, 1)).all():
        raise _out_of_range()
    chosen = np.repeat(told == 1, SIZES)
    steps = decoder.decode(_TABLES, np.zeros(3 * int(chosen.sum()), np.uint8))
    if (np.abs(steps.astype(np.int64)) > MOST).any():
        raise _out_of_range()
    filter_ = np.zeros((TERMS, 3), np.int32)
    filter_[chosen] = steps.reshape(-1, 3)
    return filter_


def _out_of_range() -> BitstreamError:
    return BitstreamError("bitstream: its restoration filter is out of range")


def _bits(steps: Filter) -> float:
    """What they cost."""
    return float(_TABLES.bits(np.zeros(steps.size, np.uint8), steps.ravel()).sum())


def _terms(seen: Floats) -> Iterator[Floats]:
    """What the matrices are multiplied by, ``[h, w, 3]`` each."""
    import cv2

    inside = _inside(seen)
    for side in SIDES:
        yield inside - _inside(cv2.blur(seen, (side, side)))
    yield inside - MIDDLE


def _inside(seen: Floats) -> Floats:
    return seen[MARGIN:-MARGIN, MARGIN:-MARGIN]
