"""Small photos for benchmarks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

Pixels = npt.NDArray[np.uint8]


@pytest.fixture(scope="session")
def parrots(data: Path) -> Pixels:
    """Two parrots before leaves, 320x320."""
    with Image.open(data / "kodak" / "kodim23.png") as photo:
        return np.asarray(photo.convert("RGB").crop((224, 96, 544, 416)))
