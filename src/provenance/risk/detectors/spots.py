"""Small things that stand out by light or colour, and whether they are still there.

Spots are maxima of a difference of Gaussians over scale (T. Lindeberg 1998), in OKLab: what is
brighter than its surround, or more colourful. Each is outlined, and its contrast to its surround is
compared with that in the other picture, in which it may lie a little aside.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..merging import distinct
from ..signals.pyramid import resize, smooth, squared
from .perturbation import recompressed
from .scales import at_scales

FloatArray = npt.NDArray[np.float32]
ByteArray = npt.NDArray[np.uint8]
BoolArray = npt.NDArray[np.bool_]

LEVELS = 4
"""Each halves the picture: spots of about 5, 10, 20 and 40 working pixels."""
INNER, OUTER = 1.25, 4.5
"""Sigmas of the two Gaussians, pixels of the level."""
COLOUR_WEIGHT = 2.0
"""Weight of a and b against lightness, as in the colour difference for OKLab."""
MIN_PROMINENCE = 8.0
"""Response from which something stands out, weighted OKLab units times 100."""
MIN_ALONE = 2.5
NEIGHBOURHOOD = 8.0
"""Response over its Gaussian mean, of this sigma, from which a spot is no part of a texture."""
MIN_CHANGE = 0.4
"""Change of the response over the response, from which a spot is looked at closely."""
MAX_CANDIDATES = 40
"""Of each level and picture, those that changed most."""
REACH = 16
"""Half the side of the window around a spot, pixels of the level."""
NEAR = 5
"""Half the side of what is taken to be the spot when its neighbourhood is measured."""
DRIFT = 2
"""How far aside a spot may lie in the other picture, pixels of the level."""
FOUND_ASIDE = 0.5
"""Change a little aside over the change in place, below which it is taken to have moved there."""
MIN_SIDE = 40
PERTURBED_QUALITY = 70
"""JPEG quality at which the original is measured again."""


@dataclass(frozen=True, slots=True)
class Spot:
    """One spot in the picture that has it, and what is there in the other one.

    Colours are OKLab times 100: lightness, a, b.
    """

    box: tuple[float, float, float, float]
    """Left, top, right, bottom, pixels of the picture."""
    in_original: bool
    diameter: float
    """Of a disc of the same area, pixels of the picture."""
    roundness: float
    """Short over long axis, 0 to 1."""
    solidity: float
    """Share of its convex hull, 0 to 1."""
    salience: float
    """Response over the response of what lies around it; 1 in texture."""
    colour: tuple[float, float, float]
    surround: tuple[float, float, float]
    other_colour: tuple[float, float, float]
    """At its place in the other picture."""
    other_surround: tuple[float, float, float]
    jitter: float
    """Change of its contrast, over the contrast, that ordinary JPEG does to the original there."""

    @property
    def contrast(self) -> float:
        """To the surround, weighted OKLab units times 100."""
        return float(np.linalg.norm(_difference(self.colour, self.surround)))

    @property
    def other_contrast(self) -> float:
        """The same in the other picture, along the same direction; negative where it turned."""
        here = _difference(self.colour, self.surround)
        there = _difference(self.other_colour, self.other_surround)
        return float(here @ there) / self.contrast

    @property
    def change(self) -> float:
        """Change of the contrast over the contrast: 0 kept, 1 vanished, more where it turned."""
        here = _difference(self.colour, self.surround)
        there = _difference(self.other_colour, self.other_surround)
        return float(np.linalg.norm(here - there)) / self.contrast


def find_spots(original: ByteArray, reconstruction: ByteArray, max_pixels: int) -> list[Spot]:
    """Spots of either picture whose contrast differs in the other one, each once.

    Args:
        original, reconstruction: uint8 [h, w, 3], sRGB, equal sizes.
        max_pixels: larger pictures are shrunk to this.
    """
    levels = at_scales(
        original,
        reconstruction,
        lambda pixels: recompressed(pixels, PERTURBED_QUALITY),
        levels=LEVELS,
        max_pixels=max_pixels,
        min_side=MIN_SIDE,
    )
    found = [entry for labs, pixel in levels for entry in _at_level(labs, pixel)]
    found.sort(key=lambda entry: -entry[0])
    return distinct((spot for _strength, spot in found), _same_place)


def _at_level(levels: list[FloatArray], pixel: float) -> Iterator[tuple[float, Spot]]:
    """Spots that differ at one level, with the weighted size of the difference.

    Args:
        levels: of the original, the reconstruction and the perturbed original.
        pixel: pixels of the picture for one of the level.
    """
    import cv2

    original, reconstruction, perturbed = levels
    (response, prominence), (response_after, prominence_after) = map(_response, levels[:2])
    lost = np.sqrt(squared(response - response_after))
    pairs = ((original, reconstruction, prominence), (reconstruction, original, prominence_after))
    for lab, other, prominent in pairs:
        height, width = prominent.shape
        quarter = resize(prominent, (-(-height // 4), -(-width // 4)))
        around = resize(smooth(quarter, NEIGHBOURHOOD / 4), (height, width))
        peaks = prominent >= cv2.dilate(prominent, np.ones((5, 5), np.uint8))
        peaks &= (prominent > MIN_PROMINENCE) & (lost > MIN_CHANGE * prominent)
        peaks &= prominent > MIN_ALONE * around
        rows, columns = np.nonzero(peaks)
        order = np.argsort(-lost[rows, columns], kind="stable")[:MAX_CANDIDATES]
        for row, column in zip(rows[order].tolist(), columns[order].tolist(), strict=True):
            top, left = max(0, row - REACH), max(0, column - REACH)
            window = (slice(top, row + REACH + 1), slice(left, column + REACH + 1))
            views = _Views(
                lab=lab[window],
                other=other[window],
                original=original[window],
                perturbed=perturbed[window],
                prominence=prominent[window],
                at=(row - top, column - left),
                left=left * pixel,
                top=top * pixel,
                pixel=pixel,
                in_original=lab is original,
            )
            spot = _outlined(views)
            if spot is not None:
                yield spot.contrast * spot.change, spot


@dataclass(frozen=True, slots=True)
class _Views:
    """The same window of all that is compared."""

    lab: FloatArray
    other: FloatArray
    original: FloatArray
    perturbed: FloatArray
    prominence: FloatArray
    at: tuple[int, int]
    """Row and column of the peak."""
    left: float
    top: float
    pixel: float
    in_original: bool


def _response(lab: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Difference of Gaussians, weighted, [h, w, 3], and how much that stands out, [h, w]."""
    import cv2

    inner = smooth(lab, INNER)
    shape = (lab.shape[0], lab.shape[1])
    half = resize(lab, (-(-shape[0] // 2), -(-shape[1] // 2)))
    response = inner - resize(smooth(half, OUTER / 2), shape)
    _lightness, a, b = cv2.split(inner)
    chroma = cv2.magnitude(a, b)
    light, a, b = cv2.split(response)
    # A grey spot in a colourful surround is no colourful spot.
    colourful = np.minimum(cv2.magnitude(a, b), chroma)
    prominence: FloatArray = cv2.magnitude(np.maximum(light, 0), COLOUR_WEIGHT * colourful)
    return cv2.merge([light, COLOUR_WEIGHT * a, COLOUR_WEIGHT * b]), prominence


def _outlined(views: _Views) -> Spot | None:
    """The spot around a peak within a window, or None where nothing small has an outline there."""
    import cv2

    lab, at = views.lab, views.at
    rows, columns = np.mgrid[: lab.shape[0], : lab.shape[1]]
    distance = np.maximum(np.abs(rows - at[0]), np.abs(columns - at[1]))
    around = (distance > NEAR) & (distance <= 2 * NEAR)
    ground = np.median(lab[around], axis=0)
    steps = _difference(lab, ground)
    peak = steps[max(0, at[0] - 1) : at[0] + 2, max(0, at[1] - 1) : at[1] + 2].mean(axis=(0, 1))
    height = float(np.linalg.norm(peak))
    if height < MIN_PROMINENCE:
        return None
    along = steps @ (peak / height)
    _count, labels = cv2.connectedComponents((along > 0.5 * height).astype(np.uint8))
    spot = labels == labels[at]
    if not labels[at] or _touches_border(spot):
        return None
    ring = _grown(spot, 4) & ~_grown(spot, 2)
    core = spot & (along > 0.7 * height)
    surround, other_surround, *others = (
        np.median(p[ring], axis=0) for p in (lab, views.other, views.original, views.perturbed)
    )
    colour = lab[core].mean(axis=0)
    here = _difference(colour, surround)
    contrast = float(np.linalg.norm(here))
    if contrast < MIN_PROMINENCE:
        return None
    nearest = _across(views.other, core, other_surround, here)
    steady, harmed = (
        _difference(p[core].mean(axis=0), around)
        for p, around in zip((views.original, views.perturbed), others, strict=True)
    )
    beside = views.prominence[(distance > NEAR) & ~_grown(spot, 2)]
    neighbourhood = float(np.quantile(beside, 0.95)) if beside.size else 0.0
    ys, xs = np.nonzero(spot)
    roundness, solidity = _form(xs, ys)
    return Spot(
        box=(
            views.left + float(xs.min()) * views.pixel,
            views.top + float(ys.min()) * views.pixel,
            views.left + float(xs.max() + 1) * views.pixel,
            views.top + float(ys.max() + 1) * views.pixel,
        ),
        in_original=views.in_original,
        diameter=2 * float(np.sqrt(len(xs) / np.pi)) * views.pixel,
        roundness=roundness,
        solidity=solidity,
        salience=float(views.prominence[at]) / (neighbourhood + 1),
        colour=_triple(colour),
        surround=_triple(surround),
        other_colour=_triple(nearest),
        other_surround=_triple(other_surround),
        jitter=float(np.linalg.norm(steady - harmed)) / contrast,
    )


def _difference(one: npt.ArrayLike, other: npt.ArrayLike) -> FloatArray:
    """Of two OKLab colours, weighted."""
    steps: FloatArray = np.asarray(one, np.float32) - np.asarray(other, np.float32)
    steps[..., 1:] *= COLOUR_WEIGHT
    return steps


def _across(
    other: FloatArray, core: BoolArray, surround: FloatArray, here: FloatArray
) -> FloatArray:
    """Colour of the spot in the other picture: in place, unless it clearly lies a little aside."""

    def change(colour: FloatArray) -> float:
        return float(np.linalg.norm(_difference(colour, surround) - here))

    steps = range(-DRIFT, DRIFT + 1)
    in_place = _shifted_mean(other, core, 0, 0)
    aside = min((_shifted_mean(other, core, dy, dx) for dy in steps for dx in steps), key=change)
    return aside if change(aside) < FOUND_ASIDE * change(in_place) else in_place


def _shifted_mean(lab: FloatArray, mask: BoolArray, dy: int, dx: int) -> FloatArray:
    """Mean colour under a mask that is moved; what leaves the window stays at its border."""
    ys, xs = np.nonzero(mask)
    ys = np.clip(ys + dy, 0, lab.shape[0] - 1)
    xs = np.clip(xs + dx, 0, lab.shape[1] - 1)
    mean: FloatArray = lab[ys, xs].mean(axis=0)
    return mean


def _form(xs: npt.NDArray[np.intp], ys: npt.NDArray[np.intp]) -> tuple[float, float]:
    """Short over long axis, and area over that of the convex hull."""
    import cv2

    # A pixel is a square, not a point: its own extent counts.
    spread = np.cov(np.stack([xs, ys])) if len(xs) > 1 else np.zeros((2, 2))
    short, long = np.linalg.eigvalsh(spread + np.eye(2) / 12)
    corners = np.concatenate(
        [np.stack([xs + dx, ys + dy], axis=1) for dx in (0, 1) for dy in (0, 1)]
    ).astype(np.int32)
    hull = float(cv2.contourArea(cv2.convexHull(corners)))
    return float(np.sqrt(short / long)), min(1.0, len(xs) / hull)


def _grown(mask: BoolArray, by: int) -> BoolArray:
    import cv2

    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * by + 1, 2 * by + 1))
    grown: BoolArray = cv2.dilate(mask.astype(np.uint8), kernel).astype(bool)
    return grown


def _touches_border(mask: BoolArray) -> bool:
    return bool(mask[0].any() or mask[-1].any() or mask[:, 0].any() or mask[:, -1].any())


def _same_place(one: Spot, other: Spot) -> bool:
    """Whether the boxes overlap by a third of the smaller one."""
    width = min(one.box[2], other.box[2]) - max(one.box[0], other.box[0])
    height = min(one.box[3], other.box[3]) - max(one.box[1], other.box[1])
    areas = [(s.box[2] - s.box[0]) * (s.box[3] - s.box[1]) for s in (one, other)]
    return width > 0 and height > 0 and 3 * width * height > min(areas)


def _triple(values: npt.NDArray[np.floating]) -> tuple[float, float, float]:
    lightness, a, b = (float(value) for value in values)
    return lightness, a, b
