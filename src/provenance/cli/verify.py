"""``provenance verify``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import ProvenanceError
from . import console
from .options import Json, MaxScore, PolicyFile, demands

if TYPE_CHECKING:
    from ..verification import Report

BADNESS = (0, 1, 5, 3, 4, 2, 6)
"""Exit codes from good to bad; a run over many files exits with the worst."""

_MARKS = {"passed": "ok  ", "failed": "FAIL", "skipped": "-   "}


def verify(
    files: Annotated[list[Path], typer.Argument(help="Files to verify; - for standard input.")],
    policy: PolicyFile = None,
    max_score: MaxScore = None,
    json: Json = False,
) -> None:
    """Tell what happened to a file and whether to believe it."""
    from .. import api
    from ..credentials import default_trust

    trust, demanded = default_trust(), demands(policy, max_score)
    worst = 0
    for file in files:
        try:
            report = api.verify(file, trust=trust, policy=demanded)
        except ProvenanceError as error:
            if len(files) == 1:
                raise
            console.print_error(error, as_json=json)
            code = error.exit_code
        else:
            if json:
                console.print_json(report.to_json(), line=len(files) > 1)
            else:
                _print(report)
            code = report.exit_code
        worst = max(worst, code, key=BADNESS.index)
    raise typer.Exit(worst)


def _print(report: Report) -> None:
    console.say(f"{report.file}: {_verdict(report)}")
    for step in report.steps:
        console.say(f"  {step.number:2} {_MARKS[step.outcome]} {step.name}: {step.detail}")
    if report.label:
        console.print_label(report.label)


def _verdict(report: Report) -> str:
    sentences = {
        0: "intact, valid and signed by somebody whom you trust",
        1: "intact, valid and trusted, but your policy is not met",
        3: "no credential, so nothing here is proven",
        4: "tampered with, or broken: do not believe it",
        5: "intact and valid, but signed by somebody whom you have not chosen to trust",
    }
    return sentences[report.exit_code]
