"""What people ask of a compressed file: a quality, bits per pixel, a PSNR, or a size."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from . import codecs, imaging
from .assembly import Labelled
from .errors import UsageError
from .imaging import Photo
from .stages import Stages

LABEL_AND_CREDENTIAL = 10_000
"""Bytes of both in a file of which nothing was found, and that was signed without a time stamp."""

ATTEMPTS = 5
"""Files that are made to meet a size, at most."""

SPARE = 256
"""Bytes that are left to the next label, which may have more to tell; doubled each time it had."""


def goal_of(
    codec: codecs.Codec,
    photo: Photo,
    quality: float | None,
    *,
    bits_per_pixel: float | None,
    psnr: float | None,
    max_pixels: int,
) -> tuple[codecs.Choice, str]:
    """What chooses the quality of a photo, and what to say where it finds none; one goal or none.

    Args:
        quality: 50 for None.
        bits_per_pixel: of the bitstream, at most.
        psnr: in dB, at least.
    """
    if bits_per_pixel is not None:
        size = bits_per_pixel * photo.width * photo.height / 8
        unmet = f"even the lowest quality needs more than {bits_per_pixel:g} bits per pixel"
        return partial(codecs.within, codec, size=size), unmet
    if psnr is not None:
        unmet = f"no quality reaches {psnr:g} dB"
        return partial(codecs.reaching, codec, psnr=psnr, max_pixels=max_pixels), unmet
    return partial(codecs.at, codec, quality=50 if quality is None else quality), "no quality fits"


def overhead(photo: Photo, preview: int | None) -> int:
    """Bytes that a compressed file will have beside its bitstream, as far as that can be foreseen.

    Args:
        preview: its longest side, px; None for none.
    """
    small = imaging.preview(photo, preview) if preview else None
    parts = (small, photo.exif, photo.icc, photo.xmp)
    return LABEL_AND_CREDENTIAL + sum(len(part) for part in parts if part)


def fitting(
    codec: codecs.Codec,
    picture: codecs.Picture,
    max_bytes: int,
    around: int,
    encode: Callable[[codecs.Choice], codecs.Encoded | None],
    finish: Callable[[codecs.Encoded], Labelled],
    stages: Stages,
) -> Labelled:
    """The best file of at most ``max_bytes``.

    What label and credential add is known only when they are made, and a label grows with its
    findings as quality falls. So each file made tells what the next one may spend.

    Args:
        around: by `overhead`.
    """
    best, smallest, spare = None, None, SPARE
    for attempt in range(ATTEMPTS):
        encoded = encode(partial(codecs.within, codec, size=max_bytes - around))
        if encoded is None:
            with stages("encode"):
                encoded = codecs.at(codec, picture, 1)
        made = finish(encoded)
        size = len(made.data)
        smallest = min(smallest or size, size)
        if size <= max_bytes:
            best = made
            if attempt or encoded.quality == 100 or size >= 0.98 * max_bytes:
                break
        elif encoded.quality == 1 or best:
            break
        around = size - len(encoded.bitstream) + spare
        spare *= 2
    if best is None:
        raise UsageError(
            f"{max_bytes:,} bytes are not enough: the smallest file tried has {smallest:,}; "
            "allow more, leave out the preview, or make the picture smaller"
        )
    return best
