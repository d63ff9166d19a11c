"""Every format that is labelled: signed, and taken in with its credential as somebody's parent."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from provenance.container import jxl
from provenance.container.boxes import walk
from provenance.credentials import MEDIA_TYPES, Identity, TrustStore, read, sign
from provenance.labels import Label
from provenance.metadata import CARRIERS, embed, packet


def signed(
    data: bytes, kind: str, label: Label, identity: Identity, parent: bytes, parent_kind: str
) -> bytes:
    return sign(data, kind, label, identity, original=parent, original_media_type=parent_kind)


def test_what_carries_a_label_can_be_signed() -> None:
    assert sorted(CARRIERS) == sorted(MEDIA_TYPES)


@pytest.mark.parametrize("kind", MEDIA_TYPES)
def test_an_existing_credential_becomes_the_parent_s(
    kind: str,
    files: dict[str, bytes],
    label: Label,
    identity: Identity,
    trust: TrustStore,
    original: bytes,
) -> None:
    data = files["image/heic" if kind == "image/heif" else kind]
    first = signed(data, kind, label, identity, original, "image/jpeg")
    second = signed(files["image/png"], "image/png", label, identity, first, kind)
    credential = read(second, "image/png", trust)
    assert credential is not None and credential.trusted
    assert sorted(entry.state for entry in credential.ingredients) == ["trusted", "unsigned"]

    changed = bytearray(first)
    changed[first.index(b"numeral")] ^= 1
    second = signed(files["image/png"], "image/png", label, identity, bytes(changed), kind)
    credential = read(second, "image/png", trust)
    assert credential is not None and credential.trusted and not credential.history_intact


def test_a_naked_jpeg_xl_codestream_is_signed_once_it_is_in_boxes(
    files: dict[str, bytes], label: Label, identity: Identity, trust: TrustStore, original: bytes
) -> None:
    boxed = files["image/jxl"]
    naked = b"".join(
        boxed[b.start + (4 if b.kind == b"jxlp" else 0) : b.end]
        for b in walk(memoryview(boxed), 0, len(boxed), top=True)
        if b.kind in (b"jxlc", b"jxlp")
    )
    labelled = embed(naked, "image/jxl", packet(label))
    data = signed(labelled, "image/jxl", label, identity, original, "image/jpeg")
    found = read(data, "image/jxl", trust)
    assert found is not None and found.trusted
    assert jxl.read_xmp(data) == packet(label)
    with Image.open(io.BytesIO(data)) as again, Image.open(io.BytesIO(boxed)) as before:
        assert again.tobytes() == before.tobytes()
