"""Signatures (COSE, RFC 9052) in signed PNG files, changed by hand: no signer of ours would."""

from __future__ import annotations

import struct
import zlib

from provenance.credentials.cose import _decode


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


def with_headers(png: bytes, *headers: bytes) -> bytes:
    """The same file with these unprotected headers, names and values in CBOR, in the place of
    those that its signature had."""
    protected, _, _, signature = _decode(content(png, b"c2pa.signature"), 0, 0)[0]
    return with_message(png, protected, signature, *headers)


def with_message(png: bytes, protected: bytes, signature: bytes, *headers: bytes) -> bytes:
    """The same file with another signature (RFC 9052, 4.4) and its headers, padded to be as long
    as the one it had."""
    old = content(png, b"c2pa.signature")

    def message(padding: int) -> bytes:
        others = (b"\x63pad" + string(bytes(padding)), *headers)
        said = bytes([0xA0 + len(others)]) + b"".join(others)
        return b"\xd2\x84" + string(protected) + said + b"\xf6" + string(signature)

    room = len(old) - len(message(256))
    assert room >= 0
    return replaced(png, old, message(256 + room))


def stamps(name: bytes, *values: bytes) -> bytes:
    """A header of time stamps (C2PA 2.2, 10.3.2.5)."""
    each = b"".join(b"\xa1\x63val" + string(value) for value in values)
    return bytes([0x60 + len(name)]) + name + b"\xa1\x69tstTokens" + _count(values) + each


def answers(*values: bytes) -> bytes:
    """A header of OCSP responses (C2PA 2.2, 10.3.2.6)."""
    return b"\x65rVals\xa1\x68ocspVals" + _count(values) + b"".join(map(string, values))


def _count(values: tuple[bytes, ...]) -> bytes:
    """How an array begins."""
    return bytes([0x80 + len(values)] if len(values) < 24 else [0x98, len(values)])
