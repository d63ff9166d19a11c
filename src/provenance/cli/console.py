"""What people and programs see: text, JSON, progress."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import InputError, ProvenanceError, UsageError
from ..files import STANDARD_STREAM, is_folder, one_line, shown
from ..stages import Stages
from ..taxonomy import LEVEL_NAMES

if TYPE_CHECKING:
    from ..labels import Label, Risk


def print_json(data: Mapping[str, Any], *, line: bool = False) -> None:
    """One JSON object on standard output; on one line where several follow one another."""
    is_unicode = (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"
    text = json.dumps(data, ensure_ascii=not is_unicode, indent=None if line else 2)
    sys.stdout.write(text + "\n")


def print_error(error: ProvenanceError, *, as_json: bool, file: Path | None = None) -> None:
    """One line on standard error, and an object on standard output for programs.

    Args:
        file: which one of several; the object then takes one line and names it.
    """
    message = one_line(" ".join(str(error).split()))
    sys.stderr.write(f"provenance: {message}\n")
    if as_json:
        told = {"message": message, "exit_code": error.exit_code}
        if file is None:
            print_json({"error": told})
        else:
            print_json({"file": shown(file), "error": told}, line=True)


def note(text: str) -> None:
    """A remark on standard error."""
    sys.stderr.write(f"provenance: {one_line(text)}\n")


def say(*lines: str) -> None:
    """Lines on standard output."""
    sys.stdout.write("".join(f"{one_line(line)}\n" for line in lines))


def table(rows: Sequence[tuple[str, str]]) -> None:
    """Names and values in two columns."""
    width = max((len(name) for name, _ in rows), default=0)
    for name, value in rows:
        say(f"  {name:<{width}}  {value}")


@contextmanager
def progress() -> Iterator[Callable[[str], None]]:
    """Something to announce the present step to: on standard error where that is a terminal."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console
    from rich.live import Live
    from rich.spinner import Spinner
    from rich.text import Text

    spinner = Spinner("dots")
    # On one terminal, what is said meanwhile is put above it; a file or a pipe is left alone.
    with Live(
        spinner, console=Console(stderr=True), transient=True, redirect_stdout=sys.stdout.isatty()
    ):
        yield lambda name: spinner.update(text=Text(f"{one_line(name)} …"))


def print_timing(stages: Stages) -> None:
    """Seconds and share of each stage, on standard error."""
    total = sum(stages.seconds.values())
    for name, seconds in stages.seconds.items():
        share = seconds / total if total else 0
        sys.stderr.write(f"{name:<16} {seconds:7.2f} s {share:6.1%}\n")
    sys.stderr.write(f"{'total':<16} {total:7.2f} s\n")


def print_label(label: Label) -> None:
    """A label for people; warnings that repeat or count findings, which are drawn, are left out."""
    from ..labels.wording import MORE

    quality, original = label.quality, label.original
    rows = [
        ("codec", f"{label.codec.name}, {label.codec.family}{_generative(label)}"),
        ("model", f"{label.model.name} {(label.model.sha256 or 'hash unknown')[:12]}"),
        ("quality", _quality(label)),
        ("original", f"{original.width}x{original.height} {original.media_type}"),
    ]
    if quality.bits_per_pixel is not None:
        rows.insert(3, ("bitstream", f"{quality.bits_per_pixel:.3f} bits per pixel"))
    if (invention := label.invention) is not None:
        strength, share = f"{invention.strength:.2f} OKLab units", f"{invention.area:.1%}"
        rows.append(("invented", f"{strength} on average, visibly in {share} of the picture"))
    table(rows)
    print_risk(label.risk)
    said = {finding.sentence for finding in label.risk.findings}
    for warning in label.warnings:
        if warning not in said and not warning.endswith(MORE):
            say(f"! {warning}")


def print_risk(risk: Risk) -> None:
    """An assessment for people."""
    name = LEVEL_NAMES[risk.level - 1]
    types = ", ".join(f"{kind} {score:.2f}" for kind, score in risk.by_type.items())
    table(
        [
            ("risk", f"{risk.score:.2f}, level {risk.level} of 5 ({name})"),
            ("by type", types),
            ("high impact", "yes" if risk.high_impact else "no"),
            ("affected", f"{risk.affected_area:.2%} of the picture"),
            ("looked for", ", ".join(risk.assessor.detectors)),
            ("not looked for", ", ".join(risk.assessor.unavailable) or "-"),
        ]
    )
    from .drawing import print_findings

    print_findings(risk.findings)


def default_output(source: Path, suffix: str) -> Path:
    """Beside the source, with another suffix; standard output for standard input.

    Raises:
        InputError: The source is a folder.
    """
    if is_folder(source):
        raise InputError(f"{source}: is a folder, not a file")
    return STANDARD_STREAM if source == STANDARD_STREAM else source.with_suffix(suffix)


def refuse_mixed(output: Path, as_json: bool) -> None:
    """Standard output cannot carry both the file and JSON.

    Raises:
        UsageError: It would have to.
    """
    if as_json and output == STANDARD_STREAM:
        raise UsageError("--json needs standard output; name an output file with -o")


def refuse_terminal(output: Path) -> None:
    """Image bytes on a terminal help nobody.

    Raises:
        UsageError: Standard output is a terminal.
    """
    if output == STANDARD_STREAM and sys.stdout.isatty():
        raise UsageError("standard output is a terminal; name an output file with -o")


def _generative(label: Label) -> str:
    return ", generative" if label.codec.generative else ""


def _quality(label: Label) -> str:
    quality = label.quality
    parts = [f"{quality.setting:g} of 100" if quality.setting is not None else "setting unknown"]
    if quality.psnr_db is not None:
        parts.append(f"PSNR {quality.psnr_db:.2f} dB")
    if quality.ms_ssim is not None:
        parts.append(f"MS-SSIM {quality.ms_ssim:.4f}")
    return ", ".join(parts)
