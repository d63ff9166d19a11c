"""Whether anchors of ours speak for a signature: by whom it is trusted, and when it was made.

The library confuses the purposes of anchors: one that is listed for time stamps also makes signers
"trusted", and one for signers makes time stamps so; where a CA is listed for both, it names either,
by chance. Here each counts for its own purpose alone. Nor does the library mind a signer's
certificate that is made for time stamps, or that names no organisation.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cryptography import x509

from .certificates import is_issued_by, leads_to, unfit
from .revocation import Revocation, revoked
from .trust import Anchor, Purpose

UNTRUSTED = "signingCredential.untrusted"
EXPIRED = "signingCredential.expired"
REVOKED = "signingCredential.revoked"
NOT_UNDERSTOOD = "signingCredential.invalid"

_ABOUT_SIGNER = ("signingCredential.", "timeStamp.", "timestamp.", "claimSignature.outsideValidity")

_STAMP_TRUSTED = "timeStamp.trusted"
_STAMP_ANCHOR = ", trust list: "
"""What the library writes before the URI of the anchor that it trusted a time stamp by."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What our anchors say of the active manifest's signature."""

    trusted_by: str | None
    """Name of the anchor for signers that it chains to."""
    signed_at: datetime.datetime | None
    """As a time stamp by one of our authorities tells."""
    problems: tuple[tuple[str, str], ...]
    """What the library missed, in C2PA's codes and words."""


def is_about_signer(code: str) -> bool:
    """Whether a failure leaves the content's hashes untouched; one not known here does not."""
    return code.startswith(_ABOUT_SIGNER)


def standing(
    report: Mapping[str, Any],
    chain: Sequence[x509.Certificate],
    anchors: Sequence[Anchor],
    revocations: Sequence[Revocation],
    stamped: Mapping[str, Any] | None,
) -> Standing:
    """Judge the active manifest anew.

    Args:
        report: the library's, whose state is ``Valid`` or ``Trusted``.
        chain: of the signer, leaf first; empty if it is not understood.
        revocations: what takes certificates back.
        stamped: a report in which the time stamp is trusted by an anchor for time stamps; None
            where there is none.
    """
    trusted_by = speaker(chain, anchors)
    signed_at = _time(stamped) if stamped else None
    problems = [
        *out_of_time(chain, signed_at),
        *taken_back(chain, anchors, revocations, signed_at),
    ]
    if report.get("validation_state") == "Trusted":
        if trusted_by is None:
            problems.append((UNTRUSTED, _unspoken(chain, anchors)))
        elif why := unfit(chain[0]):
            problems.append((UNTRUSTED, f"its certificate may not sign: {why}"))
    return Standing(trusted_by, signed_at, tuple(problems))


def _unspoken(chain: Sequence[x509.Certificate], anchors: Iterable[Anchor]) -> str:
    """Why no anchor speaks for a signer although the library trusts it."""
    if any(
        is_issued_by(entry, authority)
        for anchor in anchors
        if anchor.purpose is Purpose.SIGNERS
        for authority in anchor.certificates
        for entry in chain
    ):
        return "a CA of its chain may not issue it: see its names, usages and path length"
    return "its anchor is listed here for time stamps only"


def speaker(
    chain: Sequence[x509.Certificate],
    anchors: Iterable[Anchor],
    at: datetime.datetime | None = None,
) -> str | None:
    """The anchor for signers that a signer's chain leads to.

    Args:
        at: when every issuer must be in its time; None where something else looks at that.
    """
    for anchor in anchors:
        if anchor.purpose is Purpose.SIGNERS and any(
            leads_to(chain, authority, at) for authority in anchor.certificates
        ):
            return anchor.name
    return None


def taken_back(
    chain: Sequence[x509.Certificate],
    anchors: Iterable[Anchor],
    revocations: Iterable[Revocation],
    signed_at: datetime.datetime | None = None,
) -> Iterator[tuple[str, str]]:
    """Whether their CA speaks against a signer, in C2PA's code and words."""
    certificates = [entry for anchor in anchors for entry in anchor.certificates]
    if why := revoked(chain, certificates, revocations, signed_at):
        yield REVOKED, why


def stamp_anchor(report: Mapping[str, Any]) -> str | None:
    """URI of the anchor by which the library trusted the active manifest's time stamp.

    A certificate that is not for time stamps is "trusted" as well; its fault is told as if it were
    the signer's, so that either leaves the time unproven.
    """
    name = report["active_manifest"]
    active = report.get("validation_results", {}).get("activeManifest", {})
    if any(status["code"] == NOT_UNDERSTOOD for status in active.get("failure") or ()):
        return None
    for status in active.get("success") or ():
        if status["code"] == _STAMP_TRUSTED and f"/{name}/" in str(status.get("url")):
            return str(status.get("explanation")).rpartition(_STAMP_ANCHOR)[2]
    return None


def _time(report: Mapping[str, Any]) -> datetime.datetime:
    signature = report["manifests"][report["active_manifest"]]["signature_info"]
    return datetime.datetime.fromisoformat(signature["time"])


def out_of_time(
    chain: Sequence[x509.Certificate], signed_at: datetime.datetime | None
) -> Iterator[tuple[str, str]]:
    """Whether a signer's certificate was not in its time, in C2PA's code and words.

    Args:
        signed_at: when it signed, if that is proven.
    """
    moment = signed_at or datetime.datetime.now(datetime.UTC)
    if not chain:
        yield NOT_UNDERSTOOD, "its headers or certificates are not understood"
    elif not chain[0].not_valid_before_utc <= moment <= chain[0].not_valid_after_utc:
        yield EXPIRED, f"not in its time at {moment:%Y-%m-%d}, and no trusted time stamp helps"
