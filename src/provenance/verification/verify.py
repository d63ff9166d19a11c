"""The checks, numbered, in the order of the C2PA standard (C2PA 2.2, section 15) and then ours."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import container, formats
from ..credentials import Action, Credential, TrustStore, read
from ..files import MAX_PIXELS
from . import content, signature, truth
from .policy import Policy
from .report import Report
from .steps import Steps
from .truth import Original
from .xmp import check_xmp


def verify(
    data: bytes,
    name: str,
    trust: TrustStore,
    *,
    policy: Policy | None = None,
    original: Original | None = None,
    decode: bool = False,
    max_pixels: int = MAX_PIXELS,
    sidecar: bytes | None = None,
    picture: NDArray[np.uint8] | None = None,
    remote: bool = False,
) -> Report:
    """Check one file; whatever is wrong with it is in the report and raises nothing.

    Args:
        name: what the report calls the file.
        policy: what the caller demands; None demands nothing.
        original: what the file was made from, to be assessed again.
        decode: decode the bitstream, too, where there is one; implied by ``original``.
        max_pixels: largest picture that is decoded.
        sidecar: a detached manifest, for a file without one of its own.
        picture: uint8 [height, width, 3], what the file shows in full, on white where it is
            transparent, where the caller has decoded it; spares decoding it again for ``original``.
        remote: fetch the credential where the file says that it is elsewhere.

    Raises:
        InputError: The trust store or the original cannot be read.
        ModelError: What was to be decoded needs a codec or model that is not installed here.
        TooLargeError: It has more than ``max_pixels`` pixels.
    """
    steps, trust = Steps(), trust.held()

    # 1. The container: does the file hold together at all?
    media_type, parts, sound = content.check_container(data, name, steps)

    # 2 to 8. The credential: signature, certificate, trust, time stamp, ingredients, hard binding.
    elsewhere: list[str] = []
    credential = None
    if media_type:
        credential = read(data, media_type, trust, sidecar, remote=remote, note=elsewhere.append)
    as_signed = signature.check(credential, steps, *elsewhere)

    # 9 and 10. The label: as signed, and as XMP has it.
    signed, consistent = content.check_label(credential, steps)
    described, own, same = check_xmp(
        data, name, media_type, parts, credential, trust, max_pixels, steps
    )
    label = signed or described
    unvouched = credential is not None and signed is None

    # 11. The codec and the model: as the label says, and known here?
    fits = content.check_model(parts, label, steps)
    consistent = consistent and same and fits

    # 12. The picture: does the bitstream decode to what was encoded?
    if decode or (original and picture is None):
        decoded, good = content.check_decode(parts, name, max_pixels, steps)
        consistent = consistent and good
        picture = decoded if picture is None else picture
    else:
        steps.skipped("decode", "not asked; see --decode")

    # 13. The original: does the label understate what was lost?
    label_true = measured = None
    if original:
        unread = None
        if picture is None and media_type and not container.is_container(data):
            picture, unread = content.picture(data, name, max_pixels)
        if unread:
            steps.failed("original", f"nothing to compare with it: {unread}")
        else:
            marks = [box for action in _actions(credential) for box in action.regions]
            label_true, measured = truth.check(original, label, picture, marks, max_pixels, steps)
    else:
        steps.skipped("original", "not given; see --original")

    intact = valid = trusted = None
    if credential is not None:
        intact = sound and as_signed and credential.intact and credential.history_intact
        valid = intact and credential.valid
        trusted = valid and credential.trusted
    report = Report(
        file=name,
        media_type=media_type,
        intact=intact,
        valid=valid,
        trusted=trusted,
        label_consistent=None if consistent and label is None else consistent and not unvouched,
        label_true=label_true,
        policy_met=None,
        steps=(),
        label=label,
        signer=_signer(credential),
        signed_at=str(credential.signed_at) if credential and credential.signed_at else None,
        ingredients=_ingredient_facts(credential),
        label_signature=own,
        measured=measured,
        exit_code=0,
        credential=credential,
    )

    # 14. What the caller demands.
    met = _policy(policy, report, steps)

    broken = not (sound and consistent)
    code = _exit_code(report, broken=broken, signed=credential is not None, unvouched=unvouched)
    if media_type is None and not formats.sniff(data):
        code = 6  # Nothing that could have been tampered with.
    unmet = met is False or (original is not None and label_true is None)
    return replace(
        report,
        policy_met=met,
        steps=tuple(steps.done),
        exit_code=1 if code == 0 and unmet else code,
    )


def _policy(policy: Policy | None, report: Report, steps: Steps) -> bool | None:
    if policy is None:
        steps.skipped("policy", "none was given")
        return None
    problems = policy.problems(report)
    return steps.check("policy", not problems, str(policy), "; ".join(problems))


def _exit_code(report: Report, *, broken: bool, signed: bool, unvouched: bool) -> int:
    """The exit codes of the command line: what is broken counts before what is missing.

    Args:
        unvouched: who signed the file signed no label, whatever XMP says.
    """
    if broken or report.label_true is False or (signed and not report.valid):
        return 4
    if not signed or unvouched:
        return 3
    return 0 if report.trusted else 5


def _actions(credential: Credential | None) -> tuple[Action, ...]:
    return credential.layers[-1].actions if credential and credential.valid else ()


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
