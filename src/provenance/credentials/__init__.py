"""C2PA credentials: identities, trust anchors, signing and reading.

The only part of the package that imports ``c2pa``, and only once `sign` or `read` is asked for; nor
is anything of pictures loaded before it is needed.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from .config import identity_folder, trust_folder
from .credential import Action, Claim, Credential, Ingredient
from .identity import Identity
from .local import default_identity, default_trust, local_identity, new_identity
from .revocation import RevocationList
from .signers import Secret, load_signer
from .timestamps import TimeStamping
from .trust import Anchor, Purpose, TrustStore

if TYPE_CHECKING:
    from .label_signature import LabelSignature, check_label_signature, sign_label
    from .reading import covers, read
    from .signing import MEDIA_TYPES, SIDECAR, sign

__all__ = [
    "MEDIA_TYPES",
    "SIDECAR",
    "Action",
    "Anchor",
    "Claim",
    "Credential",
    "Identity",
    "Ingredient",
    "LabelSignature",
    "Purpose",
    "RevocationList",
    "Secret",
    "TimeStamping",
    "TrustStore",
    "check_label_signature",
    "covers",
    "default_identity",
    "default_trust",
    "identity_folder",
    "load_signer",
    "local_identity",
    "new_identity",
    "read",
    "sign",
    "sign_label",
    "trust_folder",
]

_LATER = {
    "MEDIA_TYPES": "signing",
    "SIDECAR": "signing",
    "sign": "signing",
    "covers": "reading",
    "read": "reading",
    "LabelSignature": "label_signature",
    "check_label_signature": "label_signature",
    "sign_label": "label_signature",
}


def __getattr__(name: str) -> Any:
    """Load the parts that need the C2PA library, or pictures, on first use."""
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f".{_LATER[name]}", __name__), name)
