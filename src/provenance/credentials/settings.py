"""The settings of the C2PA library, from typed arguments alone.

The library accepts unknown keys without a word, so this is the one place that names any. It lets
the library use the network only where somebody asked for a manifest that is elsewhere.
"""

from __future__ import annotations

import json
from collections.abc import Iterable

from cryptography import x509

from ..files import sha256
from .certificates import STAMP_USAGES, USAGES
from .trust import Anchor, Purpose

_KINDS = {
    Purpose.SIGNERS: ("manifest", USAGES),
    Purpose.TIME_STAMPS: ("tsa", STAMP_USAGES),
}
"""The library's name for each purpose, and the extended key usages it is for."""


def anchor_uri(anchor: Anchor) -> str:
    """Names an anchor in validation results, and its purpose.

    The URI also gets into files, as part of what is recorded about ingredients, so it does not
    tell the anchor's name.
    """
    return f"urn:provenance:{anchor.purpose}:{sha256(anchor.pem.encode())[:32]}"


def library_settings(anchors: Iterable[Anchor], *, remote: bool = False) -> str:
    """Settings in JSON for both signing and reading.

    Args:
        anchors: who is trusted, for what.
        remote: fetch manifests that are elsewhere; nothing else ever lets the library use the
            network.
    """
    # An empty list allows no host at all; without the list all are allowed.
    core: dict[str, list[str]] = {} if remote else {"allowed_network_hosts": []}
    return json.dumps(
        {
            "version": 1,
            "builder": {
                # 90 KB a photo, for a picture that the file shows anyway.
                "thumbnail": {"enabled": False},
                # The standard attributes only created assertions to the signer.
                "created_assertion_labels": ["c2pa.actions", "c2pa.ingredient"],
            },
            "core": core,
            "verify": {
                "verify_after_reading": True,
                "verify_after_sign": True,
                "verify_trust": True,
                "ocsp_fetch": False,
                "remote_manifest_fetch": remote,
            },
            "trust": {
                # Those of the anchors are not asked for who may sign at all.
                "trust_config": _lines(USAGES),
                "anchors": [
                    {
                        "trust_anchors": anchor.pem,
                        "trust_uri": anchor_uri(anchor),
                        "trust_kind": _KINDS[anchor.purpose][0],
                        "trust_config": _lines(_KINDS[anchor.purpose][1]),
                    }
                    for anchor in anchors
                ],
            },
        }
    )


def _lines(usages: Iterable[x509.ObjectIdentifier]) -> str:
    return "\n".join(usage.dotted_string for usage in usages)
