"""The size of a file is met in few attempts: each is decoded, assessed and signed."""

from __future__ import annotations

import io
import math
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
from PIL import Image, ImageCms

import provenance
from provenance import codecs, goals, imaging
from provenance.codecs import Encoded, Picture
from provenance.errors import UsageError
from provenance.stages import Stages


class Linear:
    """A codec whose bitstreams have 600 bytes for each step of quality."""

    variable_rate = True

    def encode(self, picture: Picture, quality: float) -> bytes:
        return bytes(round(600 * quality))


def _fitted(max_bytes: int, bytes_per_finding: int) -> tuple[int, int]:
    """Size of the file, and how many were made.

    A finding comes up for every 1,600 bytes that the bitstream has less than 60,000.
    """
    made = []

    def finish(encoded: Encoded) -> Any:
        bits = len(encoded.bitstream)
        found = math.ceil((60_000 - bits) / 1600)
        made.append(bits)
        return SimpleNamespace(data=bytes(bits + 9_000 + bytes_per_finding * found))

    codec, picture = cast(codecs.Codec, Linear()), Picture(np.zeros((1, 1, 3), np.uint8))
    result = goals.fitting(
        codec, picture, max_bytes, 9_200, lambda choose: choose(picture), finish, Stages()
    )
    return len(result.data), len(made)


@pytest.mark.parametrize("preview", [None, 64])
def test_what_lies_beside_a_bitstream_is_foreseen(preview: int | None) -> None:
    stream, exif = io.BytesIO(), Image.Exif()
    exif[270] = "A wall, and nothing on it. " * 200
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    Image.new("RGB", (64, 64), (90, 120, 60)).save(stream, "PNG", exif=exif, icc_profile=profile)
    photo = imaging.load(stream.getvalue(), "wall")
    made = provenance.compress(stream.getvalue(), preview=preview)
    assert made.bitstream_bytes is not None and not made.label.risk.findings
    found = len(made.data) - made.bitstream_bytes
    assert abs(found - goals.overhead(photo, preview)) < 300


def test_what_is_foreseen_is_met_at_once() -> None:
    size, attempts = _fitted(45_000, 0)
    assert 0.98 * 45_000 <= size <= 45_000 and attempts == 1


@pytest.mark.parametrize("max_bytes", [45_000, 50_000, 60_000])
def test_labels_that_grow_are_outrun(max_bytes: int) -> None:
    size, attempts = _fitted(max_bytes, 900)
    assert 0.9 * max_bytes <= size <= max_bytes and attempts <= 5


def test_what_cannot_be_met_is_told() -> None:
    with pytest.raises(UsageError, match="9,600 bytes are not enough"):
        _fitted(9_600, 10)
