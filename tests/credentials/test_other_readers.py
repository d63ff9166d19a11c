"""Readers of C2PA and XMP by other people come to the same verdicts."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyexiv2
import pytest
from PIL import Image

from provenance import imaging
from provenance.credentials import Identity, read, sign
from provenance.credentials.certificates import to_pem
from provenance.labels import Label, to_json
from provenance.metadata import embed, packet

READERS = Path(__file__).parents[1] / "readers"
TYPES = (
    *("image/jpeg", "image/png", "image/webp", "image/tiff"),
    *("image/avif", "image/heic", "image/jxl"),
)


@pytest.fixture(autouse=True)
def nothing_leaves(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The reader keeps a telemetry preference in the user's home: give it an empty one."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))


def verdict(data: bytes, media_type: str, anchors: bytes) -> Mapping[str, Any]:
    import encypher_c2pa

    report: Mapping[str, Any] = encypher_c2pa.verify(
        data,
        media_type,
        trust_pem=anchors.decode(),
        no_default_trust=True,
        telemetry=False,
        online=False,
    )
    return report


@pytest.mark.parametrize("kind", TYPES)
def test_encypher_agrees(
    kind: str, files: dict[str, bytes], label: Label, identity: Identity, original: bytes
) -> None:
    data = sign(
        files[kind], kind, label, identity, original=original, original_media_type="image/jpeg"
    )
    anchors = to_pem(identity.chain[1:])
    report = verdict(data, kind, anchors)
    assert report["validation_state"] == "Trusted"
    assert report["integrity"] == "valid"
    assert report["hard_binding"] == "match"
    manifests = report["manifest_report"]["manifests"]
    text = json.dumps(manifests)
    assert "org.provenance.miscompression" in text
    assert to_json(label)["risk"]["findings"][0]["sentence"] in text

    changed = bytearray(data)
    changed[data.index(b"rdf:Seq")] ^= 1
    assert verdict(bytes(changed), kind, anchors)["validation_state"] == "Invalid"


def test_encypher_agrees_that_a_stranger_is_not_trusted(
    files: dict[str, bytes], label: Label, identity: Identity, original: bytes, authority: Any
) -> None:
    data = sign(
        files["image/jpeg"],
        "image/jpeg",
        label,
        authority.issue(),
        original=original,
        original_media_type="image/jpeg",
    )
    report = verdict(data, "image/jpeg", to_pem(identity.chain[1:]))
    assert report["validation_state"] == "Valid"


@pytest.mark.parametrize("kind", ["image/jpeg", "image/png", "image/avif"])
def test_c2pa_ts_agrees(
    kind: str,
    files: dict[str, bytes],
    label: Label,
    identity: Identity,
    original: bytes,
    tmp_path: Path,
) -> None:
    first = sign(
        files[kind], kind, label, identity, original=original, original_media_type="image/jpeg"
    )
    # The first is an ingredient of the second, so that parents are read, too.
    data = sign(files[kind], kind, label, identity, original=first, original_media_type=kind)
    report = c2pa_ts(tmp_path / "sound", data)
    assert (report["valid"], report["failures"]) == (True, [])
    assert "claimSignature.validated" in report["passed"]
    assert {"assertion.dataHash.match", "assertion.bmffHash.match"} & set(report["passed"])

    changed = bytearray(data)
    changed[data.index(b"rdf:Seq")] ^= 1
    assert not c2pa_ts(tmp_path / "changed", bytes(changed))["valid"]


def c2pa_ts(path: Path, data: bytes) -> Mapping[str, Any]:
    node = shutil.which("node")
    if node is None or not (READERS / "node_modules" / "@trustnxt").exists():
        pytest.skip("Node.js or c2pa-ts is not installed; see tools/test")
    path.write_bytes(data)
    run = subprocess.run(
        [node, READERS / "c2pa_ts.mjs", path], capture_output=True, check=True, timeout=60
    )
    report: Mapping[str, Any] = json.loads(run.stdout)
    assert report["found"]
    return report


@pytest.mark.parametrize("kind", TYPES)
def test_exiftool_reads_the_label_of_a_signed_file(
    kind: str,
    files: dict[str, bytes],
    label: Label,
    identity: Identity,
    original: bytes,
    tmp_path: Path,
) -> None:
    tool = shutil.which("exiftool")
    if tool is None:
        pytest.skip("exiftool is not installed")
    path = tmp_path / f"photo.{kind.partition('/')[2]}"
    path.write_bytes(
        sign(
            files[kind], kind, label, identity, original=original, original_media_type="image/jpeg"
        )
    )
    run = subprocess.run(
        [tool, "-json", "-struct", "-XMP-mc:all", str(path)],
        capture_output=True,
        check=True,
        text=True,
    )
    assert json.loads(run.stdout)[0]["Risk"]["Score"] == 0.37


def test_exif_of_a_signed_png_is_read_by_all(
    label: Label, identity: Identity, original: bytes, tmp_path: Path
) -> None:
    tool = shutil.which("exiftool")
    if tool is None:
        pytest.skip("exiftool is not installed")
    photo = imaging.load(original, "photo")
    assert photo.exif
    small = replace(photo, pixels=photo.pixels[::8, ::8])
    data = embed(imaging.render(small, "png"), "image/png", packet(label))
    signed = sign(
        data, "image/png", label, identity, original=original, original_media_type="image/jpeg"
    )
    credential = read(signed, "image/png", ())
    assert credential is not None and credential.intact and credential.valid
    path = tmp_path / "photo.png"
    path.write_bytes(signed)
    run = subprocess.run(
        [tool, "-json", "-G1", "-a", "-IFD0:all", "-ExifIFD:all", "-JUMBF:all", "-warning", path],
        capture_output=True,
        check=True,
        text=True,
    )
    (found,) = json.loads(run.stdout)
    assert found["IFD0:Make"] == "Canon" and "ExifIFD:DateTimeOriginal" in found
    assert "ExifTool:Warning" not in found
    assert any(name.startswith("JUMBF:") for name in found)
    with Image.open(path) as opened:
        assert opened.getexif()[0x010F] == "Canon"
    with pyexiv2.Image(str(path)) as image:
        assert image.read_exif()["Exif.Image.Make"] == "Canon"
