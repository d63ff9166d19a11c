"""A manifest beside the file, for formats that can hold none."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from PIL import Image

import provenance
from provenance.credentials import Identity, TrustStore, read, sign
from provenance.errors import NotLabelledError, UsageError
from provenance.labels import CodecFacts, Label, ModelFacts
from provenance.metadata import embed

TYPES = {
    "BMP": "image/bmp",
    "GIF": "image/gif",
    "JPEG2000": "image/jp2",
    "PPM": "image/x-portable-anymap",
}


@pytest.fixture(scope="module")
def picture(original: bytes) -> Image.Image:
    with Image.open(io.BytesIO(original)) as opened:
        return opened.convert("RGB").resize((64, 48))


def encode(picture: Image.Image, kind: str) -> bytes:
    stream = io.BytesIO()
    picture.save(stream, kind)
    return stream.getvalue()


def beside(data: bytes, label: Label, identity: Identity, original: bytes) -> bytes:
    return sign(
        data,
        "image/bmp",
        label,
        identity,
        original=original,
        original_media_type="image/jpeg",
        detached=True,
    )


@pytest.mark.parametrize("kind", [*TYPES, "JPEG"])
def test_it_covers_every_byte_of_a_file_of_any_type(
    kind: str,
    picture: Image.Image,
    label: Label,
    identity: Identity,
    trust: TrustStore,
    original: bytes,
) -> None:
    data = encode(picture, kind)
    manifest = beside(data, label, identity, original)
    media_type = TYPES.get(kind, "image/jpeg")
    found = read(data, media_type, trust, manifest)
    assert found is not None and found.trusted and found.label == label
    assert [entry.relationship for entry in found.ingredients] == ["parentOf"]
    assert read(data, media_type, trust) is None
    for at in (0, len(data) // 2, len(data) - 1):
        changed = bytearray(data)
        changed[at] ^= 1
        broken = read(bytes(changed), media_type, trust, manifest)
        assert broken is not None and not broken.intact and not broken.trusted


def test_a_cut_or_changed_one_is_broken_and_raises_nothing(
    picture: Image.Image, label: Label, identity: Identity, trust: TrustStore, original: bytes
) -> None:
    data = encode(picture, "BMP")
    manifest = beside(data, label, identity, original)
    for size in (0, 1, 100, len(manifest) // 2, len(manifest) - 1):
        found = read(data, "image/bmp", trust, manifest[:size])
        assert found is None or not found.valid
    changed = bytearray(manifest)
    changed[manifest.index(b"numeral")] ^= 1
    found = read(data, "image/bmp", trust, bytes(changed))
    assert found is not None and not found.intact
    found = read(data, "image/bmp", trust, b"jumb" * 1_000_000)
    assert found is not None and not found.valid


def test_the_credential_in_the_file_comes_first(
    files: dict[str, bytes], label: Label, identity: Identity, trust: TrustStore, original: bytes
) -> None:
    signed = sign(
        files["image/png"],
        "image/png",
        label,
        identity,
        original=original,
        original_media_type="image/jpeg",
    )
    found = read(signed, "image/png", trust, b"nothing")
    assert found is not None and found.trusted


def test_a_parent_s_manifest_beside_it_goes_along(
    picture: Image.Image,
    files: dict[str, bytes],
    label: Label,
    identity: Identity,
    trust: TrustStore,
    original: bytes,
) -> None:
    parent = encode(picture, "BMP")
    manifest = beside(parent, label, identity, original)

    def child(of: bytes, beside_it: bytes) -> list[str]:
        data = sign(
            files["image/png"],
            "image/png",
            label,
            identity,
            original=of,
            original_media_type="image/bmp",
            original_sidecar=beside_it,
            trust=trust,
        )
        found = read(data, "image/png", trust)
        assert found is not None and found.trusted
        return sorted(entry.state for entry in found.ingredients)

    assert child(parent, manifest) == ["trusted", "unsigned"]
    assert child(parent[:-1] + b"x", manifest)[0] == "tampered"
    assert child(parent, manifest[:-100]) == ["tampered"]


@pytest.fixture
def labelled(tmp_path: Path, picture: Image.Image) -> Path:
    """A BMP with its sidecar, made as a user of the library would."""
    before, after = tmp_path / "before.bmp", tmp_path / "after.bmp"
    before.write_bytes(encode(picture, "BMP"))
    after.write_bytes(encode(picture.point(lambda value: value // 2 * 2), "BMP"))
    made = provenance.label(
        before,
        after,
        codec=CodecFacts("x", "unknown", False, "default"),
        model=ModelFacts("y", None),
        sidecar=True,
    )
    assert made.media_type == "application/c2pa"
    after.with_suffix(".c2pa").write_bytes(made.data)
    return after


def test_it_is_found_by_itself(labelled: Path, tmp_path: Path, picture: Image.Image) -> None:
    report = provenance.verify(labelled)
    assert report.exit_code == 0 and report.trusted and report.label is not None
    assert provenance.show(labelled) == report.label
    assert provenance.verify(labelled.read_bytes()).exit_code == 3

    manifest = labelled.with_suffix(".c2pa").rename(tmp_path / "after.bmp.c2pa")
    assert provenance.verify(labelled).exit_code == 0
    root = provenance.history(labelled)
    assert root is not None

    labelled.write_bytes(encode(picture.rotate(180), "BMP"))
    assert provenance.verify(labelled).exit_code == 4
    manifest.unlink()
    assert provenance.verify(labelled).exit_code == 3
    with pytest.raises(NotLabelledError):
        provenance.show(labelled)


def test_a_sidecar_of_another_file_proves_nothing(labelled: Path, picture: Image.Image) -> None:
    other = labelled.with_name("other.bmp")
    other.write_bytes(encode(picture.rotate(180), "BMP"))
    assert provenance.verify(other).exit_code == 3
    other.with_suffix(".c2pa").write_bytes(labelled.with_suffix(".c2pa").read_bytes())
    assert provenance.verify(other).exit_code == 4


def test_one_for_a_namesake_spoils_nothing(labelled: Path, picture: Image.Image) -> None:
    plain = labelled.with_suffix(".png")
    plain.write_bytes(encode(picture, "PNG"))
    labelled.with_suffix(".xmp").write_text("of another program")
    assert provenance.verify(labelled).exit_code == 0
    assert provenance.verify(plain).exit_code == 3
    assert provenance.history(plain) is None
    with pytest.raises(NotLabelledError):
        provenance.show(plain)
    found = provenance.verify_many([labelled.parent])
    codes = {path.name: getattr(report, "exit_code", None) for path, report in found}
    assert codes == {"after.bmp": 0, "after.png": 3}

    # Made for neither of them as they are now, it speaks against both.
    labelled.write_bytes(encode(picture.rotate(180), "BMP"))
    assert provenance.verify(labelled).exit_code == 4
    assert provenance.verify(plain).exit_code == 4


def test_one_with_the_whole_name_comes_first(labelled: Path, picture: Image.Image) -> None:
    shared = labelled.with_suffix(".c2pa")
    labelled.with_name("after.bmp.c2pa").write_bytes(shared.read_bytes())
    shared.write_bytes(b"of something else")
    assert provenance.verify(labelled).exit_code == 0


def test_the_history_of_a_file_with_a_sidecar_goes_on(labelled: Path, tmp_path: Path) -> None:
    after = tmp_path / "again.png"
    with Image.open(labelled) as opened:
        opened.save(after)
    made = provenance.label(
        labelled,
        after,
        codec=CodecFacts("x", "unknown", False, "default"),
        model=ModelFacts("y", None),
    )
    report = provenance.verify(made.data)
    assert [s for s in report.steps if s.outcome == "failed"] == []
    states = sorted(entry["state"] for entry in report.ingredients)
    assert states == ["trusted", "unsigned"]
    assert len(made.label.history) == 2


def test_a_picture_that_is_to_be_changed_has_no_sidecar(labelled: Path) -> None:
    with pytest.raises(UsageError, match="sidecar"):
        provenance.label(
            labelled,
            labelled,
            codec=CodecFacts("x", "unknown", False, "default"),
            model=ModelFacts("y", None),
            sidecar=True,
            stamp=True,
        )


def test_it_counts_where_the_picture_points_elsewhere(
    files: dict[str, bytes], label: Label, identity: Identity, trust: TrustStore, original: bytes
) -> None:
    pointer = b"""<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
    <rdf:Description xmlns:dcterms="http://purl.org/dc/terms/"
    dcterms:provenance="http://127.0.0.1:9/photo.c2pa"/></rdf:RDF>"""
    data = embed(files["image/png"], "image/png", pointer)
    notes: list[str] = []
    assert read(data, "image/png", trust, note=notes.append) is None
    assert "nobody looked there" in notes.pop()
    manifest = beside(data, label, identity, original)
    found = read(data, "image/png", trust, manifest, note=notes.append)
    assert found is not None and found.trusted and not notes
