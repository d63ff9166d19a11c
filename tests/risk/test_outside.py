"""What a detector of another package does wrong never looks like silence, nor like a label."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from provenance.errors import InputError
from provenance.labels import Finding
from provenance.risk import Pair, assess, assessment
from provenance.risk.detectors import Detectors
from provenance.risk.detectors.outside import MAX_FINDINGS, OutsideDetector

FINDING = Finding(
    (1, 2, 30, 20),
    {"shape": 1.0},
    "numeral",
    0.8,
    1.0,
    "plates",
    {"after": "AB 17"},
    "Reads AB 17.",
)
BLACK = np.zeros((48, 64, 3), np.uint8)


class Plates:
    """Whatever ``does`` does."""

    name = "plates"

    def __init__(self, does: Callable[[Pair], Any]) -> None:
        self.find = does

    def available(self) -> bool:
        return True


@pytest.fixture
def finding(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[Pair], Any]], Any]:
    def run(does: Callable[[Pair], Any]) -> Any:
        detector = OutsideDetector(Plates(does), "plates")
        monkeypatch.setattr(assessment, "find_detectors", lambda _: Detectors((detector,), ()))
        return assess(BLACK, 255 - BLACK)

    return run


def raising(error: BaseException) -> Callable[[Pair], Any]:
    def does(_: Pair) -> Any:
        raise error

    return does


def writing(pair: Pair) -> list[Finding]:
    pair.reconstruction[:] = pair.original
    return []


def deep(depth: int = 40) -> dict[str, Any]:
    return {"a": deep(depth - 1)} if depth else {}


@pytest.mark.parametrize(
    ("does", "problem"),
    [
        (raising(ValueError("no plates")), "failed: ValueError: no plates"),
        (raising(SystemExit(0)), "failed: SystemExit: 0"),
        (writing, "failed: ValueError: assignment destination is read-only"),
        (lambda _: 3, "failed: TypeError: 'int' object is not iterable"),
        (lambda _: [{"box": (1, 2, 3, 4)}], "gave a dict instead of a finding"),
        (lambda _: [FINDING] * (MAX_FINDINGS + 1), "found 201 places, more than 200"),
    ],
)
def test_a_detector_that_fails_is_named(
    finding: Any, does: Callable[[Pair], Any], problem: str
) -> None:
    with pytest.raises(InputError, match=f"^detector plates: {re.escape(problem)}; mend or"):
        finding(does)


@pytest.mark.parametrize(
    ("wrong", "problem"),
    [
        ({"probability": float("nan")}, "cannot be written as JSON"),
        ({"probability": 1.5}, r"at \$.probability: 1.5 is greater"),
        ({"deceptiveness": float("nan")}, "cannot be written as JSON"),
        ({"deceptiveness": np.float32(0.5)}, "cannot be written as JSON"),
        ({"box": (0, 0, 0, 4)}, "not within the picture of 64x48"),
        ({"box": (-1, 0, 4, 4)}, r"at \$.box\[0\]: -1 is less"),
        ({"box": (0, 0, 65, 4)}, "not within the picture of 64x48"),
        ({"box": (0, 45, 4, 4)}, "not within the picture of 64x48"),
        ({"box": (0.5, 0, 4, 4)}, "0.5 is not of type 'integer'"),
        ({"box": (0, 0, 4)}, "too short"),
        ({"polygon": (0, 0, 5, 5, 70, 5)}, "not within the picture of 64x48"),
        ({"polygon": (0, 0, 5, 5, 7, 5, 9)}, "a corner of a finding's polygon has no y"),
        ({"types": {"texture": 1.0}}, "'texture' is not one of"),
        ({"types": {}}, r"at \$.types"),
        ({"types": {"shape": 1.0, "amplitude": 1.0}}, "do not sum to 1"),
        ({"symbol": "plate"}, "'plate' is not one of"),
        ({"sentence": None}, "None is not of type 'string'"),
        ({"sentence": "x" * 2001}, r"at \$.sentence"),
        ({"sentence": "half \udc80"}, "no Unicode"),
        ({"evidence": {"seen": np.zeros(3)}}, "cannot be written as JSON"),
        ({"evidence": {3: "x"}}, "a key that is no text"),
        ({"evidence": deep()}, "nested more than 32 deep"),
        ({"evidence": {"x": "y" * 10_000}}, "more than 10,000 bytes"),
        ({"extra": {"sentence": "Another."}}, "a field twice: sentence"),
        ({"detector": "signal"}, "says that signal found it"),
    ],
)
def test_what_it_cannot_have_found_is_refused(
    finding: Any, wrong: dict[str, Any], problem: str
) -> None:
    with pytest.raises(InputError, match=f"^detector plates: .*{problem}"):
        finding(lambda _: [dataclasses.replace(FINDING, **wrong)])


def test_findings_may_come_one_after_the_other(finding: Any) -> None:
    def does(_: Pair) -> Iterator[Finding]:
        yield FINDING

    risk = finding(does)
    assert (risk.score, risk.findings[0].sentence) == (0.8, "Reads AB 17.")


def test_boxes_may_be_lists_and_whole_floats(finding: Any) -> None:
    wrong: Any = [1.0, 2, 30, 20]
    found = finding(lambda _: [dataclasses.replace(FINDING, box=wrong)] * 2).findings
    assert found[0].box == (1, 2, 30, 20)


def test_one_that_cannot_look_is_not_one_that_found_nothing(finding: Any) -> None:
    assert finding(lambda _: None).assessor.unavailable == ("plates",)
    assert finding(lambda _: []).assessor.detectors == ("plates",)
