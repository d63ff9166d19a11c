"""Steps 2 to 8: the credential, as the C2PA library found it, told in the order of the standard.

A step passes only where the library says that it looked and found it good; a code that is not
known here counts against the signature.
"""

from __future__ import annotations

from collections.abc import Callable

from ..credentials import Credential
from .report import Outcome
from .steps import Steps

_CERTIFICATE = ("signingCredential.", "claimSignature.outsideValidity")
_TIME_STAMP = ("timeStamp.", "timestamp.")
_INGREDIENTS = ("ingredient.",)
_BINDINGS = ("dataHash", "bmffHash", "boxesHash", "collectionHash", "multiAssetHash")
_HARD_BINDING = ("claim.hardBindings.", *(f"assertion.{kind}." for kind in _BINDINGS))
_MATCHES = {f"assertion.{kind}.match" for kind in _BINDINGS}
_TRUSTED, _UNTRUSTED = "signingCredential.trusted", "signingCredential.untrusted"


def check(
    credential: Credential | None, steps: Steps, missing: str = "stripped, or never signed"
) -> bool:
    """Add the seven steps; clauses are those of C2PA 2.2.

    Args:
        missing: why there is no credential.

    Returns:
        Whether signature and hard binding passed: nothing less makes a file intact.
    """
    if credential is None:
        steps.failed("credential", f"none: {missing}")
        readable = signed = False
    else:
        readable = _credential(credential, steps)
        signed = readable and _signature(credential, steps)
    if not readable:
        steps.skipped("signature", "no credential")
    for name, check_one in _UNDER_SIGNATURE.items():
        if credential is None or not signed:
            why = "the signature does not hold" if readable else "no credential"
            steps.skipped(name, why)
        else:
            check_one(credential, name, steps)
    passed = {step.name for step in steps.done if step.outcome is Outcome.PASSED}
    return {"signature", "hard binding"} <= passed


def _credential(credential: Credential, steps: Steps) -> bool:
    """2 (15.5): is there a credential, and can it be read?"""
    maker = credential.claim_generator or "an unnamed program"
    return steps.check(
        "credential",
        credential.manifests > 0,
        f"{credential.manifests} manifest{'s'[: credential.manifests > 1]}, by {maker}",
        f"cannot be read: {'; '.join(credential.failures)}",
    )


def _signature(credential: Credential, steps: Steps) -> bool:
    """3 (15.6, 15.7 and 15.10): are the claim and its assertions as they were signed?"""
    elsewhere = (*_CERTIFICATE, *_TIME_STAMP, *_INGREDIENTS, *_HARD_BINDING)
    problems = [entry for entry in credential.failures if not entry.startswith(elsewhere)]
    return steps.check(
        "signature",
        "claimSignature.validated" in credential.successes and not problems,
        f"{credential.algorithm}, over the claim and the assertions that it names",
        "; ".join(problems) or "the claim's signature was not checked",
    )


def _certificate(credential: Credential, name: str, steps: Steps) -> None:
    """4 (14.5 and 15.9): may the certificate sign, was it in its time, was it revoked?"""
    problems = [e for e in _failures(credential, _CERTIFICATE) if not e.startswith(_UNTRUSTED)]
    subject = credential.signer
    steps.check(
        name,
        "claimSignature.insideValidity" in credential.successes and not problems,
        _who(credential) + (f", issued by {subject.issuer}" if subject else ""),
        "; ".join(problems) or "whether it was in its time was not checked",
    )


def _trust(credential: Credential, name: str, steps: Steps) -> None:
    """5 (14.4): does the chain lead to an anchor that is listed here for signers?"""
    if not credential.valid:
        steps.skipped(name, "not asked, for the credential is not valid")
        return
    why = f"{_who(credential)} is not among your trust anchors; see `provenance trust`"
    if _TRUSTED in credential.successes:
        # The chain leads to one of them, but that is not enough.
        why = "; ".join(_failures(credential, (_UNTRUSTED,)))
    steps.check(name, credential.trusted, f"by the anchor {credential.trusted_by}", why)


def _time_stamp(credential: Credential, name: str, steps: Steps) -> None:
    """6 (15.8): when was it signed, by somebody else's clock?"""
    if problems := _failures(credential, _TIME_STAMP):
        steps.failed(name, "; ".join(problems))
    elif credential.signed_at:
        steps.passed(name, str(credential.signed_at))
    else:
        steps.skipped(name, "none that is trusted; when it was signed is not proven")


def _ingredients(credential: Credential, name: str, steps: Steps) -> None:
    """7 (15.11): is what it was made from untampered, all the way up?"""
    tampered = [entry.title or "unnamed" for entry in credential.ingredients if not entry.intact]
    if tampered:
        steps.failed(name, f"tampered with before: {', '.join(tampered)}")
    elif problems := _failures(credential, _INGREDIENTS):
        steps.failed(name, "; ".join(problems))
    elif credential.ingredients:
        states = (f"{entry.title or 'unnamed'} ({entry.state})" for entry in credential.ingredients)
        steps.passed(name, ", ".join(states))
    else:
        steps.skipped(name, "none recorded")


def _hard_binding(credential: Credential, name: str, steps: Steps) -> None:
    """8 (15.12): is the file's content the one that was signed?"""
    problems = _failures(credential, _HARD_BINDING)
    matches = sorted(credential.successes & _MATCHES)
    but = ", but for metadata that its signer left open to change" * credential.open_metadata
    steps.check(
        name,
        bool(matches) and not problems,
        f"the content is as signed ({', '.join(matches)}){but}",
        "; ".join(problems) or "nothing binds the credential to this content",
    )


_UNDER_SIGNATURE: dict[str, Callable[[Credential, str, Steps], None]] = {
    "certificate": _certificate,
    "trust": _trust,
    "time stamp": _time_stamp,
    "ingredients": _ingredients,
    "hard binding": _hard_binding,
}
"""Steps 4 to 8, which mean nothing where the signature does not hold."""


def _failures(credential: Credential, prefixes: tuple[str, ...]) -> list[str]:
    return [entry for entry in credential.failures if entry.startswith(prefixes)]


def _who(credential: Credential) -> str:
    subject = credential.signer
    return (subject and (subject.organisation or subject.common_name)) or "an unnamed signer"
