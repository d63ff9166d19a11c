"""What this machine signs with and trusts unless told otherwise.

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
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from ..errors import InputError, OutputError
from ..files import read, write
from .certificates import MAX_PEM, make_ca, make_leaf, read_pem, subject_of, to_pem
from .config import CA, CA_KEY, SIGNER, identity_folder, trust_folder
from .identity import Identity, key_pem
from .signers import RENEW_BEFORE, load_signer
from .signers.file import FileSigner
from .trust import TrustStore


def default_identity() -> Identity:
    """This machine's own identity; the first call makes it."""
    return local_identity(identity_folder())


def default_trust() -> TrustStore:
    """This machine's trust anchors and its own identity's CA."""
    return TrustStore(trust_folder(), identity_folder())


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
            (CA_KEY, key_pem(ca_key)),
            (SIGNER, key_pem(key) + to_pem([leaf, ca])),
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
    return _load(folder)


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
    chain = read_pem(read(folder / SIGNER, MAX_PEM), folder / SIGNER)
    now = datetime.datetime.now(datetime.UTC)
    if chain[0].not_valid_after_utc - now < RENEW_BEFORE:
        _renew(folder, chain[0])
    return _load(folder)


def _load(folder: Path) -> Identity:
    return load_signer(f"file:{folder / SIGNER}")


def _renew(folder: Path, leaf: x509.Certificate) -> None:
    """Replace the leaf and its key, in one step."""
    authority = read_pem(read(folder / CA, MAX_PEM), folder / CA)[0]
    ca_key = FileSigner(f"file:{folder / CA_KEY}").private_key
    if not isinstance(ca_key, ec.EllipticCurvePrivateKey):
        raise InputError(f"{folder / CA_KEY}: is not the key of a local CA")
    old = subject_of(leaf)
    renewed, key = make_leaf(old.organisation or "", old.common_name or "", authority, ca_key)
    content = key_pem(key) + to_pem([renewed, authority])
    write(folder / SIGNER, content, force=True, mode=0o600)


def _who() -> tuple[str, str]:
    """Organisation and name for a first identity; readable, and claims no more than is known."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError, ImportError):
        user = "user"
    return "Local user (self-issued)", f"{user}@{socket.gethostname() or 'localhost'}"[:60]
