"""``provenance label``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..errors import UsageError
from ..files import MAX_PIXELS, STANDARD_STREAM
from ..stages import Stages
from . import console, writing
from .options import (
    Caption,
    Certificate,
    Force,
    Json,
    MaxPixels,
    MaxScore,
    Output,
    PasswordFile,
    RedactEvidence,
    Signer,
    Stamp,
    Timestamp,
    TimestampOptional,
    Timing,
    signer,
)


def label(
    original: Annotated[Path, typer.Argument(help="The photo before compression.", readable=False)],
    reconstruction: Annotated[Path, typer.Argument(help="The decoded photo.", readable=False)],
    codec: Annotated[str, typer.Option(help="Name of the codec that made it.")],
    model: Annotated[str, typer.Option(help="Name of its model.")],
    output: Output = None,
    family: Annotated[str, typer.Option(help="Kind of codec.")] = "unknown",
    model_hash: Annotated[
        str | None, typer.Option(help="SHA-256 of its weights.", show_default=False)
    ] = None,
    generative: Annotated[
        bool, typer.Option("--generative/--not-generative", help="Whether it invents detail.")
    ] = False,
    decoder: Annotated[str, typer.Option(help="Which of its decoders.")] = "default",
    seed: Annotated[
        int | None, typer.Option(help="Seed of the decoder.", show_default=False)
    ] = None,
    quality: Annotated[
        float | None, typer.Option(help="Its quality setting.", show_default=False)
    ] = None,
    bits_per_pixel: Annotated[
        float | None, typer.Option(min=0, help="Of the bitstream.", show_default=False)
    ] = None,
    max_score: MaxScore = None,
    max_pixels: MaxPixels = MAX_PIXELS,
    redact_evidence: RedactEvidence = False,
    stamp: Stamp = False,
    caption: Caption = None,
    sidecar: Annotated[
        bool,
        typer.Option(
            "--sidecar",
            help="Write the credential alone, beside the picture, as a .c2pa file; "
            "always so where the format can carry none.",
        ),
    ] = False,
    key: Signer = None,
    certificate: Certificate = None,
    password_file: PasswordFile = None,
    timestamp: Timestamp = None,
    timestamp_optional: TimestampOptional = False,
    force: Force = False,
    timing: Timing = False,
    json: Json = False,
) -> None:
    """Assess, label and sign what another codec made of a photo."""
    if model_hash is not None and (
        len(model_hash) != 64 or set(model_hash) - set("0123456789abcdef")
    ):
        raise UsageError("--model-hash: give 64 lower-case hexadecimal digits")
    for name, value in (
        ("codec", codec),
        ("model", model),
        ("family", family),
        ("decoder", decoder),
    ):
        if not value or not value.isprintable():
            raise UsageError(f"--{name}: give a name that can be printed")
    from .. import api
    from ..sources import SUFFIX, carries_label

    if reconstruction != STANDARD_STREAM:
        sidecar = sidecar or not carries_label(reconstruction)
    if sidecar and output not in (None, STANDARD_STREAM) and output.suffix.lower() != SUFFIX:
        raise UsageError(
            f"{output}: a credential alone, which lies beside {reconstruction}; "
            f"name a {SUFFIX} file, or leave -o out"
        )
    suffix = f"{reconstruction.suffix}{SUFFIX}" if sidecar else f".labelled{reconstruction.suffix}"
    inputs = (original, reconstruction)
    target = writing.prepare(output, reconstruction, suffix, inputs, force=force, json=json)
    identity = signer(key, certificate, password_file, timestamp, timestamp_optional)

    from ..labels import CodecFacts, ModelFacts

    with console.progress() as announce:
        stages = Stages(announce)
        result = api.label(
            original,
            reconstruction,
            codec=CodecFacts(codec, family, generative, decoder, seed),
            model=ModelFacts(model, model_hash),
            quality=quality,
            bits_per_pixel=bits_per_pixel,
            identity=identity,
            max_pixels=max_pixels,
            redact_evidence=redact_evidence,
            stamp=stamp,
            caption=caption,
            sidecar=sidecar,
            stages=stages,
        )
    writing.finish(
        result, target, stages, force=force, json=json, timing=timing, max_score=max_score
    )
