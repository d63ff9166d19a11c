"""Real photos, and changes planted into them."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image, ImageDraw, ImageFont

Pixels = npt.NDArray[np.uint8]
Box = tuple[int, int, int, int]

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"


@pytest.fixture(scope="session")
def photo() -> Callable[[str], Pixels]:
    """A photo of the shared data, uint8 [h, w, 3], by its path there."""

    def load(name: str) -> Pixels:
        with Image.open(DATA / name) as image:
            return np.asarray(image.convert("RGB"))

    return load


@pytest.fixture(scope="session")
def lighthouse(photo: Callable[[str], Pixels]) -> Pixels:
    """Sky, grass, a fence and a house, 512x512."""
    return np.ascontiguousarray(photo("kodak/kodim21.png")[:, 128:640])


@pytest.fixture(scope="session")
def jpeg() -> Callable[[Pixels, int], Pixels]:
    """A picture as JPEG of some quality shows it."""

    def compress(pixels: Pixels, quality: int) -> Pixels:
        coded = io.BytesIO()
        Image.fromarray(pixels).save(coded, "JPEG", quality=quality)
        with Image.open(coded) as image:
            return np.asarray(image.convert("RGB"))

    return compress


@pytest.fixture(scope="session")
def with_sign() -> Callable[..., Pixels]:
    """A photo with a light sign painted into it."""

    def paint(
        pixels: Pixels, words: str, at: tuple[int, int] = (200, 120), size: int = 30
    ) -> Pixels:
        image = Image.fromarray(pixels)
        draw = ImageDraw.Draw(image)
        font = ImageFont.load_default(size)
        x, y = at
        width = int(font.getlength(words))
        draw.rectangle((x - 8, y - 5, x + width + 8, y + int(1.3 * size)), fill=(238, 236, 228))
        draw.text(at, words, fill=(25, 25, 45), font=font)
        return np.asarray(image)

    return paint


@pytest.fixture(scope="session")
def with_lamp() -> Callable[..., Pixels]:
    """A photo with a traffic light in it: a lit arrow or a lit disc."""

    def paint(pixels: Pixels, kind: str, brightness: float = 1.0) -> Pixels:
        image = Image.fromarray(pixels)
        draw = ImageDraw.Draw(image)
        x, y, r = 250, 150, 14
        lit = tuple(int(value * brightness) for value in (70, 235, 130))
        draw.rectangle((x - 2 * r, y - 2 * r, x + 2 * r, y + 2 * r), fill=(22, 22, 22))
        if kind == "disc":
            draw.ellipse((x - r, y - r, x + r, y + r), fill=lit)
        else:
            draw.polygon([(x - r, y), (x, y - r), (x + r, y)], fill=lit)
            draw.rectangle((x - r // 3, y, x + r // 3, y + r), fill=lit)
        return np.asarray(image)

    return paint


@pytest.fixture(scope="session")
def bent() -> Callable[[Pixels, tuple[int, int]], Pixels]:
    """A photo pushed aside by some pixels around one point."""

    def warp(pixels: Pixels, centre: tuple[int, int]) -> Pixels:
        y, x = np.mgrid[: pixels.shape[0], : pixels.shape[1]].astype(np.float32)
        distance = (x - centre[0]) ** 2 + (y - centre[1]) ** 2
        push = 4 * np.exp(-distance / (2 * 20.0**2)).astype(np.float32)
        moved = cv2.remap(
            pixels, x + push, y + push / 2, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT
        )
        return np.asarray(moved, dtype=np.uint8)

    return warp


@pytest.fixture(scope="session")
def overlap() -> Callable[[Box, Box], bool]:
    """Whether two boxes share pixels."""

    def test(one: Box, other: Box) -> bool:
        return all(
            one[i] < other[i] + other[i + 2] and other[i] < one[i] + one[i + 2] for i in (0, 1)
        )

    return test
