"""Cut training crops from photos, once, into a file that training maps into memory."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

SIZE = 256


def cut(folder: Path, target: Path, seed: int = 1) -> NDArray[np.uint8]:
    """Cut crops of 256 px from every photo in ``folder``, at full size and once scaled down.

    Returns:
        The crops, ``[n, 256, 256, 3]`` uint8 sRGB, mapped from ``target`` (a ``.npy`` file).
    """
    if not target.exists():
        rng = np.random.default_rng(seed)
        crops = []
        for path in sorted(p for p in folder.iterdir() if p.is_file()):
            with Image.open(path) as opened:
                photo = opened.convert("RGB")
            crops += _from_photo(photo, 14, rng)
            factor = rng.uniform(0.55, 0.9)
            size = (int(photo.width * factor), int(photo.height * factor))
            crops += _from_photo(photo.resize(size, Image.Resampling.LANCZOS), 8, rng)
        np.save(target, np.stack(crops)[rng.permutation(len(crops))])
    mapped: NDArray[np.uint8] = np.load(target, mmap_mode="r")
    return mapped


def _from_photo(
    photo: Image.Image, count: int, rng: np.random.Generator
) -> list[NDArray[np.uint8]]:
    if min(photo.size) < SIZE:
        return []
    pixels = np.asarray(photo)
    return [_textured(pixels, rng) for _ in range(count)]


def _textured(pixels: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """A random crop; empty sky is drawn again up to three times."""
    for _ in range(4):
        top = int(rng.integers(pixels.shape[0] - SIZE + 1))
        left = int(rng.integers(pixels.shape[1] - SIZE + 1))
        crop = pixels[top : top + SIZE, left : left + SIZE]
        if crop.std() > 10:
            break
    return crop
