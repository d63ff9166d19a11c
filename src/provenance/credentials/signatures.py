"""Signatures over bytes, in the algorithms of C2PA 2.2, 13.2.1."""

from __future__ import annotations

import hashlib

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)

from ..errors import SigningError
from .certificates import PrivateKey

_HASHES: dict[str, hashes.HashAlgorithm] = {
    "es256": hashes.SHA256(),
    "es384": hashes.SHA384(),
    "es512": hashes.SHA512(),
    "ps256": hashes.SHA256(),
}


def digest(payload: bytes, algorithm: str) -> bytes:
    """The hash that an algorithm other than Ed25519 signs."""
    return hashlib.new(_HASHES[algorithm].name, payload).digest()


def hash_name(algorithm: str) -> str:
    """Such as ``sha256``; not for Ed25519."""
    return _HASHES[algorithm].name


def made(payload: bytes, key: PrivateKey, algorithm: str) -> bytes:
    """A signature by a key at hand; ECDSA in DER."""
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return key.sign(payload)
    used = _HASHES[algorithm]
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return key.sign(payload, ec.ECDSA(used))
    return key.sign(payload, padding.PSS(padding.MGF1(used), used.digest_size), used)


def verified(
    signature: bytes, payload: bytes, certificate: x509.Certificate, algorithm: str
) -> bytes:
    """A signature as COSE wants it (RFC 9053: ECDSA raw, r then s), once it has been checked.

    Args:
        signature: ECDSA may also be in DER.

    Raises:
        SigningError: It is not by the key of the certificate.
    """
    key = certificate.public_key()
    try:
        if isinstance(key, ec.EllipticCurvePublicKey):
            r, s = _pair(signature, width := (key.key_size + 7) // 8)
            der = encode_dss_signature(r, s)
            key.verify(der, payload, ec.ECDSA(_HASHES[algorithm]))
            return r.to_bytes(width, "big") + s.to_bytes(width, "big")
        if isinstance(key, rsa.RSAPublicKey):
            used = _HASHES[algorithm]
            pss = padding.PSS(padding.MGF1(used), used.digest_size)
            key.verify(signature, payload, pss, used)
            return signature
        if isinstance(key, ed25519.Ed25519PublicKey):
            key.verify(signature, payload)
            return signature
    except (InvalidSignature, ValueError, OverflowError):
        pass
    raise SigningError(
        f"its signature ({len(signature)} bytes) is not {algorithm.upper()} by the key of the "
        "certificate; does the certificate belong to this key?"
    )


def _pair(signature: bytes, width: int) -> tuple[int, int]:
    try:
        return decode_dss_signature(signature)
    except ValueError:
        if len(signature) != 2 * width:
            raise
    return int.from_bytes(signature[:width], "big"), int.from_bytes(signature[width:], "big")
