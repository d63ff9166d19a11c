"""Make the pairs that docs/annotations judges, those by DiffEIC aside.

    python tools/judged_pairs.py DATA OUT

Squares of photos from DATA (folders ``text``, ``faces``, ``kodak``, ``validation`` and ``train``),
each by a few codecs at rates where text, faces and small things begin to suffer. OUT gets
``originals`` and, for each codec, a folder in ``reconstructions``, as ``provenance bench risk
--pairs`` takes them. All are lossless WebP. OUT also gets the ``annotations`` of these pairs, with
the hashes of the files just made: neural synthesis differs by a level between machines.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from unittest import mock

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from provenance import annotation, codecs
from provenance.annotation.store import Store
from provenance.bench.anchors import encoder, ours
from provenance.codecs.learned.coder import Coder
from provenance.files import read, sha256

Pixels = NDArray[np.uint8]
JUDGED = Path(__file__).parent.parent / "docs" / "annotations"
MODELS = {"msh": "msh-6", "hific": "hific-small-1"}
"""The weights that give what was judged, at that time by `msh-5` with the same transforms."""
SIDE = 320
TEXT = {
    "text/chinese.jpg": (1, 224, 16),
    "text/curved-1.jpg": (1, 96, 16),
    "text/curved-4.jpg": (1, 640, 224),
    "text/english.png": (1, 288, 96),
    "text/example3.png": (1, 0, 0),
    "text/french.jpg": (1, 192, 352),
    "text/scene-01.jpg": (1, 240, 48),
    "text/scene-02.jpg": (1, 480, 560),
    "text/scene-03.jpg": (1, 336, 320),
    "text/scene-04.jpg": (1, 480, 272),
    "text/scene-05.jpg": (1, 480, 320),
    "text/scene-06.jpg": (1, 160, 80),
    "kodak/kodim03.png": (1, 192, 96),
    "kodak/kodim05.png": (1, 176, 64),
    "kodak/kodim09.png": (1, 144, 224),
    "kodak/kodim10.png": (1, 96, 80),
    "kodak/kodim14.png": (1, 256, 112),
}
FACES = {
    "faces/partial-face.jpg": (2, 0, 0),
    "faces/portrait-1.jpg": (2, 140, 40),
    "faces/portrait-2.jpg": (2, 340, 0),
    "faces/portrait-2b.jpg": (2, 0, 60),
    "faces/two-people.jpg": (1, 160, 0),
    "kodak/kodim04.png": (2, 0, 40),
    "kodak/kodim12.png": (1, 150, 0),
    "kodak/kodim15.png": (2, 64, 0),
    "kodak/kodim18.png": (1, 130, 60),
}
"""How often the photo is shrunk, and left and top of the square in it."""
SMALL_FACES = {
    "faces/portrait-1.jpg": ((4, 0, 0), (6, 0, 0), (8, 0, 0)),
    "faces/portrait-2.jpg": ((4, 90, 0), (6, 0, 0), (8, 0, 0)),
    "faces/two-people.jpg": ((5, 0, 0),),
    "kodak/kodim15.png": ((3, 0, 0), (4, 0, 0), (6, 0, 0)),
    "faces/partial-face.jpg": ((3, 0, 0), (4, 0, 0), (7, 0, 0)),
    "faces/portrait-2b.jpg": ((3, 0, 20), (6, 0, 0), (8, 0, 0)),
    "kodak/kodim04.png": ((6, 0, 0), (7, 0, 0)),
    "kodak/kodim14.png": ((1, 0, 60),),
    "text/curved-1.jpg": ((1, 0, 0),),
}
"""The same, with faces as small as they are in most photos. The scale is in the name, and such that
name and photo are of one part of the split."""
SMALL_TEXT = {
    "text/curved-1.jpg": ((2, 0, 0),),
    "text/curved-3.jpg": ((1, 90, 16), (2, 0, 0)),
    "text/french.jpg": ((1, 90, 500), (2, 0, 70), (3, 0, 0)),
    "text/scene-01.jpg": ((1, 60, 280), (2, 80, 0), (3, 0, 0)),
    "text/scene-03.jpg": ((2, 20, 150), (3, 0, 60)),
    "text/scene-05.jpg": ((1, 0, 60), (2, 40, 20), (3, 0, 0)),
    "text/scene-06.jpg": ((1, 320, 160), (2, 0, 0)),
    "text/chinese.jpg": ((1, 0, 16), (2, 0, 0)),
    "text/curved-4.jpg": ((1, 1130, 40), (2, 200, 60), (3, 130, 20), (4, 60, 0)),
    "text/scene-02.jpg": ((2, 190, 160), (3, 100, 0)),
    "text/scene-04.jpg": ((2, 150, 130), (3, 60, 0)),
    "kodak/kodim03.png": ((2, 40, 0),),
    "kodak/kodim05.png": ((2, 40, 0),),
    "kodak/kodim09.png": ((2, 0, 64),),
    "kodak/kodim10.png": ((2, 0, 64),),
    "kodak/kodim14.png": ((2, 40, 0),),
}
"""Like `SMALL_FACES`, with other lines, or the same in smaller letters."""
SIGNS = {
    "train/pop-os-original-spacex-81773.avif": (1, 560, 300),
    "train/ubuntu-mate-ubuntu-mate-eoan-edgewater-medical.avif": (2, 0, 64),
    "train/ubuntu-mate-ubuntu-mate-vivid-flowersmate.avif": (3, 32, 0),
    "train/ubuntu-mate-ubuntu-mate-wily-webspresso-moel-famau.avif": (2, 128, 0),
    "train/ubuntu-mate-ubuntu-mate-wily-webspresso-take-back-your-deskt.avif": (1, 430, 240),
    "train/ubuntu-mate-ubuntu-mate-xenial-city-chill.avif": (1, 520, 300),
    "train/ubuntu-mate-ubuntu-mate-artful-in-the-country.avif": (3, 96, 0),
    "train/ubuntu-mate-ubuntu-mate-wily-webspresso-hilbre-island.avif": (2, 128, 0),
    "train/ubuntu-mate-ubuntu-mate-wily-webspresso-new-brighton-lightho.avif": (2, 144, 0),
    "train/ubuntu-mate-ubuntu-mate-xenial-chase-building-shot.avif": (2, 469, 120),
    "train/ubuntu-mate-ubuntu-mate-xenial-honey-island.avif": (3, 96, 0),
    "train/ubuntu-mate-ubuntu-mate-zesty-simplematetunnel.avif": (1, 0, 300),
}
"""Like `TEXT`, with a name or letters written across."""
WALLPAPERS = (
    "train/debian-lomiri-wallpapers-16-04-friends-by-aitzol-berasategi.avif",
    "train/debian-lomiri-wallpapers-16-04-wine-by-jakkub-mede.avif",
    "train/opensuse-leap15-8245158590-34a868615f-o.avif",
    "train/opensuse-leap15-tower-lcp.avif",
    "train/pop-os-original-kait-herzog-8242.avif",
    "train/ubuntu-mate-ubuntu-mate-impish-hans-jurgen-mager-indri.avif",
    "train/ubuntu-mate-ubuntu-mate-kinetic-kudu-grass.avif",
    "train/ubuntu-mate-ubuntu-mate-photos-johann-siemens-591.avif",
    "train/ubuntu-wallpapers-bionic-cath-drale-marie-rheine-du-monde-by.avif",
    "train/ubuntu-wallpapers-focal-matt-mcnulty-nyc-2nd-ave.avif",
    "train/ubuntu-wallpapers-hirsute-hippopotamus-swimming-photo-by-fra.avif",
    "train/ubuntu-wallpapers-natty-signpost-by-maroubal2.avif",
    "train/ubuntu-wallpapers-noble-clouds-by-tibor-mokanszki.avif",
    "train/ubuntu-wallpapers-oneiric-darkening-clockwork-by-matt-katzen.avif",
    "train/ubuntu-wallpapers-oneiric-dybb-lsbro-station-by-sirpecangum.avif",
    "train/ubuntu-wallpapers-vivid-cedar-wax-wing-by-raymond-lavoie.avif",
    "train/ubuntu-wallpapers-zesty-a-star-has-fallen-by-juan-pablo-laur.avif",
    "train/unsplash-squeeze-unsplash-jpg-original-janice-gill-0puefmkkf.avif",
    "train/unsplash-squeeze-unsplash-jpg-original-neha-deshmukh-gokxjaq.avif",
    "train/unsplash-squeeze-unsplash-jpg-original-prachi-palwe-nlqnq10p.avif",
)
"""Shrunk to half, as the validation photos are; of these and of `KODAK`, the middle."""
KODAK = (1, 2, 6, 7, 8, 11, 13, 16, 17, 19, 20, 21, 22, 23, 24)
SETTINGS = (
    ("msh", 5),
    ("JPEG", 10),
    ("AVIF", 15),
    ("msh-perceptual", 10),
    ("WebP", 3),
    ("msh", 15),
    ("hific", 1),
    ("JPEG", 25),
    ("AVIF", 30),
    ("msh", 30),
)
"""For text and faces."""
LOW_SETTINGS = SETTINGS[:7]
OF_A_PHOTO = 3
"""Of any other photo, this many, which go through the low settings in turn."""
OF_A_FACE = 4
"""The same, for small faces."""
OF_A_TEXT = 6
"""For small text, this many of all settings in turn."""


def main() -> None:
    data, out = (Path(argument) for argument in sys.argv[1:])
    for codec, model in MODELS.items():
        if codecs.get(codec).model.name != model:
            raise SystemExit(f"{codec}: what {model} made was judged; judge the new pairs first")
    # What was judged is from before the codec fitted a filter to each picture.
    with mock.patch.object(Coder, "restored", lambda _, latents, *__: latents):
        _make(data, out)


def _make(data: Path, out: Path) -> None:
    judged = {made.pair.name: made for made in annotation.load(JUDGED)}
    coders = _coders()
    for name, original, settings in _squares(data):
        source = _save(original, out / "originals" / f"{name}-original.webp")
        for codec, setting in settings:
            _size, pixels = coders[codec](original, setting)
            made = _save(pixels, out / "reconstructions" / codec / f"{name}-{setting}.webp")
            found = judged[f"{name}-{codec}-{setting}"]
            pair = replace(
                found.pair,
                original=replace(found.pair.original, sha256=source),
                reconstruction=replace(found.pair.reconstruction, sha256=made),
            )
            store = Store(out / "annotations", found.observer)
            kept = store.get(pair.id)
            store.put(replace(found, pair=pair), kept and kept[1])


def _squares(data: Path) -> Iterator[tuple[str, Pixels, Sequence[tuple[str, int]]]]:
    """Name, pixels and settings of each."""
    for photo, place in {**TEXT, **FACES}.items():
        yield Path(photo).stem, _square(data / photo, *place), SETTINGS
    for turn, (photo, place) in enumerate(_each(SMALL_FACES)):
        yield _at(photo, place), _square(data / photo, *place), _in_turn(turn, OF_A_FACE)
    for turn, (photo, place) in enumerate(_each(SMALL_TEXT)):
        settings = _in_turn(turn, OF_A_TEXT, SETTINGS)
        yield _at(photo, place), _square(data / photo, *place), settings
    for turn, (photo, place) in enumerate(SIGNS.items()):
        yield Path(photo).stem, _square(data / photo, *place), _in_turn(turn, OF_A_PHOTO)
    others = dict.fromkeys((data / photo for photo in WALLPAPERS), 2)
    others |= {data / f"kodak/kodim{number:02}.png": 1 for number in KODAK}
    others |= dict.fromkeys(sorted((data / "validation").glob("*.png")), 2)
    for turn, (path, shrunk) in enumerate(others.items()):
        square = _square(path, shrunk)
        if min(square.shape[:2]) == SIDE:  # not of a panorama
            yield path.stem, square, _in_turn(turn, OF_A_PHOTO)


Place = tuple[int, int, int]


def _each(places: Mapping[str, Sequence[Place]]) -> Iterator[tuple[str, Place]]:
    return ((photo, place) for photo, several in places.items() for place in several)


def _at(photo: str, place: Place) -> str:
    return f"{Path(photo).stem}-at-{place[0]}"


def _in_turn(
    turn: int, count: int, settings: Sequence[tuple[str, int]] = LOW_SETTINGS
) -> list[tuple[str, int]]:
    """The next ``count`` of some settings."""
    return [settings[(turn * count + i) % len(settings)] for i in range(count)]


def _coders() -> dict[str, Callable[[Pixels, int], tuple[int, Pixels]]]:
    return {
        "msh": ours(codecs.DEFAULT),
        "msh-perceptual": ours(codecs.DEFAULT, "perceptual"),
        "hific": ours("hific"),
        "JPEG": encoder("JPEG"),
        "WebP": encoder("WEBP"),
        "AVIF": encoder("AVIF"),
    }


def _square(path: Path, shrunk: int, left: int | None = None, top: int | None = None) -> Pixels:
    """Where no place is given, the middle."""
    with Image.open(path) as image:
        small = image.convert("RGB").reduce(shrunk)
    left = max(0, small.width - SIDE) // 2 if left is None else left
    top = max(0, small.height - SIDE) // 2 if top is None else top
    pixels = np.asarray(small)[top : top + SIDE, left : left + SIDE]
    return np.ascontiguousarray(pixels)


def _save(pixels: Pixels, path: Path) -> str:
    """Write it, and give the hash of the file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path, "WEBP", lossless=True)
    return sha256(read(path))


if __name__ == "__main__":
    main()
