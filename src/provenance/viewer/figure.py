"""Figures as in the paper on miscompressions: one place in the original, as a neural codec made it,
and as JPEG makes it of as many bits.

N. Hofer and R. Böhme 2024, "A Taxonomy of Miscompressions".
"""

from __future__ import annotations

import io
from bisect import bisect_right
from dataclasses import dataclass

from PIL import Image, ImageDraw

from ..imaging import Photo, thumbnail
from ..labels import Finding
from ..labels.translation import translated
from ..taxonomy import Type, main_type
from . import sheet
from .pictures import COLOURS, Window, window
from .sheet import PANEL, Sheet
from .words import Words


@dataclass(frozen=True, slots=True)
class Jpeg:
    """A picture that has been through JPEG."""

    pixels: Image.Image
    quality: int
    """Of Pillow's scale, 1 to 95."""
    bits_per_pixel: float
    """Of the whole file."""


def jpeg(picture: Image.Image, bits_per_pixel: float) -> Jpeg:
    """The best JPEG (4:2:0, optimised) of no more bits; else the smallest that there is."""
    pixels = picture.width * picture.height

    def rate(quality: int) -> float:
        return 8 * len(_encoded(picture, quality)) / pixels

    quality = max(1, bisect_right(range(1, 96), bits_per_pixel, key=rate))
    data = _encoded(picture, quality)
    with Image.open(io.BytesIO(data)) as opened:
        return Jpeg(opened.convert("RGB"), quality, 8 * len(data) / pixels)


def draw(
    original: Photo,
    reconstruction: Photo,
    place: Finding | Window,
    *,
    model: str,
    bits_per_pixel: float,
    language: str = "en",
) -> Sheet:
    """The figure of one place.

    Args:
        original, reconstruction: of equal sizes.
        place: a finding, shown with its surroundings and its sentence; or left, top, width and
            height of the crop, px.
        model: name of codec and model.
        bits_per_pixel: of the neural bitstream, and what JPEG may use.

    Raises:
        UsageError: There is no such language.
    """
    words = Words(language)
    size = (original.width, original.height)
    at = window(place, *size) if isinstance(place, Finding) else place
    pictures = [thumbnail(photo, max(size)) for photo in (original, reconstruction)]
    ordinary = jpeg(pictures[0], bits_per_pixel)
    rate = words.number(bits_per_pixel, 3)
    heads = (
        words("figure.original"),
        words("figure.neural", model=model, rate=rate),
        f"JPEG, {words.number(ordinary.bits_per_pixel, 3)} bpp",
    )
    lines = _caption(place, at, size, model, bits_per_pixel, ordinary, words)

    height = max(1, round(PANEL * at[3] / at[2]))
    crops = (_crop(picture, at, height, place) for picture in (*pictures, ordinary.pixels))
    return sheet.drawn(list(zip(heads, crops, strict=True)), lines)


def _caption(
    place: Finding | Window,
    at: Window,
    size: tuple[int, int],
    model: str,
    bits_per_pixel: float,
    ordinary: Jpeg,
    words: Words,
) -> list[str]:
    lines = []
    if isinstance(place, Finding):
        kind = main_type(place.types)
        facts = [words(f"type.{kind}")]
        if place.symbol:
            facts.append(words("findings.symbol", kind=words(f"symbol.{place.symbol}")))
        percent = words.percent(place.probability)
        facts.append(words("findings.probability", percent=percent))
        said = "; ".join(facts)
        sentence = translated(place.sentence, words.language)[0]
        lines.append(f"{sentence} {said[:1].upper()}{said[1:]}.")
    about = words(
        "figure.caption",
        model=model,
        rate=words.number(bits_per_pixel, 3),
        width=size[0],
        height=size[1],
        crop_width=at[2],
        crop_height=at[3],
        share=words.percent(at[2] * at[3] / (size[0] * size[1]), 2),
    )
    key = "figure.jpeg" if ordinary.bits_per_pixel <= bits_per_pixel else "figure.jpeg.lowest"
    rate = words.number(ordinary.bits_per_pixel, 3)
    lines.append(f"{about} {words(key, quality=ordinary.quality, rate=rate)}")
    return lines


def _crop(picture: Image.Image, at: Window, height: int, place: Finding | Window) -> Image.Image:
    left, top, width, tall = at
    part = picture.crop((left, top, left + width, top + tall))
    panel = part.resize((PANEL, height), Image.Resampling.BICUBIC)
    if isinstance(place, Finding):
        x, y, w, h = place.box
        scale = PANEL / width
        corners = [(x - left) * scale, (y - top) * scale]
        corners += [(x + w - left) * scale, (y + h - top) * scale]
        pen = ImageDraw.Draw(panel)
        pen.rectangle(corners, outline="black", width=5)
        inner = [corners[0] + 1, corners[1] + 1, corners[2] - 1, corners[3] - 1]
        pen.rectangle(inner, outline=COLOURS[Type(main_type(place.types))], width=3)
    return panel


def _encoded(picture: Image.Image, quality: int) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=quality, optimize=True)
    return buffer.getvalue()
