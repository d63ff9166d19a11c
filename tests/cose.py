"""Signatures (COSE, RFC 9052) in signed PNG files, changed by hand: no signer of ours would."""

from __future__ import annotations

import struct
import zlib

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding

from provenance.credentials import Identity
from provenance.credentials.cose import _decode

NUMBER, TEXT = b"\x18\x21", b"\x67x5chain"
"""The names of the header ``x5chain`` as CBOR: as RFC 9360 has it, and as older tools wrote it."""


def content(png: bytes, label: bytes) -> bytes:
    """Of the CBOR box in the superbox with this label (ISO/IEC 19566-5)."""
    at = png.index(label + b"\0") + len(label) + 1
    size, kind = struct.unpack_from(">I4s", png, at)
    if kind == b"c2sh":  # salt, within the description
        at += size
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


def chain(signer: Identity) -> bytes:
    """The value of ``x5chain``: one certificate or several."""
    encoded = [entry.public_bytes(Encoding.DER) for entry in signer.chain]
    if len(encoded) == 1:
        return string(encoded[0])
    return bytes([0x80 + len(encoded)]) + b"".join(map(string, encoded))


def signed_by(
    signer: Identity, png: bytes, *headers: bytes, unprotected: tuple[bytes, ...] = ()
) -> bytes:
    """The same file with another signature.

    Args:
        headers: the protected ones beside the algorithm, as CBOR; by default the signer's chain.
        unprotected: others, which are not signed.
    """
    assert isinstance(signer.key, ec.EllipticCurvePrivateKey)
    claim = content(png, b"c2pa.claim.v2")
    headers = headers or (NUMBER + chain(signer),)
    # ES256.
    protected = bytes([0xA1 + len(headers)]) + b"\x01\x26" + b"".join(headers)
    what = b"\x84\x6aSignature1" + string(protected) + string(b"") + string(claim)
    r, s = decode_dss_signature(signer.key.sign(what, ec.ECDSA(hashes.SHA256())))
    signature = r.to_bytes(32, "big") + s.to_bytes(32, "big")
    return with_message(png, protected, signature, *unprotected)


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
