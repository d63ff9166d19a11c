"""The chain of ingredients as a tree, over other tools' manifests too (C2PA 2.2, 10)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ..credentials import Action, Claim, Credential, Ingredient
from ..labels import Label, to_json

MAX_DEPTH = 100
MAX_GENERATIONS = 1000
"""Bounds of the tree that is made of a stranger's file."""

_HARMLESS = {"c2pa.opened", "c2pa.edited.metadata", "c2pa.published", "c2pa.redacted"}
"""Actions that leave a picture as it was: what an update manifest may tell (C2PA 2.2, 11.2)."""


@dataclass(frozen=True, slots=True)
class Generation:
    """A file, and those that it was made from."""

    title: str
    relationship: str | None
    """``parentOf``, ``componentOf`` or ``inputTo`` the file it went into; None for the last."""
    media_type: str | None
    state: str
    """``trusted``, ``untrusted``, ``tampered`` or ``unsigned``."""
    signer: str | None
    """Organisation or name in the certificate; worth as much as `state` says."""
    when: str | None
    """As the signer tells it: ISO 8601."""
    program: str | None
    actions: tuple[Action, ...]
    label: Label | None
    made_from: tuple[Generation, ...]
    cut: bool = False
    """Its own ingredients are not followed: they stand elsewhere in the tree, or go too far."""

    @property
    def compressed(self) -> bool:
        """Whether this very step compressed the picture: its label is not its parent's, nor that of
        what the parent left as it was."""
        return self.label is not None and self.label not in self._brought()

    def _brought(self) -> Iterator[Label]:
        """The labels of what this was made from."""
        for entry in self.made_from:
            if entry.label is not None:
                yield entry.label
            elif _HARMLESS.issuperset(action.name for action in entry.actions):
                yield from entry._brought()

    def to_json(self) -> dict[str, Any]:
        """Following ``output-1.schema.json``; the risk is that of the whole chain so far."""
        label = self.label
        return {
            "title": self.title,
            "relationship": self.relationship,
            "media_type": self.media_type,
            "state": self.state,
            "signer": self.signer,
            "when": self.when,
            "program": self.program,
            "actions": [action.name for action in self.actions],
            "compression": None
            if label is None or not self.compressed
            else {
                "codec": to_json(label.codec),
                "model": to_json(label.model),
                "quality": to_json(label.quality),
                "score": label.risk.score,
                "level": label.risk.level,
            },
            "made_from": [entry.to_json() for entry in self.made_from],
            "cut": self.cut,
        }


def trace(credential: Credential, name: str) -> Generation:
    """The tree whose root is the file itself."""
    if not credential.claims:
        return Generation(name, None, None, "tampered", None, None, None, (), None, ())
    return _Tree(credential).root(name)


def earlier_label(credential: Credential | None, described: Label | None) -> Label | None:
    """The label that a file to be compressed brings along.

    Of its credential, or of the nearest ancestors that have one where another tool has worked on
    it since; or of its XMP. Where they tell different things, the highest risk counts: an edited
    label must not make a picture look safer.

    Args:
        described: the label in the file's XMP.
    """
    found = list(_nearest(credential)) if credential else []
    if described:
        found.append(described)
    return max(found, key=lambda label: label.risk.score, default=None)


def _nearest(credential: Credential) -> Iterator[Label]:
    claims = {claim.manifest: claim for claim in credential.claims}
    below: dict[str, list[str]] = {}
    for entry in credential.ingredients:
        if entry.manifest and entry.relationship != "inputTo":
            below.setdefault(entry.of, []).append(entry.manifest)
    waiting = [claim.manifest for claim in credential.claims[:1]]
    seen = set(waiting)
    while waiting:
        name = waiting.pop()
        label = claims[name].label if name in claims else None
        if label:
            yield label
            continue
        for parent in below.get(name, ()):
            if parent not in seen:
                seen.add(parent)
                waiting.append(parent)


class _Tree:
    def __init__(self, credential: Credential) -> None:
        self.credential = credential
        self.claims = {claim.manifest: claim for claim in credential.claims}
        self.ingredients: dict[str, list[Ingredient]] = {}
        for entry in credential.ingredients:
            self.ingredients.setdefault(entry.of, []).append(entry)
        self.count = 0
        self.seen: set[str] = set()

    def root(self, name: str) -> Generation:
        credential = self.credential
        state = "trusted" if credential.trusted else "untrusted"
        if not credential.intact:
            state = "tampered"
        claim = credential.claims[0]
        return self._of(claim, name, None, None, state, 0)

    def _of(
        self,
        claim: Claim,
        title: str,
        relationship: str | None,
        media_type: str | None,
        state: str,
        depth: int,
    ) -> Generation:
        entries: Sequence[Ingredient] = self.ingredients.get(claim.manifest, ())
        cut = bool(entries) and (claim.manifest in self.seen or depth >= MAX_DEPTH)
        self.seen.add(claim.manifest)
        made_from = []
        for entry in () if cut else entries:
            if self.count >= MAX_GENERATIONS:
                cut = True
                break
            self.count += 1
            made_from.append(self._ingredient(entry, depth + 1))
        signer = claim.signer
        return Generation(
            title=title,
            relationship=relationship,
            media_type=media_type,
            state=state,
            signer=(signer.organisation or signer.common_name) if signer else None,
            when=claim.when,
            program=claim.claim_generator,
            actions=claim.actions,
            label=claim.label,
            made_from=tuple(made_from),
            cut=cut,
        )

    def _ingredient(self, entry: Ingredient, depth: int) -> Generation:
        claim = self.claims.get(entry.manifest or "")
        title = (claim.title if claim else None) or entry.title
        if claim is None:
            return Generation(
                title,
                entry.relationship,
                entry.media_type,
                entry.state,
                signer=None,
                when=None,
                program=None,
                actions=(),
                label=None,
                made_from=(),
                cut=entry.manifest is not None,
            )
        return self._of(claim, title, entry.relationship, entry.media_type, entry.state, depth)
