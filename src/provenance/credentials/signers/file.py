"""``file:PATH``: a key in a PEM or PKCS#12 file.

PEM files may hold the certificates too; PKCS#12 files (RFC 7292: ``.p12``, ``.pfx``) do.
"""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import pkcs12

from ...errors import InputError, UsageError
from ...files import STANDARD_STREAM, read
from ..certificates import MAX_PEM, PrivateKey, chain_of, read_pem
from .base import Secret, Signer, no_secret

_KINDS = (ec.EllipticCurvePrivateKey, ed25519.Ed25519PrivateKey, rsa.RSAPrivateKey)


class FileSigner(Signer):
    """A key that is read into memory."""

    private_key: PrivateKey

    def __init__(self, uri: str, secret: Secret = no_secret) -> None:
        path = _path(uri)
        if path == STANDARD_STREAM:
            raise UsageError(f"{uri}: a key is not read from standard input; name its file")
        self.name = str(path)
        data = read(path, MAX_PEM)
        unpack = _from_pem if b"-----BEGIN" in data else _from_pkcs12
        key, self.certificates = unpack(data, self.name, secret)
        if not isinstance(key, _KINDS):
            raise InputError(
                f"{path}: keys of this kind cannot sign; use ES256, ES384, Ed25519 or PS256"
            )
        self.private_key = key
        mode = path.stat().st_mode & 0o777
        if mode & 0o077:
            self.notes = (f"{path}: key file readable by others (mode {mode:04o}); use chmod 600",)

    def sign(self, payload: bytes, algorithm: str) -> bytes:
        raise NotImplementedError("the C2PA library signs with the key itself")


def _path(uri: str) -> Path:
    """``file:a/b``, ``file:/a/b``, ``file:///a/b`` and ``file:~/b`` (RFC 8089, appendix E)."""
    named = uri.removeprefix("file:")
    if named.startswith("//"):
        host, slash, rest = named[2:].partition("/")
        if host not in ("", "localhost"):
            raise InputError(f"{uri}: the file is on another machine, {host}")
        named = slash + rest
    return Path(unquote(named)).expanduser()


def _from_pem(
    data: bytes, name: str, secret: Secret
) -> tuple[object, tuple[x509.Certificate, ...]]:
    certificates = read_pem(data, name) if b"-----BEGIN CERTIFICATE-----" in data else ()
    try:
        try:
            return serialization.load_pem_private_key(data, None), certificates
        except TypeError:  # it is encrypted
            return serialization.load_pem_private_key(data, secret(name)), certificates
    except TypeError:
        raise InputError(f"{name}: needs its password, and an empty one is none") from None
    except UnsupportedAlgorithm as error:
        raise InputError(f"{name}: holds a key of an unknown kind") from error
    except ValueError:
        problem = "the password is wrong" if b"ENCRYPTED" in data else "holds no private key"
        raise InputError(f"{name}: {problem}") from None


def _from_pkcs12(
    data: bytes, name: str, secret: Secret
) -> tuple[object, tuple[x509.Certificate, ...]]:
    if data[:1] != b"\x30":  # an ASN.1 sequence
        raise InputError(f"{name}: is neither PEM nor PKCS#12")
    try:
        try:
            store = pkcs12.load_pkcs12(data, None)
        except ValueError:  # it is encrypted, or none at all
            store = pkcs12.load_pkcs12(data, secret(name))
    except (ValueError, UnsupportedAlgorithm):
        raise InputError(f"{name}: is no PKCS#12 file, or the password is wrong") from None
    if store.key is None or store.cert is None:
        raise InputError(f"{name}: holds no key with its certificate")
    return store.key, chain_of(
        store.cert.certificate, (entry.certificate for entry in store.additional_certs)
    )
