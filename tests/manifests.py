"""Manifests that other signers make, and ours never would."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

import c2pa  # type: ignore[import-untyped]

from provenance.credentials import Anchor, Identity
from provenance.credentials.certificates import to_pem
from provenance.credentials.identity import private_pem
from provenance.credentials.manifest import LABEL_ASSERTION
from provenance.credentials.settings import library_settings
from provenance.labels import Label, to_json

CAPTURE = "http://cv.iptc.org/newscodes/digitalsourcetype/digitalCapture"


def label_assertion(label: Label, *, created: bool = True) -> dict[str, Any]:
    """The label's; one that is not created is gathered: passed on, and nobody vouches for it."""
    return {"label": LABEL_ASSERTION, "created": created, "data": to_json(label)}


def created(
    data: bytes, media_type: str, identity: Identity, assertions: Sequence[dict[str, Any]]
) -> bytes:
    """``data`` as if it came out of a camera, with any assertions."""
    actions = [{"action": "c2pa.created", "digitalSourceType": CAPTURE}]
    stated = {"label": "c2pa.actions.v2", "created": True, "data": {"actions": actions}}
    return _signed(data, media_type, identity, {"assertions": [stated, *assertions]})


def updated(
    data: bytes,
    media_type: str,
    identity: Identity,
    anchors: Sequence[Anchor] = (),
    *,
    assertions: Sequence[dict[str, Any]] = (),
    redacted: Sequence[str] = (),
) -> bytes:
    """``data`` with an update manifest (C2PA 2.2, 11.2.4) on top of its own.

    Args:
        anchors: whom the signer trusts, which is recorded.
        redacted: URIs of assertions below it that are taken out.
    """
    reason = {"reason": "c2pa.PII.present"}
    actions = [
        {"action": "c2pa.redacted", "parameters": {"redacted": uri}, **reason} for uri in redacted
    ]
    stated = {"label": "c2pa.actions.v2", "created": True, "data": {"actions": actions}}
    said = [*([stated] if actions else []), *assertions]
    manifest = {"assertions": said, "redactions": list(redacted)}
    return _signed(data, media_type, identity, manifest, anchors, update=True)


def _signed(
    data: bytes,
    media_type: str,
    identity: Identity,
    manifest: dict[str, Any],
    anchors: Sequence[Anchor] = (),
    *,
    update: bool = False,
) -> bytes:
    name = identity.algorithm.encode()
    pem, chain = private_pem(identity), to_pem(identity.chain)
    clock = identity.time_stamps.url if identity.time_stamps else None
    signer = c2pa.Signer.from_info(c2pa.C2paSignerInfo(name, chain, pem, clock))
    target = io.BytesIO()
    with (
        c2pa.Context.from_json(library_settings(anchors), signer=signer) as context,
        c2pa.Builder(manifest, context=context) as builder,
    ):
        if update:
            builder.set_intent(c2pa.C2paBuilderIntent.UPDATE)
            parent = {"title": "photo", "relationship": "parentOf"}
            builder.add_ingredient(parent, media_type, io.BytesIO(data))
        builder.sign(media_type, io.BytesIO(data), target)
    return target.getvalue()
