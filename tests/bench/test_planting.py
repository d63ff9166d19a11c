"""Planted changes are where their truth says, and harm without meaning is everywhere."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from provenance.bench.planting import KINDS, Planted, Scene, negatives, plant, scene
from provenance.errors import InputError
from provenance.metrics import psnr_db
from provenance.taxonomy import Symbol, Type

Pixels = npt.NDArray[np.uint8]


@pytest.fixture(scope="module")
def made(parrots: Pixels) -> Scene:
    return scene(parrots, "parrots")


@pytest.fixture(scope="module")
def changes(made: Scene) -> list[Planted]:
    return list(plant(made))


def energy(original: Pixels, pixels: Pixels) -> npt.NDArray[np.float64]:
    squares: npt.NDArray[np.float64] = np.square(original.astype(np.float64) - pixels)
    return np.asarray(squares.sum(axis=2))


def test_every_kind_is_planted_once(changes: list[Planted]) -> None:
    assert [planted.kind for planted in changes] == list(KINDS)


def test_every_type_and_several_sizes_occur(changes: list[Planted]) -> None:
    assert {kind for planted in changes for kind in planted.truth.types} == set(Type)
    assert len({planted.size_px for planted in changes}) >= 4
    symbols = {planted.kind: planted.truth.symbol for planted in changes}
    assert symbols["digit"] == Symbol.NUMERAL
    assert symbols["letter"] == Symbol.TEXT
    assert symbols["light out"] == Symbol.LIGHT
    assert symbols["warped"] is None


@pytest.mark.parametrize("kind", KINDS)
def test_the_box_holds_the_change(made: Scene, changes: list[Planted], kind: str) -> None:
    planted = next(planted for planted in changes if planted.kind == kind)
    difference = energy(made.pixels, planted.pixels)
    x, y, width, height = planted.truth.box
    within = difference[y : y + height, x : x + width]
    outside = (difference.sum() - within.sum()) / (difference.size - within.size)
    assert within.mean() > 10 * outside
    # Nothing else is worse than what JPEG does: the largest error lies within.
    assert difference.max() == within.max()


@pytest.mark.parametrize("kind", KINDS)
def test_the_box_is_no_larger_than_the_change(
    made: Scene, changes: list[Planted], kind: str
) -> None:
    planted = next(planted for planted in changes if planted.kind == kind)
    x, y, width, height = planted.truth.box
    changed = energy(made.pixels, planted.pixels)[y : y + height, x : x + width] > 60
    assert changed.any(axis=0).mean() > 0.6 and changed.any(axis=1).mean() > 0.6


def test_what_is_redrawn_is_what_the_scene_shows(made: Scene) -> None:
    assert len(made.number) == 4 and made.number.isdecimal() and made.word.isupper()
    shown = made.painted(made.number, made.word, 1.0)
    assert np.array_equal(shown, made.pixels)
    dark = made.painted(made.number, made.word, 0.0)
    rows, columns = np.nonzero(energy(shown, dark))
    x, y, width, height = made.lamp
    assert x <= columns.min() and columns.max() < x + width
    assert y <= rows.min() and rows.max() < y + height


def test_a_photo_always_gets_the_same(made: Scene, changes: list[Planted], parrots: Pixels) -> None:
    again = scene(parrots, "parrots")
    assert np.array_equal(again.pixels, made.pixels)
    for one, other in zip(changes, plant(again), strict=True):
        assert one.truth == other.truth and np.array_equal(one.pixels, other.pixels)
    assert scene(parrots, "others").sign != made.sign


def test_harm_without_meaning_is_spread_and_mild(made: Scene) -> None:
    found = dict(negatives(made))
    assert list(found) == ["blur", "noise", "grain", "tone"]
    for name, pixels in found.items():
        assert psnr_db(made.pixels, pixels) > 25, name
        assert not np.array_equal(pixels, made.pixels), name
        # The mean of any place of 16x16 px stays, but for a tone that all places share.
        low = pixels[:320, :320].reshape(20, 16, 20, 16, 3).mean(axis=(1, 3))
        before = made.pixels[:320, :320].reshape(20, 16, 20, 16, 3).mean(axis=(1, 3))
        if name == "tone":
            before = 255 * (before / 255) ** 0.88
        assert np.abs(low - before).max() < 6, name


def test_small_photos_are_refused(parrots: Pixels) -> None:
    with pytest.raises(InputError, match=r"small: 200x320 px; planting needs sides of 256"):
        scene(parrots[:, :200], "small")


def test_nothing_is_planted_into_a_sky_that_shows_none() -> None:
    sky = np.full((300, 300, 3), 120, dtype=np.uint8)
    kinds = {planted.kind for planted in plant(scene(sky, "sky"))}
    assert kinds == {"darkened", "recoloured", "digit", "letter", "light out"}
