"""What the commands that write a labelled file share: where to, and what is said about it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from ..errors import UsageError
from ..files import STANDARD_STREAM, check_output, shown, write
from ..formats import OTHER_SUFFIXES, kind_of_suffix
from . import console

if TYPE_CHECKING:
    from ..assembly import Labelled
    from ..stages import Stages


def prepare(
    output: Path | None,
    source: Path,
    suffix: str,
    inputs: tuple[Path, ...],
    *,
    force: bool,
    json: bool,
) -> Path:
    """The output, checked before any work is done.

    Raises:
        OutputError: It exists already, is an input, or cannot be written.
        UsageError: It is named like another format, or is standard output and that is a terminal
            or needed for JSON.
    """
    target = output or console.default_output(source, suffix)
    console.refuse_mixed(target, json)
    console.refuse_terminal(target)
    check_output(target, force=force, inputs=inputs)
    suffix = Path(f"x{suffix}").suffix
    wanted, named = kind_of_suffix(suffix), kind_of_suffix(target.suffix)
    if wanted and target.suffix.lower() in OTHER_SUFFIXES:
        raise UsageError(
            f"{target}: such files are read and not written; name it {suffix}, for {wanted}"
        )
    if wanted and named not in (wanted, None):
        raise UsageError(
            f"{target}: named like {named}, but {wanted} is to be written; name it {suffix}"
        )
    return target


def finish(
    result: Labelled,
    target: Path,
    stages: Stages,
    *,
    force: bool,
    json: bool,
    timing: bool,
    max_score: float | None = None,
) -> None:
    """Write the file, print its label, and exit with 1 where its risk is too high."""
    from ..labels import to_json

    write(target, result.data, force=force)
    for remark in result.notes:
        console.note(remark)
    if timing:
        console.print_timing(stages)
    if json:
        console.print_json(
            {
                "output": shown(target),
                "media_type": result.media_type,
                "bytes": len(result.data),
                "bitstream_bytes": result.bitstream_bytes,
                "notes": list(result.notes),
                "seconds": {name: round(value, 3) for name, value in stages.seconds.items()},
                "label": to_json(result.label),
            }
        )
    elif target != STANDARD_STREAM:
        sizes = f"{len(result.data):,} bytes"
        if result.bitstream_bytes is not None:
            sizes += f", {result.bitstream_bytes:,} of them the bitstream"
        console.say(f"{target}: {sizes}")
        console.print_label(result.label)
    if max_score is not None and result.label.risk.score > max_score:
        sys.stdout.flush()
        console.note(f"risk {result.label.risk.score:.2f} is above --max-score {max_score:g}")
        raise typer.Exit(1)
