"""Figures: closed shapes that set themselves off from their ground, and what is left of them.

Candidates are maximally stable extremal regions (J. Matas et al. 2002) of lightness and of both
opponent colours: shapes whose outline stays where it is over a range of thresholds, at any scale.
A figure differs from its ground, the ring around it, by more than the ground does from itself, and
nothing beside it has its colour: a pebble among pebbles is none. Its place is measured in the other
picture in the same way, there and a little aside.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..merging import distinct
from .perturbation import recompressed
from .scales import at_scales

FloatArray = npt.NDArray[np.float32]
ByteArray = npt.NDArray[np.uint8]
BoolArray = npt.NDArray[np.bool_]
Points = npt.NDArray[np.int32]
"""Columns and rows of pixels, [n, 2]."""
Corners = tuple[int, int, int, int]
"""Left, top, right, bottom, pixels."""

COLOUR_WEIGHT = 2.0
"""Weight of a and b against lightness, as in the colour difference for OKLab."""
LEVELS = 3
"""Each halves the picture: what has many parts is one thing from afar."""
STABLE = 5
"""Steps of 255, over which the outline must stay."""
MIN_AREA, MAX_AREA = 30, 0.04
"""Of a region: pixels, and share of the picture."""
MIN_SIDE = 64
MAX_VARIATION, MIN_DIVERSITY = 0.25, 0.1
"""How steady its area must be, and how much it must differ from that of the region around it."""
MAX_LEFT = 0.65
"""Share of the contrast that is left, above which a figure is not looked at."""
MIN_CONTRAST = 9.0
"""Weighted OKLab units times 100."""
GAP = 1
"""Pixels between figure and ground, where they blend."""
RING = 0.5
"""Width of the ring over the root of the box's area; what lies beside reaches twice as far."""
MIN_RING = 4
REACH = 0.4
"""How far aside a figure may lie in the other picture, over the root of its area."""
MIN_SALIENCE = 1.5
"""Of a figure: contrast over the busyness of its ground."""
MIN_SOLIDITY = 0.45
"""Share of its convex hull."""
MAX_ALIKE = 0.15
"""Share of what lies beside it that has its colour rather than that of its ground."""
SEEN = 2.0
"""Busyness that is not seen, OKLab units times 100."""
PERTURBED_SIGMA, PERTURBED_QUALITY = 0.7, 70
"""Blur in pixels, and JPEG quality, with which the original is measured again."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure of the original, and what is at its place in the reconstruction."""

    box: tuple[float, float, float, float]
    """Left, top, right, bottom, pixels of the picture."""
    contrast: float
    """How much more its pixels differ from the ground than the ground itself does, weighted OKLab
    units times 100."""
    busyness: float
    """How much the ground differs from its own median colour."""
    contrast_after: float
    """At the same place in the reconstruction."""
    jitter: float
    """What slight blur and JPEG take of its contrast, as a share of it."""

    @property
    def salience(self) -> float:
        """Contrast over the busyness of the ground; what cannot be seen is added to that."""
        return self.contrast / (self.busyness + SEEN)

    @property
    def lost(self) -> float:
        """Share of the contrast that is gone."""
        return 1 - max(0.0, self.contrast_after) / self.contrast


def find_figures(original: ByteArray, reconstruction: ByteArray, max_pixels: int) -> list[Figure]:
    """Figures of the original that lost contrast, each once, those that lost most first.

    Args:
        original, reconstruction: uint8 [h, w, 3], sRGB, equal sizes.
        max_pixels: larger pictures are shrunk to this.
    """
    levels = at_scales(
        original,
        reconstruction,
        _harmed,
        levels=LEVELS,
        max_pixels=max_pixels,
        min_side=MIN_SIDE,
    )
    found = [
        figure
        for labs, pixel in levels
        for figure in _at_level([_weighted(lab) for lab in labs], pixel)
    ]
    found.sort(key=lambda figure: -figure.contrast * figure.lost)
    return distinct(found, _same_place)


def _harmed(pixels: ByteArray) -> ByteArray:
    import cv2

    softened = np.asarray(cv2.GaussianBlur(pixels, (0, 0), PERTURBED_SIGMA), dtype=np.uint8)
    return recompressed(softened, PERTURBED_QUALITY)


def _weighted(lab: FloatArray) -> FloatArray:
    return lab * np.array([1, COLOUR_WEIGHT, COLOUR_WEIGHT], dtype=np.float32)


def _at_level(labs: Sequence[FloatArray], pixel: float) -> Iterator[Figure]:
    """Lost figures at one level.

    Args:
        labs: weighted OKLab of the original, the reconstruction and the perturbed original.
        pixel: pixels of the picture for one of the level.
    """
    import cv2

    sums = [cv2.integral(lab) for lab in labs[:2]]
    for points, box in _regions(labs[0]):
        if _may_be_lost(labs, sums, points, box):
            figure = _figure(labs, points, box, pixel)
            if figure is not None:
                yield figure


def _regions(lab: FloatArray) -> Iterator[tuple[Points, Corners]]:
    """Stable regions that do not touch the edge, with the boxes around them."""
    import cv2

    height, width = lab.shape[:2]
    most = max(MIN_AREA, int(MAX_AREA * height * width))
    search = cv2.MSER.create(STABLE, MIN_AREA, most, MAX_VARIATION, MIN_DIVERSITY)
    lightness, a, b = cv2.split(lab)
    for channel in (lightness, a + 50, b + 50):
        grey = np.clip(2.55 * channel, 0, 255).astype(np.uint8)
        regions, boxes = search.detectRegions(grey)
        for points, (left, top, wide, tall) in zip(regions, boxes, strict=True):
            box = (int(left), int(top), int(left + wide), int(top + tall))
            if min(box[:2]) > 0 and box[2] < width and box[3] < height:
                yield np.asarray(points, dtype=np.int32), box


def _may_be_lost(
    labs: Sequence[FloatArray],
    sums: Sequence[npt.NDArray[np.float64]],
    points: Points,
    box: Corners,
) -> bool:
    """Whether a region differed from what is around its box, and differs less now: a quick look."""
    outer, area = _grown_box(box, labs[0]), len(points)
    differences = []
    for lab, table in zip(labs[:2], sums, strict=False):
        within = lab[points[:, 1], points[:, 0]].sum(axis=0, dtype=np.float64)
        left, top, right, bottom = outer
        whole = table[bottom, right] - table[top, right] - table[bottom, left] + table[top, left]
        around = (right - left) * (bottom - top) - area
        differences.append(within / area - (whole - within) / around)
    before, after = differences
    contrast = float(np.linalg.norm(before))
    return contrast >= MIN_CONTRAST and float(after @ before) <= MAX_LEFT * contrast**2


def _figure(
    labs: Sequence[FloatArray], points: Points, box: Corners, pixel: float
) -> Figure | None:
    import cv2

    left, top, right, bottom = _grown_box(box, labs[0])
    inside = np.zeros((bottom - top, right - left), np.uint8)
    inside[points[:, 1] - top, points[:, 0] - left] = 1
    figure, near = inside > 0, _grown(inside, GAP) > 0
    ring = (_grown(inside, GAP + _ring(box)) > 0) & ~near
    original, reconstruction, harmed = (lab[top:bottom, left:right] for lab in labs)
    before, after = (_standout(view, figure, ring) for view in (original, reconstruction))
    solidity = len(points) / (float(cv2.contourArea(cv2.convexHull(points))) + 1)
    if (
        before.contrast < max(MIN_CONTRAST, MIN_SALIENCE * (before.busyness + SEEN))
        or after.contrast > MAX_LEFT * before.contrast
        or solidity < MIN_SOLIDITY
        or _alike(original, before, ~near) > MAX_ALIKE
        or _aside(reconstruction, figure, before, after.ground) > MAX_LEFT
    ):
        return None
    return Figure(
        box=(box[0] * pixel, box[1] * pixel, box[2] * pixel, box[3] * pixel),
        contrast=before.contrast,
        busyness=before.busyness,
        contrast_after=after.contrast,
        jitter=max(0.0, 1 - _standout(harmed, figure, ring).contrast / before.contrast),
    )


@dataclass(frozen=True, slots=True)
class _Standout:
    contrast: float
    busyness: float
    colour: FloatArray
    ground: FloatArray


def _standout(lab: FloatArray, figure: BoolArray, ring: BoolArray) -> _Standout:
    """How a figure differs from its ground; see `Figure`."""
    around, within = lab[ring], lab[figure]
    ground = np.median(around, axis=0)
    busyness = float(np.linalg.norm(around - ground, axis=1).mean())
    difference = float(np.linalg.norm(within - ground, axis=1).mean())
    return _Standout(difference - busyness, busyness, within.mean(axis=0), ground)


def _alike(lab: FloatArray, seen: _Standout, beside: BoolArray) -> float:
    """Share of what lies beside a figure that is nearer to its colour than to its ground's."""
    step = seen.colour - seen.ground
    along = (lab[beside] - seen.ground) @ step
    return float((along > 0.5 * float(step @ step)).mean())


def _aside(
    reconstruction: FloatArray, figure: BoolArray, before: _Standout, ground: FloatArray
) -> float:
    """Share of a figure's colour that is found at the best place up to half its size aside."""
    rows, columns = np.nonzero(figure)
    height, width = figure.shape
    step = before.colour - before.ground
    like = (reconstruction - ground) @ (step / float(step @ step))
    reach = max(2, round(REACH * len(rows) ** 0.5))
    shifts = range(-reach, reach + 1, max(1, reach // 3))
    return max(
        float(like[np.clip(rows + dy, 0, height - 1), np.clip(columns + dx, 0, width - 1)].mean())
        for dy in shifts
        for dx in shifts
    )


def _ring(box: Corners) -> int:
    return max(MIN_RING, round(RING * math.sqrt((box[2] - box[0]) * (box[3] - box[1]))))


def _grown_box(box: Corners, lab: FloatArray) -> Corners:
    reach = GAP + 2 * _ring(box)
    return (
        max(0, box[0] - reach),
        max(0, box[1] - reach),
        min(lab.shape[1], box[2] + reach),
        min(lab.shape[0], box[3] + reach),
    )


def _grown(mask: ByteArray, by: int) -> ByteArray:
    import cv2

    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * by + 1, 2 * by + 1))
    grown: ByteArray = cv2.dilate(mask, kernel)
    return grown


def _same_place(one: Figure, other: Figure) -> bool:
    """Whether the boxes overlap by a third of the smaller one."""
    width = min(one.box[2], other.box[2]) - max(one.box[0], other.box[0])
    height = min(one.box[3], other.box[3]) - max(one.box[1], other.box[1])
    areas = [(f.box[2] - f.box[0]) * (f.box[3] - f.box[1]) for f in (one, other)]
    return width > 0 and height > 0 and 3 * width * height > min(areas)
