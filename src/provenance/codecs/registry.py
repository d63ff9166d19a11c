"""Codecs by name: the built-in one, those of packages, programs of others, and added weights."""

from __future__ import annotations

from importlib.metadata import entry_points
from pathlib import Path

from ..errors import ModelError, UsageError
from . import added, external
from .base import Codec, Picture
from .bitstream import parse

GROUP = "provenance.codecs"
DEFAULT = "msh"


def names() -> list[str]:
    """Names of all codecs, the default first.

    Raises:
        InputError: ``codecs.toml`` is broken.
    """
    return [*_installed(), *added.names()]


def get(name: str) -> Codec:
    """The codec of that name.

    Raises:
        UsageError: There is none.
        InputError: ``codecs.toml`` is broken.
        ModelError: Its weights are missing or damaged.
    """
    if name == DEFAULT:
        from .learned.msh import MeanScaleHyperpriorCodec

        return MeanScaleHyperpriorCodec()
    for entry in entry_points(group=GROUP, name=name):
        codec: Codec = entry.load()()
        return codec
    if found := external.load().get(name):
        return found
    if name in added.names():
        return _fixed_rate(added.get(name))
    hint = "; add published weights with `provenance codecs add`" if name in added.SCHEMES else ""
    raise UsageError(f"{name}: no such codec; there are {', '.join(names())}{hint}")


def find(codec: str, weights: str) -> Codec | None:
    """The codec that a bitstream or a label names; None where it is not here.

    Args:
        codec: its name, or that of the scheme that added weights are of.
        weights: SHA-256 of the weights or its first digits; a codec that is not an added one is
            found whatever its weights.

    Raises:
        InputError: ``codecs.toml`` is broken.
        ModelError: Weights are missing or damaged.
    """
    if codec in _installed():
        return get(codec)
    if codec in added.SCHEMES and weights:
        for weighed in map(added.get, added.names()):
            if weighed.scheme == codec and weighed.sha256.startswith(weights):
                return _fixed_rate(weighed)
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
    if stream.codec in added.SCHEMES:
        raise ModelError(
            f"bitstream: needs the weights {stream.model} ({stream.weights.hex()}) of the codec "
            f"{stream.codec}; add them with `provenance codecs add`"
        )
    raise ModelError(f"bitstream: needs the codec {stream.codec}, which is not installed here")


def add(name: str, weights: Path, expected: str | None = None) -> Codec:
    """Add a codec by its published weights; see `added.add`."""
    return _fixed_rate(added.add(name, weights, expected, names()))


def _installed() -> list[str]:
    found = {entry.name for entry in entry_points(group=GROUP)} | external.load().keys()
    return [DEFAULT, *sorted(found - {DEFAULT})]


def _fixed_rate(of: added.Added) -> Codec:
    from .learned.fixed_rate import FixedRateCodec

    return FixedRateCodec(of)
