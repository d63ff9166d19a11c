"""Quality metrics against what is known of them."""

from __future__ import annotations

import math
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from provenance.metrics import ms_ssim, psnr_db


@pytest.fixture(scope="module")
def photo(data: Path) -> NDArray[np.uint8]:
    with Image.open(data / "kodak" / "kodim05.png") as image:
        return np.asarray(image.convert("RGB"))


def test_equal_pictures(photo: NDArray[np.uint8]) -> None:
    assert psnr_db(photo, photo) == math.inf
    assert ms_ssim(photo, photo) == pytest.approx(1, abs=1e-6)


def test_psnr_of_a_known_error() -> None:
    grey = np.full((300, 40, 3), 100, np.uint8)
    assert psnr_db(grey, grey + np.uint8(5)) == pytest.approx(10 * math.log10(255**2 / 25))


def test_both_fall_with_noise(photo: NDArray[np.uint8]) -> None:
    rng = np.random.default_rng(0)
    found = []
    for deviation in (2, 8, 32):
        noisy = np.clip(photo + rng.normal(0, deviation, photo.shape), 0, 255).astype(np.uint8)
        similarity = ms_ssim(photo, noisy)
        assert similarity is not None
        found.append((psnr_db(photo, noisy), similarity))
    assert found == sorted(found, reverse=True)
    assert found[0][1] > 0.98 and found[-1][1] < 0.9


def test_small_pictures_have_no_ms_ssim() -> None:
    small = np.zeros((175, 500, 3), np.uint8)
    assert ms_ssim(small, small) is None
    assert ms_ssim(np.zeros((176, 176, 3), np.uint8), np.zeros((176, 176, 3), np.uint8)) == 1


def test_strips_are_the_same_as_the_whole(
    photo: NDArray[np.uint8], monkeypatch: pytest.MonkeyPatch
) -> None:
    other = np.asarray(Image.fromarray(photo).resize((384, 256)).resize((768, 512)))
    by_strips = ms_ssim(photo, other)
    monkeypatch.setattr(sys.modules["provenance.metrics.ms_ssim"], "ROWS", 10**6)
    assert ms_ssim(photo, other) == pytest.approx(by_strips, abs=1e-7)
