"""What reading a credential found out. *Intact* is not *valid* is not *trusted*."""

from __future__ import annotations

import datetime
from dataclasses import dataclass

from ..labels import Label
from .certificates import Subject


@dataclass(frozen=True, slots=True)
class Action:
    """One thing that the signer says was done."""

    name: str
    """Such as ``c2pa.transcoded``."""
    agent: str | None
    """The software that did it."""
    digital_source_type: str | None
    """IPTC's URI, if one was given."""
    description: str | None
    when: str | None
    """Date and time (ISO 8601) as the signer tells it; no proof."""
    regions: tuple[tuple[int, int, int, int], ...] = ()
    """Where the picture was changed, if that is told in pixels: x, y, width, height around each
    polygon."""


@dataclass(frozen=True, slots=True)
class Claim:
    """What one manifest of a file says. Believe it as far as its signer's state goes."""

    manifest: str
    """The manifest's label, by which ingredients name it."""
    title: str | None
    claim_generator: str | None
    """Name and version of the program that made the claim."""
    signer: Subject | None
    """Whom the certificate names; None if it cannot be read."""
    when: str | None
    """Of its time stamp, else of its last dated action: ISO 8601, or None."""
    actions: tuple[Action, ...]
    label: Label | None
    """Of a created assertion and never of a gathered one."""
    label_problem: str | None
    """Why there is no label although something like one is there."""


@dataclass(frozen=True, slots=True)
class Ingredient:
    """A file that went into this one, or into one of those."""

    title: str
    relationship: str
    """``parentOf``, ``componentOf`` or ``inputTo``."""
    media_type: str
    of: str
    """Label of the manifest that lists it."""
    manifest: str | None
    """Label of its own manifest; None where it had no credential."""
    intact: bool
    """Neither the record of it nor checking it again found tampering. True without credential."""
    trusted: bool
    """Its signer chains to an anchor of ours. False without credential."""
    failures: tuple[str, ...]
    """What was found against it, in C2PA's codes and words."""

    @property
    def state(self) -> str:
        """One word: ``unsigned``, ``tampered``, ``untrusted`` or ``trusted``."""
        if not self.intact:
            return "tampered"
        if self.manifest is None:
            return "unsigned"
        return "trusted" if self.trusted else "untrusted"


@dataclass(frozen=True, slots=True)
class Credential:
    """The active manifest of a file and what became of it."""

    intact: bool
    """Every hash and the signature hold: the file is what was signed, whoever signed it."""
    valid: bool
    """Intact, and the certificate is of an acceptable kind and was in its time. Anyone can make
    one that is; do not show this as "verified"."""
    trusted: bool
    """Valid, and the certificate chains to an anchor that is listed here for signers; so do those
    of all `layers`."""
    trusted_by: str | None
    """Name of that anchor."""
    signer: Subject | None
    """Whom the certificate names; believe it only if `trusted`. None if it cannot be read."""
    signed_at: datetime.datetime | None
    """When, as a time stamp tells that chains to an anchor listed here for time stamps. None under
    an update: its own tells nothing of what it updates."""
    algorithm: str | None
    """C2PA name of the signature algorithm, in lower case."""
    label: Label | None
    """The label the signer, the last of the `layers`, vouches for: of a created assertion and
    never of a gathered one."""
    label_problem: str | None
    """Why there is no label although something like one is there."""
    claim_generator: str | None
    """Name and version of the program that made the claim."""
    title: str | None
    actions: tuple[Action, ...]
    """In the signer's order."""
    ingredients: tuple[Ingredient, ...]
    """Of this manifest and of all manifests below it."""
    failures: tuple[str, ...]
    """What is wrong with the active manifest, in C2PA's codes and words."""
    open_metadata: bool
    """The signer left metadata of the file open to change (C2PA 2.2, 10.4.1)."""
    successes: frozenset[str]
    """What was checked in the active manifest and found good, in C2PA's codes."""
    claims: tuple[Claim, ...]
    """Of all manifests that the file carries, its own first; empty where they cannot be read."""
    layers: tuple[Claim, ...]
    """Whose word counts: the file's own claim and, where it only updates the one below it (C2PA
    2.2, 11.2), those down to the one that brings the label or binds the content."""

    @property
    def manifests(self) -> int:
        """How many manifests the file carries; 0 where they cannot be read."""
        return len(self.claims)

    @property
    def history_intact(self) -> bool:
        """Whether no ingredient, however deep, was found tampered with.

        A tampered parent leaves the child itself intact, valid and trusted.
        """
        return all(ingredient.intact for ingredient in self.ingredients)


def broken(problem: str) -> Credential:
    """A credential that is there and cannot even be read."""
    return Credential(
        intact=False,
        valid=False,
        trusted=False,
        trusted_by=None,
        signer=None,
        signed_at=None,
        algorithm=None,
        label=None,
        label_problem=None,
        claim_generator=None,
        title=None,
        actions=(),
        ingredients=(),
        failures=(problem,),
        open_metadata=False,
        successes=frozenset(),
        claims=(),
        layers=(),
    )
