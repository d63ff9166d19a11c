"""Text that reads otherwise than it did."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from provenance import codecs
from provenance.codecs import Picture
from provenance.labels import Finding
from provenance.risk import assess
from provenance.risk.detectors.reading import Character, crop, find_lines, read_lines
from provenance.risk.detectors.words import changed_words, folded, text_of
from provenance.risk.scoring import weight

Pixels = npt.NDArray[np.uint8]
Jpeg = Callable[[Pixels, int], Pixels]


def reading(words: str, confidence: float = 0.9) -> tuple[Character, ...]:
    count = len(words)
    return tuple(
        Character(letter, confidence, (place + 0.5) / count) for place, letter in enumerate(words)
    )


def texts(original: Pixels, reconstruction: Pixels) -> tuple[Finding, ...]:
    return assess(original, reconstruction, detectors=["text"]).findings


def test_scene_text_is_read(photo: Callable[[str], Pixels]) -> None:
    pixels = photo("text/scene-01.jpg")
    readings = read_lines([crop(pixels, line) for line in find_lines(pixels)])
    assert {"NOTICE", "PARKING", "PROHIBITED"} <= {text_of(reading) for reading in readings}


def test_a_swapped_digit_is_found_typed_and_flagged(
    lighthouse: Pixels, with_sign: Callable[..., Pixels]
) -> None:
    risk = assess(with_sign(lighthouse, "Bus 14"), with_sign(lighthouse, "Bus 17"))
    worst = risk.findings[0]
    assert worst.detector == "text"
    assert worst.symbol == "numeral"
    assert worst.sentence == "The number 14 reads 17."
    assert (worst.evidence["before"], worst.evidence["after"]) == ("14", "17")
    assert worst.types["shape"] > 0.5
    assert worst.probability > 0.6
    assert worst.deceptiveness > 0.5
    assert risk.high_impact
    assert risk.level >= 4
    assert risk.by_type["shape"] == max(risk.by_type.values())


def test_the_box_lies_tight_on_what_changed(
    lighthouse: Pixels, with_sign: Callable[..., Pixels]
) -> None:
    size = 30
    worst = texts(
        with_sign(lighthouse, "Platform 6", size=size),
        with_sign(lighthouse, "Platform 3", size=size),
    )[0]
    x, _y, width, _height = worst.box
    assert x > 200 + 100
    assert width < 2 * size


def test_a_digit_swapped_between_plates_of_a_real_photo_is_found(
    photo: Callable[[str], Pixels],
) -> None:
    original = photo("text/chinese.jpg")
    lines = {
        text_of(reading): line
        for line in find_lines(original)
        for reading in read_lines([crop(original, line)])
    }
    nine, five = (lines[number].box() for number in ("309", "315"))
    reconstruction = original.copy()
    source = original[int(five[1]) : int(five[3]), int(five[0]) : int(five[2])]
    target = reconstruction[int(nine[1]) : int(nine[3]), int(nine[0]) : int(nine[2])]
    target[:] = cv2.resize(source, target.shape[1::-1])
    worst = texts(original, reconstruction)[0]
    assert worst.symbol == "numeral"
    assert worst.sentence == "The number 309 reads 315."


@pytest.mark.parametrize(
    ("before", "after"),
    [("12.50", "125.0"), ("12.50", "1250"), ("1/2", "12"), ("50%", "50")],
)
def test_the_marks_of_a_number_are_part_of_it(
    lighthouse: Pixels, with_sign: Callable[..., Pixels], before: str, after: str
) -> None:
    worst = texts(with_sign(lighthouse, before), with_sign(lighthouse, after))[0]
    assert worst.symbol == "numeral"
    assert worst.sentence == f"The number {before} reads {after}."
    assert worst.deceptiveness >= 0.5


def test_a_letter_that_became_another_is_text(
    lighthouse: Pixels, with_sign: Callable[..., Pixels]
) -> None:
    worst = texts(with_sign(lighthouse, "OPEN"), with_sign(lighthouse, "OVEN"))[0]
    assert worst.symbol == "text"
    assert worst.sentence == 'The text "OPEN" reads "OVEN".'


def test_destroyed_text_counts_less_than_wrong_text(
    lighthouse: Pixels, with_sign: Callable[..., Pixels]
) -> None:
    original = with_sign(lighthouse, "OPEN")
    destroyed = original.copy()
    destroyed[110:170, 185:310] = cv2.GaussianBlur(original[110:170, 185:310], (0, 0), 12)
    illegible = texts(original, destroyed)[0]
    wrong = texts(original, with_sign(lighthouse, "OVEN"))[0]
    assert illegible.sentence == 'The text "OPEN" is no longer legible.'
    assert weight(illegible) < weight(wrong)
    assert illegible.deceptiveness < wrong.deceptiveness


def test_letters_that_the_edge_cuts_are_not_read(
    lighthouse: Pixels, with_sign: Callable[..., Pixels]
) -> None:
    original, wrong = (with_sign(lighthouse, words) for words in ("OPEN", "OVEN"))
    (finding,) = texts(original, wrong)
    middle = finding.box[0] + finding.box[2] // 2
    assert finding.evidence["after"] == "OVEN"
    for cut in (np.s_[:, middle:], np.s_[:, :middle]):
        left = texts(np.ascontiguousarray(original[cut]), np.ascontiguousarray(wrong[cut]))
        assert not any("after" in finding.evidence for finding in left)


@pytest.mark.parametrize("name", ["text/scene-01.jpg", "text/english.png"])
def test_text_kept_by_jpeg_is_silent(photo: Callable[[str], Pixels], jpeg: Jpeg, name: str) -> None:
    original = photo(name)
    assert texts(original, jpeg(original, 75)) == ()


def test_what_jpeg_does_to_the_picture_is_set_aside_where_its_blocks_lie(
    photo: Callable[[str], Pixels], jpeg: Jpeg
) -> None:
    # Buttons on a sleeve, seen small, are read as letters.
    original = cv2.resize(photo("faces/portrait-1.jpg"), None, fx=0.25, fy=0.25, interpolation=3)
    pixels = np.asarray(original, dtype=np.uint8)
    assert texts(pixels, jpeg(pixels, 75)) == ()


def test_letters_that_are_gone_are_amplitude(
    lighthouse: Pixels, with_sign: Callable[..., Pixels]
) -> None:
    (finding,) = texts(with_sign(lighthouse, "OPEN"), with_sign(lighthouse, ""))
    assert finding.sentence == 'The text "OPEN" is no longer legible.'
    assert finding.types["amplitude"] > 0.5


@pytest.mark.parametrize("scale", [1, 3])
def test_letters_of_a_script_that_the_reader_does_not_know_are_compared(
    photo: Callable[[str], Pixels], scale: int
) -> None:
    small = photo("text/example3.png")
    original = np.asarray(
        cv2.resize(small, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC), dtype=np.uint8
    )
    line = np.s_[244 * scale : 264 * scale, 30 * scale : 126 * scale]
    reconstruction = original.copy()
    reconstruction[line] = original[line][:, ::-1]
    (finding,) = texts(original, reconstruction)
    assert finding.symbol == "text"
    assert finding.types["shape"] > 0.5
    assert "stroke_correlation" in finding.evidence
    x, y, width, height = finding.box
    assert 30 < (x + width / 2) / scale < 126
    assert 244 < (y + height / 2) / scale < 264


def test_letters_that_are_alike_are_not_one(photo: Callable[[str], Pixels]) -> None:
    original = photo("text/example3.png")
    coded = io.BytesIO()
    Image.fromarray(original).save(coded, "AVIF", quality=15)
    with Image.open(coded) as image:
        reconstruction = np.asarray(image.convert("RGB"))
    limit = original[95:120, 155:215]
    assert "LIMIT" in {text_of(reading) for reading in read_lines([limit])}
    compared = [f for f in texts(original, reconstruction) if "stroke_correlation" in f.evidence]
    assert any(155 < f.box[0] < 175 and 95 < f.box[1] < 105 for f in compared)


@pytest.mark.parametrize(
    ("name", "left"),
    [
        ("hirsute-hu-chen-unsplash-baby-hippo", 0),
        ("noble-northan-lights-by-mizuno", 0),
        ("vivid-traviny-by-tomasino-cz", 0),
        ("zesty-espaciolandia-by-nando-uy", 320),
    ],
)
def test_leaves_ridges_and_rows_of_lamps_are_no_text(data: Path, name: str, left: int) -> None:
    (path,) = (data / "train").glob(f"*{name}*")
    with Image.open(path) as image:
        image.thumbnail((1024, 1024))
        original = np.asarray(image.convert("RGB"))[:, left:]
    msh = codecs.get("msh")
    reconstruction = msh.decode(msh.encode(Picture(original), 5), max_pixels=2**20).pixels
    assert texts(original, reconstruction) == ()


def test_a_line_of_such_a_script_that_faded_is_amplitude(photo: Callable[[str], Pixels]) -> None:
    original = photo("text/example3.png")
    line = np.s_[240:260, 26:130]
    reconstruction = original.copy()
    reconstruction[line] = cv2.GaussianBlur(original[line], (0, 0), 2)
    (finding,) = texts(original, reconstruction)
    assert finding.evidence["stroke_contrast_ratio"] < 0.2
    assert finding.types["amplitude"] > 0.5


def test_nothing_is_printed(
    lighthouse: Pixels, with_sign: Callable[..., Pixels], capfd: pytest.CaptureFixture[str]
) -> None:
    assert texts(with_sign(lighthouse, "Exit 20"), with_sign(lighthouse, "Exit 29"))
    assert capfd.readouterr() == ("", "")


def test_look_alikes_and_case_are_one_letter() -> None:
    assert folded(reading("Oil 10!")) == folded(reading("0IL lo"))
    assert changed_words(reading("IO"), reading("10"), []) == []


def test_only_the_changed_word_is_named() -> None:
    (word,) = changed_words(reading("No 25 exit"), reading("No 28 exit"), [])
    assert (word.before, word.after) == ("25", "28")
    assert word.is_numeral
    assert 0.3 < word.start < word.stop < 0.6


def test_what_the_reader_is_unsure_of_is_not_compared() -> None:
    before, after = reading("GATE 7"), reading("GATE 1")
    assert changed_words(before, after, [before])
    assert changed_words(before, after, [before, reading("GATE 2")]) == []


def test_a_word_that_is_legible_once_softened_is_kept() -> None:
    before, after = reading("No 25 exit"), reading("N0 28 exit")
    assert changed_words(before, after, softened=[reading("No 25 exif")]) == []
    assert changed_words(before, after, softened=[reading("No 28 exit"), reading("No 2 exit")])
    assert changed_words(before, after, softened=[reading("No 255 exit")])


def test_a_word_that_is_gone_has_nothing_in_its_place() -> None:
    (word,) = changed_words(reading("STOP"), (), [])
    assert (word.before, word.after, word.confidence_after) == ("STOP", "", 0.0)


def test_an_added_letter_is_a_change() -> None:
    (word,) = changed_words(reading("10"), reading("100"), [])
    assert (word.before, word.after) == ("10", "100")
    assert word.is_numeral


@pytest.mark.parametrize(
    ("before", "after", "letters"), [("EXIT", "EX1T", 0), ("EXIT", "EXIF", 1), ("EXIT", "OMIT", 2)]
)
def test_it_is_told_how_many_letters_changed(before: str, after: str, letters: int) -> None:
    words = changed_words(reading(before), reading(after), [])
    assert [word.letters for word in words] == ([letters] if letters else [])


def test_of_letters_that_came_or_were_lost_the_more_count() -> None:
    assert [word.letters for word in changed_words(reading("STOP"), reading("ST"), [])] == [2]
    assert [word.letters for word in changed_words(reading("10"), reading("1000"), [])] == [2]
