"""Lights and small things of strong colour that vanish, appear or change colour."""

from __future__ import annotations

import io
from collections.abc import Callable

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image, ImageDraw, ImageFilter

from provenance.labels import Finding
from provenance.risk import assess
from provenance.risk.detectors.lights import colour_name, hue_deg

Pixels = npt.NDArray[np.uint8]
Photo = Callable[[str], Pixels]
Box = tuple[int, int, int, int]

RED, GREEN = (255, 60, 45), (50, 255, 170)
AT = (300, 200)
DIAMETER = 14


def lights(original: Pixels, reconstruction: Pixels) -> tuple[Finding, ...]:
    return assess(original, reconstruction, detectors=["lights"]).findings


def lit(pixels: Pixels, colour: tuple[int, int, int] | None) -> Pixels:
    """A photo with a dark housing in it, and a lamp of that colour within, or none."""
    image = Image.fromarray(pixels)
    x, y = AT
    r = DIAMETER // 2
    patch = Image.new("RGB", (8 * r, 8 * r), (28, 28, 30))
    if colour:
        ImageDraw.Draw(patch).ellipse((3 * r, 3 * r, 5 * r, 5 * r), fill=colour)
    image.paste(patch.filter(ImageFilter.GaussianBlur(0.8)), (x - 4 * r, y - 4 * r))
    return np.asarray(image)


@pytest.fixture(scope="session")
def street(photo: Photo) -> Pixels:
    """A street at night with a red rear light at (452, 421), 512x512."""
    return photo("pairs/diffeic/07-original.webp")


@pytest.mark.parametrize("name", ["kodak/kodim21.png", "kodak/kodim05.png", "text/scene-01.jpg"])
def test_a_light_that_went_out_is_found(photo: Photo, name: str) -> None:
    original = photo(name)
    (found,) = lights(lit(original, RED), lit(original, None))
    assert found.symbol == "light"
    assert found.probability > 0.6
    assert found.sentence.startswith("What looks like a small red light")
    assert found.sentence.endswith("has vanished.")
    assert found.evidence["diameter_px"] == pytest.approx(DIAMETER, rel=0.3)
    assert abs(found.box[0] + found.box[2] / 2 - AT[0]) < 3
    assert abs(found.box[1] + found.box[3] / 2 - AT[1]) < 3


def test_a_light_that_was_not_there_is_found(lighthouse: Pixels) -> None:
    (found,) = lights(lit(lighthouse, None), lit(lighthouse, GREEN))
    assert found.symbol == "light"
    assert found.sentence.endswith("has appeared.")


def test_a_light_of_another_colour_is_found(lighthouse: Pixels) -> None:
    (found,) = lights(lit(lighthouse, RED), lit(lighthouse, GREEN))
    assert found.symbol == "light"
    assert found.types["amplitude"] > 0.5
    assert "that was red is green" in found.sentence
    assert found.evidence["colour_shift_oklab"] > 20


def test_a_light_that_is_kept_is_silent(
    lighthouse: Pixels, jpeg: Callable[[Pixels, int], Pixels]
) -> None:
    original = lit(lighthouse, RED)
    assert lights(original, jpeg(original, 75)) == ()
    moved = np.roll(original, 1, axis=1)
    assert lights(original, moved) == ()


def test_a_rear_light_painted_over_in_a_real_photo_is_found(street: Pixels) -> None:
    (x, y, width, height) = rear = (438, 410, 30, 22)
    mask = np.zeros(street.shape[:2], np.uint8)
    mask[y : y + height, x : x + width] = 255
    dark = np.asarray(cv2.inpaint(street, mask, 5, cv2.INPAINT_TELEA), dtype=np.uint8)
    found = lights(street, dark)
    assert found
    assert all(_inside(finding.box, rear) for finding in found)
    assert found[0].probability > 0.5


@pytest.mark.parametrize(
    ("form", "quality"), [("JPEG", 75), ("JPEG", 90), ("WEBP", 80), ("AVIF", 75)]
)
@pytest.mark.parametrize("name", ["kodak/kodim03.png", "kodak/kodim14.png", "kodak/kodim23.png"])
def test_ordinary_codecs_are_silent(photo: Photo, name: str, form: str, quality: int) -> None:
    original = photo(name)
    coded = io.BytesIO()
    Image.fromarray(original).save(coded, form, quality=quality)
    with Image.open(coded) as image:
        assert lights(original, np.asarray(image.convert("RGB"))) == ()


def test_small_things_that_are_no_lights_carry_no_flag(photo: Photo) -> None:
    pair = (photo(f"pairs/diffeic-kodak/kodim{name}") for name in ("02-lambda16.webp",))
    found = lights(photo("kodak/kodim02.png"), next(pair))
    assert found
    assert {finding.symbol for finding in found} == {None}
    assert all(finding.sentence.startswith("A small ") for finding in found)


def test_a_photo_of_any_size_is_looked_at(lighthouse: Pixels) -> None:
    big = [cv2.resize(lit(lighthouse, c), None, fx=4, fy=4) for c in (RED, None)]
    (found,) = lights(*(np.asarray(p, dtype=np.uint8) for p in big))
    assert abs(found.box[0] + found.box[2] / 2 - 4 * AT[0]) < 12
    assert lights(lighthouse[:30, :30], lighthouse[:30, :30] // 2) == ()


@pytest.mark.parametrize("width", [80, 81, 160, 161])
def test_a_light_far_down_a_tall_picture_is_one_and_where_it_is(width: int) -> None:
    noise = np.random.default_rng(0).normal(0, 1, (3000, width, 3))
    dark = np.clip(40 + noise, 0, 255).astype(np.uint8)
    radius = width // 13
    shining = cv2.circle(dark.copy(), (width // 2, 2950), radius, (255, 200, 60), -1, cv2.LINE_AA)
    found = assess(shining, dark, detectors=["lights", "objects"]).findings
    assert len(found) == 1, found
    x, y, w, h = found[0].box
    assert abs(x + w / 2 - width // 2) <= 4 and abs(y + h / 2 - 2950) <= 4, found[0].box


def test_what_vanishes_at_the_lower_edge_lies_within_the_picture() -> None:
    ground = np.full((6740, 70, 3), 90, np.uint8)
    disc = cv2.circle(ground.copy(), (35, 6730), 6, (230, 230, 230), -1, cv2.LINE_AA)
    for finding in assess(disc, ground, detectors=["lights", "objects"]).findings:
        x, y, w, h = finding.box
        assert min(x, y) >= 0 and min(w, h) > 0 and x + w <= 70 and y + h <= 6740


def test_colours_have_plain_names() -> None:
    assert colour_name((63, 22, 13)) == "red"
    assert colour_name((90, 1, 1)) == "white"
    assert hue_deg((50, 0, 10)) == pytest.approx(90)


def _inside(box: Box, other: Box) -> bool:
    return all(other[i] <= box[i] + box[i + 2] / 2 <= other[i] + other[i + 2] for i in (0, 1))
