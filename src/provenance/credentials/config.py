"""Where identities and trust anchors live on this machine."""

from __future__ import annotations

import os
from pathlib import Path

SIGNER, CA, CA_KEY = "signer.pem", "ca.pem", "ca-key.pem"
"""Files of an identity's folder."""


def home() -> Path:
    """The configuration folder: ``$PROVENANCE_HOME``, else under ``$XDG_CONFIG_HOME``.

    Relative values of ``XDG_CONFIG_HOME`` are ignored, as the XDG Base Directory specification
    demands. The folder need not exist.
    """
    own = os.environ.get("PROVENANCE_HOME")
    if own:
        return Path(own).expanduser().absolute()
    shared = Path(os.environ.get("XDG_CONFIG_HOME", ""))
    if shared.is_absolute():
        return shared / "provenance"
    return Path.home() / ".config" / "provenance"


def identity_folder() -> Path:
    """Where the local identity is kept."""
    return home() / "identity"


def trust_folder() -> Path:
    """Where added trust anchors are kept."""
    return home() / "trust"
