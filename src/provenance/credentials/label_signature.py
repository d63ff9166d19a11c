"""The label signed on its own: a JSON Web Signature (RFC 7515) that XMP carries beside it.

It outlives the C2PA manifest where a site strips that, or packs the pixels anew without loss. The
compact form, with the certificate chain in ``x5c``; the payload says which label and which picture:

    {"iat": 1767225600, "label_sha256": "…", "picture": {"of": "pixels", "sha256": "…"}}

Checked in this order: form, algorithm, signature, label, certificate, trust, picture. Nothing is
believed of the header but the chain: no key by reference, no critical extension, and the algorithm
must be the one that the certificate's key signs with.
"""

from __future__ import annotations

import base64
import binascii
import datetime
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import serialization

from ..binding import BITSTREAM, PIXELS, Binding
from ..errors import LabelError, SigningError
from ..labels import Label
from ..labels.canonical import canonical, label_sha256
from .certificates import MAX_CHAIN, Subject, algorithm_of, check_chain, from_der, subject_of
from .identity import Identity
from .revocation import Revocation
from .signatures import made, verified
from .standing import speaker, taken_back
from .timestamps import CLOCKS
from .trust import Anchor

MAX_BYTES = 100_000

TYPE = "provenance-label"
"""Of the header, so that no other signature of the same key can pass for one."""

_ALGORITHMS = {
    "es256": "ES256",
    "es384": "ES384",
    "es512": "ES512",
    "ed25519": "EdDSA",
    "ps256": "PS256",
}
"""C2PA's names and those of RFC 7518, 3.1 and RFC 8037."""


@dataclass(frozen=True, slots=True)
class LabelSignature:
    """What checking found out."""

    intact: bool
    """The signature is by the certificate's key, for this very label."""
    picture_matches: bool | None
    """The picture is the one that it was signed for; None: not compared."""
    valid: bool
    """Intact, and the certificate is of an acceptable kind and in its time."""
    trusted_by: str | None
    """Name of the anchor that the certificate chains to; only where valid."""
    signer: Subject
    claimed_at: datetime.datetime
    """When, as the signer says; no time stamp proves it."""
    problem: str | None
    """The first thing that is wrong, or odd: a time that has not come makes none invalid."""
    picture: Binding
    """The one that it was signed for."""

    def beside(self, shown: Binding) -> LabelSignature:
        """The same, compared with what the file shows."""
        matches = shown == self.picture
        problem = self.problem
        if self.intact and not matches:
            problem = "the label was signed for another picture, or the picture was changed since"
        return replace(self, picture_matches=matches, problem=problem)


def sign_label(
    label: Label, picture: Binding, identity: Identity, now: datetime.datetime | None = None
) -> str:
    """A compact JWS over the label and what it is about.

    Args:
        now: the time that is claimed; the clock's by default.

    Raises:
        SigningError: The signer refused, or signed with another key than its certificate's.
    """
    now = now or datetime.datetime.now(datetime.UTC)
    # A root is known to whoever trusts it.
    chain = [entry for entry in identity.chain if entry.subject != entry.issuer]
    header = {
        "alg": _ALGORITHMS[identity.algorithm],
        "typ": TYPE,
        "x5c": [
            base64.b64encode(entry.public_bytes(serialization.Encoding.DER)).decode()
            for entry in chain or identity.chain[:1]
        ],
    }
    payload = {
        "iat": int(now.timestamp()),
        "label_sha256": label_sha256(label),
        "picture": {"of": picture.of, "sha256": picture.sha256},
    }
    signed = f"{_encode(canonical(header))}.{_encode(canonical(payload))}"
    content = signed.encode()
    try:
        if callable(identity.key):
            signature = identity.key(content)
        else:
            signature = made(content, identity.key, identity.algorithm)
        signature = verified(signature, content, identity.chain[0], identity.algorithm)
    except Exception as error:  # of whatever kind the caller's own signer raises
        raise SigningError(f"the signer refused: {error}") from error
    return f"{signed}.{_encode(signature)}"


def check_label_signature(
    jws: str,
    label: Label,
    anchors: Sequence[Anchor],
    lists: Sequence[Revocation] = (),
    now: datetime.datetime | None = None,
) -> LabelSignature:
    """Check a label's own signature; the picture is not compared, see `LabelSignature.beside`.

    Args:
        label: as XMP has it.
        anchors: whose signers are trusted.
        lists: of certificates that were taken back; no time stamp helps here.

    Raises:
        LabelError: It is no signature of a label at all.
    """
    now = now or datetime.datetime.now(datetime.UTC)
    signed, header, payload, signature = _parsed(jws)
    chain = _chain(header)
    claimed_at = datetime.datetime.fromtimestamp(payload["iat"], datetime.UTC)
    problem = _content_problem(header, payload, signed, signature, chain[0], label)
    intact = problem is None
    picture = Binding(payload["picture"]["of"], payload["picture"]["sha256"])
    valid, trusted_by = False, None
    if intact:
        try:
            check_chain(chain, now)
            for _, why in taken_back(chain, anchors, lists):
                raise SigningError(why)
            valid = True
            trusted_by = speaker(chain, anchors, now)
            if claimed_at > now + CLOCKS:
                when = f"{claimed_at:%Y-%m-%d %H:%M}"
                problem = f"says that it was made at {when}, later than this machine's clock tells"
        except SigningError as error:
            problem = str(error)
    return LabelSignature(
        intact, None, valid, trusted_by, subject_of(chain[0]), claimed_at, problem, picture
    )


def _content_problem(
    header: dict[str, Any],
    payload: dict[str, Any],
    signed: bytes,
    signature: bytes,
    leaf: x509.Certificate,
    label: Label,
) -> str | None:
    try:
        algorithm = algorithm_of(leaf.public_key())
        if header["alg"] != _ALGORITHMS[algorithm]:
            return "signature of the label: its algorithm is not the one of its certificate's key"
        if verified(signature, signed, leaf, algorithm) != signature:
            return "signature of the label: not in the form of RFC 7518"
    except SigningError:
        return "signature of the label: is not by the key of its certificate"
    if payload["label_sha256"] != label_sha256(label):
        return "signature of the label: was made for another label"
    return None


def _parsed(jws: str) -> tuple[bytes, dict[str, Any], dict[str, Any], bytes]:
    """What was signed, header, payload and signature."""
    parts = jws.split(".", 3)
    if len(jws) > MAX_BYTES or len(parts) != 3 or not jws.isascii():
        raise LabelError("signature of the label: is no compact JWS")
    header, payload = (_object(_decode(part)) for part in parts[:2])
    picture = payload.get("picture")
    sound = (
        header.keys() == {"alg", "typ", "x5c"}
        and header["typ"] == TYPE
        and payload.keys() >= {"iat", "label_sha256", "picture"}
        and isinstance(payload["iat"], int)
        and 0 <= payload["iat"] < 1 << 36
        and isinstance(picture, dict)
        and picture.keys() == {"of", "sha256"}
        and picture["of"] in (PIXELS, BITSTREAM)
        and isinstance(picture["sha256"], str)
    )
    if not sound:
        raise LabelError("signature of the label: header or payload is not as it should be")
    return f"{parts[0]}.{parts[1]}".encode(), header, payload, _decode(parts[2])


def _chain(header: dict[str, Any]) -> tuple[x509.Certificate, ...]:
    listed = header["x5c"]
    if not isinstance(listed, list) or not 0 < len(listed) <= MAX_CHAIN:
        raise LabelError(f"signature of the label: needs 1 to {MAX_CHAIN} certificates")
    try:
        return tuple(from_der(base64.b64decode(entry, validate=True)) for entry in listed)
    except (ValueError, TypeError) as error:
        raise LabelError("signature of the label: a certificate cannot be read") from error


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    try:
        data = base64.b64decode(text + "=" * (-len(text) % 4), b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise LabelError("signature of the label: is not base64url") from error
    if _encode(data) != text:
        raise LabelError("signature of the label: is not base64url")
    return data


def _object(data: bytes) -> dict[str, Any]:
    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        if len({name for name, _ in pairs}) < len(pairs):
            raise ValueError("a name is there twice")
        return dict(pairs)

    try:
        value = json.loads(data, object_pairs_hook=unique)
    except (ValueError, RecursionError) as error:
        raise LabelError("signature of the label: is not JSON") from error
    if not isinstance(value, dict):
        raise LabelError("signature of the label: is not a JSON object")
    return value
