"""Codecs made of one file of converted weights: one checkpoint, one rate.

This file needs no torch until something is encoded or decoded.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import TYPE_CHECKING, Protocol, cast

import numpy as np
from numpy.typing import NDArray

from ...errors import BitstreamError, ModelError
from ...files import sha256
from ...labels import CodecFacts, ModelFacts
from .. import alpha
from ..base import Picture, as_grey
from ..bitstream import Bitstream, Sampling, check_latents, digest, expect, pack, parse
from ..entropy import Payload
from ..schemes import Weights, contents

if TYPE_CHECKING:
    from torch import Tensor

LARGEST = 1 << 24
"""Latents beyond this are no good."""

QUALITY = 100
"""What bitstreams tell where there is but one rate."""

SEED = 0
"""Of the noise that decoders draw from, where there is no other."""

Integers = NDArray[np.int32]
Latents = tuple[Integers, ...]
"""What a payload holds: arrays ``[channels, rows, columns]``."""


class Scheme(Protocol):
    """A network with its entropy model."""

    def analyse(self, pixels: NDArray[np.uint8]) -> Latents:
        """Latents of ``[h, w, 3]`` RGB.

        Raises:
            ModelError: The weights make nothing of these pixels.
        """

    def encode(self, latents: Latents) -> Payload:
        """Entropy-code latents."""

    def decode(self, payload: Payload, height: int, width: int) -> Latents:
        """Latents of a picture of that size.

        Raises:
            BitstreamError: The payload cannot be one of ours.
        """

    def synthesise(self, latents: Latents, height: int, width: int) -> NDArray[np.uint8]:
        """``[height, width, 3]`` RGB of ``latents``."""


class SampledScheme(Scheme, Protocol):
    """One whose synthesis draws from noise what the latents leave open."""

    def synthesise(
        self, latents: Latents, height: int, width: int, sampling: Sampling | None = None
    ) -> NDArray[np.uint8]:
        """As of `Scheme`; without ``sampling`` in the least time."""


class FixedRateCodec:
    """Implements `provenance.codecs.Codec` for weights that were added or come with the package."""

    variable_rate = False

    def __init__(self, weights: Weights) -> None:
        self._weights = weights

    @property
    def facts(self) -> CodecFacts:
        known = self._weights.facts
        decoder = "generative" if known.generative else "conservative"
        drawn = {} if known.steps is None else {"steps": known.steps}
        seed = SEED if drawn else None
        return CodecFacts(
            self._weights.scheme, known.family, known.generative, decoder, seed, drawn
        )

    @property
    def model(self) -> ModelFacts:
        known = self._weights
        return ModelFacts(known.name, known.sha256, {"source_sha256": known.source})

    def encode(self, picture: Picture, quality: float) -> bytes:  # noqa: ARG002
        """See `provenance.codecs.Codec`; there is one rate, so ``quality`` changes nothing."""
        scheme = self._scheme()
        latents = scheme.analyse(picture.pixels)
        payload = scheme.encode(latents)
        height, width = picture.pixels.shape[:2]
        steps = self._weights.facts.steps
        return pack(
            Bitstream(
                codec=self._weights.scheme,
                model=self._weights.name,
                weights=self._digest,
                latents=digest(_serialised(latents)),
                quality=QUALITY,
                width=width,
                height=height,
                grey=picture.grey,
                words=payload.words,
                escapes=payload.escapes,
                alpha=alpha.encode(picture.alpha),
                sampling=None if steps is None else Sampling(steps, SEED),
            )
        )

    def decode(self, bitstream: bytes, *, max_pixels: int) -> Picture:
        """See `provenance.codecs.Codec`."""
        stream = parse(bitstream)
        # Whoever encoded may have added the same weights under another name.
        expect(stream, self._weights.scheme, stream.model, self._digest, max_pixels)
        if (stream.sampling is None) != (self._weights.facts.steps is None):
            raise BitstreamError("bitstream: steps and seed do not go with its codec")
        opacity = alpha.decode(stream)
        scheme = self._scheme()
        payload = Payload(stream.words, stream.escapes)
        latents = scheme.decode(payload, stream.height, stream.width)
        check_latents(stream, _serialised(latents))
        if stream.sampling is None:
            pixels = scheme.synthesise(latents, stream.height, stream.width)
        else:
            drawing = cast(SampledScheme, scheme)
            pixels = drawing.synthesise(latents, stream.height, stream.width, stream.sampling)
        return Picture(as_grey(pixels) if stream.grey else pixels, opacity, stream.grey)

    @property
    def _digest(self) -> bytes:
        return bytes.fromhex(self._weights.sha256)[:8]

    def _scheme(self) -> Scheme:
        return _load(self._weights)


def try_out(data: bytes, name: str, scheme: str) -> None:
    """Encode and decode a small picture with a file of converted weights.

    Args:
        name: of the file, for errors.

    Raises:
        ModelError: They do not work.
    """
    from .conversion import built

    network = built(data, name, scheme)
    pixels = np.random.default_rng(0).integers(0, 256, (70, 70, 3), np.uint8)
    try:
        latents = network.analyse(pixels)
        decoded = network.decode(network.encode(latents), 70, 70)
    except ModelError as error:
        raise ModelError(f"{name}: {error}") from error
    if any((a != b).any() for a, b in zip(latents, decoded, strict=True)):
        raise ModelError(f"{name}: these weights do not decode what they encode")
    network.synthesise(decoded, 70, 70)


@functools.lru_cache(maxsize=2)
def _load(weights: Weights) -> Scheme:
    """The network of ``weights``; a file that changed is not taken for the one loaded."""
    from .conversion import built

    data = contents(weights.path)
    if sha256(data) != weights.sha256:
        raise ModelError(f"{weights.path}: changed while it was read; try again")
    return built(data, str(weights.path), weights.scheme)


def integers(values: Tensor) -> Integers:
    """``values`` rounded.

    Raises:
        ModelError: They are not numbers, or beyond all measure.
    """
    found: NDArray[np.float32] = values.numpy()
    if not np.all(np.abs(found) <= LARGEST):
        raise ModelError("these weights make no usable latents of this picture")
    return np.rint(found).astype(np.int32)


def _serialised(latents: Latents) -> Iterator[bytes]:
    """The integers as bytes, for a checksum."""
    return (part.astype("<i4").tobytes() for part in latents)
