"""The verdicts and the steps behind them."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

import provenance
from provenance import container, metadata, sources
from provenance.codecs import bitstream as frames
from provenance.credentials import default_identity, identity_folder, new_identity, sign
from provenance.errors import InvalidError, UsageError
from provenance.files import read
from provenance.labels import parse_label, to_json
from provenance.metadata.tree import parse
from provenance.taxonomy import LEVEL_BOUNDS, level_of
from provenance.verification import Outcome, Report
from provenance.verification.content import contradiction


def _resigned(compressed: provenance.Labelled, data: bytes, label: provenance.Label) -> bytes:
    """What a signer who lies would make: any content, any label, a good signature."""
    return sign(
        data,
        "image/avif",
        label,
        default_identity(),
        original=b"original",
        original_media_type="image/png",
    )


def _failed(report: Report) -> set[str]:
    return {step.name for step in report.steps if step.outcome is Outcome.FAILED}


def test_steps_are_numbered_in_order(compressed: provenance.Labelled) -> None:
    report = provenance.verify(compressed.data)
    assert [step.number for step in report.steps] == list(range(1, len(report.steps) + 1))
    assert report.exit_code == 0 and not _failed(report)
    assert report.intact and report.valid and report.trusted and report.label_consistent


def test_an_unknown_signer_is_valid_and_not_trusted(
    compressed: provenance.Labelled, tmp_path: Path
) -> None:
    trust = provenance.TrustStore(tmp_path / "trust")
    report = provenance.verify(compressed.data, trust=trust)
    assert report.exit_code == 5
    assert report.intact and report.valid and not report.trusted
    assert _failed(report) == {"trust"}


def test_trust_store_and_xmp_are_read_once(
    compressed: provenance.Labelled, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trust = provenance.TrustStore(tmp_path / "trust", identity_folder())
    trust.add(identity_folder() / "ca.pem", "desk")
    opened: list[object] = []

    def counted(read: Callable[..., Any]) -> Callable[..., Any]:
        def reading(what: object, *others: object) -> Any:
            opened.append(what)
            return read(what, *others)

        return reading

    monkeypatch.setattr("provenance.credentials.trust.read", counted(read))
    monkeypatch.setattr(sys.modules["provenance.metadata.packet"], "parse", counted(parse))
    assert provenance.verify(compressed.data, trust=trust).trusted
    files, packets = 2, 1
    assert len(opened) == files + packets
    opened.clear()
    monkeypatch.setattr("provenance.api.signed", lambda *_, **__: compressed)
    monkeypatch.setattr("provenance.api.described", lambda *_: b"")
    monkeypatch.setattr("provenance.metadata.embed", lambda data, *_: data)
    provenance.decompress(compressed.data, trust=trust)
    assert len(opened) == files + packets


def test_an_own_identity_signs(astronaut: Path, tmp_path: Path) -> None:
    identity = new_identity("Example Desk", "Photo editor", tmp_path / "desk")
    signed = provenance.compress(astronaut, quality=1, identity=identity)
    report = provenance.verify(signed.data)
    assert report.exit_code == 5
    assert report.signer is not None and report.signer["organisation"] == "Example Desk"


def test_a_label_of_another_file_is_noticed_though_signed(
    compressed: provenance.Labelled,
) -> None:
    parts = container.unpack(compressed.data)
    other = replace(compressed.label, model=replace(compressed.label.model, name="msh-9"))
    data = container.replace_xmp(compressed.data, parts.xmp or b"")
    report = provenance.verify(_resigned(compressed, data, other))
    assert report.exit_code == 4 and report.trusted and not report.label_consistent
    assert _failed(report) == {"XMP", "codec and model"}


def test_a_broken_bitstream_is_noticed_though_signed(compressed: provenance.Labelled) -> None:
    parts = container.unpack(compressed.data)
    broken = bytearray(parts.bitstream)
    broken[-20] ^= 1
    data = container.pack(
        bytes(broken), width=parts.width, height=parts.height, preview=None, xmp=parts.xmp
    )
    report = provenance.verify(_resigned(compressed, data, compressed.label))
    assert report.exit_code == 4 and _failed(report) == {"codec and model"}


def test_a_model_that_is_not_installed_is_said_and_no_fault(
    compressed: provenance.Labelled,
) -> None:
    parts = container.unpack(compressed.data)
    stream = replace(frames.parse(parts.bitstream), weights=bytes(8))
    label = replace(compressed.label, model=replace(compressed.label.model, sha256="00" * 32))
    data = container.pack(
        frames.pack(stream),
        width=parts.width,
        height=parts.height,
        preview=None,
        xmp=None,
    )
    report = provenance.verify(_resigned(compressed, data, label))
    assert report.exit_code == 0
    assert "not installed here" in next(
        s.detail for s in report.steps if s.name == "codec and model"
    )


def test_sizes_must_agree(compressed: provenance.Labelled) -> None:
    parts = container.unpack(compressed.data)
    data = container.pack(parts.bitstream, width=640, height=480, preview=None, xmp=parts.xmp)
    report = provenance.verify(_resigned(compressed, data, compressed.label))
    assert report.exit_code == 4 and _failed(report) == {"codec and model"}


@pytest.mark.parametrize(
    ("part", "said"),
    [
        ("codec", {"generative": True}),
        ("codec", {"decoder": "perceptual"}),
        ("codec", {"extra": {"steps": 3}}),
        ("quality", {"bits_per_pixel": 0.001}),
        ("quality", {"setting": 1.0}),
    ],
)
def test_what_the_bitstream_tells_must_be_labelled(
    part: str, said: dict[str, Any], compressed: provenance.Labelled
) -> None:
    label = compressed.label
    lie = replace(label, **{part: replace(getattr(label, part), **said)})
    parts = container.unpack(compressed.data)
    data = container.pack(
        parts.bitstream,
        width=parts.width,
        height=parts.height,
        preview=None,
        xmp=metadata.packet(lie),
    )
    report = provenance.verify(_resigned(compressed, data, lie))
    assert report.exit_code == 4 and _failed(report) == {"codec and model"}, report.steps


@pytest.mark.parametrize("level", [1, 4])
def test_a_level_must_be_that_of_its_score(level: int, compressed: provenance.Labelled) -> None:
    assert compressed.label.risk.level == 5
    label = replace(compressed.label, risk=replace(compressed.label.risk, level=level))
    packet = metadata.packet(label)
    parts = container.unpack(compressed.data)
    width, height = parts.width, parts.height
    bare = container.pack(parts.bitstream, width=width, height=height, preview=None, xmp=packet)
    for data, step, code in ((_resigned(compressed, bare, label), "label", 4), (bare, "XMP", 4)):
        report = provenance.verify(data)
        assert report.exit_code == code and not report.label_consistent
        assert step in _failed(report) and f"is not of level {level}" in str(report.label_problem)
        with pytest.raises(InvalidError, match=f"is not of level {level}"):
            provenance.decompress(data)


def test_the_level_of_an_earlier_compression_must_fit_too(
    compressed: provenance.Labelled,
) -> None:
    again = provenance.compress(compressed.data, quality=30)
    assert contradiction(again.label) is None
    first, *others = again.label.history
    changed = replace(first, level=1)
    assert contradiction(replace(again.label, history=(changed, *others)))


@pytest.mark.parametrize("bound", LEVEL_BOUNDS)
def test_rounding_a_score_contradicts_no_level(
    bound: float, compressed: provenance.Labelled
) -> None:
    score = bound - 1e-9
    risk = replace(compressed.label.risk, score=score, level=level_of(score))
    written = parse_label(to_json(replace(compressed.label, risk=risk)))
    assert level_of(written.risk.score) != written.risk.level
    assert contradiction(written) is None


def test_what_is_compressed_again_is_the_picture_and_not_its_preview(
    compressed: provenance.Labelled,
) -> None:
    again = provenance.compress(compressed.data, quality=30)
    assert (again.label.original.width, again.label.original.height) == (512, 512)
    assert again.label.history
    report = provenance.verify(again.data)
    assert report.exit_code == 0
    assert [entry["state"] for entry in report.ingredients] == ["trusted", "unsigned"]


def test_an_altered_label_says_nothing_of_what_was_before(compressed: provenance.Labelled) -> None:
    parts = container.unpack(compressed.data)
    _, jws = metadata.read_signed_label(parts.xmp or b"")
    edited = replace(compressed.label, risk=replace(compressed.label.risk, score=0.0))
    for label, word in ((compressed.label, False), (edited, True)):
        data = container.pack(
            parts.bitstream,
            width=parts.width,
            height=parts.height,
            preview=None,
            xmp=metadata.packet(label, signature=jws),
        )
        again = provenance.compress(data, quality=30)
        assert any("own label is broken" in said for said in again.label.warnings) == word
        assert bool(again.label.history) != word


def test_without_a_preview_it_is_still_a_picture_of_ours(astronaut: Path) -> None:
    made = provenance.compress(astronaut, quality=1, preview=None)
    assert provenance.show(made.data).original == made.label.original
    assert sources.carries_label(made.data)
    root = provenance.history(made.data)
    assert root is not None and root.label is not None
    assert root.label.original == made.label.original
    assert provenance.verify(made.data).exit_code == 0


def test_an_unsigned_label_proves_nothing(compressed: provenance.Labelled) -> None:
    parts = container.unpack(compressed.data)
    data = container.replace_xmp(compressed.data, parts.xmp or b"")
    report = provenance.verify(data)
    assert report.exit_code == 3
    assert report.label is not None and not report.intact and not report.trusted


@pytest.mark.parametrize(
    ("data", "code", "told"),
    [
        (b"", 6, "no picture of a known format"),
        (b"text", 6, "no picture of a known format"),
        (b"\xff\xd8\xff\xe0" + bytes(50), 4, "begins as image/jpeg, but is cut off or damaged"),
    ],
)
def test_other_files_are_reported_and_raise_nothing(data: bytes, code: int, told: str) -> None:
    report = provenance.verify(data)
    assert report.exit_code == code and _failed(report) >= {"container"}
    assert report.steps[0].detail == told


def test_damaged_exif_in_a_compressed_file_is_left_out_and_told(
    compressed: provenance.Labelled,
) -> None:
    parts = container.unpack(compressed.data)
    data = container.pack(
        parts.bitstream, width=parts.width, height=parts.height, preview=None, xmp=parts.xmp,
        exif=b"no EXIF at all",
    )  # fmt: skip
    for kind in ("tiff", "jpeg"):
        made = provenance.decompress(data, to=kind)
        assert "The EXIF data is damaged and was left out." in made.notes
        assert b"no EXIF" not in made.data


def test_unusual_is_not_tampered_with() -> None:
    picture = Image.linear_gradient("L")
    unusual: list[tuple[str, dict[str, Any]]] = [
        ("TIFF", {"big_tiff": True}),
        ("WEBP", {"xmp": b" " * 300_001}),
    ]
    for kind, options in unusual:
        stream = io.BytesIO()
        picture.save(stream, kind, **options)
        report = provenance.verify(stream.getvalue())
        assert report.exit_code == 3 and _failed(report) == {"credential"}, kind


def test_more_xmp_than_is_read_is_no_place_to_hide_in(compressed: provenance.Labelled) -> None:
    stream = io.BytesIO()
    Image.linear_gradient("L").save(stream, "WEBP", xmp=b" " * 300_001)
    signed = sign(
        stream.getvalue(),
        "image/webp",
        compressed.label,
        default_identity(),
        original=b"original",
        original_media_type="image/png",
    )
    report = provenance.verify(signed)
    assert report.exit_code == 4 and _failed(report) == {"XMP"}


def test_icc_exif_and_orientation_survive(astronaut: Path) -> None:
    import io

    from PIL import Image, ImageCms

    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    exif = Image.Exif()
    exif[0x010F] = "A camera"
    exif[0x0112] = 6
    buffer = io.BytesIO()
    with Image.open(astronaut) as image:
        wide = image.convert("RGB").crop((0, 0, 300, 200))
    wide.save(buffer, "JPEG", icc_profile=profile, exif=exif, quality=95)
    compressed = provenance.compress(buffer.getvalue(), quality=60)
    assert (compressed.label.original.width, compressed.label.original.height) == (200, 300)
    for kind in ("png", "jpeg", "webp"):
        decoded = provenance.decompress(compressed.data, to=kind)
        with Image.open(io.BytesIO(decoded.data)) as picture:
            assert picture.size == (200, 300)
            assert picture.info["icc_profile"] == profile
            assert picture.getexif()[0x010F] == "A camera"
            assert picture.getexif().get(0x0112, 1) == 1


def test_an_unknown_rendition_is_a_usage_error(astronaut: Path) -> None:
    with pytest.raises(UsageError, match="not a rendition format"):
        provenance.compress(astronaut, to="gif")
