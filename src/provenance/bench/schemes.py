"""What codecs change, by type, at matched rates: rate, distortion and risk of each, side by side.

Codecs that have one rate set it: on each photo, those that have a choice get as many bits as those
take on average (geometric mean). So the question of Hofer and Böhme 2024, "A Taxonomy of
Miscompressions", is answered in numbers: which codec changes what.
"""

from __future__ import annotations

import csv
import functools
import math
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from .. import codecs, risk
from ..files import MAX_PIXELS
from ..labels import Risk
from ..metrics import psnr_db
from ..taxonomy import Type
from .anchors import Pixels, check, encoder, ms_ssim_db, pixels_of
from .plots import figure

TYPES = tuple(str(kind) for kind in Type)

LIKELY = 0.5
"""Probability from which a finding is counted."""

Coder = Callable[[Pixels, float | None], tuple[int, Pixels]]
"""Pixels and the bytes to spend, None where there is no choice, to bytes and decoded pixels."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a codec made of a photo."""

    codec: str
    photo: str
    bits_per_pixel: float
    psnr_db: float
    ms_ssim_db: float
    score: float
    amplitude: float
    geometry: float
    shape: float
    likely: int
    """Findings with a probability of at least `LIKELY`."""
    symbols: int
    """Those of them that carry the symbol flag."""


def run(photos: Sequence[Path], progress: Callable[[str], None]) -> tuple[Outcome, ...]:
    """Every codec that is installed, each decoder of the default one, that tuned for meaning, JPEG
    and AVIF.

    Raises:
        InputError: There are no photos, or one cannot be read or is too small for MS-SSIM.
    """
    check(photos)
    fixed, free = _coders()
    outcomes = []
    for path in photos:
        pixels = pixels_of(path)
        budget = None
        for group in (fixed, free):
            spent = []
            for name, coder in group.items():
                progress(f"{path.name}: {name}")
                size, decoded = coder(pixels, budget)
                spent.append(size)
                outcomes.append(_outcome(name, path, pixels, size, decoded))
            budget = math.exp(float(np.mean(np.log(spent))))
    return tuple(outcomes)


def write(outcomes: Sequence[Outcome], folder: Path) -> str:
    """Write ``schemes.csv``, ``.md``, ``.png`` and ``.svg``; give the table.

    Args:
        folder: which is there.
    """
    with (folder / "schemes.csv").open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(Outcome.__slots__)
        writer.writerows([getattr(o, name) for name in Outcome.__slots__] for o in outcomes)
    table = _table(outcomes)
    (folder / "schemes.md").write_text(table)
    _plot(outcomes, folder)
    return table


def _coders() -> tuple[dict[str, Coder], dict[str, Coder]]:
    """Codecs by name: those that have one rate, and those that can meet another's."""
    fixed: dict[str, Coder] = {}
    free: dict[str, Coder] = {}
    for decoder in codecs.DECODERS:
        free[f"{codecs.DEFAULT}, {decoder}"] = _ours(codecs.get(codecs.DEFAULT, decoder))
    tuned = codecs.get(codecs.DEFAULT, tune=codecs.MEANING)
    free[f"{codecs.DEFAULT}, tuned for meaning"] = _ours(tuned, keeps_meaning=True)
    for name in codecs.names():
        if name != codecs.DEFAULT:
            codec = codecs.get(name)
            (free if codec.variable_rate else fixed)[name] = _ours(codec)
    free["AVIF"] = _ordinary("AVIF", speed=6)
    free["JPEG"] = _ordinary("JPEG", optimize=True)
    return fixed, free


def _ours(codec: codecs.Codec, *, keeps_meaning: bool = False) -> Coder:
    def run(pixels: Pixels, size: float | None) -> tuple[int, Pixels]:
        def choose(picture: codecs.Picture) -> codecs.Encoded | None:
            return None if size is None else codecs.within(codec, picture, size)

        def assess(decoded: Pixels) -> Risk:
            return risk.assess(pixels, decoded)

        picture = codecs.Picture(pixels)
        if keeps_meaning:
            fitted = codecs.keeping_meaning(codec, picture, choose, assess, max_pixels=MAX_PIXELS)
        else:
            fitted = choose(picture)
        encoded = fitted or codecs.at(codec, picture, 1)
        return len(encoded.bitstream), encoded.decoded(codec, MAX_PIXELS)

    return run


def _ordinary(kind: str, **options: Any) -> Coder:
    """The best quality of Pillow's format within the size; else the lowest."""
    encode = encoder(kind, **options)

    def run(pixels: Pixels, size: float | None) -> tuple[int, Pixels]:
        # Of a few qualities one is asked for again: the file that was within the size.
        made = functools.cache(functools.partial(encode, pixels))
        qualities = range(1, 101)
        best = bisect_right(qualities, size or 0, key=lambda quality: made(quality)[0])
        return made(max(1, best))

    return run


def _outcome(name: str, path: Path, pixels: Pixels, size: int, decoded: Pixels) -> Outcome:
    found = risk.assess(pixels, decoded)
    likely = [finding for finding in found.findings if finding.probability >= LIKELY]
    return Outcome(
        name,
        path.name,
        8 * size / (pixels.shape[0] * pixels.shape[1]),
        psnr_db(pixels, decoded),
        ms_ssim_db(pixels, decoded),
        found.score,
        found.by_type[Type.AMPLITUDE],
        found.by_type[Type.GEOMETRY],
        found.by_type[Type.SHAPE],
        len(likely),
        sum(finding.symbol is not None for finding in likely),
    )


def _means(outcomes: Sequence[Outcome]) -> dict[str, dict[str, float]]:
    """By codec, the mean over the photos of each number."""
    numbers = Outcome.__slots__[2:]
    return {
        codec: {
            name: float(np.mean([getattr(o, name) for o in outcomes if o.codec == codec]))
            for name in numbers
        }
        for codec in dict.fromkeys(o.codec for o in outcomes)
    }


def _table(outcomes: Sequence[Outcome]) -> str:
    photos = len({outcome.photo for outcome in outcomes})
    lines = [
        f"What codecs change at matched rates (means over {photos} photos; risk as `assess` "
        "measures it, 0 to 1; findings with a probability of at least "
        f"{LIKELY:g}, per photo):",
        "",
        "| codec | bpp | PSNR, dB | MS-SSIM, dB | risk | amplitude | geometry | shape | findings "
        "| of symbols |",
        f"|{' --- |' * 10}",
    ]
    for codec, mean in _means(outcomes).items():
        lines.append(
            f"| {codec} | {mean['bits_per_pixel']:.3f} | {mean['psnr_db']:.2f} "
            f"| {mean['ms_ssim_db']:.2f} | {mean['score']:.2f} | {mean['amplitude']:.2f} "
            f"| {mean['geometry']:.2f} | {mean['shape']:.2f} | {mean['likely']:.1f} "
            f"| {mean['symbols']:.1f} |"
        )
    return "\n".join([*lines, ""])


def _plot(outcomes: Sequence[Outcome], folder: Path) -> None:
    means = _means(outcomes)
    names = list(means)[::-1]
    size = (11, 1.2 + 0.5 * len(names))
    with figure(2, folder / "schemes", dpi=110, figsize=size, sharey=True) as (left, right):
        places = np.arange(len(names))
        colours = ("#e69f00", "#56b4e9", "#cc4477")
        for number, (kind, colour) in enumerate(zip(TYPES, colours, strict=True)):
            values = [means[name][kind] for name in names]
            left.barh(places + 0.26 * (1 - number), values, 0.24, label=kind, color=colour)
        left.set(xlabel="mean risk by type", yticks=places, yticklabels=names)
        left.legend()
        values = [means[name]["psnr_db"] for name in names]
        right.barh(places, values, 0.6, color="#8a8f98")
        for place, name, value in zip(places, names, values, strict=True):
            rate = f"{means[name]['bits_per_pixel']:.2f} bpp"
            right.text(value - 0.2, place, rate, ha="right", va="center")
        right.set(xlabel="PSNR, dB", xlim=(min(values) - 5, max(values) + 1))
        for panel in (left, right):
            panel.grid(alpha=0.3, axis="x")
