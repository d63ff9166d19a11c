from __future__ import annotations

import io
from pathlib import Path

import pytest
from PIL import Image

DATA = Path(__file__).parents[3] / "shared" / "data"


@pytest.fixture(scope="session")
def photo() -> Image.Image:
    with Image.open(DATA / "faces" / "portrait-1.jpg") as opened:
        return opened.convert("RGB").resize((256, 192))


@pytest.fixture(scope="session")
def preview(photo: Image.Image) -> bytes:
    stream = io.BytesIO()
    photo.save(stream, "AVIF", quality=40)
    return stream.getvalue()
