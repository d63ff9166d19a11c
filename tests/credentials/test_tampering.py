"""Whatever is changed in a signed file is found, or cannot change picture, label or signer."""

from __future__ import annotations

import random

import pytest

from provenance.credentials import Identity, TrustStore, read, sign
from provenance.labels import Label
from provenance.metadata import embed, packet

TYPES = (
    *("image/jpeg", "image/png", "image/webp", "image/tiff"),
    *("image/avif", "image/heic", "image/jxl"),
)


@pytest.fixture(scope="module")
def signed(
    files: dict[str, bytes], label: Label, identity: Identity, original: bytes
) -> dict[str, bytes]:
    return {
        kind: sign(data, kind, label, identity, original=original, original_media_type="image/jpeg")
        for kind, data in files.items()
    }


@pytest.mark.parametrize("kind", TYPES)
def test_a_flipped_bit_is_found_or_changes_nothing_that_is_reported(
    kind: str, signed: dict[str, bytes], files: dict[str, bytes], trust: TrustStore
) -> None:
    sound = signed[kind]
    before = read(sound, kind, trust)
    assert before is not None
    assert before.trusted
    choose = random.Random(5)
    harmless = 0
    for _ in range(120):
        at = choose.randrange(len(sound))
        changed = bytearray(sound)
        changed[at] ^= 1 << choose.randrange(8)
        after = read(bytes(changed), kind, trust)
        if after is None or not after.intact:
            assert after is None or not (after.valid or after.trusted)
            continue
        # Only padding, and what the standard leaves out of the hash, may change unnoticed.
        assert after == before
        assert in_manifest(sound, files[kind], at) or at < 40
        harmless += 1
    assert harmless < 60


def in_manifest(signed: bytes, unsigned: bytes, at: int) -> bool:
    """Whether a byte lies in what signing added."""
    start = signed.index(b"jumb") - 60
    return start <= at <= start + len(signed) - len(unsigned) + 60


@pytest.mark.parametrize("kind", TYPES)
def test_every_byte_that_was_there_before_signing_is_protected(
    kind: str, signed: dict[str, bytes], trust: TrustStore
) -> None:
    sound = signed[kind]
    places = [sound.index(b"numeral"), sound.index(b"rdf:Seq"), len(sound) * 3 // 4]
    if kind == "image/avif":
        places.append(sound.index(bytes(range(256))))
        places.append(sound.index(b"infe") + 2)
    for at in places:
        changed = bytearray(sound)
        changed[at] ^= 4
        credential = read(bytes(changed), kind, trust)
        assert credential is not None
        assert not credential.intact
        assert not credential.trusted
        assert credential.failures


@pytest.mark.parametrize("kind", TYPES)
def test_writing_even_the_same_metadata_again_is_noticed(
    kind: str, signed: dict[str, bytes], label: Label, trust: TrustStore
) -> None:
    other = embed(signed[kind], kind, packet(label) + b"\n")
    if kind in ("image/avif", "image/heic"):
        assert read(other, kind, trust) is None
        return
    credential = read(other, kind, trust)
    assert credential is not None
    assert not credential.intact


def test_a_manifest_copied_to_another_picture_is_noticed(
    signed: dict[str, bytes], trust: TrustStore
) -> None:
    sound = bytearray(signed["image/png"])
    at = bytes(sound).index(b"IDAT")
    sound[at + 40 : at + 60] = bytes(20)
    credential = read(bytes(sound), "image/png", trust)
    assert credential is not None
    assert (credential.intact, credential.valid, credential.trusted) == (False, False, False)


@pytest.mark.parametrize("kind", TYPES)
def test_cut_files_never_raise(kind: str, signed: dict[str, bytes], trust: TrustStore) -> None:
    sound = signed[kind]
    for size in range(0, len(sound), len(sound) // 40):
        credential = read(sound[:size], kind, trust)
        assert credential is None or not credential.intact


def test_a_file_under_another_type_never_raises(
    signed: dict[str, bytes], trust: TrustStore
) -> None:
    for data in signed.values():
        for claimed in (*TYPES, "image/gif", "image/svg+xml", "application/pdf"):
            read(data, claimed, trust)
