"""``provenance compress``."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from ..errors import UsageError
from ..files import MAX_PIXELS
from ..formats import RENDITIONS
from ..stages import Stages
from . import console, writing
from .options import (
    Caption,
    Certificate,
    Effort,
    Force,
    Json,
    MaxPixels,
    MaxScore,
    Output,
    PasswordFile,
    RedactEvidence,
    Signer,
    Timestamp,
    TimestampOptional,
    Timing,
    signer,
)


class Rendition(StrEnum):
    """Formats of ``--to``."""

    JPEG = "jpeg"
    PNG = "png"
    WEBP = "webp"
    TIFF = "tiff"
    AVIF = "avif"
    HEIF = "heif"
    JXL = "jxl"


def compress(
    photo: Annotated[
        Path, typer.Argument(help="Photo to compress; - for standard input.", readable=False)
    ],
    output: Output = None,
    quality: Annotated[
        float | None,
        typer.Option(
            "--quality",
            "-q",
            min=1,
            max=100,
            help="1 smallest, 100 best; 50 without --bpp, --max-bytes and --min-psnr.",
            show_default=False,
        ),
    ] = None,
    bpp: Annotated[
        float | None,
        typer.Option(
            min=0.001, help="Best quality within these bits per pixel.", show_default=False
        ),
    ] = None,
    max_bytes: Annotated[
        int | None,
        typer.Option(min=1, help="Best quality within this size of the file.", show_default=False),
    ] = None,
    min_psnr: Annotated[
        float | None,
        typer.Option(
            min=1, max=100, help="Smallest file that reaches this PSNR in dB.", show_default=False
        ),
    ] = None,
    codec: Annotated[str, typer.Option(help="See `provenance codecs`.")] = "msh",
    decoder: Annotated[
        str | None,
        typer.Option(
            help="Of the codec msh: conservative, or perceptual, which invents texture.",
            show_default=False,
        ),
    ] = None,
    tune: Annotated[
        str | None,
        typer.Option(
            help="Of the codec msh: psnr; ssim, which spends more where errors are seen; or "
            "meaning, which does where the risk score finds a change.",
            show_default=False,
        ),
    ] = None,
    effort: Effort = None,
    steps: Annotated[
        int | None,
        typer.Option(
            min=1, max=100, help="Of a decoder that draws from noise.", show_default=False
        ),
    ] = None,
    seed: Annotated[
        int | None,
        typer.Option(min=0, max=2**32 - 1, help="Of that noise.", show_default=False),
    ] = None,
    seeds: Annotated[
        int | None,
        typer.Option(
            min=2,
            max=16,
            help="Compare so many drawings; where they differ is a finding.",
            show_default=False,
        ),
    ] = None,
    to: Annotated[
        Rendition | None,
        typer.Option(help="Write the decoded picture in this format instead.", show_default=False),
    ] = None,
    preview: Annotated[
        str, typer.Option(help="Longest side of the preview in pixels, or none.")
    ] = "320",
    max_score: MaxScore = None,
    max_pixels: MaxPixels = MAX_PIXELS,
    redact_evidence: RedactEvidence = False,
    caption: Caption = None,
    key: Signer = None,
    certificate: Certificate = None,
    password_file: PasswordFile = None,
    timestamp: Timestamp = None,
    timestamp_optional: TimestampOptional = False,
    force: Force = False,
    timing: Timing = False,
    json: Json = False,
) -> None:
    """Compress a photo into one signed AVIF that tells its own risk."""
    suffix = f".labelled{RENDITIONS[to].suffix}" if to else ".avif"
    target = writing.prepare(output, photo, suffix, (photo,), force=force, json=json)
    side = _preview_side(preview)
    identity = signer(key, certificate, password_file, timestamp, timestamp_optional)

    from .. import api

    with console.progress() as announce:
        stages = Stages(announce)
        result = api.compress(
            photo,
            quality=quality,
            bits_per_pixel=bpp,
            max_bytes=max_bytes,
            min_psnr=min_psnr,
            codec=codec,
            decoder=decoder,
            tune=tune,
            effort=effort,
            steps=steps,
            seed=seed,
            seeds=seeds,
            to=to,
            preview=side,
            identity=identity,
            max_pixels=max_pixels,
            redact_evidence=redact_evidence,
            caption=caption,
            stages=stages,
        )
    writing.finish(
        result, target, stages, force=force, json=json, timing=timing, max_score=max_score
    )


def _preview_side(text: str) -> int | None:
    if text == "none":
        return None
    if not text.isdecimal():
        raise UsageError(f"--preview {text}: give a side of 16 to 4096 pixels, or none")
    return int(text)
