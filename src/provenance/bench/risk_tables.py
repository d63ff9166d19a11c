"""The benchmark of the risk score as CSV: pictures and findings, written as they come."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from ..taxonomy import Type
from .risk import Outcome
from .risk_figures import CONTENDERS

PICTURE = (
    *("source", "photo", "name", "setting", "rate", "truths", "strings", "changed_strings"),
    *("seconds", *(name.replace(" ", "_") for name in CONTENDERS)),
)
FINDING = (
    *("source", "photo", "name", "setting", "x", "y", "width", "height"),
    *("detector", "symbol", "probability", *map(str, Type)),
)


@contextmanager
def tables(folder: Path) -> Iterator[Callable[[Outcome], None]]:
    """What adds an outcome to ``pictures.csv`` and ``findings.csv``, which is there at once."""
    with (
        _table(folder / "pictures.csv", PICTURE) as add_picture,
        _table(folder / "findings.csv", FINDING) as add_finding,
    ):

        def add(outcome: Outcome) -> None:
            add_picture(_picture(outcome))
            for row in _findings(outcome):
                add_finding(row)

        yield add


@contextmanager
def _table(path: Path, head: Sequence[str]) -> Iterator[Callable[[Sequence[object]], object]]:
    with path.open("w", newline="", buffering=1) as stream:
        writer = csv.writer(stream)
        writer.writerow(head)
        yield writer.writerow


def _picture(o: Outcome) -> Sequence[object]:
    truths = "" if o.truths is None else json.dumps([list(t.box) for t in o.truths])
    changed = sum(string.changed for string in o.strings)
    known = (o.source, o.photo, o.name, o.setting, o.order, truths, len(o.strings), changed)
    return (*known, round(o.seconds, 3), *(suspicion(o) for suspicion in CONTENDERS.values()))


def _findings(o: Outcome) -> Iterator[Sequence[object]]:
    for f in o.risk.findings:
        shares = [round(f.types.get(str(kind), 0.0), 3) for kind in Type]
        place = (o.source, o.photo, o.name, o.setting, *f.box)
        yield (*place, f.detector, f.symbol, round(f.probability, 4), *shares)
