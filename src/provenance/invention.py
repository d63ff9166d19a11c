"""What the picture of a compressed file owes to its decoder and not to its bits."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from . import codecs
from .errors import UsageError
from .files import MAX_PIXELS
from .imaging import Photo
from .labels import Invention
from .sources import Source, decoded, named, read_source, unpack

SEEDS = 4
"""How often a decoder that draws from noise is asked."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """Two pictures of the same bits, and where they differ."""

    expected: Photo
    """What the bits determine: of the conservative decoder, or the mean over seeds."""
    other: Photo
    """Of the perceptual decoder, or of the file's own seed."""
    map: NDArray[np.float32]
    """Local difference, OKLab times 100, ``[ceil(h / 8), ceil(w / 8)]``, see `risk.invention`."""
    invention: Invention
    seeds: int | None
    """How many were drawn; None where two decoders were compared."""


def evidence(source: Source, *, seeds: int = SEEDS, max_pixels: int = MAX_PIXELS) -> Evidence:
    """Where the picture of a compressed file holds what its bits do not determine.

    No original is needed. Bits of the default codec are decoded by its conservative and by its
    perceptual decoder, whichever the file names; where a decoder draws from noise, several seeds
    are drawn, the file's own first, and what they do not agree on is invented.

    Args:
        seeds: how many, their own among them, 2 to `codecs.MAX_SEEDS`.

    Raises:
        InputError: The source is missing or is no compressed file.
        InvalidError: Container or bitstream are broken.
        ModelError: Its model is not installed here.
        UsageError: Its codec has one decoder and draws from no noise, or a number out of range.
    """
    from .risk.invention import disagreement, invention_map, measured

    name, data = read_source(source)
    parts = unpack(data, name)

    def drawn(bitstream: bytes) -> Photo:
        return decoded(replace(parts, bitstream=bitstream), max_pixels)

    with named(name):
        if codecs.is_drawn(parts.bitstream):
            own, *others = (drawn(stream) for stream in codecs.redrawn(parts.bitstream, seeds))
            mean, found = disagreement([photo.pixels for photo in (own, *others)])
            return Evidence(replace(own, pixels=mean), own, found, measured(found), seeds)
        try:
            pair = [drawn(codecs.redirected(parts.bitstream, which)) for which in codecs.DECODERS]
        except UsageError as error:
            raise UsageError(f"{error}; nothing to compare its picture with") from error
    found = invention_map(pair[0].pixels, pair[1].pixels)
    return Evidence(pair[0], pair[1], found, measured(found), None)
