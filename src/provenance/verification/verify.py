"""The checks, numbered, in the order of the C2PA standard (C2PA 2.2, section 15) and then ours."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..credentials import Credential, TrustStore, read
from ..labels import Label
from . import content, signature
from .report import Report
from .steps import Steps


def verify(data: bytes, name: str, trust: TrustStore, *, max_score: float | None = None) -> Report:
    """Check one file; whatever is wrong with it is in the report and raises nothing.

    Args:
        name: what the report calls the file.
        max_score: highest risk score that is accepted; None accepts any.

    Raises:
        InputError: The trust store cannot be read.
    """
    steps = Steps()

    # 1. The container: does the file hold together at all?
    media_type, parts, sound = content.check_container(data, name, steps)

    # 2 to 8. The credential: signature, certificate, trust, time stamp, ingredients, hard binding.
    credential = read(data, media_type, trust) if media_type else None
    as_signed = signature.check(credential, steps)

    # 9 and 10. The label: as signed, and as XMP has it.
    signed, consistent = content.check_label(credential, steps)
    described, same = content.check_xmp(data, media_type, parts, signed, steps)
    label = signed or described

    # 11. The codec and the model: as the label says, and known here?
    fits = content.check_model(parts, label, steps)
    consistent = consistent and same and fits

    # 12. The picture: does the bitstream decode to what was encoded?
    steps.skipped("decode", "not asked; see --decode")

    # 13. The original: does the label understate what was lost?
    steps.skipped("original", "not given; see --original")
    label_true = None

    # 14. What the caller demands.
    policy_met = _policy(label, max_score, steps)

    found = credential if sound and as_signed else None
    intact = found is not None and found.intact and found.history_intact
    valid = intact and found is not None and found.valid
    trusted = valid and found is not None and found.trusted
    return Report(
        file=name,
        media_type=media_type,
        intact=intact,
        valid=valid,
        trusted=trusted,
        label_consistent=consistent and label is not None,
        label_true=label_true,
        policy_met=policy_met,
        steps=tuple(steps.done),
        label=label,
        signer=_signer(credential),
        signed_at=str(credential.signed_at) if credential and credential.signed_at else None,
        ingredients=_ingredient_facts(credential),
        exit_code=_exit_code(
            credential, label, sound and consistent, valid, trusted, policy_met is not False
        ),
    )


def _policy(label: Label | None, max_score: float | None, steps: Steps) -> bool | None:
    if max_score is None:
        steps.skipped("policy", "none was given")
        return None
    if label is None:
        return steps.failed("policy", "no label, so no risk is known")
    score = label.risk.score
    detail = f"risk {score:.2f}, at most {max_score:g} allowed"
    return steps.check("policy", score <= max_score, detail, detail)


def _exit_code(
    credential: Credential | None,
    label: Label | None,
    sound: bool,
    valid: bool,
    trusted: bool,
    policy: bool,
) -> int:
    """The exit codes of the command line: what is broken counts before what is missing."""
    if not sound or (credential is not None and not valid):
        return 4
    if credential is None or label is None:
        return 3
    if not trusted:
        return 5
    return 0 if policy else 1


def _signer(credential: Credential | None) -> Mapping[str, Any] | None:
    if credential is None or credential.signer is None:
        return None
    subject = credential.signer
    return {
        "organisation": subject.organisation,
        "name": subject.common_name,
        "issuer": subject.issuer,
        "serial": subject.serial,
        "sha256": subject.sha256,
        "algorithm": credential.algorithm,
        "trusted_by": credential.trusted_by,
    }


def _ingredient_facts(credential: Credential | None) -> tuple[Mapping[str, Any], ...]:
    if credential is None:
        return ()
    return tuple(
        {
            "title": entry.title,
            "relationship": entry.relationship,
            "media_type": entry.media_type,
            "state": entry.state,
            "failures": list(entry.failures),
        }
        for entry in credential.ingredients
    )
