"""How good the risk score is: pictures whose truth is known, and what the assessment says of them.

::

    photos ─► planting ─┬─► planted changes: place and type known ─┐
                        ├─► harm without meaning: nothing to find  ├─► assess ─► outcomes ─► tables
                        └─► codecs ─┐                              │
    pairs of the user ──────────────┴─► strings read again,        │
                                        annotations, or unknown ───┘
"""

from __future__ import annotations

import hashlib
import itertools
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .. import annotation, codecs
from ..annotation.model import pair_id
from ..errors import InputError
from ..files import read, sha256
from ..labels import Risk
from ..risk import assess
from ..risk.invention import invention_map, measured
from ..taxonomy import Symbol
from .anchors import encoder, ours, pixels_of, qualities_of
from .baselines import suspicions
from .pairs import PairFiles
from .planting import Scene, Truth, negatives, plant, scene
from .statistics import rank_correlation
from .strings import ReadString, StableString, judged, read_again, stable_strings

Pixels = NDArray[np.uint8]

JPEG_QUALITIES = (10, 30, 50, 75, 85, 95)
OUR_QUALITIES = (10, 30, 50, 80)
OTHERS: dict[str, tuple[str, tuple[int, ...]]] = {
    "WebP": ("WEBP", (5, 40, 80)),
    "AVIF": ("AVIF", (20, 45, 75)),
}
TEXT = frozenset({Symbol.TEXT, Symbol.NUMERAL})
SAME_PHOTO = {"partial-face": "portrait-2"}
"""Files that show the photograph of another file."""
SAME_PLACE_IOU = 0.3
"""Overlap from which boxes of several observers are one place."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the assessment says of one picture, and what is known of it."""

    source: str
    """``planted``, ``harmless``, ``codec`` or ``pair``."""
    photo: str
    name: str
    """The kind of change or harm, or the codec."""
    setting: str
    """Size of what was planted in px, or the codec's setting; may be empty."""
    order: float | None
    """Bits per pixel of a codec, or the number in the setting of a pair."""
    truths: tuple[Truth, ...] | None
    """Where the meaning changed; None where nobody knows."""
    strings: tuple[ReadString, ...]
    risk: Risk
    baselines: Mapping[str, float | None]
    seconds: float
    """For the assessment alone."""
    invention: Invented | None = None
    """Of a picture that another decoder than the conservative one made."""


@dataclass(frozen=True, slots=True)
class Invented:
    """What the map of invention, which never saw the original, tells of the errors."""

    strength: float
    """See `labels.Invention`."""
    error: float
    """Rank correlation of the map with the picture's error, square by square."""
    added: float
    """The same with how much larger the error is than the conservative picture's."""


def part_of(name: str) -> str:
    """``dev`` or ``test``, about half of all photos each, by the hash of the name; it stays.

    Originals of pairs, which may end in ``-original``, and crops at a scale, which end in
    ``-at-SCALE``, are of the part of their photo.
    """
    photo = re.sub(r"(-at-\d+)?(-original)?$", "", name)
    photo = SAME_PHOTO.get(photo, photo)
    return ("dev", "test")[hashlib.sha256(photo.encode()).digest()[0] % 2]


def run(
    photos: Sequence[Path],
    pairs: Sequence[PairFiles],
    annotations: Path | None,
    progress: Callable[[str], None],
    *,
    split: str = "test",
    limit: int | None = None,
    side: int = 384,
    codec: str = codecs.DEFAULT,
) -> Iterator[Outcome]:
    """Assess every picture that can be made of ``photos``, and all ``pairs``, one after another.

    What is wrong with files or options is told before the first.

    Args:
        annotations: folder of what observers boxed in ``pairs``, or None.
        split: ``dev``, ``test`` or ``all``.
        limit: most photos, and most originals of pairs, after the split.
        side: of the middle of each photo that is used, px, so that time is bounded. Pairs are
            taken whole.

    Raises:
        InputError: Nothing is left to assess, a picture cannot be read, a photo is too small, the
            pictures of a pair differ in size, or no annotation fits a pair.
        UsageError: There is no such codec.
    """
    chosen = [path for path in photos if split in ("all", part_of(path.stem))][:limit]
    names = dict.fromkeys(pair.photo for pair in pairs if split in ("all", part_of(pair.photo)))
    kept = set(list(names)[:limit])
    originals = [pair for pair in pairs if pair.photo in kept]
    if not chosen and not originals:
        raise InputError(f"no photo and no pair falls into the part '{split}'; name more of them")
    codecs.get(codec)
    for path in chosen:
        _scene(path, side)
    for pair in originals:
        if pixels_of(pair.original).shape != pixels_of(pair.reconstruction).shape:
            raise InputError(f"{pair.reconstruction}: not of the size of {pair.original}")
    truths = _annotated(annotations) if annotations else {}
    if annotations and not any(_identity(pair) in truths for pair in originals):
        raise InputError(f"{annotations}: no complete annotation belongs to one of the pairs")
    return itertools.chain(
        itertools.chain.from_iterable(_of_photo(path, side, codec, progress) for path in chosen),
        _of_pairs(originals, truths, progress),
    )


def _scene(path: Path, side: int) -> Scene:
    return scene(_middle(pixels_of(path), side), path.stem)


def _of_photo(
    path: Path, side: int, codec: str, progress: Callable[[str], None]
) -> Iterator[Outcome]:
    made = _scene(path, side)
    original = made.pixels
    strings = stable_strings(original)

    def look(
        source: str,
        name: str,
        pixels: Pixels,
        setting: str = "",
        order: float | None = None,
        truths: tuple[Truth, ...] | None = None,
    ) -> Outcome:
        progress(f"{path.name}: {name} {setting}".rstrip())
        known = strings if source == "codec" else []
        return _outcome(source, path.stem, name, setting, order, truths, original, pixels, known)

    for planted in plant(made):
        yield look(
            "planted",
            planted.kind,
            planted.pixels,
            str(planted.size_px),
            truths=(planted.truth,),
        )
    for name, pixels in negatives(made):
        yield look("harmless", name, pixels, truths=())
    plain: dict[int, Pixels] = {}
    for name, code, settings in _codecs(codec):
        for setting in settings:
            size, pixels = code(original, setting)
            if name == codec:
                plain[setting] = pixels
            rate = 8 * size / (original.shape[0] * original.shape[1])
            yield look("codec", name, pixels, str(setting), rate)
    if codec == codecs.DEFAULT:
        for decoder in codecs.DECODERS[1:]:
            code = ours(codec, decoder)
            for setting in OUR_QUALITIES:
                size, pixels = code(original, setting)
                rate = 8 * size / (original.shape[0] * original.shape[1])
                found = look("codec", f"{codec}, {decoder}", pixels, str(setting), rate)
                yield replace(found, invention=_invented(original, plain[setting], pixels))


def _invented(original: Pixels, conservative: Pixels, other: Pixels) -> Invented:
    found = invention_map(conservative, other)
    error = invention_map(original, other)
    added = error - invention_map(original, conservative)
    return Invented(
        measured(found).strength,
        *(rank_correlation(found.ravel().tolist(), e.ravel().tolist()) for e in (error, added)),
    )


def _codecs(
    codec: str,
) -> Iterator[tuple[str, Callable[[Pixels, int], tuple[int, Pixels]], tuple[int, ...]]]:
    yield codec, ours(codec), qualities_of(codec, OUR_QUALITIES)
    yield "JPEG", encoder("JPEG"), JPEG_QUALITIES
    for name, (kind, settings) in OTHERS.items():
        yield name, encoder(kind), settings


def _of_pairs(
    pairs: Sequence[PairFiles],
    annotated: Mapping[str, tuple[Truth, ...]],
    progress: Callable[[str], None],
) -> Iterator[Outcome]:
    known: dict[Path, tuple[Pixels, list[StableString]]] = {}
    for pair in pairs:
        progress(f"{pair.reconstruction.name}: {pair.codec}")
        if pair.original not in known:
            pixels = pixels_of(pair.original)
            known = {pair.original: (pixels, stable_strings(pixels))}
        original, strings = known[pair.original]
        rebuilt = pixels_of(pair.reconstruction)
        truths = annotated.get(_identity(pair))
        yield _outcome(
            "pair",
            pair.photo,
            pair.codec,
            pair.setting,
            pair.order,
            truths,
            original,
            rebuilt,
            strings,
        )


def _outcome(
    source: str,
    photo: str,
    name: str,
    setting: str,
    order: float | None,
    truths: tuple[Truth, ...] | None,
    original: Pixels,
    pixels: Pixels,
    strings: list[StableString],
) -> Outcome:
    began = time.perf_counter()
    risk = assess(original, pixels)
    seconds = time.perf_counter() - began
    read = read_again(strings, pixels) if strings else ()
    if source == "pair" and truths is not None:
        read = judged(read, [truth.box for truth in truths if truth.symbol in TEXT])
    return Outcome(
        source,
        photo,
        name,
        setting,
        order,
        truths,
        read,
        risk,
        suspicions(original, pixels),
        seconds,
    )


def _identity(pair: PairFiles) -> str:
    """As annotations tell it."""
    return pair_id(sha256(read(pair.original)), sha256(read(pair.reconstruction)))


def _annotated(folder: Path) -> dict[str, tuple[Truth, ...]]:
    """What at least half of a pair's observers boxed, by the pair's identity; its types are those
    that half of these named, or all where none was."""
    by_pair: dict[str, list[annotation.Annotation]] = {}
    for made in annotation.load(folder):
        if made.complete:
            by_pair.setdefault(made.pair.id, []).append(made)
    return {identity: _agreed(made) for identity, made in by_pair.items()}


def _agreed(annotations: Sequence[annotation.Annotation]) -> tuple[Truth, ...]:
    items = annotation.match({a.observer: a.miscompressions for a in annotations}, SAME_PLACE_IOU)
    truths = []
    for item in items:
        if 2 * len(item) < len(annotations):
            continue
        first = next(iter(item.values()))
        named = Counter(kind for finding in item.values() for kind in finding.types)
        agreed = tuple(kind for kind, count in named.items() if 2 * count >= len(item))
        symbols = [finding.symbol for finding in item.values() if finding.symbol]
        truths.append(Truth(first.box, agreed or tuple(named), symbols[0] if symbols else None))
    return tuple(truths)


def _middle(pixels: Pixels, side: int) -> Pixels:
    height, width = pixels.shape[:2]
    top, left = max(0, (height - side) // 2), max(0, (width - side) // 2)
    return np.ascontiguousarray(pixels[top : top + side, left : left + side])
