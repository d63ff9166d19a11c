"""Finding and reading lines of text with the PP-OCR networks that rapidocr's package contains.

The networks are run directly: rapidocr's own pipeline logs, may download, and tells neither the
confidence nor the place of a single character.
"""

from __future__ import annotations

import functools
import importlib.util
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from .networks import metadata, run

ByteArray = npt.NDArray[np.uint8]
FloatArray = npt.NDArray[np.float32]

TILE = 1216
OVERLAP = 128
"""Pixels of the detector's tiles; lines are found that a pass over the whole picture misses."""
MIN_DETECTION_SIDE = 1536
MAX_ENLARGEMENT = 3.0
"""Smaller pictures are enlarged towards this: the detector does not see text under some 12 px."""
MAX_DETECTION_PIXELS = 5_000_000
LINE_HEIGHT = 48
MIN_LINE_WIDTH = 320
MAX_LINE_WIDTH = 1600
"""Pixels of the recogniser's input."""
BATCH = 6
MARGIN = 2.0
"""Pixels around a line that the recogniser sees."""

_TEXT_PIXEL = 0.3
_TEXT_LINE = 0.5
_UNCLIP = 1.6
"""Thresholds and growth of DB (M. Liao et al. 2020), as PP-OCR sets them."""
_MIN_LINE_SIDE = 3


@dataclass(frozen=True, slots=True)
class Line:
    """Where a line of text stands: a rectangle that may be rotated, in pixels."""

    corners: tuple[tuple[float, float], ...]
    """Clockwise from where reading begins: top left, top right, bottom right, bottom left."""
    score: float = 1.0
    """How sure the detector is that this is text: the mean of its map, `_TEXT_LINE` to 1."""

    @property
    def width(self) -> float:
        """Length of the line, px."""
        return _distance(self.corners[0], self.corners[1])

    @property
    def height(self) -> float:
        """Height of the letters with what surrounds them, px."""
        return _distance(self.corners[1], self.corners[2])

    def read_box(self, start: float, stop: float) -> tuple[float, float, float, float]:
        """As `box`, between two fractions of the length of what was read, margins included."""
        ends = (((self.width + 2 * MARGIN) * at - MARGIN) / self.width for at in (start, stop))
        first, last = (min(1.0, max(0.0, end)) for end in ends)
        return self.box(first, last)

    def box(self, start: float = 0.0, stop: float = 1.0) -> tuple[float, float, float, float]:
        """Left, top, right, bottom around the part between two fractions of the length."""
        a, b, c, d = (np.array(corner) for corner in self.corners)
        points = np.array(
            [a + (b - a) * start, a + (b - a) * stop, d + (c - d) * start, d + (c - d) * stop]
        )
        left, top = points.min(axis=0).tolist()
        right, bottom = points.max(axis=0).tolist()
        return left, top, right, bottom


@dataclass(frozen=True, slots=True)
class Character:
    """One character as read."""

    text: str
    confidence: float
    position: float
    """Of its centre along the line, 0 to 1."""


Reading = tuple[Character, ...]


def models() -> dict[str, Path]:
    """The networks inside the installed rapidocr package, by task: ``det`` and ``rec``."""
    spec = importlib.util.find_spec("rapidocr")
    if spec is None or not spec.submodule_search_locations:
        return {}
    folder = Path(spec.submodule_search_locations[0]) / "models"
    found = {task: sorted(folder.glob(f"*_{task}_*.onnx")) for task in ("det", "rec")}
    return {task: paths[-1] for task, paths in found.items() if paths}


def find_lines(pixels: ByteArray, interesting: npt.NDArray[np.bool_] | None = None) -> list[Line]:
    """Lines of text in a picture, in overlapping tiles.

    Args:
        pixels: uint8 [h, w, 3], sRGB.
        interesting: boolean map of any size over the same picture; tiles without a true cell are
            not looked at. None: all are.
    """
    import cv2

    height, width = pixels.shape[:2]
    wanted = max(1.0, min(MIN_DETECTION_SIDE / min(height, width), MAX_ENLARGEMENT))
    scale = min(wanted, (MAX_DETECTION_PIXELS / (height * width)) ** 0.5)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    picture = cv2.resize(pixels, size, interpolation=method) if scale != 1 else pixels
    lines: list[Line] = []
    for rows, columns in _tiles(picture.shape[0], picture.shape[1]):
        if interesting is not None and not _any_within(interesting, rows, columns, size):
            continue
        for corners, score in _detect(picture[rows, columns]):
            placed = (corners + np.array([columns.start, rows.start])) / scale
            lines.append(Line(tuple((float(x), float(y)) for x, y in placed), score))
    return _without_doubles(lines)


def read_lines(crops: Sequence[ByteArray]) -> list[Reading]:
    """What upright crops of single lines say.

    Args:
        crops: uint8 [h, w, 3] each, sRGB, of any size.
    """
    order = sorted(range(len(crops)), key=lambda i: crops[i].shape[1] / crops[i].shape[0])
    readings: list[Reading] = [()] * len(crops)
    for begin in range(0, len(order), BATCH):
        batch = order[begin : begin + BATCH]
        for index, reading in zip(batch, _recognise([crops[i] for i in batch]), strict=True):
            readings[index] = reading
    return readings


def crop(pixels: ByteArray, line: Line, margin: float = MARGIN) -> ByteArray:
    """The line, turned upright, with a margin of some pixels around it."""
    import cv2

    a, b, _c, d = (np.array(corner, dtype=np.float64) for corner in line.corners)
    along = (b - a) / max(line.width, 1e-6)
    down = (d - a) / max(line.height, 1e-6)
    start = a - margin * (along + down)
    width = max(1, round(line.width + 2 * margin))
    height = max(1, round(line.height + 2 * margin))
    source = np.array([start, start + along * width, start + down * height], dtype=np.float32)
    target = np.array([[0, 0], [width, 0], [0, height]], dtype=np.float32)
    matrix = cv2.getAffineTransform(source, target)
    upright: ByteArray = cv2.warpAffine(
        pixels, matrix, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
    )
    return upright


def is_cut(corners: tuple[float, float, float, float], shape: tuple[int, ...]) -> bool:
    """Whether letters reach the edge of the picture: what is left of them is read by guess."""
    height, width = shape[:2]
    left, top, right, bottom = corners
    return left < 1 or top < 1 or right > width - 1 or bottom > height - 1


def _run(task: str, batch: FloatArray) -> FloatArray:
    output: FloatArray = run(models()[task], {"x": batch})[0]
    return output


def _normalised(pixels: ByteArray) -> FloatArray:
    """[3, h, w] in BGR order, -1 to 1, as the networks were trained."""
    planes = pixels[..., ::-1].transpose(2, 0, 1).astype(np.float32)
    return planes / np.float32(127.5) - np.float32(1)


def _tiles(height: int, width: int) -> Iterator[tuple[slice, slice]]:
    for rows in _spans(height):
        for columns in _spans(width):
            yield rows, columns


def _spans(length: int) -> list[slice]:
    count = max(1, -(-(length - OVERLAP) // (TILE - OVERLAP)))
    size = min(length, -(-(length + (count - 1) * OVERLAP) // count))
    starts = [round(i * (length - size) / max(1, count - 1)) for i in range(count)]
    return [slice(start, start + size) for start in starts]


def _any_within(
    cells: npt.NDArray[np.bool_], rows: slice, columns: slice, size: tuple[int, int]
) -> bool:
    down, across = cells.shape[0] / size[1], cells.shape[1] / size[0]
    return bool(
        cells[
            int(rows.start * down) : int(rows.stop * down) + 1,
            int(columns.start * across) : int(columns.stop * across) + 1,
        ].any()
    )


def _detect(tile: ByteArray) -> list[tuple[FloatArray, float]]:
    """Corners [4, 2] of the lines in a tile, in its own pixels, and their scores."""
    import cv2

    height, width = tile.shape[:2]
    inner = (max(32, round(width / 32) * 32), max(32, round(height / 32) * 32))
    text = _run("det", _normalised(cv2.resize(tile, inner))[None])[0, 0]
    mask = cv2.dilate((text > _TEXT_PIXEL).astype(np.uint8), np.ones((2, 2), np.uint8))
    contours, _hierarchy = cv2.findContours(mask, cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE)
    found = []
    for contour in contours:
        centre, (side_a, side_b), angle = cv2.minAreaRect(contour)
        if min(side_a, side_b) < _MIN_LINE_SIDE:
            continue
        left, top, w, h = cv2.boundingRect(contour)
        inside = np.zeros((h, w), dtype=np.uint8)
        cv2.drawContours(inside, [contour - (left, top)], -1, 1, cv2.FILLED)
        score = float(text[top : top + h, left : left + w][inside > 0].mean())
        if score < _TEXT_LINE:
            continue
        grow = 2 * _UNCLIP * side_a * side_b / (2 * (side_a + side_b))
        corners = cv2.boxPoints((centre, (side_a + grow, side_b + grow), angle))
        found.append((_upright(corners) * (width / inner[0], height / inner[1]), score))
    return found


def _upright(corners: npt.NDArray[Any]) -> FloatArray:
    """In reading order: along the long side, left to right, or upwards if the line stands."""
    points = np.asarray(corners, dtype=np.float32)
    sides = np.linalg.norm(np.roll(points, -1, axis=0) - points, axis=1)
    if sides[0] < sides[1]:
        points = np.roll(points, -1, axis=0)
    along = points[1] - points[0]
    lies = abs(along[0]) >= abs(along[1])
    backwards = along[0] < 0 if lies else along[1] > 0
    return np.roll(points, -2, axis=0) if backwards else points


def _without_doubles(lines: list[Line]) -> list[Line]:
    """Tiles overlap: parts of a line are joined, and of lines on one place one is kept."""
    kept: list[Line] = []
    for line in sorted(lines, key=lambda line: -line.width * line.height):
        for index, other in enumerate(kept):
            joined = _joined(other, line)
            if joined is not None:
                kept[index] = joined
                break
        else:
            kept.append(line)
    return kept


def _joined(line: Line, part: Line) -> Line | None:
    """The line that both belong to; None where they are two."""
    a, b, _c, d = (np.array(corner) for corner in line.corners)
    along = (b - a) / max(line.width, 1e-6)
    down = (d - a) / max(line.height, 1e-6)
    points = np.array(part.corners) - a
    x, y = points @ along, points @ down
    inside = min(y.max(), line.height) - max(y.min(), 0.0)
    shared = min(x.max(), line.width) - max(x.min(), 0.0)
    if inside < 0.6 * (y.max() - y.min()) or shared <= 0:
        return None
    if shared > 0.6 * (x.max() - x.min()):
        return line
    if not 0.67 < line.height / max(part.height, 1e-6) < 1.5:
        return None
    left, right = min(x.min(), 0.0), max(x.max(), line.width)
    bottom = down * line.height
    top = (a + along * left, a + along * right)
    corners = (*top, top[1] + bottom, top[0] + bottom)
    return Line(tuple((float(x), float(y)) for x, y in corners), max(line.score, part.score))


def _recognise(crops: Sequence[ByteArray]) -> list[Reading]:
    import cv2

    widths = [
        min(MAX_LINE_WIDTH, max(8, round(LINE_HEIGHT * c.shape[1] / c.shape[0]))) for c in crops
    ]
    longest = max(MIN_LINE_WIDTH, *widths)
    batch = np.zeros((len(crops), 3, LINE_HEIGHT, longest), dtype=np.float32)
    for row, (pixels, width) in enumerate(zip(crops, widths, strict=True)):
        shrinks = pixels.shape[0] > LINE_HEIGHT
        method = cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC
        fitted = cv2.resize(pixels, (width, LINE_HEIGHT), interpolation=method)
        batch[row, :, :, :width] = _normalised(fitted)
    scores = _run("rec", batch)
    return [_decode(scores[row], scale=longest / width) for row, width in enumerate(widths)]


def _decode(scores: FloatArray, scale: float) -> Reading:
    """Best path of CTC (A. Graves et al. 2006): repeats merged, blanks (class 0) dropped."""
    best = scores.argmax(axis=1)
    characters = []
    steps = len(best)
    begin = 0
    for step in range(1, steps + 1):
        if step < steps and best[step] == best[begin]:
            continue
        kind = int(best[begin])
        if kind:
            characters.append(
                Character(
                    text=_alphabet()[kind],
                    confidence=float(scores[begin:step, kind].max()),
                    position=min(1.0, (begin + step) / 2 / steps * scale),
                )
            )
        begin = step
    return tuple(characters)


@functools.cache
def _alphabet() -> tuple[str, ...]:
    """Characters by class: blank, the network's own, and the space that PP-OCR puts last."""
    listed = metadata(models()["rec"])["character"].splitlines()
    return ("", *listed, " ")


def _distance(one: tuple[float, float], other: tuple[float, float]) -> float:
    return float(np.hypot(one[0] - other[0], one[1] - other[1]))
