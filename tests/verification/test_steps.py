"""Fourteen steps, always the same, each with what it found."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

import provenance
from provenance import container
from provenance.credentials import default_identity, default_trust, read, sign
from provenance.credentials.credential import Credential
from provenance.credentials.manifest import definition
from provenance.labels import Label
from provenance.labels.schema import checked
from provenance.verification import Outcome, Report, signature
from provenance.verification.steps import Steps

NAMES = [
    "container",
    "credential",
    "signature",
    "certificate",
    "trust",
    "time stamp",
    "ingredients",
    "hard binding",
    "label",
    "XMP",
    "codec and model",
    "decode",
    "original",
    "policy",
]


def _outcomes(report: Report) -> dict[str, Outcome]:
    return {step.name: step.outcome for step in report.steps}


def _failed(report: Report) -> list[str]:
    return [step.name for step in report.steps if step.outcome is Outcome.FAILED]


def _detail(report: Report, name: str) -> str:
    return next(step.detail for step in report.steps if step.name == name)


def _flipped(data: bytes, at: int) -> bytes:
    changed = bytearray(data)
    changed[at] ^= 1
    return bytes(changed)


def _plain_png() -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", (8, 8)).save(stream, "PNG")
    return stream.getvalue()


@pytest.mark.parametrize(
    "make", [lambda c: c.data, lambda c: b"", lambda c: _plain_png(), lambda c: c.data[:5000]]
)
def test_the_steps_are_the_same_for_every_file(
    make: Callable[[provenance.Labelled], bytes], compressed: provenance.Labelled
) -> None:
    report = provenance.verify(make(compressed))
    assert [step.name for step in report.steps] == NAMES
    assert [step.number for step in report.steps] == list(range(1, 15))
    assert all(step.detail for step in report.steps)


def test_what_nobody_asked_for_is_unknown(compressed: provenance.Labelled) -> None:
    report = provenance.verify(compressed.data)
    assert report.exit_code == 0
    assert report.label_true is None and report.policy_met is None
    skipped = {name for name, outcome in _outcomes(report).items() if outcome is Outcome.SKIPPED}
    assert skipped == {"time stamp", "decode", "original", "policy"}


def _verdicts(report: Report) -> list[bool | None]:
    told = checked(json.loads(json.dumps(report.to_json())), "output-1.schema.json", "verify")
    names = ("intact", "valid", "trusted", "label_consistent")
    return [told["verdict"][name] for name in names]


@pytest.mark.parametrize(
    ("data", "code"), [(b"text", 6), (b"\xff\xd8\xff\xe0" + bytes(50), 4), (_plain_png(), 3)]
)
def test_what_nobody_signed_is_not_called_changed(data: bytes, code: int) -> None:
    report = provenance.verify(data)
    assert report.exit_code == code and _verdicts(report) == [None] * 4


def test_a_label_that_is_left_alone_can_be_consistent(compressed: provenance.Labelled) -> None:
    parts = container.unpack(compressed.data)
    report = provenance.verify(container.replace_xmp(compressed.data, parts.xmp or b""))
    assert report.exit_code == 3 and _verdicts(report) == [None, None, None, True]
    assert report.label_trusted is True


def test_a_credential_without_a_label_is_judged_and_no_label_is_not(
    astronaut: Path, compressed: provenance.Labelled, monkeypatch: pytest.MonkeyPatch
) -> None:
    def bare(*arguments: Any) -> dict[str, Any]:
        made = definition(*arguments)
        return {**made, "assertions": made["assertions"][:1]}

    monkeypatch.setattr("provenance.credentials.signing.definition", bare)
    photo = astronaut.read_bytes()
    for data, consistent in ((photo, None), (_labelled_png(astronaut, compressed.label), False)):
        signed = sign(
            data,
            "image/png",
            compressed.label,
            default_identity(),
            original=photo,
            original_media_type="image/png",
        )
        report = provenance.verify(signed)
        assert report.exit_code == 3 and _verdicts(report) == [True, True, True, consistent]
        changed = provenance.verify(_flipped(signed, signed.rindex(b"IDAT") + 9))
        assert changed.exit_code == 4 and _verdicts(changed)[:3] == [False] * 3


def test_changed_content_fails_the_hard_binding_alone(compressed: provenance.Labelled) -> None:
    at = compressed.data.index(b"PRVC") - 40  # the end of the preview
    report = provenance.verify(_flipped(compressed.data, at))
    assert "hard binding" in _failed(report) and "signature" not in _failed(report)
    assert not report.intact and report.exit_code == 4
    assert "bmffHash.mismatch" in _detail(report, "hard binding")


def test_a_changed_assertion_fails_the_signature(compressed: provenance.Labelled) -> None:
    store = compressed.data.index(b"jumb")
    at = compressed.data.index(b"msh-6", store)
    report = provenance.verify(_flipped(compressed.data, at))
    assert _failed(report)[0] == "signature"
    assert "hashedURI.mismatch" in _detail(report, "signature")
    assert {_outcomes(report)[name] for name in NAMES[3:8]} == {Outcome.SKIPPED}
    assert not report.intact and not report.trusted and report.exit_code == 4


def test_a_changed_claim_fails_the_signature(compressed: provenance.Labelled) -> None:
    at = compressed.data.rindex(b"claim_generator_info") + 30
    report = provenance.verify(_flipped(compressed.data, at))
    assert "signature" in _failed(report) and report.exit_code == 4
    assert "claimSignature" in _detail(report, "signature")


def test_a_tampered_parent_fails_the_ingredients_and_nothing_else(
    astronaut: Path, compressed: provenance.Labelled
) -> None:
    parent = _flipped(compressed.data, compressed.data.index(b"PRVC") - 40)
    child = sign(
        _labelled_png(astronaut, compressed.label),
        "image/png",
        compressed.label,
        default_identity(),
        original=parent,
        original_media_type="image/avif",
        title="parent.avif",
        trust=default_trust(),
    )
    report = provenance.verify(child)
    assert _failed(report) == ["ingredients"]
    assert not report.intact and report.exit_code == 4


def _labelled_png(photo: Path, label: Label) -> bytes:
    from provenance.metadata import embed, packet

    return embed(photo.read_bytes(), "image/png", packet(label))


@pytest.fixture(scope="module")
def credential(compressed: provenance.Labelled) -> Credential:
    found = read(compressed.data, "image/avif", default_trust())
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("failure", "step"),
    [
        ("claimSignature.mismatch: x", "signature"),
        ("claim.malformed", "signature"),
        ("assertion.missing: x", "signature"),
        ("something.nobody.knows", "signature"),
        ("signingCredential.expired", "certificate"),
        ("signingCredential.invalid: no accepted usage", "certificate"),
        ("signingCredential.ocsp.revoked", "certificate"),
        ("claimSignature.outsideValidity", "certificate"),
        ("timeStamp.mismatch", "time stamp"),
        ("ingredient.unknownProvenance", "ingredients"),
        ("assertion.dataHash.mismatch", "hard binding"),
        ("assertion.bmffHash.malformed", "hard binding"),
        ("claim.hardBindings.missing", "hard binding"),
    ],
)
def test_every_failure_is_told_where_it_belongs(
    failure: str, step: str, credential: Credential
) -> None:
    steps = Steps()
    signature.check(replace(credential, valid=False, trusted=False, failures=(failure,)), steps)
    failed = [entry for entry in steps.done if entry.outcome is Outcome.FAILED]
    assert [(entry.name, entry.detail) for entry in failed] == [(step, failure)]


@pytest.mark.parametrize(
    ("success", "step"),
    [
        ("claimSignature.validated", "signature"),
        ("claimSignature.insideValidity", "certificate"),
        ("assertion.bmffHash.match", "hard binding"),
    ],
)
def test_what_was_not_checked_does_not_pass(
    success: str, step: str, credential: Credential
) -> None:
    assert success in credential.successes
    steps = Steps()
    weaker = replace(credential, successes=credential.successes - {success})
    assert signature.check(weaker, steps) == (step == "certificate")
    assert step in [entry.name for entry in steps.done if entry.outcome is Outcome.FAILED]


def test_an_ingredient_without_a_title_is_told_as_such(credential: Credential) -> None:
    [parent] = credential.ingredients
    steps = Steps()
    signature.check(replace(credential, ingredients=(replace(parent, title=""),)), steps)
    assert "unnamed (unsigned)" in [step.detail for step in steps.done]
