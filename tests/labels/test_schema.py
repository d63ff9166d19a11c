"""The label as JSON."""

from __future__ import annotations

import json
from typing import Any

import pytest

from provenance.errors import LabelError
from provenance.labels import parse_label, parse_risk, to_json
from provenance.labels.schema import MAX_BYTES

LABEL: dict[str, Any] = {
    "schema_version": "1.0",
    "tool": {"name": "provenance", "version": "0.1.0"},
    "codec": {
        "name": "msh",
        "family": "mean-scale hyperprior",
        "generative": False,
        "decoder": "conservative",
        "seed": None,
    },
    "model": {"name": "msh-1", "sha256": "ab" * 32},
    "quality": {"setting": 40, "bits_per_pixel": 0.21, "psnr_db": 33.1, "ms_ssim": 0.974},
    "original": {
        "sha256": "cd" * 32,
        "width": 4032,
        "height": 3024,
        "media_type": "image/jpeg",
    },
    "risk": {
        "score": 0.37,
        "level": 3,
        "affected_area": 0.004,
        "high_impact": True,
        "by_type": {"amplitude": 0.1, "geometry": 0.0, "shape": 0.37},
        "findings": [
            {
                "box": [966, 930, 30, 75],
                "types": {"shape": 0.8, "amplitude": 0.2},
                "symbol": "numeral",
                "probability": 0.71,
                "deceptiveness": 0.9,
                "detector": "text",
                "evidence": {"before": "14", "after": "11"},
                "sentence": "The number 14 reads 11.",
            }
        ],
        "assessor": {
            "version": "1",
            "calibration": "…",
            "detectors": ["signal", "text"],
            "unavailable": ["identity"],
        },
    },
    "warnings": ["The number 14 reads 11."],
}


def _changed(path: str, value: object) -> dict[str, Any]:
    changed: dict[str, Any] = json.loads(json.dumps(LABEL))
    *steps, last = path.split("/")
    place: Any = changed
    for step in steps:
        place = place[int(step) if step.isdigit() else step]
    place[last] = value
    return changed


def test_a_label_survives_a_round_trip() -> None:
    assert to_json(parse_label(json.dumps(LABEL))) == LABEL


@pytest.mark.parametrize(
    "path", ["future", "codec/future", "risk/future", "risk/findings/0/future", "quality/future"]
)
def test_unknown_fields_survive_a_round_trip(path: str) -> None:
    newer = _changed(path, {"kept": [1, "two"]})
    assert to_json(parse_label(newer)) == newer


def test_numbers_are_the_same_after_a_second_writing() -> None:
    once = to_json(parse_label(_changed("risk/score", 0.123456789012345)))
    assert once["risk"]["score"] == 0.123457
    assert to_json(parse_label(once)) == once


@pytest.mark.parametrize(
    ("path", "value", "place"),
    [
        ("risk/score", 1.5, r"\$\.risk\.score"),
        ("risk/level", 6, r"\$\.risk\.level"),
        ("risk/findings/0/box", [1, 2, 3], r"\$\.risk\.findings\[0\]\.box"),
        ("risk/findings/0/types", {"texture": 1}, r"\$\.risk\.findings\[0\]\.types"),
        ("original/sha256", "xyz", r"\$\.original\.sha256"),
        ("schema_version", "2.0", r"\$\.schema_version"),
        ("tool", "provenance", r"\$\.tool"),
    ],
)
def test_a_wrong_field_is_named(path: str, value: object, place: str) -> None:
    with pytest.raises(LabelError, match=place):
        parse_label(_changed(path, value))


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "null", "[" * 100_000, '{"score": NaN}', " " * (MAX_BYTES + 1)],
    ids=["empty", "cut", "list", "null", "deep", "nan", "large"],
)
def test_what_is_no_label_is_refused(text: str) -> None:
    with pytest.raises(LabelError):
        parse_label(text)


def test_the_risk_stands_alone_as_well() -> None:
    risk = parse_risk(LABEL["risk"])
    assert risk.findings[0].sentence == "The number 14 reads 11."
    with pytest.raises(LabelError):
        parse_risk({"score": 1})
