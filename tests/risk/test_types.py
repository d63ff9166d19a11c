"""What kind of change it is, and the numbers that say so."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from provenance.labels import Finding
from provenance.labels.translation import translated
from provenance.risk import assess
from provenance.risk.signals.ciede import ciede2000, to_cielab
from provenance.risk.signals.oklab import to_oklab

Pixels = npt.NDArray[np.uint8]


def kind_of(finding: Finding) -> str:
    return max(finding.types, key=lambda name: finding.types[name])


def worst(original: Pixels, reconstruction: Pixels) -> Finding:
    return assess(original, reconstruction, detectors=["signal"]).findings[0]


@pytest.fixture
def meadow(photo: Callable[[str], Pixels]) -> Pixels:
    """A soft background, 256x256."""
    ground = cv2.GaussianBlur(photo("kodak/kodim23.png")[:256, :256], (0, 0), 3)
    return np.asarray(ground, dtype=np.uint8)


@pytest.fixture
def thing(photo: Callable[[str], Pixels]) -> Pixels:
    """A detail of a real photo, 28x28."""
    return photo("kodak/kodim08.png")[330:358, 560:588]


def with_thing(ground: Pixels, thing: Pixels, x: int, y: int) -> Pixels:
    picture = ground.copy()
    picture[y : y + thing.shape[0], x : x + thing.shape[1]] = thing
    return picture


@pytest.mark.parametrize("step", [(9, 0), (-7, 6), (0, 12), (4, 3)])
def test_a_thing_that_jumped_is_geometry(
    meadow: Pixels, thing: Pixels, step: tuple[int, int]
) -> None:
    found = worst(
        with_thing(meadow, thing, 110, 120),
        with_thing(meadow, thing, 110 + step[0], 120 + step[1]),
    )
    length = float(np.hypot(*step))
    assert kind_of(found) == "geometry"
    assert found.evidence["displacement_px"] == pytest.approx(length, abs=0.8)
    side = (found.box[2] * found.box[3]) ** 0.5
    assert found.evidence["displacement_percent"] == pytest.approx(100 * length / side, rel=0.3)
    assert "moved" in found.sentence


def test_a_thing_that_vanished_has_not_moved(meadow: Pixels, thing: Pixels) -> None:
    found = worst(with_thing(meadow, thing, 110, 120), meadow)
    assert found.types["geometry"] < 0.2
    assert kind_of(found) == "amplitude"


def test_another_thing_in_its_place_is_shape(
    meadow: Pixels, thing: Pixels, photo: Callable[[str], Pixels]
) -> None:
    other = photo("kodak/kodim08.png")[380:408, 200:228]
    found = worst(with_thing(meadow, thing, 110, 120), with_thing(meadow, other, 110, 120))
    assert kind_of(found) == "shape"
    assert found.evidence["structure_left_over"] > 0.2


def test_a_thing_of_another_colour_is_amplitude_and_tells_how_far(meadow: Pixels) -> None:
    red, green = meadow.copy(), meadow.copy()
    cv2.circle(red, (120, 120), 14, (190, 40, 40), cv2.FILLED, cv2.LINE_AA)
    cv2.circle(green, (120, 120), 14, (40, 130, 60), cv2.FILLED, cv2.LINE_AA)
    found = worst(red, green)
    assert kind_of(found) == "amplitude"
    assert found.evidence["colour_shift_ciede2000"] > 40
    assert found.evidence["colour_shift_oklab"] > 15


@pytest.mark.parametrize(
    ("one", "other", "difference"),
    [
        ((50, 2.6772, -79.7751), (50, 0, -82.7485), 2.0425),
        ((50, 3.1571, -77.2803), (50, 0, -82.7485), 2.8615),
        ((50, -1, 2), (50, 0, 0), 2.3669),
        ((50, 2.49, -0.001), (50, -2.49, 0.0011), 7.2195),
        ((50, 2.5, 0), (73, 25, -18), 27.1492),
        ((50, 2.5, 0), (61, -5, 29), 22.8977),
        ((60.2574, -34.0099, 36.2677), (60.4626, -34.1751, 39.4387), 1.2644),
        ((2.0776, 0.0795, -1.1350), (0.9033, -0.0636, -0.5514), 0.9082),
    ],
)
def test_ciede2000_gives_its_published_values(
    one: tuple[float, float, float], other: tuple[float, float, float], difference: float
) -> None:
    assert ciede2000(one, other) == pytest.approx(difference, abs=1e-4)
    assert ciede2000(other, one) == pytest.approx(difference, abs=1e-4)


@pytest.mark.parametrize(
    ("rgb", "lab"),
    [
        ((255, 255, 255), (100, 0, 0)),
        ((255, 0, 0), (53.24, 80.09, 67.20)),
        ((0, 0, 255), (32.30, 79.19, -107.86)),
        ((0, 0, 0), (0, 0, 0)),
    ],
)
def test_colours_pass_from_oklab_to_cielab(
    rgb: tuple[int, int, int], lab: tuple[float, float, float]
) -> None:
    pixel = to_oklab(np.array([[rgb]], dtype=np.uint8))[0, 0]
    assert to_cielab(pixel) == pytest.approx(lab, abs=0.1)


def test_of_which_hardly_anything_is_left_has_faded(meadow: Pixels, thing: Pixels) -> None:
    original = with_thing(meadow, thing, 110, 120)
    noise = np.random.default_rng(1).normal(0, 1, (*thing.shape[:2], 1))

    def replaced(deviation: float) -> Finding:
        ground = meadow[120:148, 110:138] + deviation * noise
        other = np.asarray(np.clip(np.round(ground), 0, 255), dtype=np.uint8)
        return worst(original, with_thing(meadow, other, 110, 120))

    assert kind_of(replaced(3)) == "amplitude"
    assert replaced(3).types["shape"] < 0.15
    assert replaced(30).types["shape"] > 2 * replaced(3).types["shape"]


def test_more_and_less_colour_are_told_in_both_languages() -> None:
    plain = np.full((160, 200, 3), 120, dtype=np.uint8)
    coloured = plain.copy()
    coloured[60:100, 80:130] = (190, 90, 60)
    for before, after, english, german in (
        (coloured, plain, "has less colour than it had", "ist weniger farbig als zuvor"),
        (plain, coloured, "has more colour than it had", "ist farbiger als zuvor"),
    ):
        (finding,) = assess(before, after, detectors=["signal"]).findings
        assert finding.sentence == f"Something in the middle {english}."
        assert translated(finding.sentence, "de") == (f"Etwas in der Mitte {german}.", "de")
