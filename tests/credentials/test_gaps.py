"""What a trusted signer left open to change: metadata is told of, and a picture is not bound."""

from __future__ import annotations

import hashlib
import re
import struct
from typing import Any

import pytest

from provenance.credentials import read, sign
from provenance.credentials.gaps import gaps
from provenance.labels import Label
from provenance.verification import verify

from ..cose import content, replaced, signed_by, string
from .conftest import MEDIA_TYPES, Authority

XMP = b"http://ns.adobe.com/xap/1.0/"


@pytest.fixture(scope="module")
def signed(
    files: dict[str, bytes], label: Label, original: bytes, authority: Authority
) -> dict[str, bytes]:
    by = authority.issue()
    about = {"original": original, "original_media_type": "image/jpeg"}
    return {kind: sign(data, kind, label, by, **about) for kind, data in files.items()}  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", MEDIA_TYPES.values())
def test_what_is_signed_here_leaves_nothing_open(
    kind: str, signed: dict[str, bytes], authority: Authority
) -> None:
    credential = read(signed[kind], kind, authority.trust)
    assert credential is not None and credential.trusted and not credential.open_metadata


@pytest.mark.parametrize(
    ("chunk", "code", "words"),
    [
        (b"iTXt", 0, "but for metadata that its signer left open to change"),
        (b"IDAT", 4, "left more than metadata open to change, so nothing binds the picture"),
    ],
)
def test_a_trusted_signer_who_leaves_a_chunk_open(
    chunk: bytes, code: int, words: str, signed: dict[str, bytes], authority: Authority
) -> None:
    png = signed_by(authority.issue(), _without(signed["image/png"], chunk))
    report = verify(png, "photo", authority.trust)
    assert (report.exit_code, report.trusted) == (code, code == 0), report.steps
    assert words in next(step.detail for step in report.steps if step.name == "hard binding")


def _without(png: bytes, chunk: bytes) -> bytes:
    """The same file with a hash that leaves out a chunk beside the manifest."""
    old = content(png, b"c2pa.hash.data")
    spans = []
    for name in (b"caBX", chunk):
        at = png.index(name) - 4
        spans.append((at, 12 + struct.unpack_from(">I", png, at)[0]))
    rest, end = hashlib.sha256(), 0
    for start, length in sorted(spans):
        rest.update(png[end:start])
        end = start + length
    rest.update(png[end:])
    entries = b"".join(
        b"\xa2\x65start\x19"
        + struct.pack(">H", start)
        + b"\x66length\x1a"
        + struct.pack(">I", size)
        for start, size in spans
    )
    new = b"\xa4\x6aexclusions\x82" + entries + b"\x63alg\x66sha256\x64hash"
    new += string(rest.digest()) + b"\x63pad"
    new += string(bytes(len(old) - len(new) - 1))
    changed = replaced(png, old, new)
    return replaced(changed, _hash(png), _hash(changed))


def _hash(png: bytes) -> bytes:
    """Of the assertion that binds the content, as the claim has it (C2PA 2.2, 8.4.2)."""
    at = png.index(b"c2pa.hash.data\0") - 17 - 8
    (size,) = struct.unpack_from(">I", png, at - 8)
    return hashlib.sha256(png[at : at - 8 + size]).digest()


def _spans(*spans: tuple[int, int]) -> dict[str, Any]:
    left = [{"start": start, "length": length} for start, length in spans]
    return {"c2pa.hash.data": {"exclusions": left}}


JPEG = r"\xff\xe1..http://ns.adobe.com/xap/1.0/\0.*?\?xpacket end=.w.\?>"


@pytest.mark.parametrize(
    ("kind", "manifest", "metadata", "picture"),
    [
        ("image/jpeg", rb"\xff\xeb", JPEG.encode("latin-1"), rb"\xff\xc0.{17}"),
        ("image/webp", rb"C2PA", rb"XMP ....", rb"VP8 .{9}"),
        ("image/jxl", rb"....jumb", rb"....xml ", rb"....jxl[cp]"),
    ],
)
def test_other_formats(
    kind: str, manifest: bytes, metadata: bytes, picture: bytes, signed: dict[str, bytes]
) -> None:
    data = signed[kind]

    def span(pattern: bytes) -> tuple[int, int]:
        found = re.search(pattern, data, re.DOTALL)
        assert found
        return found.start(), found.end() - found.start()

    at = span(manifest)
    assert list(gaps(data, _spans(at))) == []
    assert list(gaps(data, _spans(at, span(metadata)))) == [("dataHash", True)]
    assert list(gaps(data, _spans(at, span(picture)))) == [("dataHash", False)]
    start, length = span(metadata)
    for more in ((0, len(data)), (0, 2), (10**9, 2), (start, 10**15)):
        assert list(gaps(data, _spans(at, (start, length), more))) == [("dataHash", False)]


def test_a_tiff_leaves_open_where_its_manifest_is(signed: dict[str, bytes]) -> None:
    data = signed["image/tiff"]
    store = data.index(b"jumb") - 4
    count = data.index(struct.pack("<HHI", 0xCD41, 7, len(data) - store)) + 4
    own = (count, 4), (store, 100)
    assert list(gaps(data, _spans(*own))) == []
    assert list(gaps(data, _spans(*own, (8, 4)))) == [("dataHash", False)]


@pytest.mark.parametrize(
    ("paths", "found"),
    [
        (["/uuid", "/ftyp", "/mfra", "/free", "/skip"], []),
        (["/uuid", "/mdat"], [("bmffHash", False)]),
        (["/meta/iprp"], [("bmffHash", False)]),
    ],
)
def test_boxes_of_files_of_items(paths: list[str], found: list[Any]) -> None:
    left = {"exclusions": [{"xpath": path} for path in paths]}
    assert list(gaps(b"", {"c2pa.hash.bmff.v3": left})) == found


@pytest.mark.parametrize(
    ("boxes", "found"),
    [
        ([{"names": ["C2PA"], "excluded": True}, {"names": ["IDAT"]}], []),
        ([{"names": ["IDAT", "IEND"]}], []),
        ([{"names": ["APP1"], "excluded": True}], [("boxesHash", True)]),
        ([{"names": ["APP1"], "exclusions": [{"start": 1}]}], [("boxesHash", True)]),
        ([{"names": ["C2PA", "IDAT"], "excluded": True}], [("boxesHash", False)]),
    ],
)
def test_maps_of_boxes(boxes: list[Any], found: list[Any]) -> None:
    assert list(gaps(b"", {"c2pa.hash.boxes": {"boxes": boxes}})) == found
