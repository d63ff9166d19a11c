"""What changed within a face: where its features lie, its eyes, its skin, its structure.

The original and the reconstruction are looked at through the same squares, and so is the original
with slight harm done to it: what that changes is the networks' own noise.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..signals.oklab import to_oklab
from ..signals.pyramid import smooth
from .facial import (
    EYE_CORNERS,
    EYE_SIDE,
    MESH_SIDE,
    Eye,
    Face,
    eye_squares,
    eyes,
    mesh_points,
    square_of,
)
from .perturbation import recompressed

FloatArray = npt.NDArray[np.float32]
ByteArray = npt.NDArray[np.uint8]

PARTS = {
    "mouth": (61, 291, 0, 17, 13, 14, 37, 267, 84, 314, 78, 308),
    "nose": (1, 4, 5, 48, 278, 64, 294, 98, 327, 168),
    "brows": (46, 53, 52, 65, 55, 70, 63, 105, 66, 107, 276, 283, 282, 295, 285, 300, 293, 334),
    "outline": (234, 454, 132, 361, 58, 288, 172, 397, 136, 365, 152, 148, 377),
}
"""Mesh points of each feature that is compared."""
CHEEKS = (50, 280, 205, 425, 101, 330)
FOREHEAD = (151, 9)
"""Mesh points around which bare skin is likely."""
SKIN_RADIUS = 5
"""Of the patches around them, pixels of the crop."""
PERTURBED_QUALITY = 75
NUDGE_PX = 3
"""Pixels of the mesh's crop by which the second perturbed view is shifted."""
DRIFT = 3
"""How far aside structure may lie and still count as kept, pixels of a crop."""
FINE_SIGMA = 6.0
"""Structure is what is finer than this, pixels of a crop."""


@dataclass(frozen=True, slots=True)
class EyeChange:
    """One eye; each measure with what perturbing the original does to it."""

    box: tuple[float, float, float, float]
    """Left, top, right, bottom, pixels of the picture."""
    width: float
    """Between its corners, pixels of the picture."""
    openness: tuple[float, float]
    """Gap between the lids over the width, before and after."""
    openness_jitter: float
    gaze: tuple[tuple[float, float], tuple[float, float]]
    """Iris centre against the middle of the corners, over the width, before and after."""
    gaze_jitter: float
    iris_shift: float
    """Of the iris's colour, OKLab times 100."""
    iris_jitter: float
    structure_lost: float
    """1 less the correlation of fine lightness; above 1 where it turned."""
    structure_jitter: float


@dataclass(frozen=True, slots=True)
class FaceChange:
    """One face; lengths are shares of the distance between the eyes."""

    presence: float
    """Of a face in the original, as the mesh network tells, perturbed or not: the lowest."""
    presence_after: float
    eye_distance: float
    """Between the middles of the eyes, pixels of the picture."""
    box: tuple[float, float, float, float]
    moved: dict[str, float]
    """Mean displacement of each of `PARTS`."""
    moved_jitter: dict[str, float]
    skin_shift: tuple[float, float, float]
    """Median change of the skin: OKLab times 100."""
    skin_jitter: float
    structure_lost: float
    structure_jitter: float
    eyes: tuple[EyeChange, EyeChange]


def compare_features(original: ByteArray, reconstruction: ByteArray, face: Face) -> FaceChange:
    """Measure what became of a face.

    Args:
        original, reconstruction: uint8 [h, w, 3], sRGB, equal sizes.
        face: as found in the original.
    """
    part, left, top = _around(original, face)
    square = square_of(Face(face.x - left, face.y - top, face.side, face.eyes, face.score))
    after = reconstruction[top : top + part.shape[0], left : left + part.shape[1]]
    harmed = recompressed(part, PERTURBED_QUALITY)
    nudge = NUDGE_PX * square.side / MESH_SIDE
    nudged = type(square)(square.x + nudge, square.y + nudge, square.side, square.angle)
    views = [(part, square), (after, square), (harmed, square), (harmed, nudged)]
    crops = [s.cut(pixels, MESH_SIDE) for pixels, s in views]
    raw, presence = mesh_points(crops)
    meshes = [s.to_picture(p, MESH_SIDE) for p, (_v, s) in zip(raw, views, strict=True)]
    before = meshes[0]
    middles = [before[list(corners)].mean(axis=0) for corners in EYE_CORNERS]
    distance = max(1.0, float(np.linalg.norm(middles[1] - middles[0])))

    def moved(mesh: FloatArray) -> dict[str, float]:
        lengths = np.linalg.norm(mesh - before, axis=1) / distance
        return {name: float(lengths[list(points)].mean()) for name, points in PARTS.items()}

    jitters = [moved(mesh) for mesh in meshes[2:]]
    skin = [_skin(crop, raw[0]) for crop in crops[:3]]
    lows, highs = before.min(axis=0), before.max(axis=0)
    offset = np.array([left, top, left, top], dtype=np.float64)
    box = np.concatenate([lows, highs]) + offset
    lost = [_structure_lost(crops[0], crop, _inside(raw[0])) for crop in crops[1:3]]
    return FaceChange(
        presence=float(presence[[0, 2, 3]].min()),
        presence_after=float(presence[1]),
        eye_distance=distance,
        box=_four(box),
        moved=moved(meshes[1]),
        moved_jitter={name: max(jitter[name] for jitter in jitters) for name in PARTS},
        skin_shift=_three(skin[1] - skin[0]),
        skin_jitter=float(np.linalg.norm(skin[2] - skin[0])),
        structure_lost=lost[0],
        structure_jitter=lost[1],
        eyes=_eye_changes((part, after, harmed), meshes, offset),
    )


def _eye_changes(
    pictures: tuple[ByteArray, ByteArray, ByteArray],
    meshes: Sequence[FloatArray],
    offset: npt.NDArray[np.float64],
) -> tuple[EyeChange, EyeChange]:
    # The mesh of the reconstruction is not asked: where it strays, so would the eye.
    squares, nudged = eye_squares(meshes[0]), eye_squares(meshes[3])
    crops = [s.cut(p, EYE_SIDE) for p in pictures for s in squares]
    crops += [s.cut(pictures[2], EYE_SIDE) for s in nudged]
    seen = eyes(crops, [False, True] * 4)
    changes = []
    for side in (0, 1):
        before, after, *again = (seen[view * 2 + side] for view in range(4))
        first, second, harmed = (crops[view * 2 + side] for view in range(3))
        if side:
            first, second, harmed = (c[:, ::-1] for c in (first, second, harmed))
        colours = [_iris_colour(crop, before) for crop in (first, second, harmed)]
        width = float(np.linalg.norm(before.lower[0] - before.lower[-1]))
        square = squares[side]
        lids = np.concatenate([before.lower, before.upper])
        if side:
            lids = np.array([EYE_SIDE, 0], np.float32) + lids * np.array([-1, 1], np.float32)
        there = square.to_picture(lids.astype(np.float32), EYE_SIDE)
        reach = 0.15 * width * square.side / EYE_SIDE
        box = np.concatenate([there.min(axis=0) - reach, there.max(axis=0) + reach]) + offset
        gazes = [_gaze(eye) for eye in (before, after, *again)]
        opens = [_openness(eye) for eye in (before, after, *again)]
        mask = _eye_mask(width)
        changes.append(
            EyeChange(
                box=_four(box),
                width=width * square.side / EYE_SIDE,
                openness=(opens[0], opens[1]),
                openness_jitter=max(abs(value - opens[0]) for value in opens[2:]),
                gaze=(gazes[0], gazes[1]),
                gaze_jitter=max(
                    float(np.hypot(x - gazes[0][0], y - gazes[0][1])) for x, y in gazes[2:]
                ),
                iris_shift=float(np.linalg.norm(colours[1] - colours[0])),
                iris_jitter=float(np.linalg.norm(colours[2] - colours[0])),
                structure_lost=_structure_lost(first, second, mask),
                structure_jitter=_structure_lost(first, harmed, mask),
            )
        )
    return changes[0], changes[1]


def _around(pixels: ByteArray, face: Face) -> tuple[ByteArray, int, int]:
    """The part of a picture that holds all squares of a face, with where it begins."""
    reach = 1.3 * face.side + 8
    height, width = pixels.shape[:2]
    # Whole blocks, so that perturbing the part does what perturbing the picture would.
    left, top = (max(0, int(v - reach) // 16 * 16) for v in (face.x, face.y))
    right = min(width, int(face.x + reach) + 1)
    bottom = min(height, int(face.y + reach) + 1)
    return pixels[top:bottom, left:right], left, top


def _openness(eye: Eye) -> float:
    width = max(1e-3, float(np.linalg.norm(eye.lower[0] - eye.lower[-1])))
    gaps = np.linalg.norm(eye.upper - eye.lower[1:-1], axis=1)
    return float(np.sort(gaps)[-3:].mean()) / width


def _gaze(eye: Eye) -> tuple[float, float]:
    across = eye.lower[-1] - eye.lower[0]
    width = max(1e-3, float(np.linalg.norm(across)))
    along = across / width
    offset = (eye.iris[0] - (eye.lower[0] + eye.lower[-1]) / 2) / width
    return float(offset @ along), float(offset[1] * along[0] - offset[0] * along[1])


def _iris_colour(crop: ByteArray, eye: Eye) -> FloatArray:
    """Median OKLab of the lower iris, without pupil, lid and most reflections."""
    radius = float(np.linalg.norm(eye.iris[1:] - eye.iris[0], axis=1).mean())
    rows, columns = np.mgrid[:EYE_SIDE, :EYE_SIDE]
    dx, dy = columns - eye.iris[0, 0], rows - eye.iris[0, 1]
    distance = np.hypot(dx, dy)
    ring = (distance < 0.9 * radius) & (distance > 0.4 * radius) & (dy > -0.3 * radius)
    lab = to_oklab(np.ascontiguousarray(crop))
    if not ring.any():
        ring[EYE_SIDE // 2, EYE_SIDE // 2] = True
    colour: FloatArray = np.median(lab[ring], axis=0)
    return colour


def _skin(crop: ByteArray, points: FloatArray) -> FloatArray:
    """Median OKLab of the patches where bare skin is likely."""
    lab = to_oklab(np.ascontiguousarray(crop))
    colours = []
    for x, y in points[[*CHEEKS, *FOREHEAD]]:
        row = int(np.clip(y, SKIN_RADIUS, MESH_SIDE - SKIN_RADIUS - 1))
        column = int(np.clip(x, SKIN_RADIUS, MESH_SIDE - SKIN_RADIUS - 1))
        patch = lab[
            row - SKIN_RADIUS : row + SKIN_RADIUS + 1,
            column - SKIN_RADIUS : column + SKIN_RADIUS + 1,
        ]
        colours.append(patch.reshape(-1, 3).mean(axis=0))
    skin: FloatArray = np.median(np.stack(colours), axis=0)
    return skin


def _inside(points: FloatArray) -> FloatArray:
    """1 within the hull of the mesh, 0 without, float32 [192, 192]."""
    import cv2

    mask = np.zeros((MESH_SIDE, MESH_SIDE), dtype=np.uint8)
    cv2.fillConvexPoly(mask, cv2.convexHull(points.astype(np.int32)), (1,))
    return mask.astype(np.float32)


def _eye_mask(width: float) -> FloatArray:
    """Where the eye is in its crop: an ellipse somewhat wider than the lids."""
    rows, columns = np.mgrid[:EYE_SIDE, :EYE_SIDE] - EYE_SIDE / 2
    reach = max(6.0, 0.65 * width)
    mask: FloatArray = (np.hypot(columns, 1.4 * rows) < reach).astype(np.float32)
    return mask


def _structure_lost(before: ByteArray, after: ByteArray, mask: FloatArray) -> float:
    """1 less the highest correlation of fine lightness within a mask, over small shifts."""
    x, y = (_fine(crop) for crop in (before, after))
    best = -1.0
    inner = slice(DRIFT, x.shape[0] - DRIFT)
    weight = mask[inner, inner]
    base = x[inner, inner] * weight
    energy = float((base * base).sum())
    for dy in range(-DRIFT, DRIFT + 1):
        for dx in range(-DRIFT, DRIFT + 1):
            moved = (
                y[DRIFT + dy : y.shape[0] - DRIFT + dy, DRIFT + dx : y.shape[1] - DRIFT + dx]
                * weight
            )
            other = float((moved * moved).sum())
            best = max(best, float((base * moved).sum()) / (np.sqrt(energy * other) + 1e-6))
    return float(1 - best)


def _fine(crop: ByteArray) -> FloatArray:
    lightness = to_oklab(np.ascontiguousarray(crop))[..., 0]
    lightness = smooth(lightness, 1.0)
    return lightness - smooth(lightness, FINE_SIGMA)


def _four(values: npt.NDArray[np.floating]) -> tuple[float, float, float, float]:
    left, top, right, bottom = (float(value) for value in values)
    return left, top, right, bottom


def _three(values: FloatArray) -> tuple[float, float, float]:
    lightness, a, b = (float(value) for value in values)
    return lightness, a, b
