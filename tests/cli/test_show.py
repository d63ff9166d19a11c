"""``provenance show`` as a user runs it."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from provenance import api
from provenance.cli import drawing
from provenance.cli.drawing import MAX_FINDINGS, print_findings, print_map
from provenance.labels.wording import MORE

from .conftest import Command


@pytest.fixture(scope="module")
def coarse(provenance: Command, astronaut: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example photo at the lowest quality, where its small print is lost."""
    target = tmp_path_factory.mktemp("coarse") / "astronaut.avif"
    assert provenance("compress", astronaut, "-q", 1, "-o", target).code == 0
    return target


def test_findings_are_drawn_where_they_are(provenance: Command, coarse: Path) -> None:
    done = provenance("show", coarse)
    assert done.code == 0, done.err
    label = api.show(coarse)
    for number, finding in enumerate(label.risk.findings[:MAX_FINDINGS], 1):
        [line] = [row for row in done.out.splitlines() if row.startswith(f"{number} ")]
        x, y, width, height = finding.box
        assert finding.sentence in line and f"{width}x{height} at {x},{y}" in line
        assert f"{finding.probability:.0%}" in line
    assert any(MORE in warning for warning in label.warnings) and MORE not in done.out
    frame = [line for line in done.out.splitlines() if line.startswith("\u2502")]
    assert 5 < len(frame) < 20 and len({len(line) for line in frame}) == 1
    first = label.risk.findings[0].box
    [row] = [number for number, line in enumerate(frame) if re.search(r"\b1\b", line)]
    assert row == pytest.approx((first[1] + first[3] / 2) / 512 * len(frame), abs=1.5)
    assert "history, newest first" in done.out and "not verified" in done.out


def test_a_cut_file_is_shown_by_its_credential(
    provenance: Command, coarse: Path, tmp_path: Path
) -> None:
    cut = tmp_path / "cut.avif"
    cut.write_bytes(coarse.read_bytes()[:-3000])
    done = provenance("show", cut, "--json")
    assert done.code == 0
    assert done.json("show")["label"] == provenance("show", coarse, "--json").json("show")["label"]
    assert f"{cut}: container: " in done.err and "the label is the credential's" in done.err
    cut.write_bytes(coarse.read_bytes()[:5000])
    assert provenance("show", cut).code == 4


def test_every_format_tells_the_same_label(provenance: Command, coarse: Path) -> None:
    told = provenance("show", coarse, "--format", "json").json("show")
    assert told == provenance("show", coarse, "--json").json("show")
    page = provenance("show", coarse, "--format", "html")
    assert page.code == 0 and page.out.startswith("<!doctype html>")
    record = page.out.split('lang="en">{')[-1].split("</pre>")[0]
    assert told["label"]["original"]["sha256"] in record
    assert provenance("show", coarse, "--format", "yaml").code == 2


def test_an_error_is_json_where_json_was_asked_for(provenance: Command, tmp_path: Path) -> None:
    for asked in (("--format", "json"), ("--format=json",), ("--json",)):
        done = provenance("show", tmp_path / "no.avif", *asked)
        assert done.code == 6 and done.json("error")["error"]["exit_code"] == 6
    assert provenance("show", tmp_path / "no.avif", "--format", "html").out == ""


def test_odd_findings_are_drawn_all_the_same(
    coarse: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    label = api.show(coarse)
    finding = replace(label.risk.findings[0], sentence="[red]no\x1b[31m markup", types={"shape": 0})
    boxes = [(0, 0, 0, 0), (511, 511, 1, 1), (10**9, 10**9, 10**9, 10**9), (0, 0, 512, 512)]
    odd = tuple(replace(finding, box=box) for box in boxes * 10)
    print_findings(odd)
    print_map(replace(label, risk=replace(label.risk, findings=odd)))
    out = capsys.readouterr().out
    assert "[red]no\N{REPLACEMENT CHARACTER}[31m markup" in out and "\x1b" not in out
    assert f"and {40 - MAX_FINDINGS} more" in out
    for size in ((1, 100_000), (100_000, 1)):
        original = replace(label.original, width=size[0], height=size[1])
        print_map(replace(label, original=original))


@pytest.mark.parametrize("width", [80, 44])
def test_a_narrow_terminal_shows_all_that_was_found(
    coarse: Path, monkeypatch: pytest.MonkeyPatch, width: int
) -> None:
    shown = io.StringIO()
    monkeypatch.setattr(drawing, "_console", lambda: Console(file=shown, width=width))
    finding = replace(
        api.show(coarse).risk.findings[0],
        sentence="A word is another one.",
        types={"shape": 0.7, "amplitude": 0.3},
        symbol="text",
        probability=0.62,
        box=(1234, 5678, 240, 80),
    )
    print_findings([finding])
    first, *rest = (line.strip() for line in shown.getvalue().splitlines()[1:])
    assert first.startswith("1") and first.endswith("62%") and finding.sentence in first
    assert " ".join(rest) == "\N{BULLET OPERATOR} shape, text, 240x80 at 1234,5678"


def test_a_small_finding_within_a_large_one_keeps_its_number(
    coarse: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    label = api.show(coarse)
    finding = label.risk.findings[0]
    boxes = [(0, 0, 512, 512), (40, 40, 8, 8)]
    both = tuple(replace(finding, box=box) for box in boxes)
    print_map(replace(label, risk=replace(label.risk, findings=both)))
    drawn = capsys.readouterr().out.split("px")[1]
    assert "1" in drawn and "2" in drawn
