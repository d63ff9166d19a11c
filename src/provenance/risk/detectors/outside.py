"""A detector of another package: what it says is checked before it counts."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from ...errors import InputError, InvalidError
from ...labels import Finding, to_json
from ...labels.schema import LABEL_SCHEMA, load_json, problem_of
from ..pair import Pair
from .base import Detector

MAX_FINDINGS = 200
"""Of one detector in one picture: a label lists 20 of all."""
MAX_BYTES = 10_000
"""Of one finding as JSON."""


class OutsideDetector:
    """One that may fail, or be wrong in ways that would look like silence.

    Args:
        detector: what the entry point made.
        name: of the entry point.
    """

    def __init__(self, detector: Detector, name: str) -> None:
        if detector.name != name:
            raise TypeError(f"its name is {detector.name!r}, but that of its entry point {name!r}")
        self.name = name
        self._detector = detector

    def available(self) -> bool:
        """Whether it says that it can look."""
        return bool(self._detector.available())

    def find(self, pair: Pair) -> Sequence[Finding] | None:
        """What it finds.

        Raises:
            InputError: It fails, or finds what cannot be.
        """
        try:
            found = self._detector.find(pair)
            findings = None if found is None else tuple(found)
        except (Exception, SystemExit) as error:
            raise self._refusal(f"failed: {type(error).__name__}: {error}") from error
        if findings is not None and len(findings) > MAX_FINDINGS:
            raise self._refusal(f"found {len(findings):,} places, more than {MAX_FINDINGS}")
        if findings is None:
            return None
        height, width = pair.original.shape[:2]
        for finding in findings:
            if problem := self._problem(finding, width, height):
                raise self._refusal(problem)
        return [_plain(finding) for finding in findings]

    def _problem(self, finding: Any, width: int, height: int) -> str | None:
        """What is wrong with a finding in a picture of that size."""
        if not isinstance(finding, Finding):
            return f"gave a {type(finding).__name__} instead of a finding"
        try:
            plain = to_json(finding)
            text = json.dumps(plain, allow_nan=False)
            written = load_json(text, "a finding", InvalidError)
        except (TypeError, ValueError, RecursionError) as error:
            return f"a finding cannot be written as JSON: {error}"
        except InvalidError as error:
            return str(error)
        if written != plain:
            return "a finding has a key that is no text"
        if len(text) > MAX_BYTES:
            return f"a finding has more than {MAX_BYTES:,} bytes as JSON"
        if problem := problem_of(written, LABEL_SCHEMA, "finding"):
            return f"a finding does not follow the label's schema {problem}"
        if clash := finding.extra.keys() & {field.name for field in dataclasses.fields(finding)}:
            return f"a finding has a field twice: {min(clash)}"
        x, y, w, h = finding.box
        corners = finding.polygon or ()
        right, bottom = max(corners[::2], default=0), max(corners[1::2], default=0)
        if len(corners) % 2:
            return "a corner of a finding's polygon has no y"
        if w < 1 or h < 1 or max(x + w, right) > width or max(y + h, bottom) > height:
            return f"a finding at {finding.box} is not within the picture of {width}x{height}"
        if not math.isclose(sum(finding.types.values()), 1, abs_tol=0.001):
            return f"the types of a finding do not sum to 1: {dict(finding.types)}"
        if finding.detector != self.name:
            return f"a finding says that {finding.detector} found it"
        return None

    def _refusal(self, problem: str) -> InputError:
        return InputError(f"detector {self.name}: {problem}; mend or remove it")


def _plain(finding: Finding) -> Finding:
    """With whole numbers in tuples: in JSON, lists and 3.0 are the same."""
    x, y, width, height = map(int, finding.box)
    polygon = None if finding.polygon is None else tuple(map(int, finding.polygon))
    return replace(finding, box=(x, y, width, height), polygon=polygon)
