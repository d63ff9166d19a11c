"""The benchmark of the risk score in Markdown; the figure is `risk_plot`, the CSV `risk_tables`."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from ..files import make_folder
from ..taxonomy import Type
from .baselines import MISSING
from .risk import JPEG_QUALITIES, Outcome
from .risk_figures import (
    CLASSES,
    CONTENDERS,
    MISSED,
    ORDINARY_JPEG,
    REPORTED,
    Calibration,
    Figures,
    Source,
    by_score,
    detection,
    kinds_present,
    mean_overlap,
    pointing,
    types_right,
)
from .risk_plot import plot
from .risk_tables import tables
from .statistics import highest_share

NEVER = "–"
"""In place of a number that does not exist."""


def write(outcomes: Iterable[Outcome], folder: Path, *, split: str) -> str:
    """Write ``pictures.csv``, ``findings.csv``, ``summary.md`` and ``risk.png`` and ``.svg``.

    The first two grow with each outcome, and are there where the run is broken off.

    Returns:
        The summary.

    Raises:
        OutputError: The folder cannot be made.
    """
    make_folder(folder)
    seen = []
    with tables(folder) as add:
        for outcome in outcomes:
            add(outcome)
            seen.append(outcome)
    figures = Figures(tuple(seen))
    text = summary(figures, split)
    (folder / "summary.md").write_text(text)
    plot(figures, folder)
    return text


def summary(figures: Figures, split: str) -> str:
    """All tables, in Markdown."""
    parts = [_head(figures, split)]
    if figures.planted or figures.annotated:
        parts.append(_goals(figures))
    if figures.planted:
        parts += [_by_type(figures), _by_kind(figures), _confusion(figures)]
    if figures.planted or (figures.spoilt and figures.kept):
        parts.append(_baselines(figures))
    if figures.judged("made") or figures.judged("annotated"):
        parts.append(_calibration(figures))
    if figures.codecs():
        parts += [_rates(figures), _strings(figures)]
    if any(o.invention for o in figures.outcomes):
        parts.append(_invention(figures))
    if figures.annotated:
        parts.append(_annotated(figures))
    return "\n\n".join(parts) + "\n"


def _head(figures: Figures, split: str) -> str:
    made = [o for o in figures.outcomes if o.source != "pair"]
    pairs = [o for o in figures.outcomes if o.source == "pair"]
    seconds = sum(o.seconds for o in figures.outcomes) / len(figures.outcomes)
    said = ["All photos." if split == "all" else f"The {split} part alone."]
    if made:
        said.append(
            f"Photos, each with a sign and a lamp painted in: {len({o.photo for o in made})}; "
            f"pictures made of them: {len(figures.planted)} with one planted change each, "
            f"{len(figures.harmless)} harmless (JPEG at {len(JPEG_QUALITIES)} qualities among "
            f"them), {sum(o.source == 'codec' for o in made)} by codecs."
        )
    if pairs:
        said.append(f"Pairs: {len(pairs)}, of {len({o.photo for o in pairs})} photos.")
    said.append(f"One assessment took {seconds:.1f} s on average.")
    return " ".join(said)


def _goals(figures: Figures) -> str:
    planted = figures.planted
    right, found = types_right(planted)
    real_right, real_found = types_right(figures.annotated)
    loud, pictures, photos = figures.false_alarms()
    errors = {name: figures.calibration(name, "annotated") for name in CLASSES}
    changed, strings, _, precision = figures.strings("all")
    rows = [
        (
            "main type right, of the annotated places found",
            ">= 85 %",
            _percent(real_right, real_found),
            real_found,
            real_found > 0 and real_right / real_found >= 0.85,
        ),
        (
            "main type right, of the planted places found",
            ">= 85 %",
            _percent(right, found),
            found,
            found > 0 and right / found >= 0.85,
        ),
        (
            "heaviest finding lies in the place",
            ">= .90",
            _number(pointing(planted)),
            len(planted),
            pointing(planted) >= 0.9,
        ),
        *(
            (
                f"calibration error in annotated pairs, {name}",
                "<= .05",
                _error(seen),
                seen.findings,
                seen.error <= 0.05,
            )
            for name, seen in errors.items()
        ),
        (
            f"JPEG {ORDINARY_JPEG} and better: score of {REPORTED} or more, {photos} photos",
            "<= 1 %",
            _percent(loud, pictures)
            + (f" (at most {100 * highest_share(loud, pictures):.0f} %)" if pictures else ""),
            pictures,
            pictures > 0 and loud / pictures <= 0.01,
        ),
        (
            f"average precision, strings that codecs changed ({changed})",
            ">= .90",
            _number(precision),
            strings,
            precision >= 0.9,
        ),
    ]
    if figures.spoilt and figures.kept:
        found_by = {
            name: numbers[1]
            for name, suspicion in CONTENDERS.items()
            if (numbers := detection(figures.spoilt, figures.kept, suspicion))
        }
        own = found_by.pop("risk score")
        best = max(found_by, key=lambda name: found_by[name])
        rows.append(
            (
                f"average precision, annotated pairs, above every baseline (best: {best})",
                f"> {_number(found_by[best])}",
                _number(own),
                len(figures.annotated),
                own > found_by[best],
            )
        )
    return _table(
        "Goals",
        ("goal", "wanted", "measured", "n", "met"),
        (
            (*row[:4], "unknown" if row[2] == NEVER else "yes" if row[4] else "**no**")
            for row in rows
        ),
    )


def _by_type(figures: Figures) -> str:
    rows = []
    for kind in (*Type, None):
        chosen = figures.of_type(kind)
        if not chosen:
            continue
        image = detection(chosen, figures.harmless, by_score) or (math.nan, math.nan)
        single = figures.findings(chosen)
        right, found = types_right(chosen)
        rows.append(
            (
                str(kind) if kind else "all",
                len(chosen),
                *map(_number, (*image, *single, pointing(chosen), mean_overlap(chosen))),
                f"{found}",
                _percent(right, found),
            )
        )
    return _table(
        f"Planted changes by type, against {len(figures.harmless)} harmless pictures",
        (
            *("type", "n", "AUROC, pictures", "AP, pictures", "AUROC, findings", "AP, findings"),
            *("pointing", "mean IoU", "found", "type right, of those found"),
        ),
        rows,
    )


def _by_kind(figures: Figures) -> str:
    rows = []
    for kind in kinds_present(figures):
        chosen = figures.of_kind(kind)
        right, found = types_right(chosen)
        loud = sum(o.risk.score >= REPORTED for o in chosen)
        mean = float(np.mean([o.risk.score for o in chosen]))
        sizes = sorted({int(o.setting) for o in chosen})
        rows.append(
            (
                kind,
                str(_truth_type(chosen[0])),
                ", ".join(map(str, sizes)),
                len(chosen),
                loud,
                found,
                right,
                _number(pointing(chosen)),
                _number(mean),
            )
        )
    return _table(
        "Planted changes by kind",
        (
            *("kind", "type", "sizes, px", "n", f"score >= {REPORTED}", "found", "type right"),
            *("pointing", "mean score"),
        ),
        rows,
    )


def _baselines(figures: Figures) -> str:
    made = [(str(kind), figures.of_type(kind), figures.harmless) for kind in Type]
    made.append(("all planted", figures.planted, figures.harmless))
    seen = ("annotated pairs", figures.spoilt, figures.kept)
    groups = [group for group in (*made, seen) if group[1] and group[2]]
    rows = []
    for name, suspicion in CONTENDERS.items():
        numbers = [detection(chosen, kept, suspicion) for _, chosen, kept in groups]
        if any(pair is None for pair in numbers):
            cells = [f"not available: {MISSING.get(name, 'a picture is too small')}"]
            rows.append((name, *cells, *[""] * (len(groups) - 1)))
        else:
            rows.append((name, *(f"{_number(p[0])} / {_number(p[1])}" for p in numbers if p)))
    return _table(
        "AUROC / average precision of changed pictures among others, the score beside baselines",
        (
            "suspicion",
            *(f"{name} ({len(chosen)} and {len(kept)})" for name, chosen, kept in groups),
        ),
        rows,
    )


def _confusion(figures: Figures) -> str:
    rows = []
    for kind in Type:
        counts = figures.confusion(figures.planted, kind)
        rows.append((str(kind), *(counts[str(name)] for name in (*Type, MISSED))))
    return _table(
        "Planted type (rows) and type of the finding there (columns)",
        ("planted", *map(str, Type), MISSED),
        rows,
    )


def _calibration(figures: Figures) -> str:
    rows = []
    sources: dict[Source, str] = {"annotated": "annotated pairs", "made": "planted, harmless"}
    for source, pictures in sources.items():
        for name in CLASSES:
            seen = figures.calibration(name, source)
            promised, right, chance = map(_number, (seen.promised, seen.right, seen.by_chance))
            rows.append((pictures, name, seen.findings, promised, right, _error(seen), chance))
    head = ("pictures", "class", "findings", "mean probability", "share right", "ECE (95 %)")
    return _table("Calibration of single findings", (*head, "ECE by chance"), rows)


def _error(seen: Calibration) -> str:
    """The error with its interval."""
    if not seen.findings:
        return NEVER
    low, high = seen.interval
    return f"{_number(seen.error)} ({_number(low)} to {_number(high)})"


def _rates(figures: Figures) -> str:
    rows = []
    for name in figures.codecs():
        chosen = figures.of_codec(name)
        overall, count, mean, photos = figures.rank(name)
        what = "number in the name" if chosen[0].source == "pair" else "bits per pixel"
        ordered = sorted(chosen, key=lambda o: -math.inf if o.order is None else o.order)
        ordered = ordered if chosen[0].source == "pair" else chosen
        settings = dict.fromkeys(o.setting for o in ordered)
        scores = [
            f"{setting or 'all'}: {_mean([by_score(o) for o in chosen if o.setting == setting])}"
            for setting in settings
        ]
        rows.append((name, what, _number(overall), count, _number(mean), photos, "; ".join(scores)))
    return _table(
        "Spearman's correlation of score and rate, and mean scores",
        (
            *("codec", "rate", "over all", "n", "mean within a photo", "photos that vary"),
            "mean score at each setting",
        ),
        rows,
    )


def _strings(figures: Figures) -> str:
    rows = []
    for name in (*figures.codecs(), "all"):
        changed, total, area, precision = figures.strings(name)
        rows.append((name, total, changed, _number(area), _number(precision)))
    return _table(
        "Strings that read stably in the original: does a text finding tell those that changed?",
        ("codec", "strings", "changed", "AUROC", "AP"),
        rows,
    )


def _invention(figures: Figures) -> str:
    rows = []
    for name in figures.codecs():
        chosen = figures.of_codec(name)
        for setting in dict.fromkeys(o.setting for o in chosen):
            seen = [o.invention for o in chosen if o.setting == setting and o.invention]
            if seen:
                columns = zip(*((i.strength, i.error, i.added) for i in seen), strict=True)
                rows.append((name, setting, len(seen), *(_mean(column) for column in columns)))
    return _table(
        "Invention, measured without the original: does it tell where the picture is wrong?",
        (
            *("codec", "setting", "n", "mean strength, OKLab"),
            *("rank correlation with the error", "with the error that was added"),
        ),
        rows,
    )


def _annotated(figures: Figures) -> str:
    chosen = figures.annotated
    places = sum(len(o.truths or ()) for o in chosen)
    right, found = types_right(chosen)
    clean = [by_score(o) for o in chosen if not o.truths]
    dirty = [by_score(o) for o in chosen if o.truths]
    rows = [
        ("pairs", len(chosen)),
        ("pairs with a miscompression", len(dirty)),
        ("places boxed", places),
        ("places found", found),
        ("type right, of those found", _percent(right, found)),
        ("mean score with, without a miscompression", f"{_mean(dirty)}, {_mean(clean)}"),
    ]
    return _table("What observers boxed", ("", "n"), rows)


def _truth_type(outcome: Outcome) -> Type:
    assert outcome.truths
    return outcome.truths[0].types[0]


def _table(title: str, head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    lines = [f"**{title}**", "", _row(head), _row(["---"] * len(head))]
    return "\n".join([*lines, *(_row(row) for row in rows)])


def _row(cells: Sequence[object]) -> str:
    return f"| {' | '.join(map(str, cells))} |"


def _number(value: float) -> str:
    return NEVER if math.isnan(value) else f"{value:.2f}"


def _percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.0f} %" if whole else NEVER


def _mean(values: Sequence[float]) -> str:
    return _number(float(np.mean(values))) if values else NEVER
