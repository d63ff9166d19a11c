"""Signatures (COSE, RFC 9052) in signed PNG files, changed by hand: no signer of ours would."""

from __future__ import annotations

import struct
import zlib


def content(png: bytes, label: bytes) -> bytes:
    """Of the CBOR box in the superbox with this label (ISO/IEC 19566-5)."""
    at = png.index(label + b"\0") + len(label) + 1
    size, kind = struct.unpack_from(">I4s", png, at)
    assert kind == b"cbor"
    return png[at + 8 : at + size]


def replaced(png: bytes, old: bytes, new: bytes) -> bytes:
    """The same file with another part of the manifest, as long as the one it had."""
    assert len(new) == len(old) and png.count(old) == 1
    changed = png.replace(old, new)
    at = changed.index(b"caBX")
    (size,) = struct.unpack_from(">I", changed, at - 4)
    end = at + 4 + size
    return changed[:end] + struct.pack(">I", zlib.crc32(changed[at:end])) + changed[end + 4 :]


def string(data: bytes) -> bytes:
    """As CBOR (RFC 8949, 3)."""
    size = len(data)
    if size < 24:
        return bytes([0x40 + size]) + data
    if size < 256:
        return bytes([0x58, size]) + data
    return b"\x59" + struct.pack(">H", size) + data
