"""Finding faces and their features with MediaPipe's networks, which the package carries as ONNX.

``weights/faces.md`` is their model card. BlazeFace (V. Bazarevsky et al. 2019) finds faces, the
face mesh (Y. Kartynnik et al. 2019) 468 points of each, the iris network (A. Ablavatski et al.
2020) lids and iris of each eye.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ..merging import distinct
from .networks import run

ByteArray = npt.NDArray[np.uint8]
FloatArray = npt.NDArray[np.float32]
Point = tuple[float, float]

WEIGHTS = Path(__file__).parent / "weights"
NETWORKS = ("face-detection", "face-mesh", "iris")

MAX_PIXELS = 1_000_000
"""Larger pictures are shrunk to this before faces are sought."""
MIN_LONG_SIDE = 90
"""Each level of the pyramid has half the side of the one before, down to this."""
STRIDE = 4
MULTIPLE = 32
"""Pixels: of the detector's output, and what its input is a multiple of."""
MESH_SIDE = 192
MESH_MARGIN = 1.5
"""Side of the mesh's square over that of the detected box."""
EYE_SIDE = 64
EYE_MARGIN = 2.3
"""Side of the iris network's square over the width of the eye."""
BATCH = 8

EYE_CORNERS = ((33, 133), (263, 362))
"""Mesh points: outer and inner corner of the eye on the left of the picture and on the right."""


@dataclass(frozen=True, slots=True)
class Face:
    """One face as detected, in pixels of the picture."""

    x: float
    y: float
    """Centre of the box."""
    side: float
    """Longer side of the box, which reaches from brow to chin."""
    eyes: tuple[Point, Point]
    """On the left of the picture and on the right."""
    score: float
    """How sure the detector is, 0 to 1."""


@dataclass(frozen=True, slots=True)
class Square:
    """A square of a picture, perhaps rotated, that a network looks at."""

    x: float
    y: float
    """Centre, pixels of the picture."""
    side: float
    angle: float
    """Of its upper edge against the horizontal, radians, clockwise."""

    def to_picture(self, points: FloatArray, size: int) -> FloatArray:
        """Points of a crop of ``size`` pixels, [n, 2], as pixels of the picture."""
        scale = self.side / size
        offset = (points - size / 2) * scale
        c, s = np.cos(self.angle), np.sin(self.angle)
        turned: FloatArray = (offset @ np.array([[c, s], [-s, c]])).astype(np.float32)
        return turned + np.array([self.x, self.y], dtype=np.float32)

    def cut(self, pixels: ByteArray, size: int) -> ByteArray:
        """The square as uint8 [size, size, 3]; black beyond the picture."""
        import cv2

        reach = 0.75 * self.side + 2
        height, width = pixels.shape[:2]
        left, top = (max(0, int(v - reach)) for v in (self.x, self.y))
        right, bottom = min(width, int(self.x + reach) + 1), min(height, int(self.y + reach) + 1)
        if right <= left or bottom <= top:
            return np.zeros((size, size, 3), dtype=np.uint8)
        part = pixels[top:bottom, left:right]
        # Bilinear sampling skips pixels where it shrinks by more than two.
        shrink = max(1, int(self.side / size / 1.5))
        shape = (-(-part.shape[1] // shrink), -(-part.shape[0] // shrink))
        if shrink > 1:
            part = cv2.resize(part, shape, interpolation=cv2.INTER_AREA)
        ratio = np.array([shape[0] / (right - left), shape[1] / (bottom - top)])
        ends = self.to_picture(np.array([[0, 0], [size, 0], [0, size]], np.float32), size)
        source = ((ends - [left, top]) * ratio - 0.5).astype(np.float32)
        target = np.array([[-0.5, -0.5], [size - 0.5, -0.5], [-0.5, size - 0.5]], np.float32)
        matrix = cv2.getAffineTransform(source, target)
        crop: ByteArray = cv2.warpAffine(part, matrix, (size, size), flags=cv2.INTER_LINEAR)
        return crop


@dataclass(frozen=True, slots=True)
class Eye:
    """Lids and iris, float32 [n, 2], pixels of the crop, mirrored for the eye on the right."""

    lower: FloatArray
    """Nine points from the outer to the inner corner."""
    upper: FloatArray
    """Seven points between the corners."""
    iris: FloatArray
    """Centre, then right, upper, left and lower edge."""


def available() -> bool:
    """Whether all weights are there."""
    return all((WEIGHTS / f"{name}.onnx").is_file() for name in NETWORKS)


def find_faces(pixels: ByteArray, min_score: float) -> list[Face]:
    """Faces at least ``min_score`` sure, surest first, each once.

    Args:
        pixels: uint8 [h, w, 3], sRGB.
    """
    import cv2

    height, width = pixels.shape[:2]
    scale = min(1.0, (MAX_PIXELS / (height * width)) ** 0.5)
    found: list[Face] = []
    level = pixels
    while True:
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        if size != (level.shape[1], level.shape[0]):
            level = cv2.resize(level, size, interpolation=cv2.INTER_AREA)
        found += _detect(level, width / size[0], min_score)
        scale /= 2
        if max(size) < 2 * MIN_LONG_SIDE:
            break
    found.sort(key=lambda face: -face.score)
    return distinct(found, same_face)


def same_face(one: Face, other: Face) -> bool:
    """Whether two boxes are about the same."""
    apart = np.hypot(one.x - other.x, one.y - other.y)
    sides = sorted((one.side, other.side))
    return bool(apart < 0.4 * sides[1] and sides[0] > 0.45 * sides[1])


def square_of(face: Face) -> Square:
    """What the mesh looks at."""
    (ax, ay), (bx, by) = face.eyes
    return Square(face.x, face.y, MESH_MARGIN * face.side, float(np.arctan2(by - ay, bx - ax)))


def mesh_points(crops: Sequence[ByteArray]) -> tuple[FloatArray, FloatArray]:
    """Points of each face, float32 [n, 468, 2] in pixels of the crop, and its presence, [n].

    Args:
        crops: uint8 [`MESH_SIDE`, `MESH_SIDE`, 3] each.
    """
    points, presence = _run("face-mesh", crops)
    likely = 1 / (1 + np.exp(-presence.reshape(-1)))
    return points.reshape(-1, 468, 3)[..., :2], likely.astype(np.float32)


def eye_squares(points: FloatArray) -> tuple[Square, Square]:
    """What the iris network looks at, for the eye on the left and on the right.

    Args:
        points: float32 [468, 2], the mesh in pixels of the picture.
    """
    squares = []
    for outer, inner in EYE_CORNERS:
        left, right = sorted((points[outer], points[inner]), key=lambda point: float(point[0]))
        x, y = (left + right) / 2
        across = right - left
        width = float(np.hypot(*across))
        angle = float(np.arctan2(across[1], across[0]))
        squares.append(Square(float(x), float(y), max(1.0, EYE_MARGIN * width), angle))
    return squares[0], squares[1]


def eyes(crops: Sequence[ByteArray], mirrored: Sequence[bool]) -> list[Eye]:
    """Lids and iris of each crop; eyes on the right are mirrored, as the network knows left ones.

    Args:
        crops: uint8 [`EYE_SIDE`, `EYE_SIDE`, 3] each.
    """
    turned = [c[:, ::-1] if flip else c for c, flip in zip(crops, mirrored, strict=True)]
    contour, iris = _run("iris", turned)
    contour = contour.reshape(len(crops), -1, 3)[..., :2]
    iris = iris.reshape(len(crops), -1, 3)[..., :2]
    return [Eye(lids[:9], lids[9:16], disc) for lids, disc in zip(contour, iris, strict=True)]


def _detect(level: ByteArray, pixel: float, min_score: float) -> list[Face]:
    """Faces of one level; ``pixel``: pixels of the picture for one of the level."""
    height, width = level.shape[:2]
    rows, columns = (-(-side // MULTIPLE) * MULTIPLE for side in (height, width))
    padded = np.zeros((rows, columns, 3), dtype=np.float32)
    padded[:height, :width] = level.astype(np.float32) / 127.5 - 1
    given = np.ascontiguousarray(padded.transpose(2, 0, 1)[None])
    boxes, scores = run(WEIGHTS / "face-detection.onnx", {"pixels": given})
    likely = 1 / (1 + np.exp(-np.clip(scores[0, :, 0], -80, 80)))
    anchors = np.nonzero(likely >= min_score)[0]
    result = []
    for index in anchors.tolist():
        row, column = divmod(index, columns // STRIDE)
        numbers = boxes[0, index].reshape(8, 2).astype(float)
        numbers[0] += [(column + 0.5) * STRIDE, (row + 0.5) * STRIDE]
        numbers[2:] += [(column + 0.5) * STRIDE, (row + 0.5) * STRIDE]
        (x, y), (w, h), left, right = (numbers[:4] * pixel).tolist()
        side = max(w, h)
        if side > 0 and left[0] != right[0]:
            ends = (left[0], left[1]), (right[0], right[1])
            result.append(Face(x, y, side, ends, float(likely[index])))
    return result


def _run(name: str, crops: Sequence[ByteArray]) -> tuple[FloatArray, FloatArray]:
    """Both outputs of a network for square crops, batch by batch."""
    outputs: list[list[FloatArray]] = [[], []]
    for start in range(0, len(crops), BATCH):
        batch = np.stack(crops[start : start + BATCH]).astype(np.float32) / 255
        given = np.ascontiguousarray(batch.transpose(0, 3, 1, 2))
        for sink, output in zip(
            outputs, run(WEIGHTS / f"{name}.onnx", {"pixels": given}), strict=True
        ):
            sink.append(output.reshape(len(batch), -1))
    first, second = (np.concatenate(parts) for parts in outputs)
    return first, second
