"""Bits where meaning would change: what the risk score finds is coded anew, and finer."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ..labels import Risk
from .base import Picture
from .rate_control import Choice, Encoded

ROUNDS = 5
"""How often a picture is encoded and assessed, at most."""


def keeping_meaning(
    picture: Picture,
    encode: Choice,
    decode: Callable[[bytes], NDArray[np.uint8]],
    assess: Callable[[NDArray[np.uint8]], Risk],
) -> Encoded | None:
    """Of a few bitstreams the one with the lowest risk, each finer where the one before erred.

    Coding of regions of interest, which are here those that the risk score names. Rather than the
    whole picture, which would need many more bits, they alone get a higher quality, step by step,
    until nothing is found in them any more.

    Args:
        encode: the bitstream of a picture with its regions; None where it cannot be as small, or as
            good, as was asked.
        decode: the pixels that a bitstream holds.
        assess: the risk of these pixels.

    Returns:
        The bitstream with its pixels and their risk; None where not even the picture without
        regions could be encoded.
    """
    best: Encoded | None = None
    lowest = math.inf
    last = b""
    for _ in range(ROUNDS):
        encoded = encode(picture)
        # The same again: nothing can be finer.
        if encoded is None or encoded.bitstream == last:
            break
        last = encoded.bitstream
        pixels = encoded.decoded(decode)
        risk = assess(pixels)
        if risk.score < lowest:
            lowest, best = risk.score, replace(encoded, pixels=pixels, risk=risk)
        if not risk.findings:
            break
        found = tuple(finding.box for finding in risk.findings)
        picture = replace(picture, regions=(*picture.regions, *found))
    return best
