"""Findings drawn for a terminal: a table, and a map of where they are."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from ..files import one_line
from ..taxonomy import Type, main_type

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

    from ..labels import Finding, Label

MAX_FINDINGS = 12
"""Further ones are counted."""

MAP_COLUMNS, MAP_ROWS = 56, 18
"""Most room that a map takes, characters."""

CELL_RATIO = 2.1
"""Height of a character over its width."""

PIPE_COLUMNS = 1000
"""Width of what is no terminal."""

NARROW = 100
"""Columns below which type, symbol and place stand beneath the sentence."""

_COLUMNS = ("", "what", "type", "symbol", "likely", "place (px)")
_BAR = 8

_COLOURS: Mapping[str, str] = {
    Type.AMPLITUDE: "yellow",
    Type.GEOMETRY: "cyan",
    Type.SHAPE: "magenta",
}
_FILLS: Mapping[str, str] = {
    Type.AMPLITUDE: "\N{LIGHT SHADE}",
    Type.GEOMETRY: "/",
    Type.SHAPE: "\N{BULLET OPERATOR}",
}
"""Told apart without colour, too."""


def print_findings(findings: Sequence[Finding]) -> None:
    """For each: number, sentence, type, symbol, probability, place; a line where there is room."""
    from rich.table import Table
    from rich.text import Text

    if not findings:
        return
    console = _console()
    is_narrow = console.width < NARROW
    columns = ("", "what", "likely") if is_narrow else _COLUMNS
    table = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 1))
    for name in columns:
        table.add_column(name, no_wrap=name != "what")
    for number, finding in enumerate(findings[:MAX_FINDINGS], 1):
        number_, sentence = Text(f"{number}", style="bold"), Text(one_line(finding.sentence))
        kind, symbol, place = _facts(finding)
        if is_narrow:
            facts = Text(", ").join(part for part in (kind, symbol, place) if part)
            told = Text.assemble(sentence, "\n", facts)
            table.add_row(number_, told, Text(f"{finding.probability:>4.0%}"))
        else:
            filled = round(_BAR * min(1.0, max(0.0, finding.probability)))
            bar = "\N{FULL BLOCK}" * filled + "\N{LIGHT SHADE}" * (_BAR - filled)
            likely = Text(f"{bar} {finding.probability:.0%}")
            table.add_row(number_, sentence, kind, symbol, likely, place)
    console.print(table)
    if len(findings) > MAX_FINDINGS:
        console.print(f"and {len(findings) - MAX_FINDINGS} more (see --json)")


def print_map(label: Label) -> None:
    """The picture as a frame with the findings' numbers and areas in it."""
    from rich.panel import Panel
    from rich.text import Text

    size = label.original.width, label.original.height
    findings = label.risk.findings[:MAX_FINDINGS]
    if not findings:
        return
    columns, rows = _grid(*size)
    cells = [[Text(" ") for _ in range(columns)] for _ in range(rows)]
    # Areas first: a small one within a large one keeps its number.
    for finding in reversed(findings):
        _fill(cells, finding, size)
    for number, finding in reversed(list(enumerate(findings, 1))):
        _number(cells, finding, number, size)
    lines = Text("\n").join(Text.assemble(*row) for row in cells)
    _console().print(Panel(lines, width=columns + 2, padding=0, title=f"{size[0]}x{size[1]} px"))


def _grid(width: int, height: int) -> tuple[int, int]:
    """Columns and rows of a map with the shape of the picture."""
    columns = min(MAP_COLUMNS, round(MAP_ROWS * CELL_RATIO * width / height))
    rows = min(MAP_ROWS, round(columns * height / width / CELL_RATIO))
    return max(8, columns), max(3, rows)


def _facts(finding: Finding) -> tuple[Text, Text, Text]:
    """Type, symbol and place."""
    from rich.text import Text

    kind = main_type(finding.types)
    x, y, width, height = finding.box
    return (
        Text(f"{_FILLS[kind]} {kind}", style=_COLOURS[kind]),
        Text(finding.symbol or "", style="bold"),
        Text(f"{width}x{height} at {x},{y}"),
    )


def _fill(cells: list[list[Text]], finding: Finding, size: tuple[int, int]) -> None:
    from rich.text import Text

    kind = main_type(finding.types)
    rows, columns = _cells(cells, finding, size)
    for row in rows:
        for column in columns:
            cells[row][column] = Text(_FILLS[kind], style=_COLOURS[kind])


def _number(cells: list[list[Text]], finding: Finding, number: int, size: tuple[int, int]) -> None:
    from rich.text import Text

    rows, columns = _cells(cells, finding, size)
    row = (rows.start + rows.stop - 1) // 2
    start = min((columns.start + columns.stop) // 2, len(cells[0]) - len(f"{number}"))
    for offset, digit in enumerate(f"{number}"):
        cells[row][start + offset] = Text(
            digit, style=f"bold {_COLOURS[main_type(finding.types)]} reverse"
        )


def _cells(cells: list[list[Text]], finding: Finding, size: tuple[int, int]) -> tuple[range, range]:
    """Rows and columns of the map that a finding covers."""
    x, y, width, height = finding.box
    return _span(y, height, size[1], len(cells)), _span(x, width, size[0], len(cells[0]))


def _span(start: int, length: int, whole: int, cells: int) -> range:
    """The cells that a stretch of pixels covers."""
    first = min(cells - 1, start * cells // whole)
    return range(first, max(first + 1, min(cells, -(-(start + length) * cells // whole))))


def _console() -> Console:
    from rich.console import Console

    # In a pipe nothing is wrapped, so that sentences can be searched for.
    width = None if sys.stdout.isatty() else PIPE_COLUMNS
    return Console(file=sys.stdout, width=width, markup=False, highlight=False, emoji=False)
