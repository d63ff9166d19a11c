"""The quality that meets a size or a fidelity: a search over a codec's own qualities."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ..errors import UsageError
from ..labels import Risk
from ..metrics import psnr_db
from .base import Codec, Picture

STEP = 0.1
"""Qualities tried are multiples of this."""

SIZE_SLACK = 0.01
"""A bitstream that uses all but this share of its budget is good enough."""

PSNR_SLACK_DB = 0.02
"""A picture that exceeds the PSNR asked for by no more than this is good enough."""


@dataclass(frozen=True, slots=True)
class Encoded:
    """A bitstream with the quality that made it."""

    bitstream: bytes
    quality: float | None
    """None where the codec has but one rate."""
    pixels: NDArray[np.uint8] | None = field(default=None, repr=False, compare=False)
    """What it decodes to, where the choice of the quality has found out."""
    risk: Risk | None = field(default=None, repr=False, compare=False)
    """Of these pixels, likewise."""

    def decoded(self, codec: Codec, max_pixels: int) -> NDArray[np.uint8]:
        """What it decodes to, by its codec where that is not known."""
        if self.pixels is not None:
            return self.pixels
        return codec.decode(self.bitstream, max_pixels=max_pixels).pixels


Choice = Callable[[Picture], Encoded | None]
"""A picture, perhaps with regions of interest, to its bitstream; None where a goal is not met."""


def at(codec: Codec, picture: Picture, quality: float) -> Encoded:
    """That quality, where the codec has more than one."""
    return Encoded(codec.encode(picture, quality), quality if codec.variable_rate else None)


def within(codec: Codec, picture: Picture, size: float) -> Encoded | None:
    """The best quality whose bitstream has at most ``size`` bytes; None where the lowest has more.

    A bitstream within a hundredth of ``size`` ends the search.
    """

    def measure(quality: float) -> tuple[float, Encoded]:
        bitstream = codec.encode(picture, quality)
        return math.log(len(bitstream)), Encoded(bitstream, quality)

    below, _ = _bracket(measure, math.log(max(size, 1)), below_slack=SIZE_SLACK)
    return below


def reaching(codec: Codec, picture: Picture, psnr: float, *, max_pixels: int) -> Encoded | None:
    """The lowest quality whose picture has at least ``psnr`` dB; None where the best has less.

    The PSNR is that of RGB; a picture that exceeds it by no more than 0.02 dB ends the search.
    """

    def measure(quality: float) -> tuple[float, Encoded]:
        bitstream = codec.encode(picture, quality)
        decoded = codec.decode(bitstream, max_pixels=max_pixels)
        encoded = Encoded(bitstream, quality, decoded.pixels)
        return psnr_db(picture.pixels, decoded.pixels), encoded

    _, above = _bracket(measure, psnr, above_slack=PSNR_SLACK_DB)
    return above


def _bracket(
    measure: Callable[[float], tuple[float, Encoded]],
    limit: float,
    *,
    below_slack: float = 0.0,
    above_slack: float = 0.0,
) -> tuple[Encoded | None, Encoded | None]:
    """The highest quality measured at or below ``limit`` and the lowest at or above it.

    What ``measure`` gives grows with quality, nearly in a straight line, which the next guess
    follows. The search ends when the two are neighbours, or one is within its slack of the limit.
    """
    if math.isnan(limit):
        raise UsageError("a goal must be a number")
    low, high = round(1 / STEP), round(100 / STEP)
    below: tuple[float, Encoded] | None = None
    above: tuple[float, Encoded] | None = None
    guess = (low + high) // 2
    while True:
        value, encoded = measure(round(guess * STEP, 1))
        if value <= limit:
            low, below = guess, (value, encoded)
        if value >= limit:
            high, above = guess, (value, encoded)
        if below is None or above is None:
            if low == high:
                break
            guess = low if below is None else high
            continue
        if limit - below[0] <= below_slack or above[0] - limit <= above_slack or high - low <= 1:
            break
        share = (limit - below[0]) / (above[0] - below[0])
        guess = low + round((high - low) * min(max(share, 0.1), 0.9))
        guess = min(max(guess, low + 1), high - 1)
    return (below and below[1], above and above[1])
