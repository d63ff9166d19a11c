"""Entropy coding with integer tables."""

from __future__ import annotations

import numpy as np
import pytest

from provenance.codecs.entropy import TOTAL, Decoder, Part, Payload, Tables, encode
from provenance.errors import BitstreamError


def _tables() -> Tables:
    """Two tables: -1..1 and -3..3, each with its escape."""
    lengths = np.array([4, 8], np.int32)
    frequencies = []
    for length in lengths:
        table = np.full(length, 1000, np.int32)
        table[length // 2 - 1] = TOTAL - 1000 * (length - 1)
        frequencies.append(table)
    return Tables(np.array([-1, -3], np.int32), lengths, np.concatenate(frequencies))


def _part(count: int, spread: float, seed: int = 0) -> Part:
    rng = np.random.default_rng(seed)
    context = rng.integers(0, 2, count).astype(np.uint8)
    values = np.rint(rng.normal(0, spread, count)).astype(np.int32)
    return Part(_tables(), context, values)


@pytest.mark.parametrize("spread", [0.1, 2.0, 1e4])
def test_values_come_back_also_those_outside_their_tables(spread: float) -> None:
    parts = [_part(5000, spread, seed) for seed in (1, 2)]
    decoder = Decoder(encode(reversed(parts)))
    for part in parts:
        assert np.array_equal(decoder.decode(part.tables, part.context), part.values)
    decoder.finish()


def test_extreme_values_are_escaped() -> None:
    values = np.array([0, 2**31 - 1, -(2**31), 1], np.int32)
    part = Part(_tables(), np.zeros(4, np.uint8), values)
    assert np.array_equal(Decoder(encode([part])).decode(part.tables, part.context), values)


def test_nothing_is_coded_as_nothing() -> None:
    part = _part(0, 1.0)
    payload = encode([part])
    decoder = Decoder(payload)
    assert decoder.decode(part.tables, part.context).size == 0
    decoder.finish()


def test_left_over_and_missing_data_are_noticed() -> None:
    part = _part(1000, 3.0)
    payload = encode([part])
    half = Decoder(payload)
    half.decode(part.tables, part.context[:500])
    with pytest.raises(BitstreamError, match="left over"):
        half.finish()
    with pytest.raises(BitstreamError):
        Decoder(Payload(payload.words, b"")).decode(part.tables, part.context)
    with pytest.raises(BitstreamError, match="cut"):
        Decoder(Payload(payload.words[:-1], payload.escapes))


def test_bits_foretell_the_payload() -> None:
    part = _part(20000, 0.4)
    payload = encode([part])
    foretold = float(part.tables.bits(part.context, part.values).sum())
    assert 32 * (len(payload.words) // 4) == pytest.approx(foretold, rel=0.002)
    # One that is escaped costs what the escape costs.
    far = np.array([-(2**31), 2**31 - 1, 2], np.int32)
    first = np.zeros(3, np.uint8)
    assert part.tables.bits(first, far) == pytest.approx([np.log2(TOTAL / 1000)] * 3)
