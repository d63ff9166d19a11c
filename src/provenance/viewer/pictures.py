"""Pictures for a page: small enough to be inlined, in sRGB, as ``data:`` addresses."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..imaging import Photo, on_white, thumbnail
from ..labels import Finding
from ..taxonomy import Type

MAX_SIDE = 1600
"""Longest side of a picture in a page, px."""

MAX_HEAT_SIDE = 400
"""Longest side of a heat map, px."""

DETAIL_SIDE = 320
"""Longest side of a finding's detail, px."""

MIN_DETAIL_SCALE = 0.4
"""A preview smaller than this share of the full picture shows no details."""

MAX_GLOWS = 60
"""Findings that are drawn into a heat map."""

HEAT_FROM, HEAT_TO = 0.5, 6.0
"""Change, as `risk` measures it, at which a heat map begins and at which it is full; 1 is about
noticeable."""

COLOURS: Mapping[Type, str] = {
    Type.AMPLITUDE: "#ffb000",
    Type.GEOMETRY: "#38b6ff",
    Type.SHAPE: "#ff4d9d",
}
"""Told apart by people with any colour vision; drawn over a dark edge, so on any picture."""

_MAX_HEAT = 0.85
"""Opacity of a heat map at its fullest."""


@dataclass(frozen=True, slots=True)
class Inline:
    """A picture within a page."""

    address: str
    """``data:`` with the whole file."""
    width: int
    height: int


Window = tuple[int, int, int, int]
"""Left, top, width, height in pixels of the full picture."""


def whole(photo: Photo) -> Inline:
    """The picture, its longest side at most `MAX_SIDE`."""
    return _inline(thumbnail(photo, MAX_SIDE), quality=86)


def window(finding: Finding, width: int, height: int) -> Window:
    """The surroundings in which a finding is shown: three to two, within the picture."""
    x, y, w, h = finding.box
    tall = max(96, 1.6 * h, 1.6 * w / 1.5)
    rows, columns = min(height, round(tall)), min(width, round(1.5 * tall))
    left = min(max(0, x + w // 2 - columns // 2), width - columns)
    top = min(max(0, y + h // 2 - rows // 2), height - rows)
    return left, top, columns, rows


def detail(photo: Photo, at: Window, size: tuple[int, int]) -> Inline | None:
    """Part of a picture; None where it is too coarse to show one.

    Args:
        at: in pixels of a picture of ``size``, of which ``photo`` may be a smaller version.
    """
    scale = photo.width / size[0]
    if scale < MIN_DETAIL_SCALE:
        return None
    left, top = int(at[0] * scale), int(at[1] * photo.height / size[1])
    right = max(left + 1, round((at[0] + at[2]) * scale))
    bottom = max(top + 1, round((at[1] + at[3]) * photo.height / size[1]))
    area = (slice(top, bottom), slice(left, right))
    alpha = None if photo.alpha is None else photo.alpha[area]
    part = replace(photo, pixels=np.ascontiguousarray(photo.pixels[area]), alpha=alpha)
    return _inline(thumbnail(part, DETAIL_SIDE), quality=82)


def measured_heat(original: Photo, picture: Photo) -> dict[Type, Inline]:
    """Where which type of change is, measured."""
    from ..risk import Pair

    signals = Pair(on_white(original).pixels, on_white(picture).pixels).signals
    energies = {
        Type.AMPLITUDE: signals.amplitude,
        Type.GEOMETRY: signals.geometry,
        Type.SHAPE: signals.shape,
    }
    total = np.maximum(sum(energies.values()), np.float32(1e-6))
    return {
        kind: _heat(signals.change * energy / total, COLOURS[kind])
        for kind, energy in energies.items()
    }


def labelled_heat(findings: tuple[Finding, ...], size: tuple[int, int]) -> dict[Type, Inline]:
    """Where which type of change is, as the findings tell."""
    scale = min(1.0, MAX_HEAT_SIDE / max(size))
    columns, rows = (max(1, round(side * scale)) for side in size)
    x, y = np.meshgrid((np.arange(columns) + 0.5) / scale, (np.arange(rows) + 0.5) / scale)
    maps = {kind: np.zeros((rows, columns)) for kind in Type}
    for finding in findings[:MAX_GLOWS]:
        left, top = finding.box[:2]
        width, height = (max(1, side) for side in finding.box[2:])
        across = np.maximum(np.abs(x - left - width / 2) / width - 0.5, 0)
        down = np.maximum(np.abs(y - top - height / 2) / height - 0.5, 0)
        glow = np.exp(-6 * (across**2 + down**2))
        for kind, heat in maps.items():
            share = finding.types.get(str(kind), 0.0) * finding.probability
            np.maximum(heat, HEAT_TO * share * glow, out=heat)
    return {kind: _heat(heat, COLOURS[kind]) for kind, heat in maps.items()}


def _heat(change: NDArray[np.floating], colour: str) -> Inline:
    """One colour, the more opaque the more has changed."""
    full = np.clip((change - HEAT_FROM) / (HEAT_TO - HEAT_FROM), 0, 1) ** 0.6 * _MAX_HEAT
    alpha = Image.fromarray(np.rint(full * 255).astype(np.uint8))
    alpha.thumbnail((MAX_HEAT_SIDE, MAX_HEAT_SIDE), Image.Resampling.BOX)
    heat = Image.new("RGB", alpha.size, colour)
    heat.putalpha(alpha)
    return _inline(heat, quality=60)


def _inline(image: Image.Image, quality: int) -> Inline:
    buffer = io.BytesIO()
    image.save(buffer, "WEBP", quality=quality, method=4)
    encoded = base64.b64encode(buffer.getvalue()).decode()
    return Inline(f"data:image/webp;base64,{encoded}", image.width, image.height)
