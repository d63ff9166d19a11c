"""The frame around the payload."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provenance.codecs.bitstream import Bitstream, digest, pack, parse
from provenance.errors import BitstreamError

STREAM = Bitstream(
    codec="msh",
    model="msh-1",
    weights=b"w" * 8,
    latents=b"l" * 8,
    quality=37.5,
    width=4032,
    height=3024,
    grey=True,
    words=b"words" * 30,
    escapes=b"escapes",
    alpha=b"alpha",
)


def test_what_is_packed_is_parsed() -> None:
    assert parse(pack(STREAM)) == STREAM


def test_the_frame_is_small() -> None:
    bare = replace(STREAM, words=b"", escapes=b"", alpha=b"")
    assert len(pack(bare)) < 60


@given(st.integers(0), st.integers(1, 255))
def test_any_changed_byte_is_noticed(place: int, change: int) -> None:
    data = bytearray(pack(STREAM))
    data[place % len(data)] ^= change
    with pytest.raises(BitstreamError):
        parse(bytes(data))


@given(st.integers(0, len(pack(STREAM)) - 1))
def test_any_cut_is_noticed(length: int) -> None:
    with pytest.raises(BitstreamError):
        parse(pack(STREAM)[:length])


@given(st.binary(max_size=200))
def test_hostile_headers_with_a_good_checksum_are_refused(tail: bytes) -> None:
    body = b"PRVC\x01" + tail
    with pytest.raises(BitstreamError):
        parse(body + digest((body,)))


@pytest.mark.parametrize(
    "wrong", [{"width": 0}, {"height": 1 << 30}, {"quality": 0.5}, {"quality": 100.5}]
)
def test_values_out_of_range_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(BitstreamError, match="out of range"):
        parse(pack(replace(STREAM, **wrong)))  # type: ignore[arg-type]
