"""Warnings for people."""

from __future__ import annotations

from dataclasses import replace

from provenance.labels import parse_label
from provenance.labels.wording import warnings

from .test_schema import LABEL

READ = parse_label(LABEL)


def test_a_likely_symbol_is_named_and_missing_detectors_as_well() -> None:
    said = warnings(READ.codec, READ.risk)
    assert said[0].startswith("Risk of miscompression: moderate (level 3 of 5")
    assert "The number 14 reads 11." in said
    assert said[-1] == "Not looked for: identity."


def test_a_generative_decoder_is_named() -> None:
    said = warnings(replace(READ.codec, generative=True), READ.risk)
    assert any("invented" in sentence for sentence in said)


def test_a_calm_label_says_nothing_but_what_did_not_look() -> None:
    calm = replace(READ.risk, score=0.01, level=1, findings=())
    assert warnings(READ.codec, calm) == ("Not looked for: identity.",)
