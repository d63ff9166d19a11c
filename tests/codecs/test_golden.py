"""Bitstreams made once, elsewhere, decode here: the same latents, and all but the same pixels."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from provenance import codecs

from . import SHIPPED

GOLDEN = sorted((Path(__file__).parent / "golden").glob("*.prvc"))


@pytest.mark.parametrize("name", SHIPPED)
def test_there_are_some(name: str) -> None:
    model = codecs.get(name).model.name
    assert [path for path in GOLDEN if path.stem.startswith(model)]


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_a_golden_bitstream_decodes(path: Path) -> None:
    # Other latents than the encoder's would raise: their digest is in the stream.
    decoded = codecs.decode(path.read_bytes(), max_pixels=10**6)
    with Image.open(path.with_suffix(".png")) as expected:
        difference = np.abs(np.asarray(expected).astype(int) - decoded.pixels)
    assert difference.max() <= 4 and difference.mean() < 0.5
