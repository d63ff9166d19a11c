"""Trust anchors: whose certificates count as trusted on this machine, and for what."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from ..errors import InputError, OutputError
from ..files import read, write
from .certificates import forbidden, is_ca, read_pem, subject_of, to_pem
from .config import CA
from .revocation import MAX_CRL, RevocationList, read_crl

LOCAL = "local"
"""Name of the anchor that is the local identity's own CA."""

SUFFIXES = (".pem", ".crt", ".cer")
"""Files that are taken out of a folder of certificates."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_MAX_BYTES = 10_000_000
_REVOKED, _CRL = "revoked", ".crl"


class Purpose(StrEnum):
    """What an anchor is believed about; never anything else."""

    SIGNERS = "signers"
    TIME_STAMPS = "time-stamps"


@dataclass(frozen=True, slots=True)
class Anchor:
    """A named set of CA certificates."""

    name: str
    certificates: tuple[x509.Certificate, ...]
    path: Path | None
    """Where it is kept; None for one that is not."""
    purpose: Purpose = Purpose.SIGNERS

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
    """Anchors, one PEM file each, in a folder that need not exist yet.

    Anchors for signers lie in the folder itself, those for time stamps in ``time-stamps``, and
    lists of certificates that were taken back in ``revoked``.
    """

    def __init__(self, folder: Path | str, identity: Path | str | None = None) -> None:
        """
        Args:
            folder: holds ``NAME.pem`` files.
            identity: the local identity's folder; its CA, and those of identities it replaced,
                are trusted without being added.
        """
        self._folder = Path(folder)
        self._identity = None if identity is None else Path(identity)

    def list(self) -> tuple[Anchor, ...]:
        """All anchors: the local ones, then those for signers, then those for time stamps.

        Raises:
            InputError: A file in the folder is not a PEM file of CA certificates; a broken
                trust store is never taken for an empty one.
        """
        own = tuple(Anchor(name, _authorities(path), path) for name, path in self._own())
        return own + tuple(
            Anchor(path.stem, _authorities(path), path, purpose)
            for purpose in Purpose
            for path in sorted(self._folder_of(purpose).glob("*.pem"))
        )

    def add(self, path: Path, name: str, purpose: Purpose = Purpose.SIGNERS) -> Anchor:
        """Trust the CA certificates in a PEM file, or in all those of a folder.

        Anything else in the files, such as a key, is not copied.

        Raises:
            InputError: A bad name, or a file without CA certificates, or with one that may issue
                none for signers.
            OutputError: The name is taken, or the folder cannot be written.
        """
        self._check(name)
        certificates = _authorities(path)
        for entry in certificates if purpose is Purpose.SIGNERS else ():
            if why := forbidden((), entry, None):
                whose = entry.subject.rfc4514_string()
                raise InputError(f"{path}: {whose} {why}, so it cannot be an anchor for signers")
        self._free(name)
        target = self._folder_of(purpose) / f"{name}.pem"
        _keep(target, to_pem(certificates))
        return Anchor(name, certificates, target, purpose)

    def revocation_lists(self) -> tuple[RevocationList, ...]:
        """All lists of certificates that were taken back, by name.

        Raises:
            InputError: A file in the folder is no such list.
        """
        files = sorted((self._folder / _REVOKED).glob(f"*{_CRL}"))
        return tuple(RevocationList(path.stem, _crl(path), path) for path in files)

    def held(self) -> TrustStore:
        """The store as it is now, read once; what is changed later is not seen.

        Raises:
            InputError: As for `list` and `revocation_lists`.
        """
        return _Held(self._folder, self._identity)

    def revoke(self, path: Path, name: str, *, replace: bool = False) -> RevocationList:
        """Believe the certificates on a revocation list no longer.

        Args:
            path: a list (CRL) in PEM or DER.
            replace: put it in the place of an older one of that name.

        Raises:
            InputError: A bad name, a file that is no list, or a list that claims to be by an
                anchor and is not.
            OutputError: The name is taken, or the folder cannot be written.
        """
        self._check(name)
        added = RevocationList(name, _crl(path), self._folder / _REVOKED / f"{name}{_CRL}")
        claimed = [entry for entry in self._certificates() if entry.subject == added.crl.issuer]
        if claimed and not any(added.is_by(entry) for entry in claimed):
            raise InputError(f"{path}: is not signed by {added.issuer}, as it claims to be")
        assert added.path is not None
        if not (replace and added.path.exists()):
            self._free(name)
        _keep(added.path, added.crl.public_bytes(Encoding.DER), force=replace)
        return added

    def remove(self, name: str) -> None:
        """Trust an added anchor no longer, or forget a revocation list.

        Raises:
            InputError: There is none of that name.
            OutputError: It cannot be removed.
        """
        self._check(name)
        found = self._find(name)
        if found is None:
            raise InputError(f"{name}: nothing of this name was added; see `provenance trust list`")
        try:
            found.unlink()
        except OSError as error:
            raise OutputError(f"{name}: cannot be removed: {error.strerror}") from error

    def _certificates(self) -> Iterator[x509.Certificate]:
        for anchor in self.list():
            yield from anchor.certificates

    def _own(self) -> Iterator[tuple[str, Path]]:
        if self._identity is None:
            return
        folder = self._identity
        if (folder / CA).exists():
            yield LOCAL, folder / CA
        for number, path in enumerate(sorted(folder.parent.glob(f"{folder.name}.old-*/{CA}"))):
            yield f"{LOCAL}-old-{number + 1}", path

    def _folder_of(self, purpose: Purpose) -> Path:
        return self._folder if purpose is Purpose.SIGNERS else self._folder / purpose

    def _check(self, name: str) -> None:
        if not _NAME.fullmatch(name):
            raise InputError(f"{name!r}: a name has letters, digits, dot, hyphen and underscore")

    def _find(self, name: str) -> Path | None:
        """The file of that name; a name is taken once, whatever for."""
        paths = [self._folder_of(purpose) / f"{name}.pem" for purpose in Purpose]
        paths.append(self._folder / _REVOKED / f"{name}{_CRL}")
        return next((path for path in paths if path.exists()), None)

    def _free(self, name: str) -> None:
        if name == LOCAL:
            raise OutputError(f"{name}: is the local identity's own; choose another name")
        if self._find(name):
            raise OutputError(f"{name}: is taken already; choose another name, or remove it first")


class _Held(TrustStore):
    def __init__(self, folder: Path, identity: Path | None) -> None:
        super().__init__(folder, identity)
        self._anchors, self._lists = super().list(), super().revocation_lists()

    def held(self) -> TrustStore:
        return self

    def list(self) -> tuple[Anchor, ...]:
        return self._anchors

    def revocation_lists(self) -> tuple[RevocationList, ...]:
        return self._lists


def _keep(target: Path, content: bytes, *, force: bool = False) -> None:
    try:
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise OutputError(f"{target.parent}: cannot be made: {error.strerror}") from error
    write(target, content, force=force, mode=0o600)


def _crl(path: Path) -> x509.CertificateRevocationList:
    return read_crl(read(path, MAX_CRL), path)


def _authorities(path: Path) -> tuple[x509.Certificate, ...]:
    """The CA certificates in a file, or in the files of a folder, each once."""
    if path.is_dir():
        files = sorted(entry for entry in path.iterdir() if entry.suffix.lower() in SUFFIXES)
        if not files:
            raise InputError(f"{path}: holds no file of certificates ({', '.join(SUFFIXES)})")
    else:
        files = [path]
    found: dict[x509.Certificate, None] = {}
    for file in files:
        for certificate in read_pem(read(file, _MAX_BYTES), file):
            if not is_ca(certificate):
                name = certificate.subject.rfc4514_string()
                raise InputError(f"{file}: {name} is no CA certificate, so it cannot be an anchor")
            found[certificate] = None
    return tuple(found)
