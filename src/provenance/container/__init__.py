"""The compressed file, an AVIF with a preview, the neural bitstream and XMP; and XMP in the other
files whose structure we write ourselves: AVIF and HEIF, JPEG XL, TIFF."""

from . import jxl, tiff
from .compressed_file import Parts, is_container, pack, unpack
from .packets import read_xmp, replace_xmp

__all__ = ["Parts", "is_container", "jxl", "pack", "read_xmp", "replace_xmp", "tiff", "unpack"]
