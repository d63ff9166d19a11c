"""The settings of the C2PA library, from typed arguments alone.

The library accepts unknown keys without a word, so this is the one place that names any. Nothing
here ever lets it use the network.
"""

from __future__ import annotations

import json
from collections.abc import Iterable

from ..files import sha256
from .certificates import USAGES
from .trust import Anchor

_URI = "urn:provenance:signers:"


def anchor_uri(anchor: Anchor) -> str:
    """Names an anchor in validation results.

    An anchor meant for time stamps alone also makes signers "trusted" there, so results are only
    believed where they name an anchor of this kind. The URI also gets into files, as part of what
    is recorded about ingredients, so it does not tell the anchor's name.
    """
    return _URI + sha256(anchor.pem.encode())[:32]


def library_settings(anchors: Iterable[Anchor]) -> str:
    """Settings in JSON for both signing and reading.

    Args:
        anchors: whose signers are trusted.
    """
    usages = "\n".join(usage.dotted_string for usage in USAGES)
    return json.dumps(
        {
            "version": 1,
            "builder": {
                # 90 KB a photo, for a picture that the file shows anyway.
                "thumbnail": {"enabled": False},
                # The standard attributes only created assertions to the signer.
                "created_assertion_labels": ["c2pa.actions", "c2pa.ingredient"],
            },
            "core": {"allowed_network_hosts": []},
            "verify": {
                "verify_after_reading": True,
                "verify_after_sign": True,
                "verify_trust": True,
                "ocsp_fetch": False,
                "remote_manifest_fetch": False,
            },
            "trust": {
                "anchors": [
                    {
                        "trust_anchors": anchor.pem,
                        "trust_uri": anchor_uri(anchor),
                        "trust_kind": "manifest",
                        "trust_config": usages,
                    }
                    for anchor in anchors
                ]
            },
        }
    )
