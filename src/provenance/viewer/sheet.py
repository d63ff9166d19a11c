"""Sheets: pictures side by side with their heads, and lines of text below, as a PNG."""

from __future__ import annotations

import functools
import io
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources

from PIL import Image, ImageDraw, ImageFont, PngImagePlugin

PANEL = 420
"""Width of each picture, px."""

_MARGIN, _GAP, _TEXT, _LINE = 24, 12, 17, 25
_HEAD = 34
_INK, _QUIET = "#1c1e21", "#5c6168"


@dataclass(frozen=True, slots=True)
class Sheet:
    """A drawn sheet."""

    png: bytes
    caption: str
    """Its words, which the file carries as its description, too."""


def drawn(panels: Sequence[tuple[str, Image.Image]], lines: Sequence[str]) -> Sheet:
    """A sheet of ``panels``, each with its head; all are `PANEL` px wide and equally high."""
    width = len(panels) * (PANEL + _GAP) - _GAP + 2 * _MARGIN
    wrapped = [part for line in lines for part in _wrapped(line, width - 2 * _MARGIN)]
    below = _MARGIN + _HEAD + panels[0][1].height + 18
    canvas = Image.new("RGB", (width, below + _LINE * len(wrapped) + _MARGIN - 6), "white")
    pen = ImageDraw.Draw(canvas)
    for number, (head, picture) in enumerate(panels):
        left = _MARGIN + number * (PANEL + _GAP)
        pen.text((left, _MARGIN), _fitting(head, PANEL), _INK, _font())
        canvas.paste(picture, (left, _MARGIN + _HEAD))
    for number, line in enumerate(wrapped):
        pen.text((_MARGIN, below + _LINE * number), line, _QUIET, _font())
    caption = " ".join(lines)
    return Sheet(_png(canvas, caption), caption)


def _wrapped(text: str, width: int) -> list[str]:
    """Lines of at most ``width`` px, a word that is longer cut."""
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if _font().getlength(longer) <= width:
            lines[-1] = longer
        else:
            lines.append(_fitting(word, width))
    return [line for line in lines if line]


def _fitting(text: str, width: int) -> str:
    text = " ".join(text.split())[:400]
    if _font().getlength(text) <= width:
        return text
    while text and _font().getlength(f"{text}…") > width:
        text = text[:-1]
    return f"{text}…"


def _png(canvas: Image.Image, caption: str) -> bytes:
    described = PngImagePlugin.PngInfo()
    described.add_itxt("Description", caption)
    buffer = io.BytesIO()
    canvas.save(buffer, "PNG", optimize=True, pnginfo=described)
    return buffer.getvalue()


@functools.cache
def _font() -> ImageFont.FreeTypeFont:
    """DejaVu Sans, of which the package has Latin, Greek and Cyrillic letters."""
    file = resources.files("provenance").joinpath("viewer", "fonts", "DejaVuSans.ttf")
    return ImageFont.truetype(io.BytesIO(file.read_bytes()), _TEXT)
