"""What only the original and the decoder can tell."""

from __future__ import annotations

import io
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import provenance
from provenance import container
from provenance.codecs import bitstream as frames
from provenance.credentials import default_identity, sign
from provenance.errors import InputError, ModelError, TooLargeError
from provenance.files import sha256
from provenance.labels import Label, Risk, parse_label
from provenance.labels.model import Compression
from provenance.verification import Original, Outcome, Report, truth
from provenance.verification.steps import Steps


def _failed(report: Report) -> list[str]:
    return [step.name for step in report.steps if step.outcome is Outcome.FAILED]


def _step(report: Report, name: str) -> tuple[Outcome, str]:
    return next((step.outcome, step.detail) for step in report.steps if step.name == name)


def _resigned(
    compressed: provenance.Labelled, label: Label, stream: frames.Bitstream | None = None
) -> bytes:
    """What a signer who lies would make: any label, any bitstream, a good signature."""
    parts = container.unpack(compressed.data)
    bitstream = parts.bitstream if stream is None else frames.pack(stream)
    data = container.pack(bitstream, width=parts.width, height=parts.height, preview=None, xmp=None)
    return sign(
        data,
        "image/avif",
        label,
        default_identity(),
        original=b"original",
        original_media_type="image/png",
    )


@pytest.fixture(scope="module")
def coarse(astronaut: Path) -> provenance.Labelled:
    """At the lowest quality, where small print is lost."""
    made = provenance.compress(astronaut, quality=1)
    assert made.label.risk.score > 3 * truth.TOLERANCE
    return made


def test_an_honest_label_is_true(coarse: provenance.Labelled, astronaut: Path) -> None:
    report = provenance.verify(coarse.data, original=astronaut)
    assert report.label_true is True and report.exit_code == 0
    claimed = f"claims {coarse.label.risk.score:.2f}, measured again {coarse.label.risk.score:.2f}"
    assert claimed in _step(report, "original")[1]
    # The picture is decoded for it.
    assert _step(report, "decode")[0] is Outcome.PASSED


def test_a_label_that_understates_its_risk_is_not(
    coarse: provenance.Labelled, astronaut: Path
) -> None:
    lie = replace(coarse.label, risk=replace(coarse.label.risk, score=0.0, level=1, findings=()))
    data = _resigned(coarse, lie)
    assert provenance.verify(data).exit_code == 0

    report = provenance.verify(data, original=astronaut)
    assert report.label_true is False and report.exit_code == 4
    assert _failed(report) == ["original"]
    assert "understates its risk: claims 0.00" in _step(report, "original")[1]
    # The other verdicts stay what they are.
    assert report.intact and report.valid and report.trusted and report.label_consistent


def test_steps_that_add_up_to_more_than_they_tell_are_no_lie(
    coarse: provenance.Labelled, astronaut: Path
) -> None:
    label = coarse.label
    first = _compression(label, sha256(astronaut.read_bytes()), 0.0)
    slight = replace(
        label,
        risk=replace(label.risk, score=0.0, level=1, findings=()),
        original=replace(label.original, sha256="0" * 64),
        history=(first, _compression(label, "0" * 64, 0.0)),
    )
    report = provenance.verify(_resigned(coarse, slight), original=astronaut)
    assert report.label_true is None and report.exit_code == 1
    assert "more was lost since that original" in _step(report, "original")[1]


def test_transparency_hides_the_same_in_every_format(astronaut: Path, tmp_path: Path) -> None:
    with Image.open(astronaut) as image:
        part = image.convert("RGB").crop((150, 0, 350, 200))
    part.putalpha(Image.linear_gradient("L").resize(part.size))
    photo = tmp_path / "cut-out.png"
    part.save(photo)
    made = provenance.compress(photo, quality=60)
    with Image.open(io.BytesIO(made.data)) as preview:
        assert np.asarray(preview)[0].min() > 240  # nothing of what was cut out
    jpeg = provenance.decompress(made.data, to="jpeg")
    assert "Transparency was laid on white." in jpeg.notes
    report = provenance.verify(jpeg.data, original=photo)
    assert report.label_true is True and report.exit_code == 0
    straight = provenance.compress(photo, quality=60, to="jpeg")
    assert straight.label.risk.score < 0.2
    assert provenance.assess(photo, straight.data).score < 0.2


def test_another_original_proves_nothing_and_is_no_success(
    coarse: provenance.Labelled, astronaut: Path, data: Path
) -> None:
    other = data / "pairs" / "diffeic" / "01-original.webp"
    report = provenance.verify(coarse.data, original=other)
    assert report.label_true is None and report.exit_code == 1
    assert report.measured is not None and report.measured.score > coarse.label.risk.score
    assert "another file than the label names" in _step(report, "original")[1]

    kodak = provenance.verify(coarse.data, original=data / "kodak" / "kodim01.png")
    assert kodak.label_true is None and kodak.exit_code == 1 and kodak.measured is None
    assert "of another size: 768x512" in _step(kodak, "original")[1]


def test_an_original_that_cannot_be_read_is_an_error(
    compressed: provenance.Labelled, astronaut: Path, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match="no such file"):
        provenance.verify(compressed.data, original=tmp_path / "missing.png")
    with pytest.raises(InputError, match="not an image"):
        provenance.verify(compressed.data, original=b"no picture")
    with pytest.raises(TooLargeError, match="pixels allowed"):
        provenance.verify(compressed.data, original=astronaut, max_pixels=1000)


def test_a_picture_that_cannot_be_decoded_here_is_told(
    compressed: provenance.Labelled, astronaut: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rendition = provenance.decompress(compressed.data, to="heif")
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    report = provenance.verify(rendition.data, original=astronaut)
    assert report.label_true is None and report.exit_code == 1
    outcome, detail = _step(report, "original")
    assert outcome is Outcome.FAILED and "provenance[heif]" in detail


def test_a_marked_rendition_is_compared_without_its_mark(
    compressed: provenance.Labelled, astronaut: Path
) -> None:
    marked = provenance.decompress(compressed.data, stamp=True)
    report = provenance.verify(marked.data, original=astronaut)
    assert report.label_true is True and report.exit_code == 0


def test_nothing_to_compare_is_unknown(astronaut: Path) -> None:
    report = provenance.verify(astronaut, original=astronaut)
    assert report.label_true is None and report.exit_code == 3
    assert _step(report, "original")[1] == "no label to compare with it; measured 0.00"


# Decoding.


def test_decoding_compares_checksums(compressed: provenance.Labelled) -> None:
    report = provenance.verify(compressed.data, decode=True)
    assert report.exit_code == 0
    assert _step(report, "decode") == (
        Outcome.PASSED,
        "512x512, latents as their checksum tells",
    )


def test_latents_that_do_not_match_are_found_by_decoding_alone(
    compressed: provenance.Labelled,
) -> None:
    stream = frames.parse(container.unpack(compressed.data).bitstream)
    data = _resigned(compressed, compressed.label, replace(stream, latents=bytes(8)))
    assert provenance.verify(data).exit_code == 0
    report = provenance.verify(data, decode=True)
    assert report.exit_code == 4 and _failed(report) == ["decode"]
    assert not report.label_consistent and report.trusted


def test_a_model_that_is_not_here_cannot_be_asked(compressed: provenance.Labelled) -> None:
    stream = frames.parse(container.unpack(compressed.data).bitstream)
    label = replace(compressed.label, model=replace(compressed.label.model, sha256="00" * 32))
    data = _resigned(compressed, label, replace(stream, weights=bytes(8)))
    with pytest.raises(ModelError, match=r"image: cannot be decoded: .* needs the model"):
        provenance.verify(data, decode=True)


def test_a_file_without_bitstream_has_nothing_to_decode(
    compressed: provenance.Labelled,
) -> None:
    rendition = provenance.decompress(compressed.data)
    report = provenance.verify(rendition.data, decode=True)
    assert _step(report, "decode") == (Outcome.SKIPPED, "the file carries no bitstream")
    assert report.exit_code == 0


# What is compared, without waiting for detectors.


@pytest.fixture
def label() -> Label:
    """Claims 0.37."""
    return parse_label((Path(__file__).parents[1] / "metadata" / "label.json").read_bytes())


@pytest.fixture
def photo() -> Original:
    stream = io.BytesIO()
    Image.new("RGB", (40, 30), "red").save(stream, "PNG")
    return Original("photo.png", stream.getvalue())


def _check(
    photo: Original, label: Label, measured: float, monkeypatch: pytest.MonkeyPatch, **named: Any
) -> tuple[bool | None, str]:
    def assess(original: Any, shown: Any, *, redact_evidence: bool) -> Risk:
        assert not redact_evidence
        same = np.array_equal(original, shown)
        return replace(label.risk, score=0.0 if same and named else measured)

    monkeypatch.setattr("provenance.risk.assess", assess)
    steps = Steps()
    shown = named.get("shown", np.full((30, 40, 3), (255, 0, 0), np.uint8))
    found, _ = truth.check(photo, label, shown, named.get("marks", ()), 10_000, steps)
    return found, steps.done[0].detail


def _of(label: Label, photo: Original) -> Label:
    return replace(label, original=replace(label.original, sha256=sha256(photo.data)))


@pytest.mark.parametrize(("measured", "true"), [(0.0, True), (0.41, True), (0.43, False)])
def test_a_little_more_than_claimed_is_tolerated(
    measured: float, true: bool, photo: Original, label: Label, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert _check(photo, _of(label, photo), measured, monkeypatch)[0] is true


def _compression(label: Label, digest: str, score: float) -> Compression:
    risk = label.risk
    return Compression(
        label.codec, label.model, label.quality, digest, score, 1, False, risk.by_type
    )


def test_each_original_of_a_chain_is_compared_with_what_came_after_it(
    photo: Original, label: Label, monkeypatch: pytest.MonkeyPatch
) -> None:
    digest, other = sha256(photo.data), "0" * 64
    first = _compression(label, digest, 0.2), _compression(label, other, 0.1)
    chain = replace(label, history=first, risk=replace(label.risk, score=0.28))
    assert "claims 0.28" in _check(photo, chain, 0.3, monkeypatch)[1]

    last = _compression(label, other, 0.2), _compression(label, digest, 0.1)
    chain = replace(chain, history=last)
    assert _check(photo, chain, 0.14, monkeypatch)[0] is True
    found, detail = _check(photo, chain, 0.2, monkeypatch)
    assert found is False and "claims 0.10" in detail

    # The score that people read counts, whatever its steps say.
    lie = replace(chain, history=first, risk=replace(label.risk, score=0.01))
    assert _check(photo, lie, 0.28, monkeypatch)[0] is False


def test_a_mark_cannot_hide_a_loss(
    photo: Original, label: Label, monkeypatch: pytest.MonkeyPatch
) -> None:
    changed = np.full((30, 40, 3), (255, 0, 0), np.uint8)
    changed[5:15, 5:15] = 0
    named = _of(replace(label, risk=replace(label.risk, score=0.0)), photo)

    def true(*marks: tuple[int, int, int, int]) -> bool | None:
        return _check(photo, named, 0.9, monkeypatch, shown=changed, marks=marks)[0]

    assert true((5, 5, 10, 10)) is True  # small, as marks are
    assert true() is False
    assert true((0, 0, 40, 30)) is False
    assert true((20, 0, 20, 20), (5, 5, 10, 10)) is False  # each takes of the same allowance
    assert true((-5, -5, 20, 20)) is False


def test_another_size_is_told(
    photo: Original, label: Label, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = np.zeros((3, 4, 3), np.uint8)
    found, detail = _check(photo, _of(label, photo), 0.0, monkeypatch, shown=small)
    assert found is None and "40x30, the picture 4x3" in detail
