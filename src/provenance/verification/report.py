"""What a verification found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from ..credentials import Credential, LabelSignature
from ..labels import Label, Risk, to_json


class Outcome(StrEnum):
    """Of one step; anything but ``passed`` proves nothing."""

    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"
    """Nothing to check, or nobody asked, or an earlier step left nothing to check."""


_ABOUT_LABEL = ("label", "XMP", "codec and model")
"""Names of the steps that compare the label."""


@dataclass(frozen=True, slots=True)
class Step:
    """One check."""

    number: int
    name: str
    outcome: Outcome
    detail: str


@dataclass(frozen=True, slots=True)
class Report:
    """Verdicts that are kept apart, and the fourteen steps that led to them.

    A verdict that nobody asked for, or could give, is None, which is not a good one.
    """

    file: str
    media_type: str | None
    """None where the file is no image that we know, or one that cannot be opened."""
    intact: bool | None
    """No byte that the credential covers has changed since it was signed; None without one."""
    valid: bool | None
    """Intact, and the credential follows the standard; says nothing about who signed. None without
    a credential."""
    trusted: bool | None
    """Valid, and signed by somebody whom this machine trusts; None without a credential."""
    label_consistent: bool | None
    """The label follows its schema, and XMP, credential and bitstream tell the same. A label that
    whoever signed the file did not sign is not. None without a label."""
    label_true: bool | None
    """The label does not understate the risk; None where no original was given, or another file
    than the label names, or one that cannot be compared."""
    policy_met: bool | None
    """What the caller demanded holds; None where nothing was demanded."""
    steps: tuple[Step, ...]
    label: Label | None
    """As signed; else as XMP has it."""
    signer: Mapping[str, Any] | None
    """Who signed: organisation, name, issuer and more; None without a credential."""
    signed_at: str | None
    """From a trusted time stamp only."""
    ingredients: tuple[Mapping[str, Any], ...]
    """The files that this one was made from, as its credential tells."""
    label_signature: LabelSignature | None
    """The label's own signature, which outlives the credential; None where XMP has none."""
    measured: Risk | None
    """The risk as measured again beside the original that was given."""
    exit_code: int
    credential: Credential | None = None
    """What was read, to be looked at further; no part of the JSON form."""

    @property
    def organisations(self) -> tuple[str | None, ...]:
        """Who signed, and, where that only updates another manifest, who signed that."""
        updated = self.credential.layers[1:] if self.credential else ()
        return (
            (self.signer or {}).get("organisation"),
            *(claim.signer.organisation if claim.signer else None for claim in updated),
        )

    @property
    def label_survived(self) -> bool:
        """No credential is left, but the label is intact and signed on its own for this picture."""
        own = self.label_signature
        return self.signer is None and own is not None and own.valid and bool(own.picture_matches)

    @property
    def label_trusted(self) -> bool:
        """Somebody whom this machine trusts signed the label, with the file or on its own."""
        own = self.label_signature
        alone = self.label_survived and own is not None and own.trusted_by is not None
        return alone or bool(self.trusted and self.label_consistent)

    @property
    def label_problem(self) -> str | None:
        """What speaks against the label, whoever signed it; None where nothing does."""
        failed = (step for step in self.steps if step.outcome is Outcome.FAILED)
        return next((step.detail for step in failed if step.name in _ABOUT_LABEL), None)

    def to_json(self) -> dict[str, Any]:
        """Follows ``verify`` in ``schemas/output-1.schema.json``."""
        return {
            "file": self.file,
            "media_type": self.media_type,
            "verdict": {
                "intact": self.intact,
                "valid": self.valid,
                "trusted": self.trusted,
                "label_consistent": self.label_consistent,
                "label_true": self.label_true,
                "policy_met": self.policy_met,
            },
            "exit_code": self.exit_code,
            "steps": [to_json(step) for step in self.steps],
            "signer": dict(self.signer) if self.signer else None,
            "signed_at": self.signed_at,
            "ingredients": [dict(ingredient) for ingredient in self.ingredients],
            "label": to_json(self.label) if self.label else None,
            "label_signature": _signature(self.label_signature),
            "measured": to_json(self.measured) if self.measured else None,
        }


def _signature(own: LabelSignature | None) -> dict[str, Any] | None:
    if own is None:
        return None
    return {
        "intact": own.intact,
        "picture_matches": own.picture_matches,
        "valid": own.valid,
        "trusted_by": own.trusted_by,
        "organisation": own.signer.organisation,
        "name": own.signer.common_name,
        "sha256": own.signer.sha256,
        "claimed_at": own.claimed_at.isoformat(),
        "problem": own.problem,
    }
