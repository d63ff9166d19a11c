"""Codecs by name: the default one, small ones, those of packages, programs, added weights."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from importlib.metadata import entry_points
from pathlib import Path

from ..errors import ModelError, UsageError
from ..labels import CodecFacts
from . import added, external, schemes
from .base import Codec, Picture
from .bitstream import pack, parse
from .learned.msh import DECODERS, MOST_EFFORT, TUNES, digest_of
from .package import PackageCodec
from .schemes import SCHEMES, Weights

GROUP = "provenance.codecs"
DEFAULT = "msh"


def names() -> list[str]:
    """Names of all codecs, the default first.

    Raises:
        InputError: ``codecs.toml`` is broken.
    """
    # Weights may have been added under a name that was taken since.
    return list(dict.fromkeys([DEFAULT, *SCHEMES, *_others(), *added.names()]))


def get(
    name: str, decoder: str | None = None, tune: str | None = None, effort: int | None = None
) -> Codec:
    """The codec of that name.

    Args:
        decoder: by which its bitstreams are to be decoded, where it has several; None for the
            usual one.
        tune: what its encoder is tuned for, where it can be; None for PSNR.
        effort: passes in which its encoder refines the latents, where it can, 0 to
            `MOST_EFFORT`; None for 0.

    Raises:
        UsageError: There is none, or it has no such decoder or cannot be tuned or refined so.
        InputError: ``codecs.toml`` is broken.
        ModelError: Its weights are missing or damaged.
    """
    if name == DEFAULT:
        from .learned.msh import MeanScaleHyperpriorCodec

        if decoder not in (None, *DECODERS):
            raise UsageError(f"{name}: no decoder {decoder!r}; it has {', '.join(DECODERS)}")
        if tune not in (None, *TUNES):
            raise UsageError(f"{name}: no tune {tune!r}; it has {', '.join(TUNES)}")
        if not 0 <= (effort or 0) <= MOST_EFFORT:
            raise UsageError(f"effort {effort}: must be within 0 and {MOST_EFFORT}")
        return MeanScaleHyperpriorCodec(decoder or DECODERS[0], tune or TUNES[0], effort or 0)
    if decoder is not None:
        raise UsageError(f"{name}: has one decoder; only {DEFAULT} has several")
    if tune is not None:
        raise UsageError(f"{name}: cannot be tuned; only {DEFAULT} can")
    if effort is not None:
        raise UsageError(f"{name}: knows no effort; only {DEFAULT} does")
    if weights := schemes.small(name):
        return _fixed_rate(weights)
    for entry in entry_points(group=GROUP, name=name):
        return PackageCodec(entry)
    if found := external.load().get(name):
        return found
    if name in added.names():
        return _fixed_rate(added.get(name))
    raise UsageError(f"{name}: no such codec; there are {', '.join(names())}")


def find(codec: str, weights: str) -> Codec | None:
    """The codec that a bitstream or a label names; None where it is not here.

    Args:
        codec: its name, or that of the scheme that weights are of.
        weights: SHA-256 of the weights or its first digits; a codec that is neither of a scheme
            nor an added one is found whatever its weights.

    Raises:
        InputError: ``codecs.toml`` is broken.
        ModelError: Weights are missing or damaged.
    """
    if codec in SCHEMES and weights:
        for known in _weights_of(codec):
            if known.sha256.startswith(weights):
                return _fixed_rate(known)
    if codec == DEFAULT or (codec in _others() and codec not in SCHEMES):
        return get(codec)
    return None


def decode(bitstream: bytes, *, max_pixels: int) -> Picture:
    """Decode with the codec that the bitstream names.

    Raises:
        BitstreamError: It is cut or altered.
        ModelError: Its codec or model is not installed here.
        TooLargeError: It announces more than ``max_pixels`` pixels.
    """
    stream = parse(bitstream)
    codec = find(stream.codec, stream.weights.hex())
    if codec is not None:
        return codec.decode(bitstream, max_pixels=max_pixels)
    if stream.codec in SCHEMES:
        raise ModelError(
            f"bitstream: needs the weights {stream.model} ({stream.weights.hex()}) of the codec "
            f"{stream.codec}; add them with `provenance codecs add`"
        )
    raise ModelError(f"bitstream: needs the codec {stream.codec}, which is not installed here")


def redirected(bitstream: bytes, decoder: str) -> bytes:
    """The same bits, to be decoded by another of the default codec's decoders.

    Raises:
        BitstreamError: It is cut or altered.
        UsageError: It is another codec's, or there is no such decoder.
    """
    stream = parse(bitstream)
    if stream.codec != DEFAULT:
        raise UsageError(f"{stream.codec}: has one decoder; only {DEFAULT} has several")
    if decoder not in DECODERS:
        raise UsageError(f"{stream.codec}: no decoder {decoder!r}")
    return pack(replace(stream, decoder=digest_of(decoder)))


def is_drawn(bitstream: bytes) -> bool:
    """Whether its decoder draws from noise, so that another seed gives another picture.

    Raises:
        BitstreamError: It is cut or altered.
    """
    return parse(bitstream).sampling is not None


def expected(bitstream: bytes) -> bytes | None:
    """The same bits for the decoder that adds nothing to them; None where they go to it anyway, or
    where their codec has none.

    Raises:
        BitstreamError: It is cut or altered.
    """
    stream = parse(bitstream)
    return pack(replace(stream, decoder=b"")) if stream.decoder else None


def facts(bitstream: bytes) -> CodecFacts | None:
    """What a label has to say of the codec that decodes a bitstream; None where it is none of ours,
    or made with other weights than those that are here.

    Raises:
        BitstreamError: It is cut or altered.
        InputError: ``codecs.toml`` is broken.
        ModelError: Weights are missing or damaged.
    """
    stream = parse(bitstream)
    codec = None
    if stream.codec in SCHEMES:
        codec = find(stream.codec, stream.weights.hex())
    elif stream.codec == DEFAULT:
        decoders = {digest_of(name): name for name in DECODERS}
        codec = get(DEFAULT, decoders[stream.decoder]) if stream.decoder in decoders else None
    if codec is None or (codec.model.sha256 or "")[:16] != stream.weights.hex():
        return None
    return facts_of(codec, bitstream)


def facts_of(codec: Codec, bitstream: bytes) -> CodecFacts:
    """What a label says of the codec that decodes this very bitstream: its seed and steps, too."""
    sampling = parse(bitstream).sampling
    if sampling is None:
        return codec.facts
    extra = {**codec.facts.extra, "steps": sampling.steps}
    return replace(codec.facts, seed=sampling.seed, extra=extra)


def add(name: str, weights: Path, expected: str | None = None) -> Codec:
    """Add a codec by its published weights; see `added.add`."""
    return _fixed_rate(added.add(name, weights, expected, names()))


def _others() -> list[str]:
    """Names that packages and ``codecs.toml`` bring."""
    return sorted({entry.name for entry in entry_points(group=GROUP)} | external.load().keys())


def _weights_of(scheme: str) -> Iterator[Weights]:
    """All weights of a scheme: the small ones first, then those that were added."""
    if weights := schemes.small(scheme):
        yield weights
    for name in added.names():
        try:
            weights = added.get(name)
        except ModelError:
            continue  # One that is damaged must not keep others from decoding.
        if weights.scheme == scheme:
            yield weights


def _fixed_rate(weights: Weights) -> Codec:
    from .learned.fixed_rate import FixedRateCodec

    return FixedRateCodec(weights)
