"""The checks, numbered, in the order of the C2PA standard (C2PA 2.2, section 15) and then ours."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .. import container, imaging, metadata
from ..codecs import bitstream as frames
from ..codecs import registry
from ..credentials import Credential, TrustStore, read
from ..errors import ImageError, InvalidError, ProvenanceError
from ..labels import Label, to_json
from .report import Outcome, Report, Step


@dataclass
class _Steps:
    """Collects steps in their order."""

    done: list[Step] = field(default_factory=list)

    def add(self, name: str, outcome: Outcome, detail: str) -> bool:
        self.done.append(Step(len(self.done) + 1, name, outcome, detail))
        return outcome is not Outcome.FAILED

    def check(self, name: str, good: bool, detail: str, problem: str) -> bool:
        return self.add(name, *((Outcome.PASSED, detail) if good else (Outcome.FAILED, problem)))

    def skip(self, name: str, detail: str) -> bool:
        return self.add(name, Outcome.SKIPPED, detail)


def verify(data: bytes, name: str, trust: TrustStore, *, max_score: float | None = None) -> Report:
    """Check one file; whatever is wrong with it is in the report and raises nothing.

    Args:
        name: what the report calls the file.
        max_score: highest risk score that is accepted; None accepts any.

    Raises:
        InputError: The trust store cannot be read.
    """
    steps = _Steps()

    # 1. The container: does the file hold together at all?
    media_type, parts, sound = _open(data, name, steps)

    # 2. Is there a credential?
    credential = read(data, media_type, trust) if media_type else None
    if credential is None:
        steps.add("credential", Outcome.FAILED, "none: stripped, or never signed")
    else:
        maker = credential.claim_generator or "an unnamed program"
        steps.add("credential", Outcome.PASSED, f"{credential.manifests} manifests, by {maker}")

    # 3 to 6. Hard binding and signature, certificate, chain, time stamp.
    _credential_steps(credential, steps)

    # 7. Ingredients, all the way up.
    history = _ingredients(credential, steps)

    # 8. The label, as signed and as XMP has it.
    signed = credential.label if credential else None
    described, consistent = _labels(credential, data, media_type, steps)
    label = signed or described

    # 10. The bitstream: the same codec, model and size as the label says?
    consistent &= _bitstream(parts, label, steps)

    # 11. What the caller demands.
    policy = _policy(label, max_score, steps)

    intact = sound and credential is not None and credential.intact and history
    valid = intact and credential is not None and credential.valid
    trusted = valid and credential is not None and credential.trusted
    return Report(
        file=name,
        media_type=media_type,
        intact=intact,
        valid=valid,
        trusted=trusted,
        label_consistent=consistent and label is not None,
        policy_met=policy,
        steps=tuple(steps.done),
        label=label,
        signer=_signer(credential),
        signed_at=str(credential.signed_at) if credential and credential.signed_at else None,
        ingredients=_ingredient_facts(credential),
        exit_code=_exit_code(credential, label, sound and consistent, valid, trusted, policy),
    )


def _open(data: bytes, name: str, steps: _Steps) -> tuple[str | None, container.Parts | None, bool]:
    """Media type, the compressed file's parts if it is one, and whether it holds together."""
    try:
        media_type = imaging.media_type(data, name)
    except ImageError as error:
        if not container.is_container(data):
            steps.add("container", Outcome.FAILED, str(error))
            return None, None, False
        media_type = "image/avif"  # without a preview, no image library knows it
    if not container.is_container(data):
        steps.add("container", Outcome.PASSED, media_type)
        return media_type, None, True
    try:
        parts = container.unpack(data)
    except InvalidError as error:
        steps.add("container", Outcome.FAILED, str(error))
        return media_type, None, False
    size = f"{parts.width}x{parts.height}"
    steps.add("container", Outcome.PASSED, f"compressed file, neural image of {size}")
    return media_type, parts, True


def _credential_steps(credential: Credential | None, steps: _Steps) -> None:
    names = ("content and signature", "certificate", "trust", "time stamp")
    if credential is None:
        for name in names:
            steps.skip(name, "no credential")
        return
    problems = "; ".join(credential.failures) or "not as signed"
    who = (
        str(credential.signer.organisation or credential.signer.common_name)
        if (credential.signer)
        else "unknown"
    )
    steps.check(names[0], credential.intact, "as signed", problems)
    if not credential.intact:
        for name in names[1:]:
            steps.skip(name, "the content is not as signed")
        return
    steps.check(names[1], credential.valid, f"{who}, {credential.algorithm}", problems)
    steps.check(
        names[2],
        credential.trusted,
        f"by the anchor {credential.trusted_by}",
        f"{who} is not among your trust anchors; see `provenance trust`",
    )
    if credential.signed_at:
        steps.add(names[3], Outcome.PASSED, str(credential.signed_at))
    else:
        steps.skip(names[3], "none that is trusted; when it was signed is not proven")


def _ingredients(credential: Credential | None, steps: _Steps) -> bool:
    if credential is None or not credential.ingredients:
        return steps.skip("ingredients", "none recorded")
    tampered = [entry.title for entry in credential.ingredients if not entry.intact]
    states = ", ".join(f"{entry.title} ({entry.state})" for entry in credential.ingredients)
    return steps.check(
        "ingredients", not tampered, states, f"tampered with before: {', '.join(tampered)}"
    )


def _labels(
    credential: Credential | None, data: bytes, media_type: str | None, steps: _Steps
) -> tuple[Label | None, bool]:
    """The label in XMP, and whether both labels are sound and equal. Steps 8 and 9."""
    signed = credential.label if credential else None
    problem = credential.label_problem if credential else None
    if problem:
        consistent = steps.add("label", Outcome.FAILED, problem)
    elif signed:
        consistent = steps.add(
            "label", Outcome.PASSED, f"version {signed.schema_version}, signed by {_writer(signed)}"
        )
    else:
        consistent = steps.skip("label", "none is signed")
    try:
        packet = metadata.read_packet(data, media_type) if media_type else None
        described = metadata.read_label(packet) if packet else None
    except InvalidError as error:
        return None, steps.add("XMP", Outcome.FAILED, str(error))
    if described is None:
        steps.skip("XMP", "no label; stripped, or never written")
    elif signed is None:
        steps.skip("XMP", "has a label that nobody signed")
    else:
        consistent &= steps.check(
            "XMP",
            to_json(described) == to_json(signed),
            "tells the same as the signed label",
            "tells something else than the signed label",
        )
    return described, consistent


def _writer(label: Label) -> str:
    return f"{label.tool.name} {label.tool.version}"


def _bitstream(parts: container.Parts | None, label: Label | None, steps: _Steps) -> bool:
    if parts is None:
        return steps.skip("bitstream", "the file carries none")
    try:
        stream = frames.parse(parts.bitstream)
    except InvalidError as error:
        return steps.add("bitstream", Outcome.FAILED, str(error))
    if label:
        told = (label.codec.name, label.model.name, (label.model.sha256 or "")[:16])
        found = (stream.codec, stream.model, stream.weights.hex())
        if told != found:
            problem = f"made by {' '.join(found)}, labelled {' '.join(told)}"
            return steps.add("bitstream", Outcome.FAILED, problem)
        sizes = {
            (stream.width, stream.height),
            (parts.width, parts.height),
            (label.original.width, label.original.height),
        }
        if len(sizes) > 1:
            problem = "container, bitstream and label tell different sizes"
            return steps.add("bitstream", Outcome.FAILED, problem)
    return steps.add("bitstream", Outcome.PASSED, f"{stream.codec} {stream.model}{_here(stream)}")


def _here(stream: frames.Bitstream) -> str:
    """Whether this machine could decode it."""
    try:
        model = registry.get(stream.codec).model
    except ProvenanceError:
        return ", a codec that is not installed here"
    known = model.name == stream.model and (model.sha256 or "").startswith(stream.weights.hex())
    return ", installed here" if known else ", a model that is not installed here"


def _policy(label: Label | None, max_score: float | None, steps: _Steps) -> bool:
    if max_score is None:
        return steps.skip("policy", "none was given")
    if label is None:
        return steps.add("policy", Outcome.FAILED, "no label, so no risk is known")
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
