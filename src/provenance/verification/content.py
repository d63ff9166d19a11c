"""What the file itself holds: container (step 1), label (9), codec and model (11), and the picture
that the bitstream decodes to (12)."""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator
from contextlib import suppress

import numpy as np
from numpy.typing import NDArray

from .. import codecs, container, formats, imaging
from ..codecs import bitstream as frames
from ..credentials import Credential
from ..errors import ImageError, InvalidError, ModelError, ProvenanceError, TooLargeError
from ..labels import Label, Risk
from ..labels.model import Compression
from ..labels.schema import SIGNIFICANT_DIGITS
from ..taxonomy import level_of
from .steps import Steps

ROUNDING = 10.0 ** (1 - SIGNIFICANT_DIGITS)
"""What writing a score may change of it, as a share."""


def check_container(
    data: bytes, name: str, steps: Steps
) -> tuple[str | None, container.Parts | None, bool]:
    """1: does the file hold together?

    Returns:
        Its media type, None where it is no image; its parts, if it is a compressed file; and
        whether it is sound.
    """
    try:
        media_type = container.media_type(data, name)
    except ImageError:
        kind = formats.sniff(data)
        cut = f"begins as {kind}, but is cut off or damaged"
        return (
            None,
            None,
            steps.failed("container", cut if kind else "no picture of a known format"),
        )
    if not container.is_container(data):
        return media_type, None, steps.passed("container", media_type)
    try:
        parts = container.unpack(data)
    except InvalidError as error:
        problem = str(error).removeprefix("container: ")
        return media_type, None, steps.failed("container", problem)
    size = f"{parts.width}x{parts.height}"
    return media_type, parts, steps.passed("container", f"compressed file, neural image of {size}")


def check_label(credential: Credential | None, steps: Steps) -> tuple[Label | None, bool]:
    """9: does the signed label follow its schema, and does the signer vouch for it?

    Returns:
        The signed label, and whether nothing is wrong with it.
    """
    signed = credential.label if credential else None
    if credential and credential.label_problem:
        return None, steps.failed("label", credential.label_problem)
    if signed is None:
        return None, steps.skipped("label", "none is signed")
    if problem := contradiction(signed):
        return signed, steps.failed("label", problem)
    detail = f"version {signed.schema_version}, signed by {signed.tool.name} {signed.tool.version}"
    if credential and len(credential.layers) > 1:
        signer = credential.layers[-1].signer
        whose = (signer and (signer.organisation or signer.common_name)) or "an unnamed signer"
        detail += f", in the manifest of {whose} that this one updates"
    return signed, steps.passed("label", detail)


def contradiction(label: Label) -> str | None:
    """Which risk level is not that of its score, in words; None where all are."""
    parts: tuple[Risk | Compression, ...] = (label.risk, *label.history)
    for part in parts:
        lowest, highest = (level_of(part.score * share) for share in (1 - ROUNDING, 1 + ROUNDING))
        if not lowest <= part.level <= highest:
            return f"label: a score of {part.score:g} is not of level {part.level}"
    return None


def check_model(parts: container.Parts | None, label: Label | None, steps: Steps) -> bool:
    """11: is the bitstream whole, made by the codec and model that the label names, and are they
    known here?"""
    step = "codec and model"
    if parts is None:
        if label is None:
            return steps.skipped(step, "no label that names them")
        named = f"{label.codec.name} {label.model.name}"
        known = _here(label.codec.name, label.model.sha256 or "")
        return steps.skipped(step, f"{named}, {known}; the file carries no bitstream")
    try:
        stream = frames.parse(parts.bitstream)
    except InvalidError as error:
        return steps.failed(step, str(error))
    if label and (problem := next(_contradictions(parts, stream, label), None)):
        return steps.failed(step, problem)
    here = _here(stream.codec, stream.weights.hex())
    return steps.passed(step, f"{stream.codec} {stream.model}, {here}")


def _contradictions(
    parts: container.Parts, stream: frames.Bitstream, label: Label
) -> Iterator[str]:
    """What a label says of a bitstream, and it is not so."""
    found = (stream.codec, stream.model, stream.weights.hex())
    told = (label.codec.name, label.model.name, (label.model.sha256 or "")[:16])
    if told != found:
        yield f"made by {' '.join(found)}, labelled {' '.join(told)}"
    decoder = str(label.model.extra.get("decoder_sha256") or "")[:16]
    drawn = (stream.sampling.seed, stream.sampling.steps) if stream.sampling else (None, None)
    if (decoder, label.codec.seed, label.codec.extra.get("steps")) != (
        stream.decoder.hex(),
        *drawn,
    ):
        yield "decoded by another decoder, seed or steps than labelled"
    with suppress(ProvenanceError):  # What does not work here cannot speak against anybody.
        facts = codecs.facts(parts.bitstream)
        if facts and (facts.decoder, facts.generative) != (
            label.codec.decoder,
            label.codec.generative,
        ):
            kind = "generative" if facts.generative else "not generative"
            yield f"decoded by the {facts.decoder} decoder, which is {kind}; labelled otherwise"
    sizes = {
        (stream.width, stream.height),
        (parts.width, parts.height),
        (label.original.width, label.original.height),
    }
    if len(sizes) > 1:
        yield "container, bitstream and label tell different sizes"
    rate = 8 * len(parts.bitstream) / (stream.width * stream.height)
    told_rate, setting = label.quality.bits_per_pixel, label.quality.setting
    if told_rate is not None and not math.isclose(told_rate, rate, rel_tol=1e-4):
        yield f"of {rate:.4g} bits per pixel, labelled {told_rate:.4g}"
    # Small pictures may be encoded with less than was asked for.
    if setting is not None and setting < stream.quality - 0.01:
        yield f"of quality {stream.quality:g}, labelled {setting:g}"


def check_decode(
    parts: container.Parts | None, name: str, max_pixels: int, steps: Steps
) -> tuple[NDArray[np.uint8] | None, bool]:
    """12: does the bitstream decode, to latents with the checksum that it carries?

    Returns:
        The picture, uint8 [height, width, 3], on white, and whether nothing is wrong with it.

    Raises:
        ModelError: Its codec or model is not installed here.
        TooLargeError: It announces more than ``max_pixels`` pixels.
    """
    if parts is None:
        return None, steps.skipped("decode", "the file carries no bitstream")
    try:
        found = codecs.decode(parts.bitstream, max_pixels=max_pixels)
    except InvalidError as error:
        return None, steps.failed("decode", str(error))
    except (ModelError, TooLargeError) as error:
        raise type(error)(f"{name}: cannot be decoded: {error}") from error
    height, width = found.pixels.shape[:2]
    pixels = imaging.laid_on_white(found.pixels, found.alpha)
    return pixels, steps.passed("decode", f"{width}x{height}, latents as their checksum tells")


def picture(data: bytes, name: str, max_pixels: int) -> tuple[NDArray[np.uint8] | None, str | None]:
    """The pixels of an ordinary image, uint8 [height, width, 3], on white where it is transparent;
    or why they cannot be read.

    Raises:
        TooLargeError: It has more than ``max_pixels`` pixels.
    """
    try:
        return imaging.on_white(imaging.load(data, name, max_pixels=max_pixels)).pixels, None
    except ImageError as error:
        return None, str(error)


@functools.lru_cache(maxsize=64)
def _here(codec: str, weights: str) -> str:
    """Whether this machine has a codec and its weights.

    Args:
        weights: their SHA-256 or its first digits; empty if unknown.
    """
    try:
        here = codecs.find(codec, weights)
    except ProvenanceError as error:
        return f"a codec that does not work here: {error}"
    if here is None:
        return "a codec that is not installed here"
    known = weights and (here.model.sha256 or "").startswith(weights)
    return "installed here" if known else "a model that is not installed here"
