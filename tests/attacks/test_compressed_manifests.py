"""Compressed manifests: read like any other, and no way around what bounds the others."""

from __future__ import annotations

import json
import random
import resource
import struct
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import brotli
import numpy as np
import pytest

from provenance import api, imaging, sources
from provenance.credentials import settings, signing

from .test_files import FLIPS, NO_LABEL, TAMPERED, _box, _carrying, _superbox

PARTS = 10_000
KINDS = ("jpeg", "png")
"""The formats in which the C2PA library compresses manifests, where it is told to."""


@pytest.fixture(scope="module")
def compressed(astronaut: Path) -> Iterator[dict[str, bytes]]:
    """Signed files whose manifest the C2PA library has compressed."""
    photo = imaging.load(astronaut.read_bytes(), "photo")
    small = imaging.Photo(np.ascontiguousarray(photo.pixels[:128, 160:288]), None, False)
    plain = settings.library_settings

    def compressing(*args: Any, **options: Any) -> str:
        asked = json.loads(plain(*args, **options))
        asked["core"]["prefer_compress_manifests"] = True
        return json.dumps(asked)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(signing, "library_settings", compressing)
        made = {
            kind: api.compress(imaging.render(small, "png"), quality=1, to=kind).data
            for kind in KINDS
        }
    yield made


@pytest.mark.parametrize("kind", KINDS)
def test_they_are_read_like_any_other(kind: str, compressed: dict[str, bytes]) -> None:
    assert b"brob" in compressed[kind]
    report = api.verify(compressed[kind])
    assert (report.exit_code, report.trusted) == (0, True)
    assert report.label is not None
    assert report.signer is not None
    again = api.verify(api.compress(compressed[kind], quality=60, to="png").data)
    assert again.exit_code == 0
    assert [entry["state"] for entry in again.ingredients] == ["trusted", "unsigned"]


@pytest.mark.parametrize("flips", FLIPS)
def test_a_flipped_bit_in_one_is_found(flips: int, compressed: dict[str, bytes]) -> None:
    sound = compressed["jpeg"]
    expected = sources.load(sound)[1].pixels
    start = sound.index(b"brob") - 120
    choose = random.Random(9)
    for _ in range(flips):
        changed = bytearray(sound)
        changed[choose.randrange(start, start + 4200)] ^= 1 << choose.randrange(8)
        report = api.verify(bytes(changed))
        if report.exit_code in (TAMPERED, NO_LABEL):
            assert not report.trusted
            continue
        assert report.exit_code == 0
        assert report.label == api.verify(sound).label
        assert np.array_equal(sources.load(bytes(changed))[1].pixels, expected)


def _ingredients(count: int) -> bytes:
    """A manifest with assertions that do not compress well."""
    choose = random.Random(3)
    each = (
        _superbox("c2pa.ingredient.v3", _box(b"cbor", choose.randbytes(20))) for _ in range(count)
    )
    return _superbox("urn:x", _superbox("c2pa.assertions", b"".join(each)))


def _packed(manifest: bytes, tail: bytes = b"") -> bytes:
    return _holding(brotli.compress(manifest, quality=5) + tail)


def _holding(compressed: bytes) -> bytes:
    described = _box(b"jumd", b"c2cm" + bytes.fromhex("00110010800000aa00389b71") + b"\x03urn:x\0")
    return _box(b"jumb", described + _box(b"brob", compressed))


def _jpeg(photo: bytes, store: bytes) -> bytes:
    """A store in segments of APP11 (ISO/IEC 19566-5, D)."""
    segments = []
    for number, at in enumerate(range(8, len(store), 60_000), 1):
        body = b"JP\x02\x11" + struct.pack(">I", number) + store[:8] + store[at : at + 60_000]
        segments.append(struct.pack(">HH", 0xFFEB, len(body) + 2) + body)
    return b"".join((photo[:2], *segments, photo[2:]))


def _gif(store: bytes) -> bytes:
    """One pixel, and the store in blocks of at most 255 bytes."""
    header = b"GIF89a\x01\0\1\0\x80\0\0" + bytes(3) + b"\xff\xff\xff"
    blocks = (store[at : at + 255] for at in range(0, len(store), 255))
    cut = b"".join(bytes([len(block)]) + block for block in blocks)
    picture = b"\x2c\0\0\0\0\1\0\1\0\0\2\2\x44\1\0\x3b"
    return header + b"\x21\xff\x0bC2PA_GIF\x01\x00\x00" + cut + b"\0" + picture


@pytest.mark.parametrize("kind", ["png", "jpeg", "gif"])
def test_ten_thousand_ingredients(kind: str, compressed: dict[str, bytes]) -> None:
    store = _superbox("c2pa", _packed(_ingredients(PARTS)))
    assert len(store) > 3 * 65536
    assert store.count(b"jumb") < 10
    hostile = {
        "png": lambda: _carrying(compressed["png"], store),
        "jpeg": lambda: _jpeg(compressed["jpeg"], store),
        "gif": lambda: _gif(store),
    }[kind]()
    _is_refused(hostile, "more than 2,000 parts")


def test_many_that_are_small_by_themselves(compressed: dict[str, bytes]) -> None:
    store = _superbox("c2pa", b"".join(_packed(_ingredients(100)) for _ in range(100)))
    _is_refused(_carrying(compressed["png"], store), "more than 2,000 parts")


def test_one_that_unpacks_to_a_gigabyte(compressed: dict[str, bytes]) -> None:
    packer = brotli.Compressor(quality=1)
    run = bytes(1_000_000)
    bomb = _holding(b"".join([*(packer.process(run) for _ in range(1000)), packer.finish()]))
    assert len(bomb) < 200_000
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    _is_refused(_carrying(compressed["png"], _superbox("c2pa", bomb)), "or more than 32,000,000")
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024
    assert grown < 250_000_000


def test_one_with_a_tail_that_only_the_library_would_accept(compressed: dict[str, bytes]) -> None:
    store = _superbox("c2pa", _packed(_ingredients(PARTS), b"tail"))
    _is_refused(_carrying(compressed["png"], store), "a compressed one cannot be unpacked")


def test_one_behind_a_description_whose_length_has_64_bits(compressed: dict[str, bytes]) -> None:
    """The library reads such a length in its own way, and another box than ours."""
    store = _superbox("c2pa", _packed(_ingredients(PARTS)))
    at = store.rindex(b"jumd")
    (length,) = struct.unpack_from(">I", store, at - 4)
    long = struct.pack(">I4sQ", 1, b"jumd", length) + store[at + 4 :]
    inside = _box(b"jumb", long)
    outer = _superbox("c2pa", inside)
    _is_refused(_carrying(compressed["png"], outer), "whose length has 64 bits")


def _is_refused(hostile: bytes, why: str) -> None:
    began = time.process_time()
    report = api.verify(hostile)
    assert time.process_time() - began < 5
    assert (report.exit_code, report.trusted, report.signer) == (TAMPERED, False, None)
    assert any(why in step.detail for step in report.steps), report.steps
