"""Codecs by name: the built-in one, those that installed packages bring, and programs of others."""

from __future__ import annotations

from importlib.metadata import entry_points

from ..errors import ModelError, UsageError
from . import external
from .base import Codec, Picture
from .bitstream import parse

GROUP = "provenance.codecs"
DEFAULT = "msh"


def names() -> list[str]:
    """Names of all codecs, the default first.

    Raises:
        InputError: ``codecs.toml`` is broken.
    """
    found = {entry.name for entry in entry_points(group=GROUP)} | external.load().keys()
    return [DEFAULT, *sorted(found - {DEFAULT})]


def get(name: str) -> Codec:
    """The codec of that name.

    Raises:
        UsageError: There is none.
        InputError: ``codecs.toml`` is broken.
    """
    if name == DEFAULT:
        from .learned.msh import MeanScaleHyperpriorCodec

        return MeanScaleHyperpriorCodec()
    for entry in entry_points(group=GROUP, name=name):
        codec: Codec = entry.load()()
        return codec
    if found := external.load().get(name):
        return found
    raise UsageError(f"{name}: no such codec; there are {', '.join(names())}")


def decode(bitstream: bytes, *, max_pixels: int) -> Picture:
    """Decode with the codec that the bitstream names.

    Raises:
        BitstreamError: It is cut or altered.
        ModelError: Its codec or model is not installed here.
        TooLargeError: It announces more than ``max_pixels`` pixels.
    """
    name = parse(bitstream).codec
    if name not in names():
        raise ModelError(f"bitstream: needs the codec {name}, which is not installed here")
    return get(name).decode(bitstream, max_pixels=max_pixels)
