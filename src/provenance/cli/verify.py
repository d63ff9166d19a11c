"""``provenance verify``."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import ProvenanceError
from . import console
from .options import Json, MaxScore, PolicyFile, demands

if TYPE_CHECKING:
    from ..verification import Policy, Report

BADNESS = (0, 1, 5, 3, 4, 2, 6)
"""Exit codes from good to bad; a run over many files exits with the worst."""

_MARKS = {"passed": "ok  ", "failed": "FAIL", "skipped": "-   "}


def verify(
    files: Annotated[
        list[Path],
        typer.Argument(help="Files to verify, and folders of pictures; - for standard input."),
    ],
    policy: PolicyFile = None,
    max_score: MaxScore = None,
    json: Json = False,
) -> None:
    """Tell what happened to a file and whether to believe it."""
    from .. import api

    demanded = demands(policy, max_score)
    if len(files) > 1 or files[0].is_dir():
        raise typer.Exit(_many(files, demanded, json))
    report = api.verify(files[0], policy=demanded)
    if json:
        console.print_json(report.to_json())
    else:
        _print(report)
    raise typer.Exit(report.exit_code)


def _many(paths: list[Path], policy: Policy | None, json: bool) -> int:
    """Report each file, in a line of JSON or in as few words as tell what is wrong with it.

    Returns:
        The worst exit code.
    """
    from ..pipeline import verify_many

    codes: Counter[int] = Counter()
    with console.progress() as announce:
        for path, report in verify_many(paths, policy=policy):
            announce(f"verified {codes.total()} files")
            if isinstance(report, ProvenanceError):
                console.print_error(report, as_json=json, file=path)
            elif json:
                console.print_json(report.to_json(), line=True)
            else:
                _print_head(report, failures_only=True)
            codes[report.exit_code] += 1
    if not json:
        console.say(f"{codes.total()} files, {codes[0]} of them good")
    return max(codes, key=BADNESS.index)


def _print(report: Report) -> None:
    _print_head(report)
    if report.label:
        console.print_label(report.label)


def _print_head(report: Report, *, failures_only: bool = False) -> None:
    console.say(f"{report.file}: {_verdict(report)}")
    for step in report.steps:
        if step.outcome == "failed" or not failures_only:
            console.say(f"  {step.number:2} {_MARKS[step.outcome]} {step.name}: {step.detail}")


def _verdict(report: Report) -> str:
    if report.exit_code == 3 and report.label_survived:
        return "label intact, credential stripped: only the label and the picture are proven"
    sentences = {
        0: "intact, valid and signed by somebody whom you trust",
        1: "intact, valid and trusted, but your policy is not met",
        3: "no credential, so nothing here is proven",
        4: "tampered with, or broken: do not believe it",
        5: "intact and valid, but signed by somebody whom you have not chosen to trust",
    }
    return sentences[report.exit_code]
