"""What this machine signs with and trusts unless told otherwise."""

from __future__ import annotations

from .config import identity_folder, trust_folder
from .identity import Identity, local_identity
from .trust import TrustStore


def default_identity() -> Identity:
    """This machine's own identity; the first call makes it."""
    return local_identity(identity_folder())


def default_trust() -> TrustStore:
    """This machine's trust anchors and its own identity's CA."""
    return TrustStore(trust_folder(), identity_folder())
