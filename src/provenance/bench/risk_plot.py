"""The benchmark of the risk score as a figure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from .risk_figures import CLASSES, CONTENDERS, REPORTED, Figures, detection


def plot(figures: Figures, folder: Path) -> None:
    """Write ``risk.png`` and ``risk.svg``: detection, calibration, and score over rate."""
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    figure, (left, middle, right) = plt.subplots(1, 3, figsize=(14, 4.5), layout="constrained")
    names, areas = [], []
    for name, suspicion in CONTENDERS.items():
        numbers = detection(figures.planted, figures.harmless, suspicion)
        if numbers is not None and not math.isnan(numbers[0]):
            names.append(name)
            areas.append(numbers[0])
    bars = left.barh(names, areas, color=["black", *["#8899aa"] * max(0, len(names) - 1)])
    left.bar_label(bars, fmt="%.2f", padding=2)
    left.invert_yaxis()
    left.axvline(0.5, color="grey", linestyle=":")
    left.set(
        xlim=(0, 1.12),
        xlabel="AUROC",
        title=f"{len(figures.planted)} planted, {len(figures.harmless)} harmless pictures",
    )
    real = figures.judged("annotated")
    judged = real or figures.judged("made")
    middle.plot([0, 1], [0, 1], ":", color="grey")
    for name, symbols in CLASSES.items():
        chosen = [j for j in judged if j.finding.symbol in symbols]
        points = _reliability([j.finding.probability for j in chosen], [j.right for j in chosen])
        if points:
            promised, true, counts = zip(*points, strict=True)
            middle.plot(promised, true, "-", linewidth=1)
            middle.scatter(
                promised, true, s=[8 + 4 * n for n in counts], label=f"{name}, n = {len(chosen)}"
            )
    middle.set(
        xlabel="probability",
        ylabel="share right",
        title=f"Findings in {'annotated' if real else 'planted'} pictures",
    )
    if judged:
        middle.legend()
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
            right.plot(rates, scores, "o-", markersize=4, label=name)
    right.axhline(REPORTED, color="grey", linestyle=":")
    right.set(xlabel="bits per pixel", ylabel="mean score", ylim=(0, 1), title="Score and rate")
    if right.get_legend_handles_labels()[0]:
        right.legend()
    for panel in (middle, right):
        panel.grid(alpha=0.3)
    for suffix in ("png", "svg"):
        figure.savefig(folder / f"risk.{suffix}", dpi=100)
    plt.close(figure)


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
