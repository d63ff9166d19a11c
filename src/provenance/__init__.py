"""Neural photo compression that measures, signs and shows its risk of miscompression.

The names below are the public library; each is loaded at its first use, so that importing the
package is quick and needs no torch.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .api import assess, compress, decompress, history, label, show, verify
    from .assembly import Labelled
    from .credentials import Identity, TimeStamping, TrustStore, load_signer
    from .errors import ProvenanceError
    from .examination import examine
    from .labels.model import CodecFacts, Finding, Label, ModelFacts, Risk
    from .labels.wording import caption
    from .lineage import Generation
    from .pipeline import verify_many
    from .verification import Policy, Report, load_policy

__version__ = "0.1.0"

__all__ = [
    "CodecFacts",
    "Finding",
    "Generation",
    "Identity",
    "Label",
    "Labelled",
    "ModelFacts",
    "Policy",
    "ProvenanceError",
    "Report",
    "Risk",
    "TimeStamping",
    "TrustStore",
    "__version__",
    "assess",
    "caption",
    "compress",
    "decompress",
    "examine",
    "history",
    "label",
    "load_policy",
    "load_signer",
    "show",
    "verify",
    "verify_many",
]

_HOMES = {
    "api": ("assess", "compress", "decompress", "history", "label", "show", "verify"),
    "assembly": ("Labelled",),
    "credentials": ("Identity", "TimeStamping", "TrustStore", "load_signer"),
    "lineage": ("Generation",),
    "errors": ("ProvenanceError",),
    "examination": ("examine",),
    "labels.model": ("CodecFacts", "Finding", "Label", "ModelFacts", "Risk"),
    "labels.wording": ("caption",),
    "pipeline": ("verify_many",),
    "verification": ("Policy", "Report", "load_policy"),
}


if not TYPE_CHECKING:  # To type checkers, every name would exist.

    def __getattr__(name: str) -> Any:
        for module, names in _HOMES.items():
            if name in names:
                return getattr(importlib.import_module(f".{module}", __name__), name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
