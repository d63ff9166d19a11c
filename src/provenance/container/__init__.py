"""The compressed file, an AVIF with a preview, the neural bitstream and XMP; and XMP in the other
files whose structure we write ourselves: AVIF and HEIF, JPEG XL, TIFF."""

from . import jxl, tiff
from .compressed_file import MEDIA_TYPE, Parts, is_container, media_type, pack, unpack
from .packets import read_xmp, replace_xmp

__all__ = [
    "MEDIA_TYPE",
    "Parts",
    "is_container",
    "jxl",
    "media_type",
    "pack",
    "read_xmp",
    "replace_xmp",
    "tiff",
    "unpack",
]
