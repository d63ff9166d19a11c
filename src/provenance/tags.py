"""EXIF and IPTC-IIM out of files that Pillow has opened, and in the forms that it writes."""

from __future__ import annotations

import struct

from PIL import Image

from . import exif

_ORIENTATION = 0x0112
_IIM_RESOURCE = 0x0404
_RESOURCE = b"8BIM" + struct.pack(">HH", _IIM_RESOURCE, 0)
"""What Photoshop puts before IPTC-IIM, and then its length."""

_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""By EXIF's orientation (EXIF 2.32, 4.6.4)."""

FAULTS = (
    *(ArithmeticError, AttributeError, LookupError, OSError, SyntaxError, TypeError, ValueError),
    struct.error,
)
"""What Pillow raises on EXIF that is odd enough."""


def iim_of(image: Image.Image) -> bytes | None:
    """IPTC-IIM of a JPEG (in Photoshop's resources, APP13), a TIFF or a PNG (in a text).

    Raises:
        ValueError: It cannot be read.
    """
    if image.format in ("JPEG", "MPO"):
        resources = image.info.get("photoshop")
        found = resources.get(_IIM_RESOURCE) if isinstance(resources, dict) else None
    elif image.format == "TIFF":
        found = image.tag_v2.get(exif.IIM_TAG)  # type: ignore[attr-defined]
        if isinstance(found, tuple) and all(isinstance(part, int) for part in found):
            # Old programs call the bytes long integers.
            order = "little" if image.tag_v2.prefix == b"II" else "big"  # type: ignore[attr-defined]
            found = b"".join(part.to_bytes(4, order) for part in found)
    else:
        found = _raw_profile(image, "iptc") if image.format == "PNG" else None
        if found and found.startswith(_RESOURCE):
            found = found[12 : 12 + int.from_bytes(found[8:12], "big")]
    return found if isinstance(found, bytes) and found else None


def app13(iim: bytes) -> bytes:
    """IPTC-IIM as a JPEG segment; nothing where it is longer than one."""
    resource = _RESOURCE + struct.pack(">I", len(iim)) + iim + bytes(len(iim) % 2)
    content = b"Photoshop 3.0\0" + resource
    return (
        b"\xff\xed" + struct.pack(">H", len(content) + 2) + content
        if len(content) < 65_500
        else b""
    )


def orientation_of(opened: Image.Image) -> int:
    """How the picture lies, or lay before its reader turned it, as EXIF counts it; 1: upright.

    Of a TIFF to be asked before it is loaded, of others afterwards, for a PNG may tell it at its
    end. What is no orientation is none: cameras that do not know write 0.
    """
    try:
        # The reader of HEIF sets the tag to 1.
        found = opened.info.get("original_orientation") or opened.getexif().get(_ORIENTATION)
        return int(found) if found in _TURNS else 1
    except FAULTS:
        return 1


def turn_of(opened: Image.Image) -> Image.Transpose | None:
    """What brings the image as it is to be seen."""
    if opened.format == "HEIF" or (opened.format == "JXL" and not getattr(opened, "jpeg", False)):
        # There, other boxes and the codestream have the say (23008-12, 6.5.10; 18181-2, 9.4), and
        # had it already.
        return None
    return _TURNS.get(orientation_of(opened))


def resolution_of(opened: Image.Image, orientation: int) -> tuple[float, float] | None:
    """Dots per inch, across and down in the upright picture, that a file tells outside of EXIF:
    in JFIF's header, PNG's ``pHYs`` and the like.

    Args:
        orientation: as it lay.
    """
    info = opened.info
    # Of a TIFF and of a JPEG without JFIF, Pillow tells what it takes from EXIF, or makes up.
    if opened.format == "TIFF" or (
        opened.format in ("JPEG", "MPO") and info.get("jfif_unit") not in (1, 2)
    ):
        return None
    found = info.get("dpi")
    if not found:
        return None
    across, down = map(float, found)
    return (down, across) if orientation >= exif.LYING else (across, down)


def read_directories(opened: Image.Image) -> None:
    """Have Pillow read what it would read, and warn of, when it loads a TIFF."""
    found = opened.getexif()
    found.get(_ORIENTATION)
    for tag in (0x8769, 0x8825):
        found.get_ifd(tag)


def exif_of(opened: Image.Image, data: bytes, orientation: int) -> bytes | None:
    """EXIF that says no more of turning the picture, from the TIFF header on; None: none.

    Args:
        data: the file.
        orientation: as it lay.

    Raises:
        ValueError: It cannot be read.
    """
    if opened.format == "TIFF":
        found = exif.of_tiff(data)
    elif opened.format == "AVIF":
        # Where its boxes tell another orientation, Pillow writes the EXIF anew, and spoils texts.
        found = opened._decoder.get_info()[4]  # type: ignore[attr-defined]
    else:
        found = opened.info.get("exif") or _raw_profile(opened, "exif")
    return exif.upright(found.removeprefix(exif.MARK), orientation) if found else None


def _raw_profile(opened: Image.Image, name: str) -> bytes | None:
    """What ImageMagick and others put into a text of a PNG, in hexadecimal digits.

    Raises:
        ValueError: It is none.
    """
    text = opened.info.get(f"Raw profile type {name}")
    return bytes.fromhex("".join(text.split("\n")[3:])) if isinstance(text, str) else None
