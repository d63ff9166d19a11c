"""People and objects that vanish into their surroundings."""

from __future__ import annotations

import io
from collections.abc import Callable

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image, ImageDraw, ImageFilter

from provenance.bench.planting import negatives, scene
from provenance.labels import Finding
from provenance.risk import assess

Pixels = npt.NDArray[np.uint8]
Photo = Callable[[str], Pixels]
Jpeg = Callable[[Pixels, int], Pixels]
Box = tuple[int, int, int, int]

KNOB = (215, 187, 100, 102)
KEYHOLE = (350, 230, 32, 48)
AT = (430, 150)


def objects(original: Pixels, reconstruction: Pixels) -> tuple[Finding, ...]:
    return assess(original, reconstruction, detectors=["objects"]).findings


def painted_away(pixels: Pixels, box: Box) -> Pixels:
    x, y, width, height = box
    mask = np.zeros(pixels.shape[:2], np.uint8)
    mask[y : y + height, x : x + width] = 255
    return np.asarray(cv2.inpaint(pixels, mask, 5, cv2.INPAINT_TELEA), dtype=np.uint8)


def with_person(pixels: Pixels, height: int) -> tuple[Pixels, Box]:
    """A photo with somebody in white and dark trousers standing in it."""
    width = int(0.42 * height)
    big = Image.new("RGBA", (4 * width, 4 * height))
    draw = ImageDraw.Draw(big)
    w, h = big.size
    draw.ellipse((0.33 * w, 0, 0.67 * w, 0.17 * h), fill=(200, 150, 120))
    draw.rounded_rectangle((0.2 * w, 0.17 * h, 0.8 * w, 0.55 * h), 0.1 * w, fill=(236, 232, 226))
    draw.rectangle((0.26 * w, 0.53 * h, 0.46 * w, h), fill=(34, 36, 52))
    draw.rectangle((0.54 * w, 0.53 * h, 0.74 * w, h), fill=(34, 36, 52))
    person = big.resize((width, height)).filter(ImageFilter.GaussianBlur(0.5))
    image = Image.fromarray(pixels)
    image.paste(person, AT, person)
    return np.asarray(image), (*AT, width, height)


@pytest.mark.parametrize(
    ("name", "box"),
    [
        ("kodim02", KNOB),
        ("kodim02", KEYHOLE),
        ("kodim06", (110, 50, 460, 350)),
        ("kodim20", (120, 40, 90, 160)),
    ],
)
def test_an_object_painted_away_is_found(photo: Photo, jpeg: Jpeg, name: str, box: Box) -> None:
    original = photo(f"kodak/{name}.png")
    found = objects(original, jpeg(painted_away(original, box), 90))
    assert found
    assert all(_inside(finding.box, box) for finding in found)
    assert found[0].probability > 0.45
    assert found[0].types["amplitude"] > 0.8
    assert found[0].sentence.startswith("An object that stood out ")
    assert found[0].sentence.endswith(" is gone.")
    assert found[0].symbol is None
    before, after = (found[0].evidence[f"contrast_{when}_oklab"] for when in ("before", "after"))
    assert isinstance(before, float) and isinstance(after, float) and after < 0.3 * before


@pytest.mark.parametrize("height", [24, 40, 70])
@pytest.mark.parametrize("name", ["kodak/kodim16.png", "kodak/kodim11.png", "kodak/kodim15.png"])
def test_a_person_who_vanishes_is_found(photo: Photo, jpeg: Jpeg, name: str, height: int) -> None:
    empty = photo(name)
    peopled, box = with_person(empty, height)
    found = objects(peopled, jpeg(empty, 90))
    assert found
    assert all(_inside(finding.box, box) for finding in found)
    assert objects(peopled, jpeg(peopled, 75)) == ()


@pytest.mark.parametrize(
    ("form", "quality"), [("JPEG", 50), ("JPEG", 75), ("WEBP", 75), ("AVIF", 60)]
)
@pytest.mark.parametrize("name", ["kodak/kodim05.png", "kodak/kodim13.png", "kodak/kodim24.png"])
def test_ordinary_codecs_are_silent(photo: Photo, name: str, form: str, quality: int) -> None:
    original = photo(name)
    coded = io.BytesIO()
    Image.fromarray(original).save(coded, form, quality=quality)
    with Image.open(coded) as image:
        assert objects(original, np.asarray(image.convert("RGB"))) == ()


@pytest.mark.parametrize("name", ["kodim05", "kodim13"])
def test_texture_and_tone_are_silent(photo: Photo, name: str) -> None:
    made = scene(np.ascontiguousarray(photo(f"kodak/{name}.png")[:384, :384]), name)
    for _kind, pixels in negatives(made):
        assert objects(made.pixels, pixels) == ()


def test_other_grass_in_place_of_grass_is_silent(photo: Photo) -> None:
    original = photo("kodak/kodim20.png")
    other = original.copy()
    other[440:500, 560:680] = original[440:500, 500:620]
    assert objects(original, other) == ()


def test_what_moved_a_little_is_not_gone(photo: Photo) -> None:
    original = photo("kodak/kodim02.png")
    x, y, width, height = KEYHOLE
    moved = painted_away(original, KEYHOLE)
    hole = original[y : y + height, x : x + width]
    moved[y + 3 : y + height + 3, x - 4 : x + width - 4] = hole
    assert objects(original, moved) == ()


def test_what_was_kept_is_silent_however_different_the_rest_is(photo: Photo, jpeg: Jpeg) -> None:
    original = photo("kodak/kodim02.png")
    spoilt = jpeg(original, 3)
    x, y, width, height = KNOB
    kept = (slice(y - 30, y + height + 30), slice(x - 30, x + width + 30))
    spoilt[kept] = jpeg(original, 90)[kept]
    assert not [finding for finding in objects(original, spoilt) if _inside(finding.box, KNOB)]


def test_a_flower_that_a_diffusion_codec_lost_is_found(photo: Photo) -> None:
    pair = (photo(f"pairs/diffeic/30-{name}.webp") for name in ("original", "lambda4"))
    found = objects(*pair)
    assert any(_inside(finding.box, (418, 370, 24, 22)) for finding in found)


def test_a_photo_of_any_size_is_looked_at(photo: Photo) -> None:
    original = photo("kodak/kodim02.png")
    big = [cv2.resize(p, None, fx=4, fy=4) for p in (original, painted_away(original, KNOB))]
    found = objects(*(np.asarray(p, dtype=np.uint8) for p in big))
    x, y, width, height = KNOB
    assert found and all(_inside(f.box, (4 * x, 4 * y, 4 * width, 4 * height)) for f in found)
    assert objects(original[:40, :40], original[:40, :40] // 2) == ()


def _inside(box: Box, other: Box) -> bool:
    return all(other[i] <= box[i] + box[i + 2] / 2 <= other[i] + other[i + 2] for i in (0, 1))
