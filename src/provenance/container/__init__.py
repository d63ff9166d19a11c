"""The compressed file: an AVIF with a preview, the neural bitstream and XMP."""

from .compressed_file import Parts, is_container, pack, read_xmp, replace_xmp, unpack

__all__ = ["Parts", "is_container", "pack", "read_xmp", "replace_xmp", "unpack"]
