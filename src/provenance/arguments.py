"""What the library is asked for: whatever cannot be is refused before any work is done."""

from __future__ import annotations

import math

from . import codecs
from .errors import UsageError
from .formats import check_kind
from .labels import CodecFacts, ModelFacts, to_json
from .labels.catalogue import catalogue
from .labels.schema import LABEL_SCHEMA, problem_of

PREVIEW_SIDE = 320
"""Longest side of the preview in a compressed file, px."""
PREVIEW_SIDES = (16, 4096)
"""Smallest and largest side that may be asked for."""


def check_goals(
    quality: float | None,
    bits_per_pixel: float | None,
    max_bytes: int | None,
    min_psnr: float | None,
    to: str | None,
) -> bool:
    """Whether there is a goal; see `provenance.compress`.

    Raises:
        UsageError: There are several, or one that nothing can meet.
    """
    goals = {
        "quality": quality,
        "bits per pixel": bits_per_pixel,
        "size": max_bytes,
        "PSNR": min_psnr,
    }
    given = {name: value for name, value in goals.items() if value is not None}
    if len(given) > 1:
        raise UsageError("quality, bits per pixel, size and PSNR: give one of them")
    for name, value in given.items():
        if not (math.isfinite(value) and value > 0):
            raise UsageError(f"{name} {value:g}: must be a number above 0")
    if quality is not None:
        codecs.check_quality(quality)
    if max_bytes is not None and to:
        raise UsageError("a highest file size is for compressed files, not for other formats")
    return bool(given)


def check_noise(codec: codecs.Codec, **numbers: int | None) -> None:
    """Steps, seed and seeds of a decoder that draws from noise.

    Raises:
        UsageError: The codec's draws none, or a number is out of range.
    """
    if codec.facts.seed is None and any(value is not None for value in numbers.values()):
        raise codecs.not_drawn(codec.facts.name)
    codecs.check_noise(**numbers)


def check_result(
    to: str | None = None, caption: str | None = None, preview: int | None = None
) -> None:
    """The format, the language of the caption and the side of the preview.

    Raises:
        UsageError: There is no such thing, or the format's encoder is not installed.
    """
    if to is not None:
        check_kind(to)
    if caption is not None:
        catalogue(caption)
    smallest, largest = PREVIEW_SIDES
    if preview is not None and not smallest <= preview <= largest:
        raise UsageError(f"preview {preview}: give a side of {smallest} to {largest} px, or none")


def check_facts(codec: CodecFacts, model: ModelFacts, *numbers: float | None) -> None:
    """What a label is to say of a codec from outside.

    Args:
        numbers: quality and bits per pixel.

    Raises:
        UsageError: No label can.
    """
    if not all(value is None or math.isfinite(value) for value in numbers):
        raise UsageError("quality and bits per pixel: give finite numbers")
    for part, kind in ((codec, "codec"), (model, "model")):
        if problem := problem_of(to_json(part), LABEL_SCHEMA, kind):
            raise UsageError(f"{kind}: {problem}")
