"""How files tell colours, and what brings them to sRGB."""

from __future__ import annotations

import functools
import io
import struct

import numpy as np
from PIL import Image, ImageCms

_SRGB_PRIMARIES, _SRGB_TRANSFERS = frozenset({1, 2, 5, 6, 7}), frozenset({1, 2, 6, 13, 14, 15})
"""Code points of ITU-T H.273, tables 2 and 3, that come near enough, and 2, which is none."""
_HEAD = 65_536
"""Bytes in which a file tells its colours."""


@functools.lru_cache(maxsize=64)
def is_srgb(icc: bytes) -> bool:
    """Whether a profile leaves colours as they are, to within two levels of 255, in sRGB."""
    steps = np.arange(0, 256, 51, dtype=np.uint8)
    colours = np.stack(np.meshgrid(steps, steps, steps), axis=-1).reshape(36, 6, 3)
    mode = "L" if icc[16:20] == b"GRAY" else "RGB"
    probes = Image.fromarray(colours[:, :, :1].repeat(3, axis=2) if mode == "L" else colours)
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(icc))
        shown = ImageCms.profileToProfile(
            probes.convert(mode), source, ImageCms.createProfile("sRGB"), outputMode="RGB"
        )
    except (ImageCms.PyCMSError, OSError):
        return False
    difference = np.asarray(shown).astype(int) - np.asarray(probes)
    return bool(np.abs(difference).max() <= 2)


def is_profile(icc: bytes) -> bool:
    """Whether header and length fit ICC.1, 7.2; others refuse whole files for one that does not."""
    return len(icc) == int.from_bytes(icc[:4], "big") and icc[36:40] == b"acsp"


def to_srgb(image: Image.Image, icc: bytes | None) -> Image.Image:
    """``image`` in RGB of sRGB, through its profile where there is a sound one."""
    if icc:
        try:
            source = ImageCms.ImageCmsProfile(io.BytesIO(icc))
            converted = ImageCms.profileToProfile(
                image, source, ImageCms.createProfile("sRGB"), outputMode="RGB"
            )
            assert converted is not None
            return converted
        except (ImageCms.PyCMSError, OSError):
            pass  # A damaged profile: the plain conversion below is the best left.
    return image.convert("RGB")


def other_than_srgb(data: bytes, opened: Image.Image) -> str | None:
    """How a file without a profile tells of other colours than those of sRGB, or None."""
    if opened.info.get("icc_profile"):
        return None
    is_png = opened.format == "PNG"
    if is_png:
        at = data.find(b"cICP", 0, max(0, data.find(b"IDAT")))
        told = tuple(data[at + 4 : at + 6])
    else:
        at = data.find(b"colrnclx", 0, _HEAD) if opened.format in ("AVIF", "HEIF") else -1
        told = struct.unpack(">HH", data[at + 8 : at + 12].ljust(4, b"\0"))
    if at >= 0:
        known = told[0] in _SRGB_PRIMARIES and told[1] in _SRGB_TRANSFERS
        return None if known else f"CICP {told[0]}/{told[1]}"
    gamma = opened.info.get("gamma")
    if not (is_png and gamma) or "srgb" in opened.info or abs(gamma - 1 / 2.2) < 0.02:
        return None
    return f"a gamma of {1 / gamma:.2f}"
