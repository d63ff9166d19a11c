"""Photos, ours and the ordinary codecs to compare with, as Pillow has them."""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from .. import codecs
from ..errors import InputError
from ..files import MAX_PIXELS, read
from ..imaging import load
from ..metrics import ms_ssim
from ..metrics.ms_ssim import SMALLEST_SIDE

Pixels = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Contender:
    """A codec with the settings to try."""

    name: str
    settings: tuple[int, ...]
    run: Callable[[Pixels, int], tuple[int, Pixels]]
    """Pixels and setting to bytes and decoded pixels."""


def anchors() -> list[Contender]:
    """JPEG 4:2:0 optimised, WebP method 6, AVIF speed 6 (4:2:0 and 4:4:4), JPEG XL effort 7.

    JPEG XL needs ``pillow-jxl-plugin``, which adds the format to Pillow when imported.
    """
    import pillow_jxl  # noqa: F401

    return [
        _pillow("JPEG", "JPEG", (5, 10, 20, 30, 45, 60, 75, 85, 92, 96), optimize=True),
        _pillow("WebP", "WEBP", (0, 10, 25, 45, 65, 80, 90, 96), method=6),
        _pillow("AVIF 4:2:0", "AVIF", (10, 20, 32, 44, 56, 68, 80, 90), speed=6),
        _pillow(
            "AVIF 4:4:4", "AVIF", (10, 20, 32, 44, 56, 68, 80, 90), speed=6, subsampling="4:4:4"
        ),
        _pillow("JPEG XL", "JXL", (1, 10, 20, 35, 50, 65, 80, 90), effort=7),
    ]


def pixels_of(path: Path) -> Pixels:
    """A photo as the tool itself reads it.

    Raises:
        InputError: It is missing or cannot be read.
    """
    return load(read(path), str(path), max_pixels=MAX_PIXELS).pixels


def check(photos: Sequence[Path]) -> None:
    """Refuse photos that cannot be compared on, before any work.

    Raises:
        InputError: There are none, or one cannot be read or is too small for MS-SSIM.
    """
    if not photos:
        raise InputError("no photos to compare on; name files or folders of PNG")
    for path in photos:
        if min(pixels_of(path).shape[:2]) < SMALLEST_SIDE:
            raise InputError(f"{path}: sides under {SMALLEST_SIDE} px are too small to compare on")


def qualities_of(codec: str, several: tuple[int, ...]) -> tuple[int, ...]:
    """Those qualities of a codec of ours, or the only one where it has one rate.

    Raises:
        UsageError: There is no such codec.
    """
    return several if codecs.get(codec).variable_rate else (100,)


def encoder(kind: str, **options: Any) -> Callable[[Pixels, int], tuple[int, Pixels]]:
    """A format of Pillow's: pixels and quality to the bytes of the file and the decoded pixels."""

    if kind == "AVIF":
        # How many threads there are decides how the picture is cut into tiles: the same everywhere.
        options["max_threads"] = 1

    def run(pixels: Pixels, setting: int) -> tuple[int, Pixels]:
        data = saved(pixels, kind, quality=setting, **options)
        return len(data), opened(data)

    return run


def saved(pixels: Pixels, kind: str, **options: Any) -> bytes:
    """The file that Pillow writes."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, kind, **options)
    return buffer.getvalue()


def opened(data: bytes) -> Pixels:
    """The picture in a file, as RGB."""
    with Image.open(io.BytesIO(data)) as image:
        return np.asarray(image.convert("RGB"))


def ours(
    name: str, decoder: str | None = None, tune: str | None = None, effort: int | None = None
) -> Callable[[Pixels, int], tuple[int, Pixels]]:
    """A neural codec, as `encoder` gives the others; the bytes are those of the bitstream.

    Raises:
        UsageError: There is no such codec, or it has no such decoder, tune or effort.
    """
    codec = codecs.get(name, decoder, tune, effort)

    def run(pixels: Pixels, setting: int) -> tuple[int, Pixels]:
        bitstream = codec.encode(codecs.Picture(pixels), setting)
        return len(bitstream), codec.decode(bitstream, max_pixels=MAX_PIXELS).pixels

    return run


def ms_ssim_db(original: Pixels, decoded: Pixels) -> float:
    """MS-SSIM as ``-10 log10(1 - MS-SSIM)``, at most 100; of pictures that `check` lets pass."""
    similarity = ms_ssim(original, decoded)
    assert similarity is not None
    return -10 * math.log10(max(1 - similarity, 1e-10))


def _pillow(name: str, kind: str, settings: tuple[int, ...], **options: Any) -> Contender:
    return Contender(name, settings, encoder(kind, **options))
