"""Generation loss adds up."""

from __future__ import annotations

import struct
import zlib
from dataclasses import replace
from pathlib import Path

import pytest

from provenance import api
from provenance.assembly import Labelled
from provenance.labels import Label, parse_label, to_json
from provenance.lineage import accumulated
from provenance.lineage.accumulation import MAX_GENERATIONS


@pytest.fixture(scope="module")
def first(astronaut: Path) -> Labelled:
    """The example photo at a quality that changes its meaning."""
    return api.compress(astronaut, quality=1)


@pytest.fixture(scope="module")
def again(first: Labelled) -> Labelled:
    """What was decoded of it, compressed again at a quality that changes next to nothing."""
    return api.compress(api.decompress(first.data).data, quality=90)


def test_a_good_second_compression_does_not_wash_the_first_one_off(
    first: Labelled, again: Labelled
) -> None:
    before, after = first.label.risk, again.label.risk
    one, two = again.label.history
    assert to_json(one.quality) == to_json(first.label.quality)
    assert one.score == pytest.approx(before.score, abs=1e-6)
    assert one.level == before.level
    assert two.quality == again.label.quality
    assert two.score < 0.1 < one.score <= after.score
    assert after.level >= before.level
    assert after.high_impact >= before.high_impact
    assert all(after.by_type[kind] >= before.by_type[kind] - 1e-6 for kind in before.by_type)
    assert after.affected_area >= before.affected_area - 1e-6
    earlier = [entry for entry in after.findings if entry.generation == 1]
    assert {entry.box for entry in before.findings[:3]} <= {entry.box for entry in earlier}
    assert any("Compressed 2 times" in warning for warning in again.label.warnings)


def test_the_whole_chain_verifies_and_is_told_the_same_everywhere(again: Labelled) -> None:
    report = api.verify(again.data)
    assert (report.exit_code, report.label_consistent) == (0, True)
    told = to_json(again.label)
    assert to_json(report.label) == to_json(api.show(again.data)) == told


def test_a_first_compression_has_no_history(first: Labelled) -> None:
    assert first.label.history == ()
    told = to_json(first.label)
    assert "history" not in told
    assert "generation" not in told["risk"]["findings"][0]


def test_scores_combine_as_independent_probabilities(label: Label) -> None:
    both = accumulated(_scored(label, 0.5), _scored(label, 0.2))
    assert both.risk.score == pytest.approx(0.6)
    assert [step.score for step in both.history] == [0.2, 0.5]
    three = accumulated(_scored(label, 0.5), both)
    assert three.risk.score == pytest.approx(0.8)
    assert [step.score for step in three.history] == [0.2, 0.5, 0.5]
    assert {entry.generation for entry in three.risk.findings} <= {None, 1, 2}


def test_places_are_not_carried_over_to_a_picture_of_another_size(label: Label) -> None:
    small = replace(label, original=replace(label.original, width=1008, height=756))
    clean = replace(small, risk=replace(label.risk, findings=(), score=0.0))
    whole = accumulated(clean, label)
    assert whole.risk.findings == ()
    assert whole.risk.score == pytest.approx(label.risk.score)


def test_words_of_earlier_findings_can_be_left_out(label: Label) -> None:
    clean = replace(label, risk=replace(label.risk, findings=(), score=0.0))
    assert "14" in str(to_json(accumulated(clean, label).risk))
    told = accumulated(clean, label, redact_evidence=True)
    assert [entry.box for entry in told.risk.findings]
    assert not any("14" in entry.sentence for entry in told.risk.findings)


def test_what_an_earlier_assessment_did_not_look_for_stays_unseen(label: Label) -> None:
    assessor = replace(label.risk.assessor, unavailable=())
    clean = replace(label, risk=replace(label.risk, assessor=assessor))
    blind = replace(assessor, unavailable=("faces",))
    whole = accumulated(clean, replace(label, risk=replace(label.risk, assessor=blind)))
    assert whole.risk.assessor.unavailable == ("faces",)


def test_an_earlier_generative_decoder_is_not_forgotten(label: Label) -> None:
    invented = replace(label, codec=replace(label.codec, generative=True))
    assert any("generative" in warning for warning in accumulated(label, invented).warnings)
    assert not any("generative" in warning for warning in accumulated(label, label).warnings)


def test_a_history_is_bounded_and_its_risk_is_not(label: Label) -> None:
    whole = label
    for _ in range(MAX_GENERATIONS + 20):
        whole = accumulated(_scored(label, 0.01), whole)
    assert len(whole.history) == MAX_GENERATIONS
    assert whole.risk.score > 1 - 0.99 ** (MAX_GENERATIONS + 20)
    assert all(1 <= (entry.generation or 1) < MAX_GENERATIONS for entry in whole.risk.findings)
    parse_label(to_json(whole))


def test_a_broken_label_in_the_original_is_told(first: Labelled) -> None:
    png = api.decompress(first.data).data
    made = api.compress(_broken(png), quality=90)
    assert made.label.history == ()
    assert any("own label is broken" in warning for warning in made.label.warnings)


@pytest.fixture(scope="module")
def label() -> Label:
    return parse_label((Path(__file__).parents[1] / "metadata" / "label.json").read_bytes())


def _scored(label: Label, score: float) -> Label:
    return replace(label, risk=replace(label.risk, score=score))


def _broken(png: bytes) -> bytes:
    """Without its manifest, and with a label that nobody understands."""
    kept, at = png[:8], 8
    while at < len(png):
        (size,) = struct.unpack_from(">I", png, at)
        kind, body = png[at + 4 : at + 8], png[at + 8 : at + 8 + size]
        if kind == b"iTXt":
            body = body.replace(b"mc:score=", b"mc:scare=")
        if kind != b"caBX":
            kept += struct.pack(">I", len(body)) + kind + body
            kept += struct.pack(">I", zlib.crc32(kind + body))
        at += 12 + size
    return kept
