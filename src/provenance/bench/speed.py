"""How long encoding and decoding take, beside AVIF and a published hyperprior, in one run."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from .. import codecs
from ..errors import InputError
from ..files import read
from ..imaging import load
from .anchors import Pixels, opened, saved

REPEATS = 3
QUALITY = 50
AVIF_QUALITY = 60
"""About the same number of bytes as ours at 50."""


@dataclass(frozen=True, slots=True)
class Timing:
    """One codec on one photo: the fastest of a few runs."""

    photo: str
    width: int
    height: int
    codec: str
    encode_s: float
    decode_s: float


def run(
    photos: Sequence[Path], codec: str, progress: Callable[[str], None], *, max_pixels: int
) -> list[Timing]:
    """Time the codec, AVIF at speed 6 (libavif, as Pillow has it) and bmshj2018 on each photo.

    Models are loaded, and each runs once, before the clock starts. For bmshj2018 the transforms
    alone are timed.

    Raises:
        InputError: There are no photos, or one cannot be read.
        UsageError: There is no such codec.
    """
    if not photos:
        raise InputError("no photos to time; name files")
    timings = []
    for path in photos:
        pixels = load(read(path), str(path), max_pixels=max_pixels).pixels
        height, width = pixels.shape[:2]
        for name, encode, decode in _contenders(codec, pixels, max_pixels):
            progress(f"{path.name}: {name}")
            encode_s, encoded = _fastest(encode)
            decode_s, _ = _fastest(lambda decode=decode, encoded=encoded: decode(encoded))  # type: ignore[misc]
            timings.append(Timing(path.name, width, height, name, encode_s, decode_s))
    return timings


def table(timings: Sequence[Timing]) -> str:
    """Markdown: seconds, and how many times as long as ours the others take."""
    lines = [
        "| photo | codec | encode | decode | encode, ours = 1 | decode, ours = 1 |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for timing in timings:
        ours = next(t for t in timings if t.photo == timing.photo)
        lines.append(
            f"| {timing.photo} {timing.width}x{timing.height} | {timing.codec} "
            f"| {timing.encode_s:.3f} s | {timing.decode_s:.3f} s "
            f"| {timing.encode_s / ours.encode_s:.2f} | {timing.decode_s / ours.decode_s:.2f} |"
        )
    return "\n".join([*lines, ""])


def _contenders(
    codec: str, pixels: Pixels, max_pixels: int
) -> Iterator[tuple[str, Callable[[], Any], Callable[[Any], Any]]]:
    """Name, encoder and decoder, ours first."""
    ours = codecs.get(codec)
    yield (
        codec,
        # Anew each time: a codec keeps what it has analysed.
        lambda: codecs.get(codec).encode(codecs.Picture(pixels), QUALITY),
        lambda bitstream: ours.decode(bitstream, max_pixels=max_pixels),
    )
    yield "AVIF speed 6", lambda: saved(pixels, "AVIF", quality=AVIF_QUALITY, speed=6), opened
    yield "bmshj2018 transforms", *_bmshj2018(pixels)


def _fastest(work: Callable[[], Any]) -> tuple[float, Any]:
    work()
    seconds, result = [], None
    for _ in range(REPEATS):
        began = time.perf_counter()
        result = work()
        seconds.append(time.perf_counter() - began)
    return min(seconds), result


def _bmshj2018(pixels: Pixels) -> tuple[Callable[[], Any], Callable[[Any], Any]]:
    import torch

    from .bmshj2018 import ScaleHyperprior

    network = ScaleHyperprior().eval()
    height, width = (-(-side // 64) * 64 for side in pixels.shape[:2])
    padded = np.pad(
        pixels,
        ((0, height - pixels.shape[0]), (0, width - pixels.shape[1]), (0, 0)),
        mode="edge",
    )

    def encode() -> Any:
        with torch.inference_mode():
            x = torch.from_numpy(padded).permute(2, 0, 1)[None].float() / 255
            return network.encode(x)

    def decode(latents: Any) -> Any:
        with torch.inference_mode():
            return network.decode(*latents)

    return encode, decode
