"""Bits where meaning would change: what the risk score finds is coded anew, and finer."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ..labels import Risk
from ..stages import Stages
from .base import Codec, Picture
from .rate_control import Choice, Encoded

ROUNDS = 5
"""How often a picture is encoded and assessed, at most."""


def keeping_meaning(
    codec: Codec,
    picture: Picture,
    choose: Choice,
    assess: Callable[[NDArray[np.uint8]], Risk],
    *,
    max_pixels: int,
    stages: Stages | None = None,
) -> Encoded | None:
    """Of a few bitstreams the one with the lowest risk, each finer where the one before erred.

    Coding of regions of interest, which are here those that the risk score names. Rather than the
    whole picture, which would need many more bits, they alone get a higher quality, step by step,
    until nothing is found in them any more.

    Args:
        choose: the bitstream of a picture with its regions; None where it cannot be as small, or as
            good, as was asked.
        assess: the risk of the pixels that a bitstream holds.
        max_pixels: as for `Codec.decode`.
        stages: receives how long encoding and decoding took.

    Returns:
        The bitstream with its pixels and their risk; None where not even the picture without
        regions could be encoded.
    """
    stages = stages or Stages()
    best: Encoded | None = None
    lowest = math.inf
    last = b""
    for _ in range(ROUNDS):
        with stages("encode"):
            encoded = choose(picture)
        # The same again: nothing can be finer.
        if encoded is None or encoded.bitstream == last:
            break
        last = encoded.bitstream
        with stages("decode"):
            pixels = encoded.decoded(codec, max_pixels)
        risk = assess(pixels)
        if risk.score < lowest:
            lowest, best = risk.score, replace(encoded, pixels=pixels, risk=risk)
        if not risk.findings:
            break
        found = tuple(finding.box for finding in risk.findings)
        picture = replace(picture, regions=(*picture.regions, *found))
    return best
