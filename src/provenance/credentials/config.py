"""Where identities and trust anchors live on this machine."""

from __future__ import annotations

from pathlib import Path

from ..config import home

SIGNER, CA, CA_KEY = "signer.pem", "ca.pem", "ca-key.pem"
"""Files of an identity's folder."""


def identity_folder() -> Path:
    """Where the local identity is kept."""
    return home() / "identity"


def trust_folder() -> Path:
    """Where added trust anchors are kept."""
    return home() / "trust"
