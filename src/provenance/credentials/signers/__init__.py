"""Keys by URI: the scheme chooses the class, and each class is a file of its own.

======== ====================================== =========
scheme   where the key is                       needs
======== ====================================== =========
file     in a PEM or PKCS#12 file
cmd      with a program
https    with a service (http: on this machine)
pkcs11   on a smart card or in an HSM           [pkcs11]
awskms   in AWS KMS                             [aws]
gcpkms   in Google Cloud KMS                    [gcp]
======== ====================================== =========

A secret (password, PIN, token) is asked for by a callback and only when it is needed; it is never
part of a URI. An optional library that is missing is named when the signer is made.
"""

from __future__ import annotations

import datetime
import functools
import importlib
import re
from pathlib import Path

from ...errors import SigningError, UsageError
from ...files import read
from ..certificates import MAX_PEM, algorithm_of, check_chain, read_pem
from ..identity import Identity
from ..timestamps import TimeStamping
from .base import Secret, Signer, no_secret

__all__ = ["RENEW_BEFORE", "SCHEMES", "Secret", "Signer", "load_signer"]

SCHEMES = {
    "file": "file.FileSigner",
    "cmd": "cmd.CommandSigner",
    "https": "https.ServiceSigner",
    "http": "https.ServiceSigner",
    "pkcs11": "pkcs11.TokenSigner",
    "awskms": "awskms.AwsSigner",
    "gcpkms": "gcpkms.GoogleSigner",
}
"""Module and class of each scheme."""

RENEW_BEFORE = datetime.timedelta(days=30)
"""A certificate with less time than this is worth a note; a local one is replaced."""

_SCHEME = re.compile(r"([a-z][a-z0-9]+):.")


def load_signer(
    uri: str,
    certificate: Path | str | None = None,
    secret: Secret = no_secret,
    *,
    time_stamps: TimeStamping | None = None,
) -> Identity:
    """The identity whose key is where ``uri`` says; the algorithm follows from the certificate.

    Args:
        uri: such as ``file:desk.key.pem``; see `SCHEMES`.
        certificate: PEM file with the certificates, leaf first; None where the key brings them.
        secret: gives the password, PIN or token that it is asked for.
        time_stamps: who proves when it signed.

    Raises:
        UsageError: No such scheme, a URI without its parts, no certificate, or a library that is
            not installed.
        InputError: A file is missing or not what it should be, or the secret is wrong.
        SigningError: Key and certificate are no pair, the certificate has expired, or C2PA
            readers would refuse it.
    """
    signer = _signer(uri, secret)
    if certificate is None:
        chain, source = signer.certificates, signer.name
    else:
        chain, source = read_pem(read(Path(certificate), MAX_PEM), certificate), str(certificate)
    if not chain:
        raise UsageError(f"{signer.name}: brings no certificate; give its PEM file (--certificate)")
    public_key = chain[0].public_key()
    if signer.private_key and signer.private_key.public_key() != public_key:
        raise SigningError(f"{signer.name}: is not the key of the first certificate in {source}")
    now = datetime.datetime.now(datetime.UTC)
    try:
        algorithm = algorithm_of(public_key)
        check_chain(chain, now)
    except SigningError as error:
        raise SigningError(f"{source}: {error}") from error
    notes = list(signer.notes)
    left = chain[0].not_valid_after_utc - now
    if left < RENEW_BEFORE:
        notes.append(f"{source}: the certificate ends in {left.days} days")
    key = signer.private_key or functools.partial(signer.sign, algorithm=algorithm)
    return Identity(chain, algorithm, key, tuple(notes), time_stamps)


def _signer(uri: str, secret: Secret) -> Signer:
    known = ", ".join(f"{scheme}:" for scheme in SCHEMES)
    scheme = _SCHEME.match(uri)
    if scheme is None:
        raise UsageError(f"signer {uri}: is no URI; write a file as file:{uri} (known: {known})")
    if scheme[1] not in SCHEMES:
        raise UsageError(f"signer {uri}: no such scheme as {scheme[1]}: (known: {known})")
    module, _, name = SCHEMES[scheme[1]].partition(".")
    made = getattr(importlib.import_module(f".{module}", __name__), name)(uri, secret)
    assert isinstance(made, Signer)
    return made
