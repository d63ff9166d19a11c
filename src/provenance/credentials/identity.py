"""Identities: who signs, and with which key.

An identity folder is readable by its owner alone. It holds ``signer.pem`` (the key and its chain
in one file, so that they change together), ``ca.pem`` and ``ca-key.pem``; the last issues the next
leaf when this one nears its end.
"""

from __future__ import annotations

import datetime
import getpass
import shutil
import socket
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from ..errors import InputError, OutputError, SigningError
from ..files import read, write
from .certificates import (
    PrivateKey,
    Subject,
    algorithm_of,
    check_chain,
    make_ca,
    make_leaf,
    read_pem,
    subject_of,
    to_pem,
)

SIGNER, CA, CA_KEY = "signer.pem", "ca.pem", "ca-key.pem"

RENEW_BEFORE = datetime.timedelta(days=30)
"""A local leaf with less time than this is replaced."""

_MAX_PEM = 1_000_000


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


def new_identity(organisation: str, name: str, folder: Path, *, replace: bool = False) -> Identity:
    """Make a CA and a signer's certificate, ES256, in ``folder``: whole or not at all.

    Args:
        replace: move an existing identity aside to ``folder.old-…``, where its CA stays trusted.

    Raises:
        OutputError: ``folder`` exists and is not to be replaced, or cannot be written.
        InputError: A name that no certificate can hold.
    """
    ca, ca_key = make_ca(organisation, name)
    leaf, key = make_leaf(organisation, name, ca, ca_key)
    aside = None
    try:
        folder.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        # mkdtemp makes the folder with mode 0700, so the keys are never readable by others.
        aside = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
        for file, content in (
            (CA, to_pem([ca])),
            (CA_KEY, _key_pem(ca_key)),
            (SIGNER, _key_pem(key) + to_pem([leaf, ca])),
        ):
            write(aside / file, content, mode=0o600)
        if replace and folder.exists():
            now = datetime.datetime.now(datetime.UTC)
            folder.rename(folder.with_name(f"{folder.name}.old-{now:%Y%m%dT%H%M%S%f}"))
        # A folder that is not empty refuses to be replaced: of two processes one wins.
        aside.rename(folder)
    except OSError as error:
        if folder.exists():
            raise OutputError(
                f"{folder}: holds an identity already; use --force to replace it"
            ) from None
        raise OutputError(f"{folder}: cannot be written: {error.strerror}") from error
    finally:
        if aside is not None:
            shutil.rmtree(aside, ignore_errors=True)
    return _load_local(folder)


def local_identity(folder: Path) -> Identity:
    """The identity of this machine's user, made on the first run and renewed in time.

    Raises:
        InputError: What is there cannot be read.
        OutputError: None is there and none can be written.
        SigningError: What is there cannot sign.
    """
    if not (folder / SIGNER).exists():
        try:
            return new_identity(*_who(), folder)
        except OutputError:
            # Another process may have been first.
            if not (folder / SIGNER).exists():
                raise
    chain = read_pem(read(folder / SIGNER, _MAX_PEM), folder / SIGNER)
    now = datetime.datetime.now(datetime.UTC)
    if chain[0].not_valid_after_utc - now < RENEW_BEFORE:
        _renew(folder, chain[0])
    return _load_local(folder)


def load_identity(chain: Path, key: Path, password: bytes | None = None) -> Identity:
    """An identity from PEM files; the algorithm follows from the key.

    Args:
        chain: certificates, leaf first.
        key: the private key in PEM; may be the same file, the key first.
        password: of the key, if it is encrypted.

    Raises:
        InputError: A file is missing, no PEM, or the password is missing or wrong.
        SigningError: Key and certificate are no pair, the certificate has expired, or C2PA
            readers would refuse it.
    """
    certificates = read_pem(read(chain, _MAX_PEM), chain)
    private = _read_key(key, password)
    if private.public_key() != certificates[0].public_key():
        raise SigningError(f"{key}: is not the key of the first certificate in {chain}")
    now = datetime.datetime.now(datetime.UTC)
    check_chain(certificates, now)
    notes = []
    mode = key.stat().st_mode
    if mode & 0o077:
        notes.append(f"{key}: others can read this key (mode {mode & 0o777:04o}); use chmod 600")
    left = certificates[0].not_valid_after_utc - now
    if left < RENEW_BEFORE:
        notes.append(f"{chain}: the certificate ends in {left.days} days")
    return Identity(certificates, algorithm_of(private), private, tuple(notes))


def _load_local(folder: Path) -> Identity:
    return load_identity(folder / SIGNER, folder / SIGNER)


def _renew(folder: Path, leaf: x509.Certificate) -> None:
    """Replace the leaf and its key, in one step."""
    authority = read_pem(read(folder / CA, _MAX_PEM), folder / CA)[0]
    ca_key = _read_key(folder / CA_KEY, None)
    if not isinstance(ca_key, ec.EllipticCurvePrivateKey):
        raise InputError(f"{folder / CA_KEY}: is not the key of a local CA")
    old = subject_of(leaf)
    renewed, key = make_leaf(old.organisation or "", old.common_name or "", authority, ca_key)
    content = _key_pem(key) + to_pem([renewed, authority])
    write(folder / SIGNER, content, force=True, mode=0o600)


def _read_key(path: Path, password: bytes | None) -> PrivateKey:
    data = read(path, _MAX_PEM)
    try:
        key = serialization.load_pem_private_key(data, password or None)
    except TypeError:
        problem = "is not encrypted; leave the password out" if password else "needs its password"
        raise InputError(f"{path}: {problem}") from None
    except (ValueError, UnsupportedAlgorithm):
        problem = "no PEM key, or the password is wrong" if password else "holds no PEM key"
        raise InputError(f"{path}: {problem}") from None
    if not isinstance(
        key, ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey
    ):
        raise InputError(f"{path}: keys of this kind cannot sign; use ES256, Ed25519 or PS256")
    return key


def _key_pem(key: PrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def _who() -> tuple[str, str]:
    """Organisation and name for a first identity; readable, and claims no more than is known."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError, ImportError):
        user = "user"
    return "Local user (self-issued)", f"{user}@{socket.gethostname() or 'localhost'}"[:60]


def private_pem(identity: Identity) -> bytes | None:
    """The key as PEM for the signing library; None where the key is elsewhere."""
    return None if callable(identity.key) else _key_pem(identity.key)
