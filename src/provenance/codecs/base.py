"""What a codec is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..errors import UsageError
from ..labels import CodecFacts, ModelFacts

Box = tuple[int, int, int, int]
"""x, y, width, height, px."""


@dataclass(frozen=True, slots=True)
class Picture:
    """Pixels as codecs take and give them."""

    pixels: NDArray[np.uint8]
    """``[height, width, 3]`` RGB."""
    alpha: NDArray[np.uint8] | None = None
    """``[height, width]``; kept without loss."""
    grey: bool = False
    """The three channels are equal; a decoder makes them equal again."""
    regions: tuple[Box, ...] = ()
    """Boxes within the picture to be coded finer than the rest, by a
    step for each that covers a place. Codecs that have one quality for all of a picture take no
    notice; decoders give none."""


def as_grey(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """``[height, width, 3]`` RGB with its three channels made equal."""
    luma = np.asarray(Image.fromarray(pixels).convert("L"))
    return np.repeat(luma[..., None], 3, axis=2)


def check_quality(quality: float) -> None:
    """Whether it is one of those that `Codec.encode` takes.

    Raises:
        UsageError: It is not within 1 to 100.
    """
    if not 1 <= quality <= 100:
        raise UsageError(f"quality {quality:g}: must be within 1 and 100")


class Codec(Protocol):
    """A neural codec; registered under its name by the entry-point group ``provenance.codecs``."""

    @property
    def facts(self) -> CodecFacts:
        """Name, family, generative or not: what the label records."""

    @property
    def model(self) -> ModelFacts:
        """Name and hash of the weights."""

    @property
    def variable_rate(self) -> bool:
        """Whether `encode` heeds ``quality``; False where the weights are for one rate."""

    def encode(self, picture: Picture, quality: float) -> bytes:
        """The bitstream (`provenance.codecs.bitstream`) of ``picture``.

        Args:
            quality: 1, smallest, to 100, best.
        """

    def decode(self, bitstream: bytes, *, max_pixels: int) -> Picture:
        """The picture that ``bitstream`` holds.

        Raises:
            BitstreamError: It is cut, altered, or decodes to other latents than were encoded.
            ModelError: It needs other weights.
            TooLargeError: It announces more than ``max_pixels`` pixels.
        """
