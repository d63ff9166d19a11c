"""Polygons around what changed."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import numpy.typing as npt

from provenance.labels import Finding, Risk, parse_risk, to_json
from provenance.risk import assess

Pixels = npt.NDArray[np.uint8]


def area(polygon: tuple[int, ...]) -> float:
    corners = np.array(polygon, dtype=np.int32).reshape(-1, 2)
    return float(cv2.contourArea(corners))


def signals(original: Pixels, reconstruction: Pixels) -> Risk:
    return assess(original, reconstruction, detectors=["signal"])


def worst_with_polygon(risk: Risk) -> tuple[Finding, tuple[int, ...]]:
    finding = next(f for f in risk.findings if f.polygon)
    assert finding.polygon is not None
    return finding, finding.polygon


def test_a_slanting_thing_has_a_polygon_that_says_more_than_its_box(lighthouse: Pixels) -> None:
    sky = np.asarray(cv2.GaussianBlur(lighthouse, (0, 0), 8), dtype=np.uint8)
    original = sky.copy()
    cv2.line(original, (80, 50), (104, 74), (30, 30, 30), 7, cv2.LINE_AA)
    finding, polygon = worst_with_polygon(signals(original, sky))
    x, y, width, height = finding.box
    assert area(polygon) < 0.8 * width * height
    corners = np.array(polygon, dtype=np.int32).reshape(-1, 2)
    assert cv2.pointPolygonTest(corners, (92, 62), False) > 0
    assert cv2.pointPolygonTest(corners, (x + width - 1, y + 1), False) < 0


def test_polygons_lie_in_their_boxes_and_follow_the_schema(
    photo: Callable[[str], Pixels],
) -> None:
    risk = signals(photo("pairs/diffeic/08-original.webp"), photo("pairs/diffeic/08-lambda16.webp"))
    assert to_json(parse_risk(to_json(risk))) == to_json(risk)
    polygons = [(f.box, f.polygon) for f in risk.findings if f.polygon]
    assert polygons
    for (x, y, width, height), polygon in polygons:
        assert 6 <= len(polygon) <= 24
        assert len(polygon) % 2 == 0
        assert all(x <= value <= x + width for value in polygon[::2])
        assert all(y <= value <= y + height for value in polygon[1::2])
