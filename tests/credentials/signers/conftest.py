"""Keys as newsrooms keep them, and a file to sign."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives import serialization

from provenance.credentials import Credential, Identity, read, sign
from provenance.credentials.certificates import to_pem
from provenance.labels import Label

if TYPE_CHECKING:
    from ..conftest import Authority

Signed = Callable[[Identity], Credential]


def stored(folder: Path, identity: Identity, password: bytes | None = None) -> tuple[Path, Path]:
    """Key and certificates in PEM files of their own."""
    certificates, key = folder / "desk.chain.pem", folder / "desk.key.pem"
    certificates.write_bytes(to_pem(identity.chain))
    assert not callable(identity.key)
    hidden: Any = serialization.NoEncryption()
    if password:
        hidden = serialization.BestAvailableEncryption(password)
    key.write_bytes(
        identity.key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, hidden
        )
    )
    key.chmod(0o600)
    return key, certificates


@pytest.fixture
def signed(files: dict[str, bytes], label: Label, authority: Authority, original: bytes) -> Signed:
    """What readers find in a photo that an identity signed."""

    def made(identity: Identity) -> Credential:
        data = sign(
            files["image/jpeg"],
            "image/jpeg",
            label,
            identity,
            original=original,
            original_media_type="image/jpeg",
        )
        credential = read(data, "image/jpeg", authority.trust)
        assert credential is not None
        return credential

    return made
