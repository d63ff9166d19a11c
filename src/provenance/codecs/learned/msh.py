"""The default codec ``msh``: the mean-scale hyperprior of `hyperprior`, made into bitstreams.

This file needs no torch until something is encoded or decoded.
"""

from __future__ import annotations

import functools
import hashlib
import io
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ...errors import BitstreamError, ModelError, TooLargeError, UsageError
from ...labels import CodecFacts, ModelFacts
from ..base import Picture
from ..bitstream import Bitstream, digest, pack, parse

if TYPE_CHECKING:
    from .coder import Coder

NAME = "msh"
MODEL = "msh-1"
WEIGHTS = Path(__file__).parent / "weights" / f"{MODEL}.safetensors"


class MeanScaleHyperpriorCodec:
    """Implements `provenance.codecs.Codec`; all instances share one loaded model."""

    @property
    def facts(self) -> CodecFacts:
        return CodecFacts(NAME, "mean-scale hyperprior", False, "conservative")

    @property
    def model(self) -> ModelFacts:
        return ModelFacts(MODEL, _weights_hash().hex())

    def encode(self, picture: Picture, quality: float) -> bytes:
        """See `provenance.codecs.Codec`.

        Raises:
            UsageError: ``quality`` is not within 1 to 100.
        """
        if not 1 <= quality <= 100:
            raise UsageError(f"quality {quality:g}: must be within 1 and 100")
        quality = round(quality, 2)
        latents = _coder().analyse(picture.pixels, quality)
        payload = _coder().encode(latents)
        height, width = picture.pixels.shape[:2]
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
                alpha=_encode_alpha(picture.alpha),
            )
        )

    def decode(self, bitstream: bytes, *, max_pixels: int) -> Picture:
        """See `provenance.codecs.Codec`."""
        stream = parse(bitstream)
        if stream.codec != NAME:
            raise ModelError(f"bitstream: made by the codec {stream.codec}, not by {NAME}")
        if stream.model != MODEL or stream.weights != _weights_hash()[:8]:
            raise ModelError(
                f"bitstream: needs the model {stream.model} with weights "
                f"{stream.weights.hex()}; here is {MODEL} with {_weights_hash()[:8].hex()}"
            )
        if stream.width * stream.height > max_pixels:
            raise TooLargeError(
                f"bitstream: {stream.width}x{stream.height} is more than the {max_pixels:,} "
                "pixels allowed; see --max-pixels"
            )
        alpha = _decode_alpha(stream)
        latents = _coder().decode(stream.words, stream.escapes, stream.height, stream.width)
        if digest(latents.serialise()) != stream.latents:
            raise BitstreamError(
                "bitstream: the latents do not match their checksum; the arithmetic of this "
                "machine differs from the encoder's, and the picture would be wrong"
            )
        pixels = _coder().synthesise(latents, stream.quality, stream.height, stream.width)
        if stream.grey:
            grey = np.asarray(Image.fromarray(pixels).convert("L"))
            pixels = np.repeat(grey[..., None], 3, axis=2)
        return Picture(pixels, alpha, stream.grey)


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


def _encode_alpha(alpha: NDArray[np.uint8] | None) -> bytes:
    if alpha is None:
        return b""
    buffer = io.BytesIO()
    Image.fromarray(alpha).save(buffer, "PNG", compress_level=9)
    return buffer.getvalue()


def _decode_alpha(stream: Bitstream) -> NDArray[np.uint8] | None:
    if not stream.alpha:
        return None
    try:
        with Image.open(io.BytesIO(stream.alpha), formats=["PNG"]) as image:
            if image.size != (stream.width, stream.height) or image.mode != "L":
                raise BitstreamError("bitstream: the alpha plane does not fit the picture")
            return np.array(image)
    except (OSError, SyntaxError, ValueError) as error:
        raise BitstreamError("bitstream: the alpha plane is damaged") from error
