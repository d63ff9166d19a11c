"""What a label is signed for: the pixels as anybody sees them, or the neural bitstream.

A C2PA manifest covers a file's bytes and is lost with them. The pixels stay when a site strips
metadata or packs them anew without loss; for a compressed file, whose pixels may differ by rounding
between machines, its bitstream stands for them.
"""

from __future__ import annotations

import hashlib
import struct
from dataclasses import dataclass

import numpy as np

from .colours import is_srgb
from .imaging import Photo

PIXELS, BITSTREAM = "pixels", "bitstream"


@dataclass(frozen=True, slots=True)
class Binding:
    """A hash, and of what it is."""

    of: str
    """`PIXELS` or `BITSTREAM`."""
    sha256: str
    """In hexadecimal."""


def of_pixels(photo: Photo) -> Binding:
    """SHA-256 of width, height and number of channels, 32 bits each, big-endian; then of 8-bit RGB,
    or RGBA where the picture is not opaque, row by row, upright; then of the ICC profile, unless
    there is none or it means sRGB.

    The profile counts because another one shows other colours; one for sRGB does not, because
    sites and formats drop it or write it in other words, and without one sRGB is meant.
    """
    pixels = photo.pixels
    if photo.alpha is not None:
        pixels = np.dstack([pixels, photo.alpha])
    height, width, channels = pixels.shape
    hashed = hashlib.sha256(struct.pack(">III", width, height, channels))
    hashed.update(np.ascontiguousarray(pixels).data)
    hashed.update(_colours(photo.icc))
    return Binding(PIXELS, hashed.hexdigest())


def of_bitstream(bitstream: bytes, icc: bytes | None) -> Binding:
    """SHA-256 of the bitstream's bytes, then of the ICC profile as in `of_pixels`.

    A compressed file's preview is not covered: nothing in the bitstream tells how it looks.
    """
    return Binding(BITSTREAM, hashlib.sha256(bitstream + _colours(icc)).hexdigest())


def _colours(icc: bytes | None) -> bytes:
    return icc if icc and not is_srgb(icc) else b""
