"""EXIF and IPTC-IIM out of files that Pillow has opened, and in the forms that it writes."""

from __future__ import annotations

import struct

from PIL import Image

EXIF_MARK = b"Exif\0\0"
"""What precedes the TIFF header in JPEG alone."""

_ORIENTATION = 0x0112
_IIM_TAG = 33723
_IIM_RESOURCE = 0x0404

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

_DESCRIPTIVE = (
    *(0x010E, 0x010F, 0x0110, 0x0112, 0x011A, 0x011B, 0x0128, 0x0131, 0x0132, 0x013B),
    *(0x013C, 0x4746, 0x8298, 0x8769, 0x8825, 0x9C9B, 0x9C9C, 0x9C9D, 0x9C9E, 0x9C9F),
)
"""Tags of a TIFF's directory that are EXIF; the others tell how its pixels lie."""


def iim_of(image: Image.Image) -> bytes | None:
    """IPTC-IIM of a JPEG (in Photoshop's resources, APP13) or a TIFF."""
    if image.format in ("JPEG", "MPO"):
        resources = image.info.get("photoshop")
        found = resources.get(_IIM_RESOURCE) if isinstance(resources, dict) else None
    elif image.format == "TIFF":
        found = image.tag_v2.get(_IIM_TAG)  # type: ignore[attr-defined]
        if isinstance(found, tuple) and all(isinstance(part, int) for part in found):
            # Old programs call the bytes long integers.
            order = "little" if image.tag_v2.prefix == b"II" else "big"  # type: ignore[attr-defined]
            found = b"".join(part.to_bytes(4, order) for part in found)
    else:
        return None
    return found if isinstance(found, bytes) and found else None


def descriptive(every: Image.Exif, iim: bytes | None = None) -> bytes | None:
    """EXIF without the tags that tell how a TIFF's pixels lie; from the TIFF header on."""
    kept = Image.Exif()
    if iim:
        kept[_IIM_TAG] = iim
    for tag in _DESCRIPTIVE:
        if tag in every:
            kept[tag] = every.get_ifd(tag) if tag in (0x8769, 0x8825) else every[tag]
    return kept.tobytes().removeprefix(EXIF_MARK) if len(kept) else None


def parsed(exif: bytes | None) -> Image.Exif:
    parsed = Image.Exif()
    if exif:
        parsed.load(exif)
    return parsed


def app13(iim: bytes) -> bytes:
    """IPTC-IIM as a JPEG segment; nothing where it is longer than one."""
    resource = (
        b"8BIM" + struct.pack(">HHI", _IIM_RESOURCE, 0, len(iim)) + iim + b"\0" * (len(iim) % 2)
    )
    content = b"Photoshop 3.0\0" + resource
    return (
        b"\xff\xed" + struct.pack(">H", len(content) + 2) + content
        if len(content) < 65_500
        else b""
    )


def upright(opened: Image.Image) -> Image.Image:
    """The image as it is to be seen."""
    if opened.format == "JXL" and not getattr(opened, "jpeg", False):
        return opened  # In JPEG XL the codestream has the say (18181-2, 9.4), and had it already.
    try:
        turn = _TURNS.get(opened.getexif().get(_ORIENTATION, 1))
    except FAULTS:
        return opened
    return opened if turn is None else opened.transpose(turn)


def exif_of(opened: Image.Image) -> bytes | None:
    """EXIF that says no more of turning the picture, from the TIFF header on; None: none.

    Raises:
        ValueError: It cannot be read, or not be written again.
    """
    exif = opened.info.get("exif")
    try:
        found = opened.getexif()
        if opened.format == "TIFF":
            found.pop(_ORIENTATION, None)
            return descriptive(found)
        if not exif:
            return None
        if found.get(_ORIENTATION, 1) != 1:
            del found[_ORIENTATION]
            exif = found.tobytes()
        else:
            found.tobytes()
    except FAULTS as error:
        raise ValueError("the EXIF data is damaged") from error
    exif = exif.removeprefix(EXIF_MARK)
    if exif[:4] not in (b"II*\0", b"MM\0*"):
        raise ValueError("the EXIF data is damaged")
    return bytes(exif)
