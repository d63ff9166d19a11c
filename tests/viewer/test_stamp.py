"""The mark in the corner of a picture."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from provenance.errors import UsageError
from provenance.imaging import Photo
from provenance.labels import Risk, parse_label
from provenance.viewer.stamp import Box, stamp

from ..labels.test_schema import LABEL

RISK = parse_label(LABEL).risk


def _photo(width: int, height: int, value: int = 128) -> Photo:
    return Photo(np.full((height, width, 3), value, np.uint8))


def _with(*boxes: Box) -> Risk:
    [finding] = RISK.findings
    return replace(RISK, findings=tuple(replace(finding, box=box) for box in boxes))


def test_nothing_but_the_mark_changes_and_the_picture_given_stays() -> None:
    photo = _photo(640, 480)
    before = photo.pixels.copy()
    marked, (x, y, width, height) = stamp(photo, RISK, "photo")
    assert np.array_equal(photo.pixels, before)
    rest = marked.pixels.astype(int) - before
    assert np.abs(rest[y : y + height, x : x + width]).max() > 100
    rest[y : y + height, x : x + width] = 0
    assert not rest.any()
    # Lower right, within the picture, and in proportion to it.
    assert x + width < 640 and y + height < 480 and x > 320 and y > 240
    assert width == height == round(0.06 * (640 * 480) ** 0.5)
    assert stamp(_photo(4000, 3000), RISK, "photo")[1][2] == 208


@pytest.mark.parametrize("ground", [0, 60, 128, 200, 255])
def test_it_can_be_read_on_any_ground(ground: int) -> None:
    marked, (x, y, side, _) = stamp(_photo(300, 300, ground), RISK, "photo")
    patch = marked.pixels[y : y + side, x : x + side].astype(int)
    assert np.abs(patch - ground).max() > 120
    # White digit on a dark plate, whatever lies below.
    inner = patch[side // 4 : -side // 4, side // 4 : -side // 4].mean(axis=2)
    assert inner.max() - inner.min() > 120


def test_each_level_looks_different_also_in_grey() -> None:
    photo = replace(_photo(300, 300), grey=True)
    marked = [stamp(photo, replace(RISK, level=level), "p")[0].pixels for level in range(1, 6)]
    for index, one in enumerate(marked):
        assert (one == one[..., :1]).all()
        for other in marked[index + 1 :]:
            assert np.abs(one.astype(int) - other).max() > 60


def test_it_hides_no_finding_while_there_is_a_free_corner() -> None:
    lower_right, lower_left = (500, 400, 140, 80), (0, 400, 140, 80)
    assert stamp(_photo(640, 480), _with(lower_right), "p")[1][0] < 320
    x, y, _, _ = stamp(_photo(640, 480), _with(lower_right, lower_left), "p")[1]
    assert x > 320 and y < 240
    x, y, _, _ = stamp(_photo(640, 480), _with((0, 0, 640, 480)), "p")[1]
    assert x > 320 and y > 240


def test_it_is_opaque_where_the_picture_is_not() -> None:
    photo = replace(_photo(300, 300), alpha=np.zeros((300, 300), np.uint8))
    marked, (x, y, side, _) = stamp(photo, RISK, "p")
    assert marked.alpha is not None and not photo.alpha.any()  # type: ignore[union-attr]
    assert marked.alpha[y + side // 2, x + side // 2] == 255 and marked.alpha[0, 0] == 0


def test_small_and_narrow_pictures() -> None:
    for width, height in ((64, 64), (64, 5000), (3000, 70)):
        x, y, side, _ = stamp(_photo(width, height), RISK, "p")[1]
        assert x >= 0 and y >= 0 and x + side <= width and y + side <= height and side >= 20
    with pytest.raises(UsageError, match="63x900 has no room"):
        stamp(_photo(63, 900), RISK, "p")
