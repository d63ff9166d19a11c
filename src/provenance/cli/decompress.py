"""``provenance decompress``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..files import MAX_PIXELS
from ..formats import RENDITIONS, kind_of_suffix
from ..stages import Stages
from . import console, writing
from .compress import Rendition
from .options import (
    Caption,
    Certificate,
    Force,
    Json,
    MaxPixels,
    Output,
    PasswordFile,
    Signer,
    Stamp,
    Timestamp,
    TimestampOptional,
    Timing,
    signer,
)


def decompress(
    file: Annotated[
        Path, typer.Argument(help="Compressed file; - for standard input.", readable=False)
    ],
    output: Output = None,
    to: Annotated[
        Rendition | None,
        typer.Option(help="Format; by default the output's suffix, else png.", show_default=False),
    ] = None,
    max_pixels: MaxPixels = MAX_PIXELS,
    stamp: Stamp = False,
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
    """Give the full picture back, labelled and signed."""
    named = kind_of_suffix(output.suffix) if output else None
    kind = to or Rendition(named or "png")
    suffix = f".decoded{RENDITIONS[kind].suffix}"
    target = writing.prepare(output, file, suffix, (file,), force=force, json=json)
    identity = signer(key, certificate, password_file, timestamp, timestamp_optional)

    from .. import api

    with console.progress() as announce:
        stages = Stages(announce)
        result = api.decompress(
            file,
            to=kind,
            identity=identity,
            max_pixels=max_pixels,
            stamp=stamp,
            caption=caption,
            stages=stages,
        )
    writing.finish(result, target, stages, force=force, json=json, timing=timing)
