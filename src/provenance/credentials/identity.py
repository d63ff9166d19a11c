"""An identity: who signs, and with which key."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives import serialization

from .certificates import PrivateKey, Subject, subject_of
from .timestamps import TimeStamping


@dataclass(frozen=True, slots=True)
class Identity:
    """A signer: certificates and the key, or a way to reach the key."""

    chain: tuple[x509.Certificate, ...]
    """Leaf first."""
    algorithm: str
    """C2PA name: ``es256``, ``es384``, ``es512``, ``ed25519`` or ``ps256``."""
    key: PrivateKey | Callable[[bytes], bytes]
    """The private key, or what signs bytes elsewhere (DER or raw for ECDSA)."""
    notes: tuple[str, ...] = ()
    """What the user should know, such as a key that others can read."""
    time_stamps: TimeStamping | None = None
    """Who proves when it signed; None for nobody."""

    @property
    def subject(self) -> Subject:
        """Whom the leaf names."""
        return subject_of(self.chain[0])

    @property
    def valid_until(self) -> datetime.datetime:
        """When the leaf ends."""
        return self.chain[0].not_valid_after_utc

    def __repr__(self) -> str:
        return f"Identity({self.chain[0].subject.rfc4514_string()!r}, {self.algorithm})"


def private_pem(identity: Identity) -> bytes | None:
    """The key as PEM for the signing library; None where the key is elsewhere."""
    return None if callable(identity.key) else key_pem(identity.key)


def key_pem(key: PrivateKey) -> bytes:
    """A private key as PEM (PKCS#8, not encrypted)."""
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
