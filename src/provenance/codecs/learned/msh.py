"""The default codec ``msh``: the network of `hyperprior`, made into bitstreams.

This file needs no torch until something is encoded or decoded.
"""

from __future__ import annotations

import functools
import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ...errors import ModelError, UsageError
from ...labels import CodecFacts, ModelFacts
from ...metrics import psnr_db
from .. import alpha
from ..base import Picture, as_grey
from ..bitstream import Bitstream, check_latents, digest, expect, pack, parse

if TYPE_CHECKING:
    from torch import Tensor

    from .coder import Coder, Decoded

NAME = "msh"
MODEL = "msh-3"
WEIGHTS = Path(__file__).parent / "weights" / f"{MODEL}.safetensors"

SMALL = 256 * 256
"""Pixels up to which chance can make a finer quantisation the worse one."""

RUNG = 3
"""Distance of the qualities that are tried for small pictures."""


class MeanScaleHyperpriorCodec:
    """Implements `provenance.codecs.Codec`; all instances share one loaded model."""

    variable_rate = True

    def __init__(self) -> None:
        self._analysed: tuple[Picture, Tensor] | None = None

    @property
    def facts(self) -> CodecFacts:
        return CodecFacts(NAME, "mean-scale hyperprior with context model", False, "conservative")

    @property
    def model(self) -> ModelFacts:
        return ModelFacts(MODEL, _weights_hash().hex())

    def encode(self, picture: Picture, quality: float) -> bytes:
        """See `provenance.codecs.Codec`.

        A small picture gets the best of the qualities 1, 4, 7 and so on up to ``quality``, so that
        a higher one never gives a worse picture.

        Raises:
            UsageError: ``quality`` is not within 1 to 100.
        """
        if not 1 <= quality <= 100:
            raise UsageError(f"quality {quality:g}: must be within 1 and 100")
        height, width = picture.pixels.shape[:2]
        analysed = self._analyse(picture)
        quality = round(quality, 2)
        if height * width <= SMALL:
            quality = _best_rung(picture, analysed, quality)
        latents = _coder().quantise(analysed, quality)
        payload = _coder().encode(latents)
        return pack(
            Bitstream(
                codec=NAME,
                model=MODEL,
                weights=_weights_hash()[:8],
                latents=digest(latents.serialise()),
                quality=quality,
                width=width,
                height=height,
                grey=picture.grey,
                words=payload.words,
                escapes=payload.escapes,
                alpha=alpha.encode(picture.alpha),
            )
        )

    def decode(self, bitstream: bytes, *, max_pixels: int) -> Picture:
        """See `provenance.codecs.Codec`."""
        stream = parse(bitstream)
        expect(stream, NAME, MODEL, _weights_hash()[:8], max_pixels)
        opacity = alpha.decode(stream)
        latents = _coder().decode(stream.words, stream.escapes, stream.height, stream.width)
        check_latents(stream, latents.serialise())
        pixels = _synthesise(latents, stream.quality, stream.height, stream.width, grey=stream.grey)
        return Picture(pixels, opacity, stream.grey)

    def _analyse(self, picture: Picture) -> Tensor:
        """The analysis of ``picture``, kept for when it is encoded again at another quality."""
        if self._analysed is None or self._analysed[0] is not picture:
            self._analysed = (picture, _coder().analyse(picture.pixels))
        return self._analysed[1]


def _best_rung(picture: Picture, analysed: Tensor, highest: float) -> float:
    """The quality with the best PSNR among those up to ``highest``; the lowest of equal ones."""

    def fidelity(quality: float) -> float:
        height, width = picture.pixels.shape[:2]
        latents = _coder().reconstruct(analysed, quality)
        decoded = _synthesise(latents, quality, height, width, grey=picture.grey)
        return psnr_db(picture.pixels, decoded)

    return max(range(1, int(highest) + 1, RUNG), key=fidelity)


@functools.cache
def _weights_hash() -> bytes:
    try:
        return hashlib.sha256(WEIGHTS.read_bytes()).digest()
    except OSError as error:
        raise ModelError(f"{WEIGHTS}: the model is missing; install provenance anew") from error


@functools.cache
def _coder() -> Coder:
    from .coder import Coder

    return Coder.load(WEIGHTS)


def _synthesise(
    latents: Decoded, quality: float, height: int, width: int, *, grey: bool
) -> NDArray[np.uint8]:
    pixels = _coder().synthesise(latents, quality, height, width)
    return as_grey(pixels) if grey else pixels
