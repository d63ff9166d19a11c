"""What our detectors say, in other languages."""

from __future__ import annotations

import pytest

from provenance.labels.catalogue import catalogue
from provenance.labels.translation import translated
from provenance.taxonomy import LEVEL_NAMES


@pytest.mark.parametrize(
    ("english", "german"),
    [
        ("The number 14 reads 11.", "Die Zahl 14 liest sich als 11."),
        ('The text "Ott\no" reads "<b>".', "Der Text „Ott\no“ liest sich als „<b>“."),
        ("A face has appeared at the top left.", "Oben links ist ein Gesicht hinzugekommen."),
        (
            "Something in the middle has moved or bent by about 4 pixels.",
            "Etwas in der Mitte ist um etwa 4 Pixel verschoben oder verbogen.",
        ),
        (
            "A small thing at the left that was red is green.",
            "Etwas Kleines links war rot und ist grün.",
        ),
        ("Not looked for: identity, stars.", "Nicht gesucht: wer jemand ist, stars."),
        (
            "Risk of miscompression: high (level 4 of 5, score 0.67).",
            "Risiko einer Fehlkompression: hoch (Stufe 4 von 5, Wert 0,67).",
        ),
    ],
)
def test_sentences_are_said_again(english: str, german: str) -> None:
    assert translated(english, "de") == (german, "de")
    assert translated(english, "en") == (english, "en")


def test_what_is_not_ours_stays_as_it_is() -> None:
    for sentence in ("A boat has become a plane.", "Something {where} is darker than it was.", ""):
        assert translated(sentence, "de") == (sentence, "en")
    long = f"The number {'1' * 100_000} is no longer legible."
    assert translated(long, "de") == (long, "en")


def test_no_message_hides_another() -> None:
    gaps = {
        "where": ("at the top left", "oben links"),
        "colour": ("red", "rot"),
        "other_colour": ("green", "grün"),
        "part": ("mouth", "Mund"),
        "level": ("high", "hoch"),
        "score": ("0.67", "0,67"),
        "detectors": ("identity", "wer jemand ist"),
    }
    english = {name: gap[0] for name, gap in gaps.items()}
    german = {name: gap[1] for name, gap in gaps.items()}
    same = {"text": "Otto", "other": "0tto", "pixels": "4", "number": "12"}
    keys = [key for key in catalogue("en") if key.startswith("sentence.")]
    assert len(keys) > 40
    for key in keys:
        sentence = catalogue("en")[key].format(**english, **same)
        expected = catalogue("de")[key].format(**german, **same)
        assert translated(sentence, "de") == (expected[0].upper() + expected[1:], "de")


def test_levels_are_named_as_in_the_taxonomy() -> None:
    names = [catalogue("en")[f"level.{number}"] for number in range(1, 6)]
    assert tuple(names) == LEVEL_NAMES
