"""What the assessment says of changes whose meaning is known."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from provenance.errors import InputError
from provenance.labels import Finding, Risk, parse_risk, to_json
from provenance.risk import assess
from provenance.risk.scoring import score, weight

Pixels = npt.NDArray[np.uint8]
Box = tuple[int, int, int, int]
Jpeg = Callable[[Pixels, int], Pixels]
Overlap = Callable[[Box, Box], bool]

LAMP: Box = (236, 136, 28, 28)


def signals(original: Pixels, reconstruction: Pixels) -> Risk:
    return assess(original, reconstruction, detectors=["signal"])


def kind_of(finding: Finding) -> str:
    return max(finding.types, key=lambda name: finding.types[name])


def test_identical_pictures_are_without_risk(lighthouse: Pixels) -> None:
    risk = assess(lighthouse, lighthouse.copy())
    assert risk.score == 0
    assert risk.level == 1
    assert risk.findings == ()
    assert risk.affected_area == 0
    assert not risk.high_impact


@pytest.mark.parametrize("name", ["kodak/kodim08.png", "text/scene-05.jpg", "kodak/kodim23.png"])
@pytest.mark.parametrize("quality", [75, 90])
def test_ordinary_jpeg_is_silent(
    photo: Callable[[str], Pixels], jpeg: Jpeg, name: str, quality: int
) -> None:
    original = photo(name)
    assert assess(original, jpeg(original, quality)).score < 0.05


def test_what_jpeg_75_changes_as_much_is_no_finding(
    photo: Callable[[str], Pixels], jpeg: Jpeg
) -> None:
    # Stars lose a third of their light, which stands out more than most that low rates change.
    whole = photo("train/ubuntu-wallpapers-noble-northan-lights-by-mizuno.avif")
    top, left = ((side - 512) // 2 for side in whole.shape[:2])
    stars = np.ascontiguousarray(whole[top : top + 512, left : left + 512])
    for quality in (75, 78, 85):
        assert signals(stars, jpeg(stars, quality)).score == 0
    found = signals(stars, jpeg(stars, 40)).findings
    assert len(found) > 10 and all(finding.probability >= 0.3 for finding in found)


def test_texture_drawn_anew_is_silent(photo: Callable[[str], Pixels]) -> None:
    water = photo("pairs/diffeic/20-original.webp")
    grain = np.random.default_rng(7).normal(0, 6, (2, *water.shape[:2], 1))
    original, reconstruction = (np.clip(water + field, 0, 255).astype(np.uint8) for field in grain)
    assert signals(original, reconstruction).score < 0.05


def test_a_change_of_tone_throughout_is_no_local_change(lighthouse: Pixels) -> None:
    gamma = (255 * (np.arange(256) / 255) ** 0.8).round().astype(np.uint8)
    risk = signals(lighthouse, gamma[lighthouse])
    assert len(risk.findings) <= 3
    assert risk.score < 0.2


def test_a_dimmed_light_is_amplitude(
    lighthouse: Pixels, with_lamp: Callable[..., Pixels], overlap: Overlap
) -> None:
    worst = signals(
        with_lamp(lighthouse, "disc"), with_lamp(lighthouse, "disc", brightness=0.35)
    ).findings[0]
    assert kind_of(worst) == "amplitude"
    assert overlap(worst.box, LAMP)
    assert worst.probability > 0.5
    assert worst.evidence["lightness_shift_oklab"] < -3
    assert "darker" in worst.sentence


def test_a_place_of_another_hue_is_amplitude(
    photo: Callable[[str], Pixels], overlap: Overlap
) -> None:
    original = photo("kodak/kodim23.png")
    reconstruction = original.copy()
    place = np.s_[330:370, 230:270]
    hsv = cv2.cvtColor(original[place], cv2.COLOR_RGB2HSV)
    hsv[..., 0] = (hsv[..., 0].astype(int) + 60) % 180
    reconstruction[place] = cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB)
    (found,) = signals(original, reconstruction).findings
    assert kind_of(found) == "amplitude"
    assert overlap(found.box, (230, 330, 40, 40))
    assert found.probability > 0.9
    assert found.evidence["colour_shift_ciede2000"] > 20


def test_an_arrow_made_a_disc_is_shape(
    lighthouse: Pixels, with_lamp: Callable[..., Pixels], overlap: Overlap
) -> None:
    worst = signals(with_lamp(lighthouse, "arrow"), with_lamp(lighthouse, "disc")).findings[0]
    assert kind_of(worst) == "shape"
    assert overlap(worst.box, LAMP)


def test_a_local_warp_is_geometry(
    lighthouse: Pixels, bent: Callable[[Pixels, tuple[int, int]], Pixels], overlap: Overlap
) -> None:
    worst = signals(lighthouse, bent(lighthouse, (270, 200))).findings[0]
    assert kind_of(worst) == "geometry"
    assert overlap(worst.box, (240, 170, 60, 60))
    assert 1 < worst.evidence["displacement_px"] < 6


def test_a_blurred_sign_is_amplitude_and_warns_its_reader(
    lighthouse: Pixels, with_sign: Callable[..., Pixels], overlap: Overlap
) -> None:
    original = with_sign(lighthouse, "OPEN DAILY")
    reconstruction = original.copy()
    reconstruction[110:170, 190:400] = cv2.GaussianBlur(original[110:170, 190:400], (0, 0), 6)
    worst = signals(original, reconstruction).findings[0]
    assert kind_of(worst) == "amplitude"
    assert overlap(worst.box, (200, 120, 180, 36))
    assert worst.deceptiveness < 0.5


def test_a_thing_that_vanishes_without_a_trace_deceives(
    lighthouse: Pixels,
) -> None:
    sky = cv2.GaussianBlur(lighthouse, (0, 0), 8)
    original = sky.copy()
    cv2.circle(original, (100, 60), 9, (30, 30, 30), cv2.FILLED, cv2.LINE_AA)
    worst = signals(original, sky).findings[0]
    assert kind_of(worst) == "amplitude"
    assert worst.deceptiveness > 0.7


def test_a_generative_codec_scores_higher_at_lower_rates(photo: Callable[[str], Pixels]) -> None:
    scores = {
        rate: np.mean(
            [
                signals(
                    photo(f"pairs/diffeic/{number:02}-original.webp"),
                    photo(f"pairs/diffeic/{number:02}-lambda{rate}.webp"),
                ).score
                for number in (2, 14)
            ]
        )
        for rate in (1, 4, 16)
    }
    assert scores[1] < scores[4] < scores[16]
    assert scores[16] > 0.7


def test_the_score_is_that_of_the_findings_each_place_once(
    photo: Callable[[str], Pixels],
) -> None:
    original = photo("pairs/diffeic/20-original.webp")
    risk = signals(original, photo("pairs/diffeic/20-lambda1.webp"))
    assert 3 < len(risk.findings) < 20
    assert risk.score == pytest.approx(score([weight(finding) for finding in risk.findings]))


def test_what_the_label_has_no_room_for_still_counts_as_affected(
    photo: Callable[[str], Pixels],
) -> None:
    original = photo("kodak/kodim08.png")
    risk = signals(original, photo("pairs/diffeic-kodak/kodim08-lambda16.webp"))
    width, height = original.shape[1], original.shape[0]
    within_findings = sum(f.box[2] * f.box[3] for f in risk.findings) / (width * height)
    assert len(risk.findings) == 20
    assert risk.affected_area > within_findings


@pytest.mark.parametrize("name", ["kodak/kodim08.png", "kodak/kodim13.png", "kodak/kodim24.png"])
def test_slight_blur_of_the_whole_picture_is_no_local_change(
    photo: Callable[[str], Pixels], name: str
) -> None:
    original = photo(name)
    blurred = np.asarray(cv2.GaussianBlur(original, (0, 0), 0.8), dtype=np.uint8)
    assert signals(original, blurred).score < 0.05


def test_what_vanishes_from_a_blurred_picture_is_found(
    lighthouse: Pixels, overlap: Overlap
) -> None:
    blurred = np.asarray(cv2.GaussianBlur(lighthouse, (0, 0), 0.8), dtype=np.uint8)
    x, y, width, height = LAMP
    blurred[y : y + height, x : x + width] = cv2.GaussianBlur(
        blurred[y : y + height, x : x + width], (0, 0), 8
    )
    assert any(overlap(finding.box, LAMP) for finding in signals(lighthouse, blurred).findings)


def test_the_one_sharp_thing_of_a_picture_that_is_blurred_is_found(
    photo: Callable[[str], Pixels],
) -> None:
    ground = cv2.GaussianBlur(photo("kodak/kodim23.png")[:256, :256], (0, 0), 6)
    original = np.asarray(ground, dtype=np.uint8).copy()
    original[100:150, 100:150] = photo("kodak/kodim08.png")[250:300, 250:300]
    blurred = np.asarray(cv2.GaussianBlur(original, (0, 0), 2), dtype=np.uint8)
    assert signals(original, blurred).score > 0.2


@pytest.mark.parametrize("name", ["kodak/kodim20.png", "kodak/kodim24.png"])
def test_an_ordinary_codec_scores_higher_at_lower_rates(
    photo: Callable[[str], Pixels], jpeg: Jpeg, name: str
) -> None:
    original = photo(name)
    scores = [signals(original, jpeg(original, quality)).score for quality in (5, 10, 75)]
    assert scores[0] > scores[1] >= scores[2] == 0
    assert scores[0] > 0.3


def test_findings_follow_the_labels_schema(photo: Callable[[str], Pixels]) -> None:
    risk = assess(photo("pairs/diffeic/02-original.webp"), photo("pairs/diffeic/02-lambda16.webp"))
    assert to_json(parse_risk(to_json(risk))) == to_json(risk)
    assert 0 < len(risk.findings) <= 20
    for finding in risk.findings:
        x, y, width, height = finding.box
        assert x + width <= 512
        assert y + height <= 512
        assert min(width, height) > 0
        assert sum(finding.types.values()) == pytest.approx(1)
        assert finding.sentence.endswith(".")


@pytest.mark.parametrize("size", [(1, 1), (1, 40), (16, 16), (31, 7), (65, 64)])
def test_any_size_can_be_assessed(size: tuple[int, int]) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (2, *size, 3), dtype=np.uint8)
    risk = assess(noise[0], noise[1])
    assert 0 <= risk.score <= 1
    assert 0 <= risk.affected_area <= 1


@pytest.mark.parametrize("value", [0, 128, 255])
def test_flat_pictures_can_be_assessed(value: int) -> None:
    flat = np.full((48, 80, 3), value, dtype=np.uint8)
    assert assess(flat, flat).score == 0
    risk = assess(flat, np.full_like(flat, 255 - value))
    assert 0 <= risk.score <= 1


def test_pictures_of_two_sizes_are_refused() -> None:
    with pytest.raises(InputError, match="8x4 and reconstruction is 4x8"):
        assess(np.zeros((4, 8, 3), np.uint8), np.zeros((8, 4, 3), np.uint8))


@pytest.mark.parametrize(
    "pixels",
    [np.zeros((4, 4), np.uint8), np.zeros((4, 4, 3), np.float32), np.zeros((0, 4, 3), np.uint8)],
)
def test_what_is_no_picture_is_refused(pixels: Pixels) -> None:
    with pytest.raises(InputError, match="expected uint8"):
        assess(pixels, pixels)


def test_the_same_pictures_always_score_the_same(photo: Callable[[str], Pixels]) -> None:
    pair = (photo("pairs/diffeic/04-original.webp"), photo("pairs/diffeic/04-lambda4.webp"))
    assert signals(*pair) == signals(*pair)


@pytest.mark.parametrize("size", [(33_000, 4), (1, 33_000)])
def test_longer_sides_than_opencv_moves(size: tuple[int, int]) -> None:
    width, height = size
    plain = np.full((height, width, 3), 90, np.uint8)
    dotted = plain.copy()
    dotted[0, 0] = 0
    assert 0 <= signals(plain, dotted).score <= 1
