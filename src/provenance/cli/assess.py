"""``provenance assess``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..files import MAX_PIXELS
from ..stages import Stages
from . import console
from .options import Json, MaxPixels, MaxScore, RedactEvidence, Timing


def assess(
    original: Annotated[Path, typer.Argument(help="The photo before compression.", readable=False)],
    reconstruction: Annotated[
        Path,
        typer.Argument(help="The photo after it: an image or a compressed file.", readable=False),
    ],
    max_score: MaxScore = None,
    max_pixels: MaxPixels = MAX_PIXELS,
    redact_evidence: RedactEvidence = False,
    timing: Timing = False,
    json: Json = False,
) -> None:
    """Measure where the meaning of a photo may have changed."""
    from .. import api
    from ..labels import to_json

    with console.progress() as announce:
        stages = Stages(announce)
        risk = api.assess(
            original,
            reconstruction,
            max_pixels=max_pixels,
            redact_evidence=redact_evidence,
            note=console.note,
            stages=stages,
        )
    if timing:
        console.print_timing(stages)
    if json:
        seconds = {name: round(value, 3) for name, value in stages.seconds.items()}
        console.print_json({"seconds": seconds, "risk": to_json(risk)})
    else:
        console.print_risk(risk)
    if max_score is not None and risk.score > max_score:
        raise typer.Exit(1)
