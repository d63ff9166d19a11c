"""Our icons: one per risk level and per state of a credential, as SVG in ``icons/``.

They keep to a few parts of SVG 1.1, so that `draw` needs no library for it: rounded ``rect`` and
``path`` of absolute M, L, H, V, C and Z, filled or with a round stroke, in a view box of 16.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib import resources
from xml.etree import ElementTree

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

STATES = ("none", "stripped", "tampered", "untrusted", "trusted")
"""No label; a label without signature; changed since it was signed; intact, by somebody unknown;
intact, by somebody trusted."""

UNITS = 16
"""Side of the view box."""

_NEEDED = {"M": 2, "L": 2, "H": 1, "V": 1, "C": 6, "Z": 0}
_CURVE_STEPS = 24

Point = tuple[float, float]


def level(number: int) -> str:
    """Name of the icon of a risk level, 1 to 5."""
    return f"level-{number}"


def svg(name: str) -> str:
    """An icon's file: ``level-1`` to ``level-5``, or one of `STATES`."""
    return resources.files("provenance").joinpath("viewer", "icons", f"{name}.svg").read_text()


def draw(name: str, side: int) -> NDArray[np.uint8]:
    """An icon as pixels: ``[side, side, 4]``, sRGB with straight alpha."""
    fine = max(2, min(8, 2048 // side))
    scale = side * fine / UNITS
    canvas = Image.new("RGBA", (side * fine, side * fine))
    pen = ImageDraw.Draw(canvas)
    for part in ElementTree.fromstring(svg(name)):  # noqa: S314  our own file
        kind = part.tag.rpartition("}")[2]
        if kind == "rect":
            x, y, width, height = (
                float(part.attrib[key]) * scale for key in ("x", "y", "width", "height")
            )
            radius = float(part.get("rx", "0")) * scale
            corners = (x, y, x + width - 1, y + height - 1)
            pen.rounded_rectangle(corners, radius, fill=part.attrib["fill"])
        elif kind == "path":
            for line in _lines(part.attrib["d"]):
                points = [(x * scale, y * scale) for x, y in line]
                if part.attrib["fill"] != "none":
                    pen.polygon(points, fill=part.attrib["fill"])
                else:
                    width = float(part.attrib["stroke-width"]) * scale
                    _stroke(pen, points, part.attrib["stroke"], width)
    return np.asarray(canvas.resize((side, side), Image.Resampling.BOX))


def _lines(data: str) -> Iterator[list[Point]]:
    """The polylines that a path consists of, its curves (cubic Béziers) flattened."""
    line: list[Point] = []
    for letter, rest in re.findall(r"([A-Z])([^A-Z]*)", data):
        numbers = [float(number) for number in re.findall(r"-?[\d.]+", rest)]
        assert len(numbers) == _NEEDED[letter], data
        if letter == "M":
            if line:
                yield line
            line = [(numbers[0], numbers[1])]
            continue
        x, y = line[-1]
        if letter == "L":
            line.append((numbers[0], numbers[1]))
        elif letter == "H":
            line.append((numbers[0], y))
        elif letter == "V":
            line.append((x, numbers[0]))
        elif letter == "Z":
            line.append(line[0])
        else:
            controls = np.array([x, y, *numbers]).reshape(4, 2)
            for t in np.linspace(0, 1, _CURVE_STEPS + 1)[1:]:
                weights = np.array([(1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t**2 * (1 - t), t**3])
                px, py = weights @ controls
                line.append((float(px), float(py)))
    yield line


def _stroke(pen: ImageDraw.ImageDraw, points: list[Point], colour: str, width: float) -> None:
    """A line with round caps and joins."""
    pen.line(points, fill=colour, width=round(width))
    for x, y in points:
        pen.circle((x, y), width / 2, fill=colour)
