"""Signing: the label and the history of a file as a C2PA manifest."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from typing import Any

import c2pa  # type: ignore[import-untyped]

from ..errors import InputError, SigningError
from ..labels import Label
from .certificates import is_ca, to_pem, unfit
from .identity import Identity, private_pem
from .limits import problem_of
from .manifest import (
    UNREADABLE,
    Box,
    definition,
    new_identifier,
    parent_ingredient,
)
from .reading import ANY_BYTES, validation_of
from .settings import library_settings
from .signatures import verified
from .standing import NOT_UNDERSTOOD
from .timestamps import TimeStampError, TimeStamping
from .trust import Anchor, TrustStore

MEDIA_TYPES = (
    "image/avif",
    "image/heic",
    "image/heif",
    "image/jpeg",
    "image/jxl",
    "image/png",
    "image/tiff",
    "image/webp",
)
"""Types of files that can be signed."""

SIDECAR = "application/c2pa"
"""Media type of a detached manifest."""

_PARENT = "parent.c2pa"
_MARK = b"c2pa"
"""In every file that carries a manifest: the store's label."""

_ALGORITHMS = {
    "es256": c2pa.C2paSigningAlg.ES256,
    "es384": c2pa.C2paSigningAlg.ES384,
    "es512": c2pa.C2paSigningAlg.ES512,
    "ed25519": c2pa.C2paSigningAlg.ED25519,
    "ps256": c2pa.C2paSigningAlg.PS256,
}


def sign(
    data: bytes,
    media_type: str,
    label: Label,
    identity: Identity,
    *,
    original: bytes,
    original_media_type: str,
    title: str | None = None,
    trust: TrustStore | None = None,
    stamp: Box | None = None,
    note: Callable[[str], None] | None = None,
    original_sidecar: bytes | None = None,
    detached: bool = False,
) -> bytes:
    """The same file with a manifest; a manifest it had is replaced.

    The picture is sent nowhere; the identity's key and time stamps may be elsewhere.

    Args:
        data: the finished file: any later change breaks the signature.
        media_type: one of `MEDIA_TYPES`.
        original: becomes the parent ingredient, with its own manifest if it has one.
        original_media_type: one that the C2PA library cannot read (such as BMP) is recorded by
            name alone; its hash stands in the label.
        title: name of the file, without folders.
        trust: whose signatures on the original count as trusted in the record of it.
        stamp: where a visible mark was drawn into the picture: x, y, width, height in px.
        note: told what the user should know, such as a time stamp that could not be had.
        original_sidecar: the original's manifest, where that lies beside it.
        detached: give the manifest alone, which covers every byte of ``data``, of whatever type.

    Raises:
        InputError: ``media_type`` cannot be signed.
        SigningError: The signer refused, in its own words, or the manifest could not be made.
    """
    if media_type not in MEDIA_TYPES and not detached:
        raise InputError(f"{media_type}: cannot be signed; use one of {', '.join(MEDIA_TYPES)}")
    settings = library_settings([*(trust.list() if trust else ()), *_own(identity)])
    parent = new_identifier()
    manifest = definition(label, title, parent, stamp)
    ingredient = parent_ingredient(parent, original_media_type)
    fault: list[BaseException] = []

    def attempt(kind: str, described: dict[str, Any], stamping: TimeStamping | None) -> bytes:
        signed = io.BytesIO()
        with (
            c2pa.Context.from_json(settings, signer=_native(identity, stamping, fault)) as context,
            c2pa.Builder(manifest, context=context) as builder,
        ):
            if "manifest_data" in described:
                builder.add_resource(_PARENT, io.BytesIO(original_sidecar or b""))
            builder.add_ingredient(described, kind, io.BytesIO(original))
            if detached:
                builder.set_no_embed()
            try:
                store = builder.sign(
                    ANY_BYTES if detached else media_type, io.BytesIO(data), signed
                )
            except c2pa.C2paError.Signature as error:
                if stamping is None or fault:
                    raise
                raise TimeStampError(f"no time stamp by {stamping.url}: {_cause(error)}") from error
            except c2pa.C2paError.Verify as error:
                # The library says of either certificate that it is none to sign with.
                if stamping is None or NOT_UNDERSTOOD not in str(error) or unfit(identity.chain[0]):
                    raise
                raise TimeStampError(
                    f"no time stamp by {stamping.url}: its certificate is not for time stamps"
                ) from error
        return bytes(store) if detached else signed.getvalue()

    def made(stamping: TimeStamping | None) -> bytes:
        if original_sidecar is not None and _MARK not in original:
            try:
                beside = _beside(original, original_sidecar, trust, identity)
                return attempt(ANY_BYTES, {**ingredient, **beside}, stamping)
            except c2pa.C2paError:
                if fault:
                    raise
            return attempt(ANY_BYTES, {**ingredient, "description": UNREADABLE}, stamping)
        if original_media_type not in c2pa.Reader.get_supported_mime_types():
            return attempt(ANY_BYTES, ingredient, stamping)
        if not problem_of(original):
            try:
                return attempt(original_media_type, ingredient, stamping)
            except c2pa.C2paError:
                if fault:
                    raise
        # The original, or the credential in it, is in pieces. It is still the parent; that its
        # credential could not be read must not go unnoticed.
        unread = {"description": UNREADABLE} if _MARK in original else {}
        return attempt(ANY_BYTES, {**ingredient, **unread}, stamping)

    stamping = identity.time_stamps
    try:
        try:
            return made(stamping)
        except TimeStampError as error:
            if stamping is None or not stamping.optional:
                raise
            if note:
                note(f"{error}; signed without one")
            return made(None)
    except c2pa.C2paError as error:
        if fault and not isinstance(fault[0], Exception):
            raise fault[0] from None  # somebody pressed Ctrl-C
        if fault:
            raise SigningError(f"the signer refused: {fault[0]}") from fault[0]
        raise SigningError(f"no manifest could be made: {_line(error)}") from error


def _beside(
    original: bytes, sidecar: bytes, trust: TrustStore | None, identity: Identity
) -> dict[str, Any]:
    """What an ingredient is told of a manifest that lies beside it."""
    if problem_of(sidecar):
        return {"description": UNREADABLE}
    anchors = [*(trust.list() if trust else ()), *_own(identity)]
    manifest = {"format": SIDECAR, "identifier": _PARENT}
    return {"manifest_data": manifest, **validation_of(original, sidecar, anchors)}


def _native(
    identity: Identity, stamping: TimeStamping | None, fault: list[BaseException]
) -> c2pa.Signer:
    """The library's signer.

    A key at hand goes in as PEM: the library then reserves 9 KB less in every file than for a
    callback.
    """
    chain = to_pem(identity.chain)
    pem = private_pem(identity)
    url = stamping.url if stamping else None
    if pem is not None:
        name = identity.algorithm.encode()
        return c2pa.Signer.from_info(c2pa.C2paSignerInfo(name, chain, pem, url))
    algorithm = _ALGORITHMS[identity.algorithm]
    return c2pa.Signer.from_callback(_kept(identity, fault), algorithm, chain.decode(), url)


def _kept(identity: Identity, fault: list[BaseException]) -> Callable[[bytes], bytes]:
    """Signs elsewhere and checks what comes back.

    The library would swallow an error of the callback, so it is kept in ``fault``.
    """

    def callback(payload: bytes) -> bytes:
        assert callable(identity.key)
        try:
            signature = identity.key(payload)
            return verified(signature, payload, identity.chain[0], identity.algorithm)
        except BaseException as error:
            fault.append(error)
            return b""

    return callback


def _own(identity: Identity) -> list[Anchor]:
    """The identity's own CA, so that a parent signed by itself is not recorded as untrusted."""
    authorities = tuple(entry for entry in identity.chain[1:] if is_ca(entry))
    return [Anchor("signer", authorities, None)] if authorities else []


def _cause(error: Exception) -> str:
    """What the library wraps in "internal error"."""
    inner = re.search(r"internal error \((.*)\)", _line(error))
    return inner[1] if inner else _line(error)


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:300]
