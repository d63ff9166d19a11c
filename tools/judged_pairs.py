"""Make the pairs of text and faces that docs/annotations judges.

    python tools/judged_pairs.py DATA OUT

Squares of photos from DATA (folders ``text``, ``faces`` and ``kodak``), each by a few codecs at
rates where text and faces begin to suffer. OUT gets ``originals`` and, for
each codec, a folder in ``reconstructions``, as ``provenance bench risk --pairs`` takes them. All
are lossless WebP.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from provenance import codecs
from provenance.bench.anchors import encoder, ours

Pixels = NDArray[np.uint8]
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
OF_TEXT, OF_FACE = 4, 3
"""Reconstructions of each photo, which go through the settings in turn."""


def main() -> None:
    data, out = (Path(argument) for argument in sys.argv[1:])
    coders = _coders()
    turn = 0
    for squares, count in ((TEXT, OF_TEXT), (FACES, OF_FACE)):
        for name, place in squares.items():
            original = _square(data / name, *place)
            stem = Path(name).stem
            _save(original, out / "originals" / f"{stem}-original.webp")
            for codec, setting in (SETTINGS[(turn + i) % len(SETTINGS)] for i in range(count)):
                _size, pixels = coders[codec](original, setting)
                _save(pixels, out / "reconstructions" / codec / f"{stem}-{setting}.webp")
            turn += count


def _coders() -> dict[str, Callable[[Pixels, int], tuple[int, Pixels]]]:
    return {
        "msh": ours(codecs.DEFAULT),
        "msh-perceptual": ours(codecs.DEFAULT, "perceptual"),
        "hific": ours("hific"),
        "JPEG": encoder("JPEG"),
        "WebP": encoder("WEBP"),
        "AVIF": encoder("AVIF"),
    }


def _square(path: Path, shrunk: int, left: int, top: int) -> Pixels:
    with Image.open(path) as image:
        small = image.convert("RGB").reduce(shrunk)
    pixels = np.asarray(small)[top : top + SIDE, left : left + SIDE]
    return np.ascontiguousarray(pixels)


def _save(pixels: Pixels, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path, "WEBP", lossless=True)


if __name__ == "__main__":
    main()
