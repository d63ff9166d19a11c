"""Every codec whose weights come with the package, on real photos of every size."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from provenance import codecs
from provenance.codecs import Picture
from provenance.metrics import psnr_db

from . import SHIPPED

LIMIT = 10**7


@pytest.fixture(scope="module", params=SHIPPED)
def codec(request: pytest.FixtureRequest) -> codecs.Codec:
    return codecs.get(request.param)


@pytest.fixture(scope="module")
def photo(data: Path) -> NDArray[np.uint8]:
    with Image.open(data / "kodak" / "kodim19.png") as image:
        return np.asarray(image.convert("RGB"))


@pytest.mark.parametrize(
    ("height", "width"), [(1, 1), (7, 3), (15, 17), (1000, 1), (1, 1000), (65, 129)]
)
def test_any_size_comes_back(
    codec: codecs.Codec, photo: NDArray[np.uint8], height: int, width: int
) -> None:
    source = np.tile(photo, (2, 2, 1))[:height, :width]
    decoded = codecs.decode(codec.encode(Picture(source), 40), max_pixels=LIMIT).pixels
    assert decoded.shape == source.shape
    assert psnr_db(source, decoded) > 17


def test_a_large_photo_comes_back_at_a_low_rate(
    codec: codecs.Codec, photo: NDArray[np.uint8]
) -> None:
    # Larger than one tile; drawing from noise takes long, and its windows are smaller.
    height, width = (500, 400) if codec.facts.name == "cdc" else (1300, 900)
    source = np.tile(photo, (2, 2, 1))[:height, :width]
    stream = codec.encode(Picture(source), 40)
    decoded = codecs.decode(stream, max_pixels=LIMIT).pixels
    assert psnr_db(source, decoded) > 25
    assert 8 * len(stream) / (source.shape[0] * source.shape[1]) < 0.6


def test_alpha_is_kept_and_grey_stays_grey(codec: codecs.Codec, photo: NDArray[np.uint8]) -> None:
    grey, alpha = np.repeat(photo[:40, :50, :1], 3, axis=2), photo[:40, :50, 1]
    decoded = codecs.decode(codec.encode(Picture(grey, alpha, grey=True), 50), max_pixels=LIMIT)
    assert decoded.grey and np.ptp(decoded.pixels, axis=2).max() == 0
    assert decoded.alpha is not None and np.array_equal(decoded.alpha, alpha)


def test_the_weights_are_small(codec: codecs.Codec) -> None:
    file = next(
        Path(codecs.__file__).parent.glob(f"learned/weights/{codec.model.name}.safetensors")
    )
    assert file.stat().st_size <= (12 if codec.variable_rate else 6) * 10**6
    assert file.with_suffix(".md").exists()
