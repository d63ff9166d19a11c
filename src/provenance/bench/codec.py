"""Rate and distortion of a codec of ours against ordinary ones, on real photos.

The default codec is there twice, as it is, and with its encoder tuned for structural similarity;
and both again where effort is asked for.

Rates are bytes of the bitstream (for ours) or of the file (for the others); quality is RGB PSNR and
MS-SSIM in dB, each the mean over the photos at one setting.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from .. import codecs
from ..metrics import psnr_db
from .anchors import (
    Contender,
    Pixels,
    anchors,
    check,
    ms_ssim_db,
    ours,
    pixels_of,
    qualities_of,
)
from .bjontegaard import rate_difference
from .plots import figure

LINES = ("-", "--", "-.", ":")
"""Of the curves of ours, in their order."""

HIGHEST_RATE = 1.6
"""Bits per pixel that the plot shows."""

QUALITIES = (1, 15, 30, 45, 60, 75, 90, 100)


@dataclass(frozen=True, slots=True)
class Point:
    """One codec at one setting on one photo."""

    codec: str
    setting: int
    photo: str
    bytes: int
    bits_per_pixel: float
    psnr_db: float
    ms_ssim_db: float


@dataclass(frozen=True, slots=True)
class Summary:
    """What a benchmark found."""

    points: tuple[Point, ...]
    ours: tuple[str, ...]
    others: tuple[str, ...]

    @property
    def photos(self) -> tuple[str, ...]:
        """Names, in order."""
        return tuple(dict.fromkeys(point.photo for point in self.points))

    def curve(
        self, codec: str, metric: str, photos: Collection[str] | None = None
    ) -> list[tuple[float, float]]:
        """Mean bits per pixel and mean ``psnr_db`` or ``ms_ssim_db`` at each setting.

        Args:
            photos: those that count; None for all.
        """
        among = photos or self.photos
        own = [p for p in self.points if p.codec == codec and p.photo in among]
        curve = []
        for setting in dict.fromkeys(p.setting for p in own):
            chosen = [p for p in own if p.setting == setting]
            rate = float(np.mean([p.bits_per_pixel for p in chosen]))
            curve.append((rate, float(np.mean([getattr(p, metric) for p in chosen]))))
        return curve

    def rate_differences(
        self, photos: Collection[str] | None = None
    ) -> list[tuple[str, list[float]]]:
        """Anchor, and the rate differences to it in percent: of each of ours, first by PSNR and
        then by MS-SSIM.

        Args:
            photos: those whose mean curves are compared; None for all.
        """

        def difference(other: str, own: str, metric: str) -> float:
            curves = (self.curve(name, metric, photos) for name in (other, own))
            return rate_difference(*curves)

        metrics = ("psnr_db", "ms_ssim_db")
        return [
            (other, [difference(other, own, metric) for metric in metrics for own in self.ours])
            for other in self.others
        ]

    def differences_within_photos(self) -> list[tuple[str, list[float]]]:
        """As `rate_differences`, but the mean of those of the single photos.

        So counts nothing of how a codec shares bits out among photos at one setting.
        """
        single = [self.rate_differences((photo,)) for photo in self.photos]
        return [
            (rows[0][0], np.mean([values for _, values in rows], axis=0).tolist())
            for rows in zip(*single, strict=True)
        ]


def run(
    photos: Sequence[Path],
    codec: str,
    progress: Callable[[str], None],
    *,
    effort: int | None = None,
) -> Summary:
    """Run a codec of ours and the anchors over ``photos``.

    Args:
        effort: passes in which the default codec refines its latents, beside how it does without.

    Raises:
        InputError: There are no photos, or one cannot be read or is too small for MS-SSIM.
        UsageError: There is no such codec, or it knows no effort.
    """
    settings: dict[str, dict[str, Any]] = {codec: {}}
    if codec == codecs.DEFAULT:
        settings[f"{codec}, {codecs.SSIM}"] = {"tune": codecs.SSIM}
    if effort:
        settings |= {
            f"{name}, effort {effort}": {**setting, "effort": effort}
            for name, setting in settings.items()
        }
    qualities = qualities_of(codec, QUALITIES)
    own = [Contender(name, qualities, ours(codec, **setting)) for name, setting in settings.items()]
    check(photos)
    others = anchors()
    points = []
    for path in photos:
        pixels = pixels_of(path)
        for contender in (*own, *others):
            progress(f"{path.name}: {contender.name}")
            for setting in contender.settings:
                points.append(_point(contender, setting, path, pixels))
    return Summary(tuple(points), _names(own), _names(others))


def write(summary: Summary, folder: Path) -> str:
    """Write ``points.csv``, ``summary.md``, ``curves.png`` and ``curves.svg``; give the table.

    Args:
        folder: which is there.
    """
    with (folder / "points.csv").open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(Point.__slots__)
        writer.writerows([getattr(p, name) for name in Point.__slots__] for p in summary.points)
    table = _table(summary)
    (folder / "summary.md").write_text(table)
    _plot(summary, folder)
    return table


def _names(contenders: Sequence[Contender]) -> tuple[str, ...]:
    return tuple(contender.name for contender in contenders)


def _point(contender: Contender, setting: int, path: Path, pixels: Pixels) -> Point:
    size, decoded = contender.run(pixels, setting)
    return Point(
        contender.name,
        setting,
        path.name,
        size,
        8 * size / (pixels.shape[0] * pixels.shape[1]),
        psnr_db(pixels, decoded),
        ms_ssim_db(pixels, decoded),
    )


def _table(summary: Summary) -> str:
    lines = [
        f"Rate that {summary.ours[0]} needs compared with others for the same quality "
        f"({len(summary.photos)} photos, Bjøntegaard; negative is better), by the mean curves:",
        *_differences(summary, summary.rate_differences()),
        "The mean of what single photos need:",
        *_differences(summary, summary.differences_within_photos()),
    ]
    lines += ["| codec | bits per pixel: PSNR, MS-SSIM in dB |", "| --- | --- |"]
    for name in (*summary.ours, *summary.others):
        psnrs, similarities = summary.curve(name, "psnr_db"), summary.curve(name, "ms_ssim_db")
        cells = [
            f"{rate:.3f}: {psnr:.2f}, {similarity:.2f}"
            for (rate, psnr), (_, similarity) in zip(psnrs, similarities, strict=True)
        ]
        lines.append(f"| {name} | {'; '.join(cells)} |")
    return "\n".join([*lines, ""])


def _differences(summary: Summary, found: Sequence[tuple[str, list[float]]]) -> list[str]:
    columns = [f"{own}, by {metric}" for metric in ("PSNR", "MS-SSIM") for own in summary.ours]
    rows = [
        f"| {name} | {' | '.join(_percent(value) for value in values)} |" for name, values in found
    ]
    head = [f"| against | {' | '.join(columns)} |", "| --- |" + " --- |" * len(columns)]
    return ["", *head, *rows, ""]


def _percent(value: float) -> str:
    """Nothing where the curves share no quality."""
    return "–" if math.isnan(value) else f"{value:+.1f} %"


def _plot(summary: Summary, folder: Path) -> None:
    with figure(2, folder / "curves", dpi=110, figsize=(11, 4.5)) as panels:
        metrics = (("psnr_db", "PSNR"), ("ms_ssim_db", "MS-SSIM"))
        for panel, (metric, name) in zip(panels, metrics, strict=True):
            shown: list[float] = []
            for contender in (*summary.ours, *summary.others):
                rates, qualities = zip(*summary.curve(contender, metric), strict=True)
                own = contender in summary.ours
                shown += [q for r, q in zip(rates, qualities, strict=True) if r <= HIGHEST_RATE]
                panel.plot(
                    rates,
                    qualities,
                    marker="o",
                    markersize=3,
                    label=contender,
                    linewidth=1.6 if own else 1.2,
                    color="black" if own else None,
                    linestyle=LINES[summary.ours.index(contender)] if own else "-",
                )
            panel.set(xlabel="bits per pixel", ylabel=f"{name}, dB", xlim=(0, HIGHEST_RATE))
            panel.set_ylim(min(shown) - 0.5, max(shown) + 0.5)
            panel.grid(alpha=0.3)
            panel.legend()
