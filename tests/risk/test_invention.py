"""The measure of what a decoder adds."""

from __future__ import annotations

import numpy as np
import pytest

from provenance.risk.invention import BLOCK, VISIBLE, invention_map, measured
from provenance.risk.signals.oklab import to_oklab


def test_the_map_is_the_local_difference() -> None:
    rng = np.random.default_rng(1)
    plain = np.full((1100, 83, 3), 120, np.uint8)
    other = plain.copy()
    other[600:680, 16:48] = rng.integers(60, 180, (80, 32, 3))
    found = invention_map(plain, other)
    assert found.shape == (138, 11)
    # By strips or at once, square by square.
    changed = np.zeros_like(found, dtype=bool)
    changed[75:85, 2:6] = True
    assert np.array_equal(found > 0, changed)
    place = (slice(608, 616), slice(24, 32))
    difference = to_oklab(plain[place]) - to_oklab(other[place])
    assert found[76, 3] == pytest.approx(np.sqrt(np.square(difference).sum(2).mean()), rel=1e-4)
    invention = measured(found)
    assert invention.area == pytest.approx(changed.mean())
    assert invention.strength == pytest.approx(found.mean())


def test_what_is_left_of_squares_at_the_edges_counts_as_it_is() -> None:
    plain = np.zeros((BLOCK + 1, BLOCK + 3, 3), np.uint8)
    other = plain.copy()
    other[BLOCK:, BLOCK:] = 255
    found = invention_map(plain, other)
    assert found.shape == (2, 2) and found[1, 1] > 10 * VISIBLE and np.count_nonzero(found) == 1
