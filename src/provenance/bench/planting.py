"""Miscompressions of known place and type, planted into real photos.

::

    photo ─► scene: sign and lamp painted in ─┬─► one change each ─► JPEG 90 ─► planted
                                              └─► harm without meaning ───────► negative

Everything follows from the photo's name: the same photo always gets the same changes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import cast

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from ..errors import InputError
from ..taxonomy import Symbol, Type
from .anchors import encoder
from .boxes import Box

Pixels = NDArray[np.uint8]
Weights = NDArray[np.float32]

MIN_SIDE = 256
"""Smallest side of a photo that has room for sign, lamp and a change beside them, px."""
RADII_PX = (10, 18, 30)
"""Of the thing that is changed."""
LETTERS_PX = (18, 26, 38)
"""Size of the font on the sign."""
LAMPS_PX = (4, 7, 11)
"""Radius of the lamp."""
PLANTED_QUALITY = 90
"""JPEG quality that a planted picture is saved at: no pixel stays as it was."""
VISIBLE = 8.0
"""Root mean square of the difference within the box, of 255, from which a change counts; without
what is finer than `FINE_PX`, as other grass in place of grass is no change of meaning."""
FINE_PX = 1.5
TOUCHED = 8
"""Difference of a pixel, of 255, from which it belongs to the box."""
TRIES = 60
WORDS = ("HOTEL", "NORTH", "MARKET", "STATION", "BAKERY", "CLOSED", "PIER", "MUSEUM")
SIMILAR = {"E": "F", "O": "U", "H": "M", "N": "H", "R": "K", "T": "I", "S": "B", "A": "R"}
"""What a letter is redrawn as; all others become ``E``."""


@dataclass(frozen=True, slots=True)
class Truth:
    """One place where the meaning did change."""

    box: Box
    """x, y, width, height, px."""
    types: tuple[Type, ...]
    """At least one; several where an observer ticked several."""
    symbol: Symbol | None


@dataclass(frozen=True, slots=True)
class Planted:
    """A reconstruction with one change in it."""

    kind: str
    size_px: int
    """Radius of the thing changed, or size of the letters."""
    pixels: Pixels
    truth: Truth


@dataclass(frozen=True, slots=True)
class Scene:
    """A photo with a sign and a lamp painted into it."""

    name: str
    photo: Pixels
    number: str
    word: str
    letters_px: int
    sign: Box
    lamp: Box
    lit: tuple[int, int, int]

    @property
    def pixels(self) -> Pixels:
        """uint8 [h, w, 3], sRGB."""
        return self.painted(self.number, self.word, 1.0)

    def painted(self, number: str, word: str, light: float) -> Pixels:
        """The photo with these words on the sign and this much light (0 to 1) in the lamp."""
        image = Image.fromarray(self.photo)
        _paint_sign(image, self.sign, number, word, self.letters_px)
        _paint_lamp(image, self.lamp, (self.lit[0], self.lit[1], self.lit[2]), light)
        return np.asarray(image)


def scene(photo: Pixels, name: str) -> Scene:
    """Choose places, words and sizes for a photo, by its name.

    Args:
        photo: uint8 [h, w, 3], sRGB, sides of at least `MIN_SIDE`.

    Raises:
        InputError: The photo is too small.
    """
    height, width = photo.shape[:2]
    if min(height, width) < MIN_SIDE:
        raise InputError(f"{name}: {width}x{height} px; planting needs sides of {MIN_SIDE}")
    rng = _random(name, "scene")
    word = str(rng.choice(WORDS))
    number = "".join(map(str, rng.permutation(10)[:4]))
    letters = LETTERS_PX[_number(name) % len(LETTERS_PX)]
    radius = LAMPS_PX[_number(name) // 3 % len(LAMPS_PX)]
    lit = ((255, 70, 50), (255, 190, 60), (70, 240, 130))[int(rng.integers(3))]
    wide = round(max(_width(word, letters), _width(number, letters))) + 16
    tall = round(2.6 * letters) + 12
    sign = _somewhere(rng, (wide, tall), (width, height), ())
    lamp = _somewhere(rng, (6 * radius, 6 * radius), (width, height), (sign,))
    return Scene(name, photo, number, word, letters, sign, lamp, lit)


def plant(scene: Scene) -> Iterator[Planted]:
    """One picture for each kind of change, saved as JPEG.

    A kind that no place of the photo can show (such as a shift within a cloudless sky) is left out.
    """
    for index, (kind, (change, types)) in enumerate(NATURAL.items()):
        radius = RADII_PX[(_number(scene.name) + index) % len(RADII_PX)]
        made = _changed(scene, kind, change, radius)
        if made is not None:
            pixels, box = made
            yield _saved(kind, radius, pixels, Truth(box, types, None))
    for kind, pixels, box, symbol in _redrawn(scene):
        type_ = Type.AMPLITUDE if symbol == Symbol.LIGHT else Type.SHAPE
        size = scene.lamp[2] // 6 if symbol == Symbol.LIGHT else scene.letters_px
        yield _saved(kind, size, pixels, Truth(box, (type_,), symbol))


KINDS = (
    *("darkened", "recoloured", "warped", "displaced", "removed", "replaced"),
    *("digit", "letter", "light out"),
)
"""Every kind of change, in the order of `plant`."""


def negatives(scene: Scene) -> Iterator[tuple[str, Pixels]]:
    """Pictures whose noise, sharpness or tone changed, and no meaning, by what was done.

    JPEG, the ordinary harm, is a codec and not among these.
    """
    import cv2

    original = scene.pixels
    rng = _random(scene.name, "negatives")
    shape = (*original.shape[:2], 1)
    yield "blur", cast(Pixels, cv2.GaussianBlur(original, (0, 0), 0.8))
    yield "noise", _clipped(original + rng.normal(0, 4, original.shape))
    # Grain: what is fine and faint is drawn anew, as strong as it was.
    smooth = cv2.GaussianBlur(original.astype(np.float32), (0, 0), 1.5)
    fine = original - smooth
    strength = np.sqrt(cv2.GaussianBlur(np.square(fine).mean(axis=2), (0, 0), 4))[..., None]
    drawn = smooth + strength * rng.normal(0, 1, shape)
    yield "grain", _clipped(np.where(strength < 7, drawn, original))
    yield "tone", _clipped(255 * (original / 255.0) ** 0.88)


def _darkened(pixels: Pixels, mask: Weights, _rng: np.random.Generator) -> Pixels:
    inside = float(pixels[mask > 0.5].mean())
    factor = 1.9 if inside < 60 else 0.5
    return _blended(pixels, pixels * factor, mask)


def _recoloured(pixels: Pixels, mask: Weights, rng: np.random.Generator) -> Pixels:
    import cv2

    angle = rng.uniform(0, 2 * np.pi)
    shifted = cv2.cvtColor(pixels, cv2.COLOR_RGB2LAB).astype(np.float32)
    shifted[..., 1:] += 36 * np.array([np.cos(angle), np.sin(angle)], dtype=np.float32)
    return _blended(pixels, cv2.cvtColor(_clipped(shifted), cv2.COLOR_LAB2RGB), mask)


def _warped(pixels: Pixels, mask: Weights, rng: np.random.Generator) -> Pixels:
    import cv2

    # A push so smooth that nothing tears: it changes by less than half a pixel per pixel.
    radius = float(np.sqrt((mask > 0.5).sum() / np.pi))
    angle = rng.uniform(0, 2 * np.pi)
    push = min(0.3 * radius, 6.0) * cv2.GaussianBlur(mask, (0, 0), radius / 3)
    y, x = np.mgrid[: mask.shape[0], : mask.shape[1]].astype(np.float32)
    return cast(
        Pixels,
        cv2.remap(
            pixels,
            x + np.float32(np.cos(angle)) * push,
            y + np.float32(np.sin(angle)) * push,
            cv2.INTER_CUBIC,
            borderMode=cv2.BORDER_REFLECT,
        ),
    )


def _displaced(pixels: Pixels, mask: Weights, rng: np.random.Generator) -> Pixels:
    radius = np.sqrt((mask > 0.5).sum() / np.pi)
    angle = rng.uniform(0, 2 * np.pi)
    step = max(4.0, 0.45 * radius)
    by = round(step * np.sin(angle)), round(step * np.cos(angle))
    moved, there = np.roll(pixels, by, axis=(0, 1)), np.roll(mask, by, axis=(0, 1))
    return _blended(_removed(pixels, mask, rng), moved, there)


def _removed(pixels: Pixels, mask: Weights, _rng: np.random.Generator) -> Pixels:
    import cv2

    hole = (mask > 0.3).astype(np.uint8)
    return _blended(pixels, cv2.inpaint(pixels, hole, 5, cv2.INPAINT_TELEA), mask)


def _replaced(pixels: Pixels, mask: Weights, rng: np.random.Generator) -> Pixels:
    height, width = mask.shape
    by = (
        int(rng.integers(height // 4, 3 * height // 4)),
        int(rng.integers(width // 4, 3 * width // 4)),
    )
    other = np.roll(pixels, by, axis=(0, 1)).astype(np.float32)
    inside = mask > 0.5
    other += pixels[inside].mean(axis=0) - other[inside].mean(axis=0)
    return _blended(pixels, other, mask)


Change = Callable[[Pixels, Weights, np.random.Generator], Pixels]
NATURAL: dict[str, tuple[Change, tuple[Type, ...]]] = {
    "darkened": (_darkened, (Type.AMPLITUDE,)),
    "recoloured": (_recoloured, (Type.AMPLITUDE,)),
    "warped": (_warped, (Type.GEOMETRY,)),
    "displaced": (_displaced, (Type.GEOMETRY,)),
    "removed": (_removed, (Type.AMPLITUDE, Type.SHAPE)),
    "replaced": (_replaced, (Type.SHAPE,)),
}
"""Changes of what the photo itself shows. What vanishes is amplitude to the taxonomy; what the gap
is filled with may have a shape of its own: either answer is right."""


def _changed(scene: Scene, kind: str, change: Change, radius: int) -> tuple[Pixels, Box] | None:
    """The picture with the change at the first place where it shows, and its box.

    The photo is changed before sign and lamp are painted, so that no copy of these gets elsewhere.
    """
    original = scene.pixels
    rng = _random(scene.name, kind)
    height, width = original.shape[:2]
    room = round(1.6 * radius) + 2
    for _ in range(TRIES):
        x, y = (int(rng.integers(room, length - room)) for length in (width, height))
        near = (x - room, y - room, 2 * room, 2 * room)
        if _overlap(near, scene.sign) or _overlap(near, scene.lamp):
            continue
        mask = _disc((height, width), (x, y), radius)
        pixels = replace(scene, photo=change(scene.photo, mask, rng)).pixels
        box = _touched(original, pixels)
        if box is not None and _visible(original, pixels, box):
            return pixels, box
    return None


def _redrawn(scene: Scene) -> Iterator[tuple[str, Pixels, Box, Symbol]]:
    """The sign with another digit, the sign with another letter, the lamp without light."""
    original = scene.pixels
    rng = _random(scene.name, "redrawn")
    place = int(rng.integers(len(scene.number)))
    other = str((int(scene.number[place]) + int(rng.integers(1, 10))) % 10)
    number = scene.number[:place] + other + scene.number[place + 1 :]
    spot = int(rng.integers(len(scene.word)))
    letter = SIMILAR.get(scene.word[spot], "E")
    word = scene.word[:spot] + letter + scene.word[spot + 1 :]
    made = {
        "digit": (scene.painted(number, scene.word, 1.0), Symbol.NUMERAL),
        "letter": (scene.painted(scene.number, word, 1.0), Symbol.TEXT),
        "light out": (scene.painted(scene.number, scene.word, 0.12), Symbol.LIGHT),
    }
    for kind, (pixels, symbol) in made.items():
        box = _touched(original, pixels)
        if box is None:
            raise AssertionError(f"{scene.name}: {kind} changed nothing")
        yield kind, pixels, box, symbol


def _saved(kind: str, size: int, pixels: Pixels, truth: Truth) -> Planted:
    return Planted(kind, size, encoder("JPEG")(pixels, PLANTED_QUALITY)[1], truth)


def _paint_sign(image: Image.Image, box: Box, number: str, word: str, size: int) -> None:
    x, y, width, height = box
    board = Image.new("RGB", (width, height), (236, 233, 224))
    draw = ImageDraw.Draw(board)
    font = ImageFont.load_default(size)
    for row, words in enumerate((number, word)):
        draw.text((8, 4 + row * (height // 2)), words, fill=(30, 30, 48), font=font)
    image.paste(board.filter(ImageFilter.GaussianBlur(0.5)), (x, y))


def _paint_lamp(image: Image.Image, box: Box, lit: tuple[int, int, int], light: float) -> None:
    x, y, side, _ = box
    housing = Image.new("RGB", (side, side), (24, 24, 26))
    radius = side / 6
    colour = tuple(round(24 + (value - 24) * light) for value in lit)
    corners = (side / 2 - radius, side / 2 - radius, side / 2 + radius, side / 2 + radius)
    ImageDraw.Draw(housing).ellipse(corners, fill=colour)
    image.paste(housing.filter(ImageFilter.GaussianBlur(0.6)), (x, y))


def _width(words: str, size: int) -> float:
    return float(ImageFont.load_default(size).getlength(words))


def _somewhere(
    rng: np.random.Generator,
    size: tuple[int, int],
    within: tuple[int, int],
    taken: tuple[Box, ...],
) -> Box:
    while True:
        x, y = (int(rng.integers(4, within[i] - size[i] - 4)) for i in (0, 1))
        box = (x, y, *size)
        if not any(_overlap(box, other) for other in taken):
            return box


def _overlap(one: Box, other: Box) -> bool:
    return all(one[i] < other[i] + other[i + 2] and other[i] < one[i] + one[i + 2] for i in (0, 1))


def _disc(shape: tuple[int, int], centre: tuple[int, int], radius: int) -> Weights:
    """1 inside, 0 outside, with a soft edge of some pixels."""
    y, x = np.mgrid[: shape[0], : shape[1]].astype(np.float32)
    distance = np.hypot(x - centre[0], y - centre[1])
    inside: Weights = np.clip((radius - distance) / 3 + 0.5, 0, 1).astype(np.float32)
    return inside


def _blended(pixels: Pixels, other: NDArray[np.generic], mask: Weights) -> Pixels:
    share = mask[..., None]
    return _clipped(pixels * (1 - share) + np.asarray(other, dtype=np.float32) * share)


def _touched(original: Pixels, pixels: Pixels) -> Box | None:
    """The box around what differs; None where nothing does."""
    rows, columns = np.nonzero(np.abs(original.astype(np.int16) - pixels).max(axis=2) >= TOUCHED)
    if not rows.size:
        return None
    left, top = int(columns.min()), int(rows.min())
    return left, top, int(columns.max()) + 1 - left, int(rows.max()) + 1 - top


def _visible(original: Pixels, pixels: Pixels, box: Box) -> bool:
    import cv2

    x, y, width, height = box
    part = (slice(y, y + height), slice(x, x + width))
    difference = original[part].astype(np.float32) - pixels[part]
    difference = cv2.GaussianBlur(difference, (0, 0), FINE_PX)
    return float(np.sqrt(np.square(difference).mean())) >= VISIBLE


def _clipped(values: NDArray[np.floating]) -> Pixels:
    return np.clip(np.round(values), 0, 255).astype(np.uint8)


def _number(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:6])


def _random(name: str, purpose: str) -> np.random.Generator:
    return np.random.default_rng(_number(f"{name} {purpose}"))
