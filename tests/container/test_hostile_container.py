"""Files made to hurt: one line of error, in bounded time and memory."""

from __future__ import annotations

import random
import struct
import time
import tracemalloc
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from provenance.container import is_container, pack, read_xmp, replace_xmp, unpack
from provenance.container.boxes import box, full_box
from provenance.errors import ContainerError

BITS = b"bitstream" * 30
XMP = b"<x/>"


@pytest.fixture(scope="module")
def sound(preview: bytes) -> bytes:
    return pack(BITS, width=640, height=480, preview=preview, xmp=XMP)


def refused(data: bytes) -> str:
    tracemalloc.start()
    start = time.monotonic()
    try:
        with pytest.raises(ContainerError) as caught:
            unpack(data)
        assert time.monotonic() - start < 2
        assert tracemalloc.get_traced_memory()[1] < 4 * len(data) + 4_000_000
    finally:
        tracemalloc.stop()
    assert "\n" not in str(caught.value)
    return str(caught.value)


FTYP = box(b"ftyp", b"avif", bytes(4), b"avif", b"nimg")
ISPE = full_box(b"ispe", 0, 0, struct.pack(">II", 8, 8))


def infe(number: int, kind: bytes = b"nimg") -> bytes:
    return full_box(b"infe", 2, 0, struct.pack(">HH4s", number, 0, kind), b"\0")


def iloc(*items: tuple[int, list[tuple[int, int]]]) -> bytes:
    body = b"\x88\x00" + struct.pack(">H", len(items))
    for number, extents in items:
        body += struct.pack(">HHH", number, 0, len(extents))
        for offset, length in extents:
            body += struct.pack(">QQ", offset % (1 << 64), length % (1 << 64))
    return full_box(b"iloc", 0, 0, body)


def iinf(*entries: bytes, count: int | None = None) -> bytes:
    number = len(entries) if count is None else count
    return full_box(b"iinf", 0, 0, struct.pack(">H", number), *entries)


PITM = full_box(b"pitm", 0, 0, b"\0\1")
IPMA = full_box(b"ipma", 0, 0, struct.pack(">IHBB", 1, 1, 1, 1))
IPRP = box(b"iprp", box(b"ipco", ISPE), IPMA)


def file(*meta: bytes, media: bytes = b"payload!") -> bytes:
    return FTYP + box(b"mdat", media) + full_box(b"meta", 0, 0, *meta)


START = len(FTYP) + 8
LOCATED = iloc((1, [(START, 8)]))


def test_the_hand_made_file_is_sound() -> None:
    parts = unpack(file(PITM, iinf(infe(1)), LOCATED, IPRP))
    assert parts.bitstream == b"payload!"
    assert (parts.width, parts.height) == (8, 8)


@pytest.mark.parametrize(
    ("meta", "message"),
    [
        ([PITM, iinf(infe(1)), iloc((1, [(START + 1, 8)])), IPRP], "outside"),
        ([PITM, iinf(infe(1)), iloc((1, [(-8, 8)])), IPRP], "outside"),
        ([PITM, iinf(infe(1)), iloc((1, [(START, -1)])), IPRP], "outside"),
        ([PITM, iinf(infe(1)), iloc((1, [(0, 8)])), IPRP], "outside"),
        ([PITM, iinf(infe(1)), iloc((1, [(START, 6), (START + 4, 4)])), IPRP], "overlap"),
        ([PITM, iinf(infe(1)), iloc((1, [(START, 4)] * 2)), IPRP], "overlap"),
        ([PITM, iinf(infe(1)), iloc((1, [(START, 4)]), (2, [(START, 4)])), IPRP], "overlap"),
        ([PITM, iinf(infe(1)), iloc((1, []), (1, [(START, 4)])), IPRP], "contradicting"),
        ([PITM, iinf(infe(1)), iloc((1, [])), IPRP], "empty"),
        ([PITM, iinf(infe(1)), iloc((1, [(START, 0)] * 9000)), IPRP], "too many extents"),
        ([PITM, iinf(infe(1), infe(1)), LOCATED, IPRP], "twice"),
        ([PITM, iinf(infe(1), infe(2)), LOCATED, IPRP], "2 neural"),
        ([PITM, iinf(infe(2)), LOCATED, IPRP], "primary"),
        ([PITM, iinf(infe(1), count=2), LOCATED, IPRP], "announced"),
        ([PITM, iinf(infe(1), count=65535), LOCATED, IPRP], "65535 items"),
        ([PITM, iinf(box(b"free")), LOCATED, IPRP], "something else"),
        ([PITM, PITM, iinf(infe(1)), LOCATED, IPRP], "2 boxes 'pitm'"),
        ([PITM, iinf(infe(1)), LOCATED, LOCATED, IPRP], "2 boxes 'iloc'"),
        ([PITM, iinf(infe(1)), LOCATED, IPRP, IPRP], "2 boxes 'iprp'"),
        ([PITM, iinf(infe(1)), LOCATED], "no size"),
        ([PITM, LOCATED, IPRP], "0 boxes 'iinf'"),
        ([iinf(infe(1)), LOCATED, IPRP], "0 boxes 'pitm'"),
        ([PITM, iinf(infe(1)), LOCATED, IPRP, bytes(8)], "claims 0 bytes"),
        ([PITM, iinf(infe(1)), LOCATED, IPRP, b"\0\0\0\1free" + b"\xff" * 8], "claims"),
        ([PITM, iinf(infe(1)), LOCATED, IPRP, b"\0\0\0\7free"], "claims 7"),
        ([PITM, iinf(infe(1)), LOCATED, IPRP, b"\0\0\0"], "stray"),
        ([PITM, iinf(infe(1)), LOCATED, IPRP, *[box(b"free")] * 5000], "more than 4096"),
        ([full_box(b"pitm", 9, 0, bytes(4)), iinf(infe(1)), LOCATED, IPRP], "version"),
    ],
)
def test_contradictions_are_named(meta: list[bytes], message: str) -> None:
    assert message in refused(file(*meta))


@pytest.mark.parametrize("version", [1, 2])
def test_a_billion_items_cost_nothing(version: int) -> None:
    many = struct.pack(">I", 10**9)
    assert "items" in refused(file(PITM, full_box(b"iinf", 1, 0, many), LOCATED, IPRP))
    body = b"\x44\x00" + (many if version == 2 else b"\xff\xff")
    table = full_box(b"iloc", version, 0, body)
    assert "locations" in refused(file(PITM, iinf(infe(1)), table, IPRP))
    ipma = box(b"iprp", box(b"ipco", ISPE), full_box(b"ipma", 0, 0, many))
    assert "property lists" in refused(file(PITM, iinf(infe(1)), LOCATED, ipma))


def test_a_property_that_does_not_exist_is_refused() -> None:
    ipma = full_box(b"ipma", 0, 0, struct.pack(">IHBB", 1, 1, 1, 2))
    iprp = box(b"iprp", box(b"ipco", ISPE), ipma)
    assert "unknown property" in refused(file(PITM, iinf(infe(1)), LOCATED, iprp))


def test_a_picture_of_absurd_size_is_refused() -> None:
    huge = full_box(b"ispe", 0, 0, struct.pack(">II", 1 << 31, 1))
    iprp = box(b"iprp", box(b"ipco", huge), IPMA)
    assert "pixels" in refused(file(PITM, iinf(infe(1)), LOCATED, iprp))


def test_an_item_in_another_file_or_box_is_refused() -> None:
    elsewhere = full_box(b"iloc", 0, 0, b"\x44\x00\0\1", struct.pack(">HHH", 1, 7, 0))
    assert "another file" in refused(file(PITM, iinf(infe(1)), elsewhere, IPRP))
    inside = full_box(b"iloc", 1, 0, b"\x44\x00\0\1", struct.pack(">HHHHII", 1, 2, 0, 1, 0, 4))
    assert "unsupported" in refused(file(PITM, iinf(infe(1)), inside, IPRP))


def test_data_inside_a_box_that_a_signature_leaves_out_is_refused() -> None:
    hidden = box(b"uuid", bytes(16), b"payload!")
    data = FTYP + hidden + box(b"mdat", b"x")
    at = len(FTYP) + 8 + 16
    meta = full_box(b"meta", 0, 0, PITM, iinf(infe(1)), iloc((1, [(at, 8)])), IPRP)
    assert "outside" in refused(data + meta)


def test_items_in_idat_and_a_last_box_of_open_size_are_read() -> None:
    table = full_box(b"iloc", 1, 0, b"\x44\x00\0\1", struct.pack(">HHHHII", 1, 1, 0, 1, 2, 4))
    meta = full_box(b"meta", 0, 0, PITM, iinf(infe(1)), table, IPRP, box(b"idat", b"..bits"))
    assert unpack(FTYP + meta).bitstream == b"bits"
    assert unpack(FTYP + meta + b"\0\0\0\0free....").bitstream == b"bits"


@pytest.mark.parametrize(
    "change", [lambda d: d[1:], lambda d: d + d, lambda d: b"", lambda d: d[:9]]
)
def test_other_shapes(sound: bytes, change: Callable[[bytes], bytes]) -> None:
    refused(change(sound))


def test_every_cut_is_noticed(sound: bytes) -> None:
    for size in range(0, len(sound), 7):
        refused(sound[:size])


def attempt(data: bytes) -> None:
    for act in (unpack, read_xmp, is_container, lambda d: replace_xmp(d, XMP)):
        try:
            act(data)
        except ContainerError as error:
            assert "\n" not in str(error)


def test_flipped_bits_never_raise_anything_else(sound: bytes) -> None:
    choose = random.Random(3)
    for _ in range(600):
        changed = bytearray(sound)
        for _ in range(choose.randrange(1, 5)):
            changed[choose.randrange(700)] ^= 1 << choose.randrange(8)
        attempt(bytes(changed))


@settings(deadline=None, max_examples=150)
@given(st.data())
def test_rearranged_bytes_never_raise_anything_else(data: st.DataObject) -> None:
    sound = file(PITM, iinf(infe(1)), LOCATED, IPRP)
    at = data.draw(st.integers(0, len(sound)))
    cut = data.draw(st.integers(0, 40))
    put = data.draw(st.binary(max_size=40))
    attempt(sound[:at] + put + sound[at + cut :])


@settings(deadline=None, max_examples=100)
@given(st.binary(max_size=200))
def test_noise_never_raises_anything_else(noise: bytes) -> None:
    attempt(noise)
    attempt(FTYP + noise)
