"""The visible mark: the icon of the risk level in a corner, for where no metadata survives."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from ..errors import UsageError
from ..imaging import Photo
from ..labels import Risk
from . import icons

SHARE = 0.06
"""Side of the mark as a share of the picture's (the root of its area)."""

LEAST_SIDE = 20
"""Smallest mark, px: its icon is then 16 px."""

LEAST_PICTURE = 64
"""Shortest side of a picture that has room for a mark, px."""

_RIM = 1 / 10
"""White and then black around the icon, as a share of the mark: readable on any ground."""

Box = tuple[int, int, int, int]


def stamp(photo: Photo, risk: Risk, name: str) -> tuple[Photo, Box]:
    """``photo`` with its risk level in a corner, and the place: x, y, width, height in px.

    The mark keeps to the corner where it hides least of the findings; to the lower right one if
    it can.

    Args:
        name: what error messages call the picture.

    Raises:
        UsageError: The picture is too small for a mark.
    """
    if min(photo.width, photo.height) < LEAST_PICTURE:
        raise UsageError(
            f"{name}: {photo.width}x{photo.height} has no room for a mark; leave out --stamp, "
            f"or use a picture of at least {LEAST_PICTURE} px a side"
        )
    wanted = round(SHARE * (photo.width * photo.height) ** 0.5)
    side = max(LEAST_SIDE, min(wanted, min(photo.width, photo.height) // 3))
    place = _corner(photo, side, risk)
    x, y, _, _ = place
    mark = _mark(risk.level, side)
    colours, cover = mark[..., :3].astype(np.float64), mark[..., 3:] / 255
    if photo.grey:
        grey = np.asarray(Image.fromarray(mark[..., :3]).convert("L"))
        colours = np.repeat(grey[..., None], 3, axis=2).astype(np.float64)
    here = np.s_[y : y + side, x : x + side]
    pixels = photo.pixels.copy()
    pixels[here] = np.rint(cover * colours + (1 - cover) * pixels[here]).astype(np.uint8)
    alpha = None if photo.alpha is None else photo.alpha.copy()
    if alpha is not None:
        alpha[here] = np.maximum(alpha[here], mark[..., 3])
    return replace(photo, pixels=pixels, alpha=alpha), place


def _corner(photo: Photo, side: int, risk: Risk) -> Box:
    gap = side // 3 if min(photo.width, photo.height) >= 2 * side else 0
    left, right = gap, photo.width - side - gap
    top, bottom = gap, photo.height - side - gap
    corners = [(right, bottom), (left, bottom), (right, top), (left, top)]
    places = [(x, y, side, side) for x, y in corners]
    return min(places, key=lambda place: sum(_overlap(place, f.box) for f in risk.findings))


def _overlap(a: Box, b: Box) -> int:
    """Area that both boxes share, px."""
    width = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0])
    height = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1])
    return max(0, width) * max(0, height)


def _mark(level: int, side: int) -> NDArray[np.uint8]:
    """``[side, side, 4]``, sRGB with straight alpha."""
    fine = 4
    plate = Image.new("RGBA", (side * fine, side * fine))
    pen, end = ImageDraw.Draw(plate), side * fine - 1
    for inset, colour in ((0, "#000000"), (_RIM / 2, "#ffffff")):
        inner = inset * end
        radius = (0.25 - inset) * end
        pen.rounded_rectangle((inner, inner, end - inner, end - inner), radius, fill=colour)
    plate = plate.resize((side, side), Image.Resampling.BOX)
    rim = max(2, round(_RIM * side))
    icon = Image.fromarray(icons.draw(icons.level(level), side - 2 * rim))
    plate.alpha_composite(icon, (rim, rim))
    return np.asarray(plate)
