"""Canonical JSON as RFC 8785 has it."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from provenance.labels import parse_label, to_json
from provenance.labels.canonical import canonical, label_sha256


@pytest.mark.parametrize(
    ("number", "text"),
    [
        # RFC 8785, appendix B.
        (0.0, "0"),
        (-0.0, "0"),
        (5e-324, "5e-324"),
        (-5e-324, "-5e-324"),
        (1.7976931348623157e308, "1.7976931348623157e+308"),
        (9007199254740992.0, "9007199254740992"),
        (295147905179352830000.0, "295147905179352830000"),
        (9.999999999999997e22, "9.999999999999997e+22"),
        (1e23, "1e+23"),
        (999999999999999700000.0, "999999999999999700000"),
        (1e21, "1e+21"),
        (9.999999999999997e-7, "9.999999999999997e-7"),
        (0.000001, "0.000001"),
        (333333333.3333332, "333333333.3333332"),
        (1424953923781206.2, "1424953923781206.2"),
        (0.37, "0.37"),
        (40.0, "40"),
        (40, "40"),
        (-1.5, "-1.5"),
    ],
)
def test_numbers_are_written_as_the_standard_has_them(number: float, text: str) -> None:
    assert canonical(number) == text.encode()


def test_names_are_sorted_as_the_standard_has_them() -> None:
    # RFC 8785, 3.2.3.
    named = {
        "\u20ac": "Euro Sign",
        "\r": "Carriage Return",
        "\ufb33": "Hebrew Letter Dalet With Dagesh",
        "1": "One",
        "\U0001f600": "Emoji: Grinning Face",
        "\x80": "Control",
        "\xf6": "Latin Small Letter O With Diaeresis",
    }
    found = list(json.loads(canonical(named)))
    assert found == ["\r", "1", "\x80", "\xf6", "\u20ac", "\U0001f600", "\ufb33"]


def test_texts_are_escaped_as_the_standard_has_them() -> None:
    # RFC 8785, 3.2.2.
    text = '\u20ac$\x0f\nA\'B"\\\\"/'
    assert canonical({"string": text}) == b'{"string":"\xe2\x82\xac$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}'
    assert canonical([None, True, False, [], {}]) == b"[null,true,false,[],{}]"


@settings(deadline=None)
@given(st.recursive(st.none() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False)
                    | st.text(st.characters(exclude_categories=["Cs"])),
                    lambda inner: st.lists(inner) | st.dictionaries(
                        st.text(st.characters(exclude_categories=["Cs"])), inner)))  # fmt: skip
def test_nothing_is_lost(value: object) -> None:
    assert json.loads(canonical(value), parse_int=float) == value


def test_a_label_has_one_hash_however_its_numbers_are_written() -> None:
    path = Path(__file__).parents[1] / "metadata" / "label.json"
    label = parse_label(path.read_bytes())
    again = parse_label(json.dumps(to_json(label), sort_keys=True, indent=3))
    assert label_sha256(again) == label_sha256(label)
    other = dataclasses.replace(label, warnings=("other",))
    assert label_sha256(other) != label_sha256(label)
    quality = dataclasses.replace(label.quality, setting=40.0)
    assert label_sha256(dataclasses.replace(label, quality=quality)) == label_sha256(label)
