"""Photos in and out of memory: orientation, ICC, alpha, odd sample formats, limits."""

from __future__ import annotations

import io
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from . import colours, exif, tags
from .errors import ImageError, TooLargeError, UsageError
from .files import MAX_PIXELS, counted_pixels
from .formats import (
    HEIC,
    HEIF,
    JXL,
    MAX_SEGMENTS,
    check_kind,
    has_too_many_segments,
    jxl_size,
    plugin,
    sniff,
)
from .pillow import own_limit, quiet

MEDIA_TYPES = {
    "AVIF": "image/avif",
    "BMP": "image/bmp",
    "GIF": "image/gif",
    "HEIF": HEIF,
    "JPEG": "image/jpeg",
    "JPEG2000": "image/jp2",
    "JXL": JXL,
    "MPO": "image/jpeg",
    "PNG": "image/png",
    "PPM": "image/x-portable-anymap",
    "TIFF": "image/tiff",
    "WEBP": "image/webp",
}
"""Pillow's formats that are read, and nothing else is tried."""

_PLUGGED = {HEIC: ("HEIF", "heif"), HEIF: ("HEIF", "heif"), JXL: ("JXL", "jxl")}
"""Pillow's format and the extra that brings it."""

# The reader of JPEG finds MPO itself.
_TRIED = [kind for kind in MEDIA_TYPES if kind not in ("HEIF", "JXL", "MPO")]

GAIN_MAPS = ("http://ns.adobe.com/hdr-gain-map/1.0/", "http://ns.apple.com/HDRGainMap/1.0/")
"""Namespaces by which XMP describes the gain map of a picture in high dynamic range."""
_GAIN_MAPS = (
    *(namespace.encode() for namespace in GAIN_MAPS),
    b"urn:iso:std:iso:ts:21496:-1",
    b"urn:com:apple:photo:2020:aux:hdrgainmap",
)
"""Of files that hold one."""
_SIXTEEN_BITS = 2**16 - 1
_LONGEST_JPEG_EXIF = 65_533 - len(exif.MARK)

_WITHOUT_GREY = ("webp", "avif", "heif")

_OPTIONS: dict[str, dict[str, object]] = {
    "jpeg": {"quality": 95, "subsampling": 0, "optimize": True},
    "png": {"compress_level": 4},
    "webp": {"lossless": True, "quality": 50, "exact": True},
    "avif": {"quality": 90, "subsampling": "4:4:4", "speed": 6},
    # 4:2:0, for few decoders of HEVC know anything else.
    "heif": {"quality": 90},
    "jxl": {"lossless": True, "effort": 3, "use_container": True},
}
"""What Pillow is told, by rendition; TIFF is written without it."""


@dataclass(frozen=True, slots=True)
class Photo:
    """A decoded photo, upright."""

    pixels: NDArray[np.uint8]
    """``[height, width, 3]`` RGB in the space of ``icc``, or sRGB without one."""
    alpha: NDArray[np.uint8] | None = None
    """``[height, width]``, 0 transparent to 255 opaque."""
    grey: bool = False
    """The three channels are equal because the source had one."""
    icc: bytes | None = None
    exif: bytes | None = None
    """From the TIFF header on."""
    xmp: bytes | None = None
    iim: bytes | None = None
    """IPTC-IIM records, the older form of caption and credit."""
    media_type: str = "application/octet-stream"
    notes: tuple[str, ...] = ()
    """What could not be kept, in sentences."""
    frames: int = 1
    """How many pictures the file holds, of which this is the first."""
    turned: bool = False
    """Whether the file's own pixels lie otherwise: XMP tells places in those."""

    @property
    def width(self) -> int:
        return int(self.pixels.shape[1])

    @property
    def height(self) -> int:
        return int(self.pixels.shape[0])


def load(data: bytes, name: str, *, max_pixels: int = MAX_PIXELS) -> Photo:
    """Decode an image file.

    EXIF orientation is applied; 16-bit samples become 8-bit; CMYK becomes sRGB through the
    embedded profile where there is one; of an animation the first frame is taken. ``notes`` says
    so.

    Args:
        name: what error messages call the file.

    Raises:
        ImageError: Not an image of a known format, or truncated.
        TooLargeError: More than ``max_pixels`` pixels, or more segments of a JPEG than are read.
    """
    try:
        _limit_segments(data, name)
        # The reader of JPEG XL decodes when it opens.
        if announced := jxl_size(data, name):
            _limit(*announced, max_pixels, name)
        with own_limit(), _opened(data) as opened:
            _limit(opened.width, opened.height, max_pixels, name)
            return _from_pillow(opened, data)
    except UsageError as error:
        raise ImageError(f"{name}: {error}") from None
    except RuntimeError as error:
        # What the readers of AVIF and of JPEG XL raise, of themselves and of what they call.
        raise ImageError(f"{name}: truncated or damaged image: {_line(error)}") from error
    except UnidentifiedImageError:
        raise ImageError(f"{name}: not an image of a known format") from None
    except (EOFError, *tags.FAULTS) as error:
        raise ImageError(f"{name}: truncated or damaged image: {_line(error)}") from error


def media_type(data: bytes, name: str) -> str:
    """The media type of an image file, told from its content, whether it can be decoded or not.

    Raises:
        ImageError: Not an image of a known format.
        TooLargeError: A JPEG of more segments than are read.
    """
    kind = sniff(data)
    _limit_segments(data, name)
    if kind is not None and kind in _PLUGGED:
        return kind
    try:
        with own_limit(), quiet(), Image.open(io.BytesIO(data), formats=_TRIED) as opened:
            return MEDIA_TYPES[str(opened.format)]
    except (UnidentifiedImageError, EOFError, RuntimeError, *tags.FAULTS):
        # The last is what the reader of AVIF raises.
        raise ImageError(f"{name}: not an image of a known format") from None


def render(photo: Photo, kind: str) -> bytes:
    """Encode as one of `formats.RENDITIONS`.

    PNG, WebP, TIFF and JPEG XL are lossless; JPEG has quality 95, AVIF and HEIF 90. ICC and EXIF
    are written, its resolution also where readers of JPEG and PNG look for it; JPEG shows
    transparency over white.

    Raises:
        UsageError: ``kind`` is none of these, its encoder is not installed, or the picture exceeds
            the format's sides.
    """
    check_kind(kind, photo.width, photo.height)
    image = to_pillow(on_white(photo) if kind == "jpeg" else photo)
    # A grey picture in a format that has no grey must not carry a grey profile.
    icc = photo.icc if kind not in _WITHOUT_GREY or not photo.grey else None
    if kind == "tiff":
        return exif.tiff(np.asarray(image), photo.exif, icc, photo.iim)
    options: dict[str, object] = {"icc_profile": icc, **_OPTIONS[kind]}
    if kind == "jpeg" and photo.iim:
        options["extra"] = tags.app13(photo.iim)
    if photo.exif and not is_too_long(photo.exif, kind):
        options["exif"] = exif.MARK + photo.exif if kind == "jpeg" else photo.exif
    if kind in ("jpeg", "png") and photo.exif and (dots := exif.resolution(photo.exif)):
        options["dpi"] = dots
    buffer = io.BytesIO()
    image.save(buffer, kind.upper(), **options)
    return buffer.getvalue()


def is_too_long(described: bytes, kind: str) -> bool:
    """Whether EXIF is more than a file of that kind can hold."""
    return kind == "jpeg" and len(described) > _LONGEST_JPEG_EXIF


def preview(photo: Photo, longest_side: int) -> bytes:
    """A small ordinary AVIF of ``photo`` in sRGB, its longest side at most ``longest_side`` px."""
    buffer = io.BytesIO()
    thumbnail(photo, longest_side).save(buffer, "AVIF", quality=45, speed=6, icc_profile=b"")
    return buffer.getvalue()


def on_white(photo: Photo) -> Photo:
    """As pages and formats without transparency show it."""
    return replace(photo, pixels=laid_on_white(photo.pixels, photo.alpha), alpha=None)


def laid_on_white(pixels: NDArray[np.uint8], alpha: NDArray[np.uint8] | None) -> NDArray[np.uint8]:
    """RGB [height, width, 3] behind an alpha plane [height, width]; as it is without one."""
    if alpha is None:
        return pixels
    share = alpha[..., None].astype(np.float32) / 255
    laid: NDArray[np.uint8] = np.rint(pixels * share + 255 * (1 - share)).astype(np.uint8)
    return laid


def thumbnail(photo: Photo, longest_side: int) -> Image.Image:
    """RGB in sRGB, its longest side at most ``longest_side`` px, on white where transparent."""
    image = Image.fromarray(on_white(photo).pixels)
    image.thumbnail((longest_side, longest_side), Image.Resampling.LANCZOS, reducing_gap=3.0)
    if photo.icc:
        # A profile would take as much room as the picture.
        image = colours.to_srgb(
            image.convert("L") if photo.icc[16:20] == b"GRAY" else image, photo.icc
        )
    return image


def to_pillow(photo: Photo) -> Image.Image:
    """``photo`` as a Pillow image of mode L, LA, RGB or RGBA."""
    image = Image.fromarray(photo.pixels)
    if photo.grey:
        image = image.convert("L")
    if photo.alpha is not None:
        image.putalpha(Image.fromarray(photo.alpha))
    return image


def _limit(width: int, height: int, max_pixels: int, name: str) -> None:
    if counted_pixels(width, height) > max_pixels:
        raise TooLargeError(
            f"{name}: {width}x{height} is more than the {max_pixels:,} pixels allowed; "
            "see --max-pixels"
        )


def _limit_segments(data: bytes, name: str) -> None:
    if has_too_many_segments(data):
        raise TooLargeError(f"{name}: a JPEG of more than {MAX_SEGMENTS:,} segments is not read")


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:120]


def _opened(data: bytes) -> Image.Image:
    """The file in Pillow, as one of the formats that are tried on it."""
    found = _PLUGGED.get(sniff(data) or "")
    if found:
        plugin(found[1])
    # The reader of JPEG XL decodes when it opens.
    with nullcontext() if found else quiet():
        return Image.open(io.BytesIO(data), formats=[found[0]] if found else _TRIED)


def _from_pillow(opened: Image.Image, data: bytes) -> Photo:
    notes: list[str] = []
    kind = sniff(data) or MEDIA_TYPES[str(opened.format)]
    with quiet():
        frames, highest = _frames(opened, data), _highest(opened, data)
        if opened.format == "TIFF":
            tags.read_directories(opened)
            orientation = tags.orientation_of(opened)  # Pillow turns it when it loads.
    if frames > 1:
        most = " or more" if frames == exif.MAX_PAGES else ""
        notes.append(f"Only the first of {frames}{most} frames is used.")
    opened.load()
    icc = opened.info.get("icc_profile")
    xmp = opened.info.get("xmp")
    if isinstance(xmp, str):
        xmp = xmp.encode()

    with quiet():
        if opened.format != "TIFF":
            orientation = tags.orientation_of(opened)
        turn = tags.turn_of(opened)
        described = unless_damaged(
            lambda: tags.exif_of(opened, data, orientation), "EXIF data", notes
        )
        if resolution := tags.resolution_of(opened, orientation):
            described = exif.with_resolution(described, *resolution)
        iim = unless_damaged(lambda: tags.iim_of(opened), "IPTC-IIM", notes)
    image = opened if turn is None else opened.transpose(turn)
    if highest != 255:
        notes.append("Samples of more than 8 bits were reduced to 8 bits.")
        image = _to_eight_bits(image, highest)
        if image.mode == "L" and "transparency" in opened.info:
            notes.append("The transparency of one of 65,536 greys was left out.")
        if opened.format == "TIFF" and image.mode == "L" and _is_negative(opened):
            image = Image.fromarray(255 - np.asarray(image))
    if image.mode in ("CMYK", "LAB", "YCbCr"):
        notes.append(f"{image.mode} was converted to sRGB.")
        image, icc = colours.to_srgb(image, icc), None

    if any(mark in data for mark in _GAIN_MAPS):
        notes.append("The HDR gain map was left out.")
    if told := colours.other_than_srgb(data, opened):
        notes.append(f"The file tells colours by {told}, and they were taken for sRGB.")

    alpha = None
    if "A" in image.getbands() or "transparency" in image.info:
        image = image.convert("RGBA")
        alpha = np.asarray(image.getchannel("A"))
        if alpha.min() == 255:
            alpha = None
    grey = opened.mode in ("1", "L", "LA", "I", "F") or opened.mode.startswith("I;16")
    pixels = np.asarray(image.convert("RGB"))
    if not grey and icc and icc[16:20] == b"GRAY":
        icc = None
    if icc and not colours.is_profile(icc):
        notes.append("The ICC profile is damaged and was left out.")
        icc = None
    turned = orientation != 1
    return Photo(pixels, alpha, grey, icc, described, xmp, iim, kind, tuple(notes), frames, turned)


def unless_damaged(read: Callable[[], bytes | None], what: str, notes: list[str]) -> bytes | None:
    """What ``read`` gives; where it raises a `ValueError`, none, and a note says so of ``what``."""
    try:
        return read()
    except ValueError:
        notes.append(f"The {what} is damaged and was left out.")
        return None


def _frames(opened: Image.Image, data: bytes) -> int:
    if opened.format == "MPO":
        return 1  # A camera's second picture of the same is none.
    if opened.format == "TIFF":
        return exif.pages(data)  # Pillow's time grows with the square of their number.
    return int(getattr(opened, "n_frames", 1))


def _is_negative(opened: Image.Image) -> bool:
    """Whether 0 is white (TIFF 6.0, PhotometricInterpretation), which Pillow minds in 8 bits."""
    return opened.mode != "L" and opened.tag_v2.get(262) == 0  # type: ignore[attr-defined]


def _highest(image: Image.Image, data: bytes) -> int:
    """What a sample of the file is at most: 255; more, though Pillow hides that for colours; or 1.

    Raises:
        UsageError: Nobody can know.
    """
    if image.mode == "F":
        return 1
    if image.format == "PNG":
        return _SIXTEEN_BITS if data[24:25] == b"\x10" else 255
    if image.format == "HEIF":
        return (1 << int(image.info.get("bit_depth") or 8)) - 1
    if image.format == "PPM":
        said = image.tile[0][3]  # type: ignore[attr-defined]
        told = int(said[-1]) if isinstance(said, tuple) else 255
        # Pillow brings grey to 16 bits.
        return max(255, _SIXTEEN_BITS if image.mode == "I" else told)
    if image.format == "TIFF":
        bits = image.tag_v2.get(258, (8,))  # type: ignore[attr-defined]
        most = int(max(bits if isinstance(bits, tuple) else (bits,)))
        if most > 16:
            raise UsageError(f"integers of {most} bits have no known range; convert it to 16 bits")
        return max(255, (1 << most) - 1)
    return _SIXTEEN_BITS if image.mode == "I" or image.mode.startswith("I;16") else 255


def _to_eight_bits(image: Image.Image, highest: int) -> Image.Image:
    if image.mode not in ("I", "F") and not image.mode.startswith("I;16"):
        return image  # Pillow has reduced them while loading.
    with np.errstate(invalid="ignore"):  # What is no number is refused below.
        samples = np.asarray(image).astype(np.float64)
    if highest == 1 and not (samples.min(initial=0) >= 0 and samples.max(initial=0) <= 1):
        raise UsageError("floating-point samples beyond 0 to 1; convert it to 16 bits")
    return Image.fromarray(np.clip(np.rint(samples * (255 / highest)), 0, 255).astype(np.uint8))
