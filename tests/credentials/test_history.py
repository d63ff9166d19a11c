"""What went before: parents with credentials, tampered ones, strangers', and long chains."""

from __future__ import annotations

import io
import random
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from provenance.credentials import Credential, Identity, TrustStore, read, sign
from provenance.labels import Label

if TYPE_CHECKING:
    from .conftest import Authority


class Signing:
    """Signs the same picture with any parent."""

    def __init__(self, data: bytes, label: Label, trust: TrustStore) -> None:
        self.data, self.label, self.trust = data, label, trust

    def child(self, parent: bytes, identity: Identity, kind: str = "image/png") -> bytes:
        return sign(
            self.data,
            "image/png",
            self.label,
            identity,
            original=parent,
            original_media_type=kind,
            trust=self.trust,
        )

    def read(self, data: bytes) -> Credential:
        credential = read(data, "image/png", self.trust)
        assert credential is not None
        assert (credential.intact, credential.valid) == (True, True)
        return credential


@pytest.fixture(scope="module")
def signing(files: dict[str, bytes], label: Label, trust: TrustStore) -> Signing:
    return Signing(files["image/png"], label, trust)


def test_a_signed_original_becomes_the_parent_with_its_manifest(
    signing: Signing, identity: Identity, original: bytes
) -> None:
    parent = signing.child(original, identity, "image/jpeg")
    credential = signing.read(signing.child(parent, identity))
    assert credential.trusted
    assert credential.manifests == 2
    assert sorted(entry.state for entry in credential.ingredients) == ["trusted", "unsigned"]
    assert credential.history_intact


def test_a_tampered_parent_is_noticed_however_deep(
    signing: Signing, identity: Identity, original: bytes
) -> None:
    parent = bytearray(signing.child(original, identity, "image/jpeg"))
    parent[-100] ^= 1
    descendant = signing.child(bytes(parent), identity)
    for _ in range(3):
        credential = signing.read(descendant)
        assert credential.trusted
        assert not credential.history_intact
        (broken,) = [entry for entry in credential.ingredients if not entry.intact]
        assert broken.state == "tampered"
        assert "dataHash.mismatch" in broken.failures[0]
        descendant = signing.child(descendant, identity)


def test_a_parent_by_a_stranger_is_untrusted_but_not_tampered(
    signing: Signing, identity: Identity, authority: Authority, original: bytes
) -> None:
    parent = signing.child(original, authority.issue(), "image/jpeg")
    credential = signing.read(signing.child(parent, identity))
    assert credential.trusted
    assert credential.history_intact
    assert "untrusted" in [entry.state for entry in credential.ingredients]


def test_what_a_stranger_trusted_is_judged_by_our_anchors(
    signing: Signing, authority: Authority, original: bytes
) -> None:
    stranger = authority.issue()
    parent = Signing(signing.data, signing.label, authority.trust).child(
        original, stranger, "image/jpeg"
    )
    child = Signing(signing.data, signing.label, authority.trust).child(parent, stranger)
    theirs = read(child, "image/png", authority.trust)
    assert theirs is not None
    assert "trusted" in [entry.state for entry in theirs.ingredients]
    assert "trusted" not in [entry.state for entry in signing.read(child).ingredients]


def test_a_broken_credential_of_the_original_stops_nobody_and_is_noticed(
    signing: Signing, identity: Identity, original: bytes
) -> None:
    sound = signing.child(original, identity, "image/jpeg")
    start = sound.index(b"jumb")
    choose = random.Random(2)
    noticed = 0
    for _ in range(40):
        parent = bytearray(sound)
        parent[choose.randrange(start, start + 3000)] ^= 1 << choose.randrange(8)
        credential = signing.read(signing.child(bytes(parent), identity))
        assert credential.trusted
        noticed += not credential.history_intact
    assert noticed > 25


@pytest.mark.parametrize("kind", ["BMP", "PPM", "TIFF", "GIF", "JPEG2000"])
def test_originals_of_any_type_are_recorded(
    kind: str, signing: Signing, identity: Identity, original: bytes
) -> None:
    stream = io.BytesIO()
    with Image.open(io.BytesIO(original)) as picture:
        picture.resize((64, 64)).save(stream, kind)
    media_type = {"PPM": "image/x-portable-pixmap", "JPEG2000": "image/jp2"}.get(
        kind, f"image/{kind.lower()}"
    )
    credential = signing.read(signing.child(stream.getvalue(), identity, media_type))
    (parent,) = credential.ingredients
    assert (parent.media_type, parent.state) == (media_type, "unsigned")
    assert credential.history_intact


def test_ten_generations_read_whole(signing: Signing, identity: Identity, original: bytes) -> None:
    data = signing.child(original, identity, "image/jpeg")
    for _ in range(9):
        data = signing.child(data, identity)
    credential = signing.read(data)
    assert credential.trusted
    assert credential.manifests == 10
    assert credential.history_intact
    assert len(credential.ingredients) == 10
    assert len(data) - len(signing.data) < 10 * 10_000
