"""The benchmark of the risk score as a figure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from .plots import figure
from .risk_figures import CLASSES, CONTENDERS, REPORTED, Figures, detection


def plot(figures: Figures, folder: Path) -> None:
    """Write ``risk.png`` and ``risk.svg``: detection, calibration, and score over rate."""
    with figure(3, folder / "risk", dpi=100, figsize=(14, 4.5)) as (left, middle, right):
        _detection(left, figures)
        _calibration(middle, figures)
        _rates(right, figures)
        for panel in (middle, right):
            panel.grid(alpha=0.3)


def _detection(panel: Any, figures: Figures) -> None:
    names, areas = [], []
    for name, suspicion in CONTENDERS.items():
        numbers = detection(figures.planted, figures.harmless, suspicion)
        if numbers is not None and not math.isnan(numbers[0]):
            names.append(name)
            areas.append(numbers[0])
    bars = panel.barh(names, areas, color=["black", *["#8899aa"] * max(0, len(names) - 1)])
    panel.bar_label(bars, fmt="%.2f", padding=2)
    panel.invert_yaxis()
    panel.axvline(0.5, color="grey", linestyle=":")
    panel.set(
        xlim=(0, 1.12),
        xlabel="AUROC",
        title=f"{len(figures.planted)} planted, {len(figures.harmless)} harmless pictures",
    )


def _calibration(panel: Any, figures: Figures) -> None:
    real = figures.judged("annotated")
    judged = real or figures.judged("made")
    panel.plot([0, 1], [0, 1], ":", color="grey")
    for name, symbols in CLASSES.items():
        chosen = [j for j in judged if j.finding.symbol in symbols]
        points = _reliability([j.finding.probability for j in chosen], [j.right for j in chosen])
        if points:
            promised, true, counts = zip(*points, strict=True)
            panel.plot(promised, true, "-", linewidth=1)
            panel.scatter(
                promised, true, s=[8 + 4 * n for n in counts], label=f"{name}, n = {len(chosen)}"
            )
    panel.set(
        xlabel="probability",
        ylabel="share right",
        title=f"Findings in {'annotated' if real else 'planted'} pictures",
    )
    if judged:
        panel.legend()


def _rates(panel: Any, figures: Figures) -> None:
    for name in figures.codecs():
        made = [o for o in figures.of_codec(name) if o.source == "codec"]
        means = [
            (
                float(np.mean([o.order for o in made if o.setting == s and o.order is not None])),
                float(np.mean([o.risk.score for o in made if o.setting == s])),
            )
            for s in dict.fromkeys(o.setting for o in made)
        ]
        if means:
            rates, scores = zip(*sorted(means), strict=True)
            panel.plot(rates, scores, "o-", markersize=4, label=name)
    panel.axhline(REPORTED, color="grey", linestyle=":")
    panel.set(xlabel="bits per pixel", ylabel="mean score", ylim=(0, 1), title="Score and rate")
    if panel.get_legend_handles_labels()[0]:
        panel.legend()


def _reliability(
    probabilities: Sequence[float], truths: Sequence[bool]
) -> list[tuple[float, float, int]]:
    """Mean probability, share right and number in each of five bins that hold anything."""
    promised, true = np.array(probabilities), np.array(truths, dtype=float)
    places = np.minimum((promised * 5).astype(int), 4)
    return [
        (float(promised[here].mean()), float(true[here].mean()), int(here.sum()))
        for here in (places == place for place in range(5))
        if here.any()
    ]
