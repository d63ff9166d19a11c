"""The default codec ``msh``: the network of `hyperprior`, made into bitstreams.

This file needs no torch until something is encoded or decoded.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...errors import ModelError
from ...labels import MEANING, CodecFacts, ModelFacts
from ...metrics import psnr_db
from .. import alpha
from ..base import Picture, as_grey, check_quality
from ..bitstream import Bitstream, check_latents, digest, expect, pack, parse

if TYPE_CHECKING:
    from torch import Tensor

    from ..entropy import Payload
    from .coder import Coder, Latents, Quantised
    from .quality_map import Offsets

NAME = "msh"
MODEL = "msh-6"
WEIGHTS = Path(__file__).parent / "weights" / f"{MODEL}.safetensors"

CONSERVATIVE, PERCEPTUAL = "conservative", "perceptual"
"""Decoders of the same bits: the model's own, and one that is trained to look like a photo."""
DECODERS = (CONSERVATIVE, PERCEPTUAL)
_OTHERS = {PERCEPTUAL: WEIGHTS.with_name(f"{MODEL}-perceptual.safetensors")}
"""Weights of the others than the model's own."""

PSNR, SSIM = "psnr", "ssim"
"""What an encoder may be tuned for: the same quality everywhere, one that `quality_map` adapts, or
a higher one in the picture's regions."""
TUNES = (PSNR, SSIM, MEANING)

MOST_EFFORT = 100
"""Passes of `refinement` that an encoder may be asked for."""

SMALL = 256 * 256
"""Pixels up to which chance can make a finer quantisation the worse one."""

SMOOTH = 0.15
"""Bits per pixel at the best quality, up to which it can as well: a gradient, one colour, a sky."""


@dataclass(frozen=True, slots=True)
class _Analysed:
    """What is made of a picture once, at whatever qualities it is encoded."""

    picture: Picture
    latents: Tensor
    """Before they are refined and quantised; see `Coder.analyse`."""
    alpha: bytes
    """As bitstreams hold it."""
    offsets: Offsets | None
    """The quality map."""
    fidelities: dict[int, float] = field(default_factory=dict)
    """PSNR in dB by quality, of those that were tried."""

    finest: list[float] = field(default_factory=list)
    """Bits per pixel at the best quality, once they are known."""


class MeanScaleHyperpriorCodec:
    """Implements `provenance.codecs.Codec`; all instances share one loaded model.

    Args:
        decoder: one of `DECODERS`: what bitstreams are to be decoded by.
        tune: one of `TUNES`: what they are made for; every decoder takes either.
        effort: passes of `refinement`, 0 to `MOST_EFFORT`: each takes some twice as long as
            decoding, and saves bits for the same fidelity, the later ones less.
    """

    variable_rate = True

    def __init__(self, decoder: str = CONSERVATIVE, tune: str = PSNR, effort: int = 0) -> None:
        self._decoder = decoder
        self._tune = tune
        self._effort = effort
        self._known: _Analysed | None = None

    @property
    def facts(self) -> CodecFacts:
        family = "mean-scale hyperprior with context model"
        extra: dict[str, Any] = {} if self._tune == PSNR else {"tune": self._tune}
        if self._effort:
            extra["effort"] = self._effort
        return CodecFacts(NAME, family, self._decoder != CONSERVATIVE, self._decoder, extra=extra)

    @property
    def model(self) -> ModelFacts:
        own = _hash(WEIGHTS).hex()
        if self._decoder == CONSERVATIVE:
            return ModelFacts(MODEL, own)
        return ModelFacts(MODEL, own, {"decoder_sha256": _hash(_OTHERS[self._decoder]).hex()})

    def encode(self, picture: Picture, quality: float) -> bytes:
        """See `provenance.codecs.Codec`.

        A small or smooth picture gets a quality by `held`, so that a higher one never gives a worse
        picture.

        Raises:
            UsageError: ``quality`` is not within 1 to 100.
        """
        check_quality(quality)
        height, width = picture.pixels.shape[:2]
        known = self._analyse(picture)
        quality = round(quality, 2)
        small = height * width <= SMALL
        if not small:
            latents, payload = self._coded(known, quality)
        if small or self._is_smooth(known, payload):
            quality = held(quality, lambda tried: self._fidelity(known, tried))
            latents, payload = self._coded(known, quality)
        return pack(
            Bitstream(
                codec=NAME,
                model=MODEL,
                weights=_hash(WEIGHTS)[:8],
                latents=digest(latents.serialise()),
                quality=quality,
                width=width,
                height=height,
                grey=picture.grey,
                words=payload.words,
                escapes=payload.escapes,
                alpha=known.alpha,
                decoder=digest_of(self._decoder),
                mapped=known.offsets is not None,
                restored=latents.restoration is not None,
            )
        )

    def decode(self, bitstream: bytes, *, max_pixels: int) -> Picture:
        """See `provenance.codecs.Codec`; the bitstream tells by which decoder."""
        stream = parse(bitstream)
        decoders = {digest_of(name): name for name in DECODERS}
        expect(stream, NAME, MODEL, _hash(WEIGHTS)[:8], max_pixels, decoders, adapts=True)
        opacity = alpha.decode(stream)
        size = stream.height, stream.width
        latents = _coder().decode(
            stream.words,
            stream.escapes,
            *size,
            stream.quality,
            mapped=stream.mapped,
            restored=stream.restored,
        )
        check_latents(stream, latents.serialise())
        synthesis = _coder(decoders[stream.decoder])
        pixels = synthesis.synthesise(latents, stream.quality, *size)
        return Picture(as_grey(pixels) if stream.grey else pixels, opacity, stream.grey)

    def _analyse(self, picture: Picture) -> _Analysed:
        """Kept for when the picture is encoded again, at another quality or with other regions."""
        known = self._known
        if (
            known is None
            or known.picture.pixels is not picture.pixels
            or known.picture.alpha is not picture.alpha
        ):
            latents, plane = _coder().analyse(picture.pixels), alpha.encode(picture.alpha)
            known = _Analysed(picture, latents, plane, self._map(picture))
        elif known.picture is not picture:
            known = replace(
                known, picture=picture, offsets=self._map(picture), fidelities={}, finest=[]
            )
        self._known = known
        return known

    def _map(self, picture: Picture) -> Offsets | None:
        from .quality_map import adapted, raised

        if self._tune == SSIM:
            return adapted(picture.pixels)
        if self._tune == MEANING:
            height, width = picture.pixels.shape[:2]
            return raised(height, width, picture.regions)
        return None

    def _coded(self, known: _Analysed, quality: float) -> tuple[Latents, Payload]:
        """The latents at ``quality``, and what they are coded as."""
        latents = self._quantised(known, quality)
        return latents, _coder().encode(latents)

    def _quantised(self, known: _Analysed, quality: float) -> Quantised:
        latents = _coder().quantise(self._refined(known, quality), quality, known.offsets)
        return _coder().restored(latents, known.picture.pixels, quality)

    def _is_smooth(self, known: _Analysed, payload: Payload) -> bool:
        """Whether at the best quality, too, it takes hardly more than this payload may have."""
        height, width = known.picture.pixels.shape[:2]
        if 8 * len(payload.words) > SMOOTH * height * width:
            return False
        if not known.finest:
            latents = _coder().quantise(known.latents, 100, known.offsets)
            known.finest.append(8 * len(_coder().encode(latents).words) / (height * width))
        return known.finest[0] <= SMOOTH

    def _refined(self, known: _Analysed, quality: float) -> Tensor:
        """What is quantised at ``quality``."""
        if not self._effort:
            return known.latents
        from .distortion import STRUCTURAL

        return _coder().refine(
            known.latents,
            known.picture.pixels,
            quality,
            known.offsets,
            self._effort,
            structural=STRUCTURAL if self._tune == SSIM else 0.0,
        )

    def _fidelity(self, known: _Analysed, quality: int) -> float:
        """PSNR in dB at ``quality``."""
        if quality not in known.fidelities:
            picture = known.picture
            latents = self._quantised(known, quality)
            size = picture.pixels.shape[:2]
            decoded = _coder(self._decoder).synthesise(latents, quality, *size)
            shown = as_grey(decoded) if picture.grey else decoded
            known.fidelities[quality] = psnr_db(picture.pixels, shown)
        return known.fidelities[quality]


def held(quality: float, fidelity: Callable[[int], float]) -> int:
    """``quality``, or one beside it, so that fidelity never falls as ``quality`` grows.

    Bisection between 1 and 100: whatever lies between two qualities is held between their
    fidelities; where it is not, the one with the nearer fidelity takes its place.

    Args:
        quality: 1 to 100, of which the whole number counts.
        fidelity: of a quality, by any measure; asked for at most nine of them.
    """
    wanted = int(quality)
    low, high = 1, 100
    if wanted == low:
        return low
    # What stands for the two ends.
    worse = low
    better = high if fidelity(high) >= fidelity(low) else low
    if wanted == high:
        return better
    while low < wanted and worse != better:
        middle = (low + high) // 2
        chosen = middle
        if fidelity(middle) < fidelity(worse):
            chosen = worse
        elif fidelity(middle) > fidelity(better):
            chosen = better
        if middle <= wanted:
            low, worse = middle, chosen
        else:
            high, better = middle, chosen
    return worse


def digest_of(decoder: str) -> bytes:
    """How bitstreams tell a decoder; nothing for the model's own.

    Raises:
        ModelError: Its weights are missing.
    """
    return b"" if decoder == CONSERVATIVE else _hash(_OTHERS[decoder])[:8]


@functools.cache
def _hash(path: Path) -> bytes:
    try:
        return hashlib.sha256(path.read_bytes()).digest()
    except OSError as error:
        raise ModelError(f"{path}: the model is missing; install provenance anew") from error


@functools.cache
def _coder(decoder: str = CONSERVATIVE) -> Coder:
    from .coder import Coder

    return (
        Coder.load(WEIGHTS) if decoder == CONSERVATIVE else _coder().other_decoder(_OTHERS[decoder])
    )
