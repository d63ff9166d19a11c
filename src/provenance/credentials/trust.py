"""Trust anchors: whose certificates count as trusted on this machine."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509

from ..errors import InputError, OutputError
from ..files import read, write
from .certificates import is_ca, read_pem, subject_of, to_pem
from .config import CA

LOCAL = "local"
"""Name of the anchor that is the local identity's own CA."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_MAX_BYTES = 10_000_000


@dataclass(frozen=True, slots=True)
class Anchor:
    """A named set of CA certificates."""

    name: str
    certificates: tuple[x509.Certificate, ...]
    path: Path | None
    """Where it is kept; None for one that is not."""

    @property
    def subjects(self) -> tuple[str, ...]:
        """Distinguished names of the certificates."""
        return tuple(entry.subject.rfc4514_string() for entry in self.certificates)

    @property
    def sha256(self) -> tuple[str, ...]:
        """Fingerprints of the certificates."""
        return tuple(subject_of(entry).sha256 for entry in self.certificates)

    @property
    def valid_until(self) -> datetime.datetime:
        """When the first of them ends."""
        return min(entry.not_valid_after_utc for entry in self.certificates)

    @property
    def pem(self) -> str:
        """The certificates as text."""
        return to_pem(self.certificates).decode()


class TrustStore:
    """Anchors for signers, one PEM file each in a folder that need not exist yet."""

    def __init__(self, folder: Path, identity: Path | None = None) -> None:
        """
        Args:
            folder: holds ``NAME.pem`` files.
            identity: the local identity's folder; its CA, and those of identities it replaced,
                are trusted without being added.
        """
        self._folder = folder
        self._identity = identity

    def list(self) -> tuple[Anchor, ...]:
        """All anchors, by name, the local ones first.

        Raises:
            InputError: A file in the folder is not a PEM file of CA certificates; a broken
                trust store is never taken for an empty one.
        """
        added = ((path.stem, path) for path in sorted(self._folder.glob("*.pem")))
        named = (*self._own(), *added)
        return tuple(Anchor(name, _authorities(path), path) for name, path in named)

    def add(self, path: Path, name: str) -> Anchor:
        """Trust the CA certificates in a PEM file; anything else in it is not copied.

        Raises:
            InputError: A bad name, or a file without CA certificates.
            OutputError: The name is taken, or the folder cannot be written.
        """
        target = self._path(name)
        if name == LOCAL:
            raise OutputError(f"{name}: is the local identity's own; choose another name")
        certificates = _authorities(path)
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise OutputError(f"{self._folder}: cannot be made: {error.strerror}") from error
        if target.exists():
            raise OutputError(f"{name}: is the name of another anchor; remove it first")
        write(target, to_pem(certificates), mode=0o600)
        return Anchor(name, certificates, target)

    def remove(self, name: str) -> None:
        """Trust an added anchor no longer.

        Raises:
            InputError: There is none of that name.
            OutputError: It cannot be removed.
        """
        try:
            self._path(name).unlink()
        except FileNotFoundError:
            raise InputError(f"{name}: no added trust anchor has this name") from None
        except OSError as error:
            raise OutputError(f"{name}: cannot be removed: {error.strerror}") from error

    def _own(self) -> Iterator[tuple[str, Path]]:
        if self._identity is None:
            return
        folder = self._identity
        if (folder / CA).exists():
            yield LOCAL, folder / CA
        for number, path in enumerate(sorted(folder.parent.glob(f"{folder.name}.old-*/{CA}"))):
            yield f"{LOCAL}-old-{number + 1}", path

    def _path(self, name: str) -> Path:
        if not _NAME.fullmatch(name):
            raise InputError(f"{name!r}: a name has letters, digits, dot, hyphen and underscore")
        return self._folder / f"{name}.pem"


def _authorities(path: Path) -> tuple[x509.Certificate, ...]:
    certificates = read_pem(read(path, _MAX_BYTES), path)
    for certificate in certificates:
        if not is_ca(certificate):
            name = certificate.subject.rfc4514_string()
            raise InputError(f"{path}: {name} is no CA certificate, so it cannot be an anchor")
    return certificates
