"""What is left when a site strips the credential, or packs the pixels anew."""

from __future__ import annotations

import dataclasses
import datetime
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageCms

import provenance
from provenance import binding, container, imaging, metadata
from provenance.assembly import described
from provenance.credentials import (
    LabelSignature,
    check_label_signature,
    default_identity,
    new_identity,
    sign,
    sign_label,
)
from provenance.errors import SigningError
from provenance.formats import RENDITIONS
from provenance.labels import Label, parse_label
from provenance.verification import Outcome, Report

LOSSLESS = ("png", "webp", "tiff", "jxl")


@pytest.fixture(scope="module")
def label() -> Label:
    path = Path(__file__).parents[1] / "metadata" / "label.json"
    return parse_label(path.read_bytes())


@pytest.fixture(scope="module")
def original(data: Path) -> bytes:
    return (data / "faces" / "portrait-1.jpg").read_bytes()


@pytest.fixture(scope="module")
def photo(original: bytes) -> imaging.Photo:
    whole = imaging.load(original, "photo")
    return dataclasses.replace(whole, pixels=whole.pixels[100:196, 200:328].copy())


@pytest.fixture(scope="module")
def files(photo: imaging.Photo, label: Label, original: bytes) -> dict[str, bytes]:
    """A labelled and signed rendition of every kind."""
    made = {}
    for kind, entry in RENDITIONS.items():
        rendered = imaging.render(photo, kind)
        bound = binding.of_pixels(imaging.load(rendered, kind))
        packet = described(label, photo, bound, entry.media_type, default_identity(), None, print)
        labelled = metadata.embed(rendered, entry.media_type, packet)
        made[kind] = sign(
            labelled,
            entry.media_type,
            label,
            default_identity(),
            original=original,
            original_media_type="image/jpeg",
        )
    return made


def stripped(data: bytes, kind: str, *, to: str | None = None) -> bytes:
    """The same pixels and XMP, and no credential: encoded anew, or cut out where that loses."""
    media_type = RENDITIONS[kind].media_type
    packet = metadata.read_packet(data, media_type)
    assert packet is not None
    if kind in LOSSLESS:
        target = to or kind
        return metadata.embed(
            imaging.render(imaging.load(data, kind), target), RENDITIONS[target].media_type, packet
        )
    if kind == "jpeg":
        return without_app11(data)
    return container.replace_xmp(data, packet)


def without_app11(data: bytes) -> bytes:
    kept, at = data[:2], 2
    while data[at + 1] != 0xDA:
        end = at + 2 + int.from_bytes(data[at + 2 : at + 4], "big")
        if data[at + 1] != 0xEB:
            kept += data[at:end]
        at = end
    return kept + data[at:]


def xmp_step(report: Report) -> provenance.verification.Step:
    return next(step for step in report.steps if step.name == "XMP")


@pytest.mark.parametrize("kind", RENDITIONS)
def test_a_whole_file_is_good_and_its_label_also_signed_alone(
    kind: str, files: dict[str, bytes]
) -> None:
    report = provenance.verify(files[kind])
    assert report.exit_code == 0
    assert report.label_signature is not None and report.label_signature.valid
    assert report.label_signature.picture_matches is None  # the credential vouches for every byte
    assert not report.label_survived
    assert "signed on its own" in xmp_step(report).detail


@pytest.mark.parametrize("kind", RENDITIONS)
def test_the_label_survives_a_site_that_strips_the_credential(
    kind: str, files: dict[str, bytes], label: Label
) -> None:
    report = provenance.verify(stripped(files[kind], kind))
    assert report.exit_code == 3 and report.label_survived
    assert report.label == label
    assert not report.intact and not report.valid and not report.trusted
    own = report.label_signature
    assert own is not None and own.picture_matches and own.trusted_by == "local"
    assert xmp_step(report).outcome is Outcome.PASSED
    assert "label intact, credential stripped" in xmp_step(report).detail


@pytest.mark.parametrize("to", LOSSLESS)
@pytest.mark.parametrize("kind", ["png", "tiff"])
def test_the_label_survives_another_format_without_loss(
    kind: str, to: str, files: dict[str, bytes]
) -> None:
    assert provenance.verify(stripped(files[kind], kind, to=to)).label_survived


@pytest.mark.parametrize("kind", ["png", "webp", "tiff"])
def test_one_changed_pixel_is_noticed(kind: str, files: dict[str, bytes]) -> None:
    photo = imaging.load(files[kind], kind)
    pixels = photo.pixels.copy()
    pixels[5, 7, 1] ^= 1
    media_type = RENDITIONS[kind].media_type
    packet = metadata.read_packet(files[kind], media_type) or b""
    changed = imaging.render(dataclasses.replace(photo, pixels=pixels), kind)
    report = provenance.verify(metadata.embed(changed, media_type, packet))
    assert report.exit_code == 4 and not report.label_survived
    assert "another picture" in xmp_step(report).detail


def test_a_label_packed_with_loss_is_no_longer_about_this_picture(files: dict[str, bytes]) -> None:
    packet = metadata.read_packet(files["png"], "image/png") or b""
    lossy = imaging.render(imaging.load(files["png"], "png"), "jpeg")
    report = provenance.verify(metadata.embed(lossy, "image/jpeg", packet))
    assert report.exit_code == 4 and not report.label_survived


def test_another_colour_profile_is_another_picture_but_srgb_is_none(
    files: dict[str, bytes], compressed: provenance.Labelled
) -> None:
    photo = imaging.load(files["png"], "png")
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    # The same, with red and green in each other's place.
    swapped = srgb.replace(b"rXYZ", b"....").replace(b"gXYZ", b"rXYZ").replace(b"....", b"gXYZ")
    packet = metadata.read_packet(files["png"], "image/png") or b""
    parts = container.unpack(compressed.data)
    for icc, code in ((srgb, 3), (swapped, 4)):
        other = imaging.render(dataclasses.replace(photo, icc=icc), "png")
        assert provenance.verify(metadata.embed(other, "image/png", packet)).exit_code == code
        width, height = parts.width, parts.height
        neural = container.pack(
            parts.bitstream, width=width, height=height, preview=None, xmp=parts.xmp, icc=icc
        )
        assert provenance.verify(neural).exit_code == code


def test_the_label_s_signature_is_checked_once(
    files: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    checked: list[str] = []

    def check(jws: str, *others: Any) -> LabelSignature:
        checked.append(jws)
        return check_label_signature(jws, *others)

    monkeypatch.setattr("provenance.verification.xmp.check_label_signature", check)
    assert provenance.verify(stripped(files["png"], "png")).label_survived
    assert len(checked) == 1


def test_a_label_whose_signer_s_certificate_has_ended_is_still_of_what_was_before(
    files: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    def ended(chain: object, now: object) -> None:
        raise SigningError("certificate: expired")

    monkeypatch.setattr("provenance.credentials.label_signature.check_chain", ended)
    bare = stripped(files["png"], "png")
    assert "expired" in xmp_step(provenance.verify(bare)).detail
    again = provenance.compress(bare, quality=50)
    assert len(again.label.history) == 2
    assert not any("broken" in said for said in again.label.warnings)


def test_a_label_moved_to_another_picture_is_noticed(
    files: dict[str, bytes], photo: imaging.Photo
) -> None:
    packet = metadata.read_packet(files["png"], "image/png") or b""
    other = imaging.render(dataclasses.replace(photo, pixels=photo.pixels[::-1].copy()), "png")
    report = provenance.verify(metadata.embed(other, "image/png", packet))
    assert report.exit_code == 4
    assert "another picture" in xmp_step(report).detail


def test_an_edited_label_is_noticed(files: dict[str, bytes]) -> None:
    bare = stripped(files["png"], "png")
    packet = metadata.read_packet(bare, "image/png") or b""
    assert b'mc:score="0.37"' in packet
    edited = metadata.embed(
        bare, "image/png", packet.replace(b'mc:score="0.37"', b'mc:score="0.1"')
    )
    report = provenance.verify(edited)
    assert report.exit_code == 4
    assert "another label" in xmp_step(report).detail


def test_a_label_without_its_signature_is_one_that_nobody_signed(
    files: dict[str, bytes], label: Label
) -> None:
    bare = metadata.embed(stripped(files["png"], "png"), "image/png", metadata.packet(label))
    report = provenance.verify(bare)
    assert report.exit_code == 3 and report.label_signature is None
    assert xmp_step(report).outcome is Outcome.SKIPPED


def test_a_stranger_s_signature_is_said_to_be_one(
    files: dict[str, bytes], label: Label, tmp_path: Path
) -> None:
    bare = stripped(files["png"], "png")
    stranger = new_identity("Stranger", "Nobody", tmp_path / "stranger")
    shown = imaging.load(bare, "png")
    packet = described(label, shown, binding.of_pixels(shown), "image/png", stranger, None, print)
    report = provenance.verify(metadata.embed(bare, "image/png", packet))
    assert report.exit_code == 3
    assert "Stranger, not trusted here" in xmp_step(report).detail
    assert report.label_signature is not None and report.label_signature.trusted_by is None


def test_a_label_that_says_it_was_signed_in_the_future_is_remarked_upon(
    files: dict[str, bytes], label: Label
) -> None:
    bare = stripped(files["png"], "png")
    shown = binding.of_pixels(imaging.load(bare, "png"))
    later = datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=400)
    jws = sign_label(label, shown, default_identity(), later)
    data = metadata.embed(bare, "image/png", metadata.packet(label, signature=jws))
    report = provenance.verify(data)
    assert report.exit_code == 3 and report.label_survived
    assert f"{later:%Y-%m-%d %H:%M}, later than this machine's clock" in xmp_step(report).detail


def test_a_signature_of_the_label_under_a_whole_credential_must_hold_too(
    files: dict[str, bytes], label: Label, original: bytes
) -> None:
    bare = stripped(files["png"], "png")
    other = dataclasses.replace(label, warnings=("other",))
    jws = metadata.read_signed_label(metadata.read_packet(bare, "image/png") or b"")[1]
    labelled = metadata.embed(bare, "image/png", metadata.packet(other, signature=jws))
    resigned = sign(
        labelled,
        "image/png",
        other,
        default_identity(),
        original=original,
        original_media_type="image/jpeg",
    )
    report = provenance.verify(resigned)
    assert report.trusted and report.exit_code == 4
    assert "another label" in xmp_step(report).detail


def test_the_signature_of_a_compressed_file_is_bound_to_its_bitstream(
    compressed: provenance.Labelled,
) -> None:
    parts = container.unpack(compressed.data)
    bare = container.replace_xmp(compressed.data, parts.xmp or b"")
    report = provenance.verify(bare)
    assert report.exit_code == 3 and report.label_survived
    other = container.pack(
        parts.bitstream + b"x", width=parts.width, height=parts.height, preview=None, xmp=parts.xmp
    )
    assert "another picture" in xmp_step(provenance.verify(other)).detail


def test_the_hash_is_the_documented_one(photo: imaging.Photo) -> None:
    import hashlib

    height, width = photo.pixels.shape[:2]
    head = width.to_bytes(4, "big") + height.to_bytes(4, "big")
    plain = dataclasses.replace(photo, icc=None)
    expected = hashlib.sha256(head + b"\0\0\0\3" + photo.pixels.tobytes()).hexdigest()
    assert binding.of_pixels(plain).sha256 == expected
    alpha = photo.pixels[:, :, 0]
    stacked = np.concatenate([photo.pixels, alpha[:, :, None]], axis=2)
    expected = hashlib.sha256(head + b"\0\0\0\4" + stacked.tobytes() + b"icc").hexdigest()
    assert binding.of_pixels(dataclasses.replace(plain, alpha=alpha, icc=b"icc")).sha256 == expected


def test_the_report_follows_the_schema(files: dict[str, bytes]) -> None:
    from provenance.labels.schema import checked

    for data in (files["png"], stripped(files["png"], "png")):
        report = json.loads(json.dumps(provenance.verify(data).to_json()))
        assert checked(report, "output-1.schema.json", "verify")["label_signature"]["intact"]


def test_a_grey_picture_keeps_its_label_too(label: Label, photo: imaging.Photo) -> None:
    grey = imaging.Photo(np.repeat(photo.pixels[:, :, :1], 3, axis=2), grey=True)
    data = imaging.render(grey, "png")
    packet = described(
        label, grey, binding.of_pixels(grey), "image/png", default_identity(), None, print
    )
    with Image.open(io.BytesIO(data)) as opened:
        coloured = io.BytesIO()
        opened.convert("RGB").save(coloured, "PNG")
    report = provenance.verify(metadata.embed(coloured.getvalue(), "image/png", packet))
    assert report.label_survived


def test_a_label_that_is_taken_over_unsigned_is_remarked_upon(
    compressed: provenance.Labelled, tmp_path: Path
) -> None:
    parts = container.unpack(compressed.data)
    survived = container.replace_xmp(compressed.data, parts.xmp or b"")
    for good in (compressed.data, survived):
        assert not provenance.decompress(good).notes
    unsigned = container.replace_xmp(compressed.data, metadata.packet(compressed.label))
    [note] = provenance.decompress(unsigned).notes
    assert "nobody whom you trust has signed it" in note
    elsewhere = provenance.TrustStore(tmp_path / "trust")
    assert note in provenance.decompress(compressed.data, trust=elsewhere).notes
