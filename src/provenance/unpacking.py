"""Brotli (RFC 7932), unpacked within bounds: of XMP in JPEG XL, and of compressed manifests."""

from __future__ import annotations

import brotli

from .errors import InvalidError


def unpacked(content: bytes, limit: int) -> bytes:
    """What ``content`` unpacks to.

    Raises:
        InvalidError: It is damaged, cut, or unpacks to more than ``limit`` bytes.
    """
    decoder = brotli.Decompressor()
    try:
        data: bytes = decoder.process(content, output_buffer_limit=limit)
    except brotli.error as error:
        raise InvalidError(f"cannot be unpacked: {error}") from error
    if not decoder.is_finished():
        raise InvalidError(f"is cut, or more than {limit:,} bytes")
    return data
