"""Reading credentials: what a manifest says, and whether to believe it.

Steps, in the order of C2PA 2.2, 15: 1 locate the store; 2 claim, signature, certificate and hard
binding (all by the C2PA library, offline); 3 trust, only by anchors that are ours; 4 the
ingredients, all the way down; 5 the label, out of created assertions only.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import c2pa  # type: ignore[import-untyped]
from cryptography.x509 import Certificate

from ..errors import LabelError
from ..labels import Label, parse_label
from .certificates import Subject, stamps_lead_to, subject_of, unfit
from .cose import Signature, signatures
from .credential import Action, Claim, Credential, Ingredient, broken
from .gaps import gaps
from .limits import problem_of
from .manifest import LABEL_ASSERTION, UNREADABLE
from .revocation import Revocation, staples
from .settings import anchor_uri, library_settings
from .standing import (
    EXPIRED,
    UNTRUSTED,
    is_about_signer,
    out_of_time,
    speaker,
    stamp_anchor,
    standing,
    taken_back,
)
from .trust import Anchor, Purpose, TrustStore
from .updates import binding_in, layers_of, problems_of

ANY_BYTES = "application/octet-stream"
"""The media type under which a detached manifest covers every byte of a file."""

_ELSEWHERE = "manifest.inaccessible"
"""An ingredient's manifest is on the network, where nobody looked."""

_NONE = Signature()

_LEFT_OPEN = "its signer left more than metadata open to change, so nothing binds the picture"

_TRUSTED = "signingCredential.trusted"


def read(
    data: bytes,
    media_type: str,
    trust: TrustStore | Iterable[Anchor],
    sidecar: bytes | None = None,
    *,
    remote: bool = False,
    note: Callable[[str], None] | None = None,
) -> Credential | None:
    """The credential in a file, else the one beside it; None where there is none.

    Never uses the network unless told to. Corruption is a finding and not an exception. Not safe to
    call in a forked child: the library's locks may be held; use *spawn*.

    Args:
        trust: whose signers and time stamps are trusted.
        sidecar: a detached manifest store, for a file without one of its own.
        remote: fetch the manifest where the file says that it is elsewhere (C2PA 2.2, 11.4); who
            keeps it learns of it.
        note: told of a manifest that is elsewhere and was not had.

    Raises:
        InputError: The trust store cannot be read.
    """
    anchors = trust.list() if isinstance(trust, TrustStore) else tuple(trust)
    lists = trust.revocation_lists() if isinstance(trust, TrustStore) else ()
    source = _Source(data, media_type, remote=remote)
    if media_type not in c2pa.Reader.get_supported_mime_types():
        if sidecar is None:
            return None
        source = _Source(data, ANY_BYTES, sidecar)
    if problem := problem_of(data) or problem_of(sidecar or b""):
        return broken(problem)
    try:
        # 1 and 2.
        try:
            found = _ask(source, anchors)
        except c2pa.C2paError as error:
            # It points at a manifest elsewhere; the file itself carries none.
            if not str(error).startswith("Remote"):
                raise
            found = None
            if note and sidecar is None:
                note(_elsewhere(error))
        if found is None and sidecar is not None:
            source = _Source(data, ANY_BYTES, sidecar)
            found = _ask(source, anchors)
        if found is None:
            return None
        stamped = _stamped(found, source, anchors)
        return _credential(found, stamped, anchors, lists)
    except c2pa.C2paError as error:
        return broken(" ".join(str(error).split())[:300])
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        return broken(f"manifest: not understood: {type(error).__name__}: {error}")


def covers(sidecar: bytes, data: bytes) -> bool:
    """Whether a detached manifest was made for these very bytes, by whomever."""
    credential = read(data, ANY_BYTES, (), sidecar)
    return credential is not None and "assertion.dataHash.match" in credential.successes


@dataclass(frozen=True, slots=True)
class _Found:
    """What the library tells of a file."""

    report: Mapping[str, Any]
    exact: Mapping[str, Any]
    """The same in another form: the first turns lists of numbers into base64 of their lowest
    bytes."""
    signatures: Mapping[str, Signature]
    """By the manifest's label."""
    gaps: Sequence[tuple[str, bool]]
    """See `gaps.gaps`."""


@dataclass(frozen=True, slots=True)
class _Source:
    """A file, and its manifest store where that lies beside it, or whether to fetch it."""

    data: bytes
    media_type: str
    sidecar: bytes | None = None
    remote: bool = False


def _elsewhere(error: Exception) -> str:
    words = " ".join(str(error).split())[:300].removeprefix("Remote: ")
    address = words.removeprefix("must fetch remote manifests from url ")
    if address != words:
        return f"it is elsewhere, at {address}; nobody looked there"
    return words


def _ask(source: _Source, anchors: Iterable[Anchor]) -> _Found | None:
    settings = library_settings(anchors, remote=source.remote)
    with c2pa.Context.from_json(settings) as context:
        stream = io.BytesIO(source.data)
        reader = c2pa.Reader.try_create(source.media_type, stream, source.sidecar, context)
        if reader is None:
            return None
        with reader:
            report = json.loads(reader.json())
            store = io.BytesIO()
            reader.resource_to_stream(f"self#jumbf=/c2pa/{report.get('active_manifest')}", store)
            exact = json.loads(reader.crjson())
            open_parts = tuple(gaps(source.data, binding_in(report, exact)))
            return _Found(report, exact, signatures(store.getvalue()), open_parts)


def _stamped(found: _Found, source: _Source, anchors: Sequence[Anchor]) -> Mapping[str, Any] | None:
    """A report in which an anchor for time stamps vouches for the time; None without one."""
    clocks = [anchor for anchor in anchors if anchor.purpose is Purpose.TIME_STAMPS]
    report = found.report
    named = stamp_anchor(report)
    if named is None or not clocks:
        return None
    # The library does not look at name constraints.
    if not _is_timed(found.signatures.get(report["active_manifest"], _NONE), anchors):
        return None
    if named in {anchor_uri(anchor) for anchor in clocks}:
        return report
    # Trusted by an anchor for signers; one for time stamps may do so as well.
    again = _ask(source, clocks)
    return again.report if again and stamp_anchor(again.report) else None


def _is_timed(signature: Signature, anchors: Iterable[Anchor]) -> bool:
    """Whether its time stamp's certificates lead to an anchor for time stamps."""
    clocks = (anchor for anchor in anchors if anchor.purpose is Purpose.TIME_STAMPS)
    authorities = (entry for anchor in clocks for entry in anchor.certificates)
    return any(stamps_lead_to(signature.stamp, authority) for authority in authorities)


def validation_of(data: bytes, sidecar: bytes, anchors: Iterable[Anchor]) -> Mapping[str, Any]:
    """What is recorded of an ingredient whose manifest lies beside it: name and results.

    Raises:
        C2paError: The manifest cannot be read.
    """
    found = _ask(_Source(data, ANY_BYTES, sidecar), anchors)
    assert found is not None
    return {name: found.report[name] for name in ("active_manifest", "validation_results")}


def _credential(
    found: _Found,
    stamped: Mapping[str, Any] | None,
    anchors: Sequence[Anchor],
    lists: Sequence[Revocation],
) -> Credential:
    report = found.report
    name = report["active_manifest"]
    manifest = report["manifests"][name]
    results = report.get("validation_results", {})
    active = results.get("activeManifest", {})
    state = report.get("validation_state")
    own_signature = found.signatures.get(name, _NONE)

    # 3: trust and time, by anchors of the right kind.
    failures = [*_statuses(active, "failure")]
    revocations = [*lists, *staples(own_signature.answers)]
    judged = standing(report, own_signature.chain, anchors, revocations, stamped)
    if state in ("Valid", "Trusted"):
        failures += judged.problems
    own, *_ = claims = tuple(_claims(found))
    ingredients = tuple(_ingredients(found, anchors, lists))
    layers, updated = layers_of(claims, ingredients, active)
    failures += problems_of(updated)
    failures += (
        (f"assertion.{kind}.additionalExclusionsPresent", _LEFT_OPEN)
        for kind, harmless in found.gaps
        if not harmless
    )

    intact = all(is_about_signer(code) for code, _ in failures)
    valid = (
        intact and state in ("Valid", "Trusted") and all(code == UNTRUSTED for code, _ in failures)
    )
    trusted = valid and state == "Trusted" and not failures

    signature = manifest.get("signature_info") or {}
    return Credential(
        intact=intact,
        valid=valid,
        trusted=trusted,
        trusted_by=judged.trusted_by if trusted else None,
        signer=own.signer,
        signed_at=None if updated else judged.signed_at,
        algorithm=str(signature["alg"]).lower() if "alg" in signature else None,
        label=layers[-1].label,
        label_problem=layers[-1].label_problem,
        claim_generator=own.claim_generator,
        title=own.title,
        actions=own.actions,
        ingredients=ingredients,
        failures=tuple(f"{code}: {words}" if words else code for code, words in failures),
        open_metadata=bool(found.gaps),
        successes=frozenset(code for code, _ in _statuses(active, "success")),
        claims=claims,
        layers=layers,
    )


def _claims(found: _Found) -> Iterator[Claim]:
    exactly = {entry["label"]: entry for entry in found.exact["manifests"]}
    for name, manifest in _manifests(found.report):
        label, problem = _label(exactly[name])
        actions = tuple(_actions(manifest))
        dates = [action.when for action in actions if action.when]
        yield Claim(
            manifest=name,
            title=manifest.get("title"),
            claim_generator=_generator(manifest),
            signer=_subject(found.signatures.get(name, _NONE).chain),
            when=(manifest.get("signature_info") or {}).get("time") or next(reversed(dates), None),
            actions=actions,
            label=label,
            label_problem=problem,
        )


def _manifests(report: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """All manifests, each after one that lists it; the library's own order is accidental."""
    manifests: Mapping[str, Mapping[str, Any]] = report["manifests"]
    waiting = [report["active_manifest"], *sorted(manifests)]
    seen: set[str] = set()
    while waiting:
        name = waiting.pop(0)
        if name in seen or name not in manifests:
            continue
        seen.add(name)
        yield name, manifests[name]
        below = [entry.get("active_manifest") for entry in manifests[name].get("ingredients") or ()]
        waiting[:0] = [entry for entry in below if entry]


def _generator(manifest: Mapping[str, Any]) -> str | None:
    told: Mapping[str, Any] = next(iter(manifest.get("claim_generator_info") or []), {})
    words = " ".join(str(told[key]) for key in ("name", "version") if key in told)
    return words or manifest.get("claim_generator")


def _statuses(results: Mapping[str, Any], kind: str) -> Iterator[tuple[str, str]]:
    for status in results.get(kind) or ():
        yield str(status["code"]), str(status.get("explanation") or "")


def _subject(chain: Sequence[Certificate]) -> Subject | None:
    return subject_of(chain[0]) if chain else None


def _actions(manifest: Mapping[str, Any]) -> Iterator[Action]:
    for assertion in manifest.get("assertions") or ():
        if not str(assertion["label"]).startswith("c2pa.actions"):
            continue
        for action in assertion["data"].get("actions") or ():
            agent = action.get("softwareAgent")
            if isinstance(agent, Mapping):
                agent = " ".join(str(agent[key]) for key in ("name", "version") if key in agent)
            yield Action(
                str(action["action"]),
                agent,
                action.get("digitalSourceType"),
                action.get("description"),
                action.get("when"),
                tuple(_regions(action)),
            )


def _regions(action: Mapping[str, Any]) -> Iterator[tuple[int, int, int, int]]:
    """The boxes around polygons in pixels (C2PA 2.2, 18.2); other shapes are left out."""
    for change in action.get("changes") or ():
        for region in change.get("region") or ():
            shape = region.get("shape") or {}
            if shape.get("type") != "polygon" or shape.get("unit") != "pixel":
                continue
            try:
                corners = [(int(corner["x"]), int(corner["y"])) for corner in shape["vertices"]]
                across, down = zip(*corners, strict=True)
            except (LookupError, TypeError, ValueError, OverflowError):
                continue
            left, top = min(across), min(down)
            yield left, top, max(across) - left, max(down) - top


def _ingredients(
    source: _Found, anchors: Sequence[Anchor], lists: Sequence[Revocation]
) -> Iterator[Ingredient]:
    """4: what was recorded when each was taken in, corrected by checking it again now."""
    report = source.report
    deltas: dict[str, Mapping[str, Any]] = {}
    for delta in (report.get("validation_results") or {}).get("ingredientDeltas") or ():
        deltas[delta["ingredientAssertionURI"]] = delta["validationDeltas"]
    for name, manifest in _manifests(report):
        for entry in manifest.get("ingredients") or ():
            recorded = entry.get("validation_results") or {}
            parts = [recorded.get("activeManifest") or {}]
            parts += [d["validationDeltas"] for d in recorded.get("ingredientDeltas") or ()]
            found = [status for part in parts for status in _statuses(part, "failure")]
            found += _statuses({"failure": entry.get("validation_status")}, "failure")
            now = deltas.get(f"self#jumbf=/c2pa/{name}/c2pa.assertions/{entry.get('label')}", {})
            trusted = _TRUSTED in {code for code, _ in _statuses(parts[0], "success")}
            if _TRUSTED in {code for code, _ in _statuses(now, "success")}:
                trusted = True
                found = [status for status in found if status[0] != UNTRUSTED]
            found += _statuses(now, "failure")
            if entry.get("description") == UNREADABLE:
                found.append(("ingredient.unreadable", UNREADABLE))
            own = entry.get("active_manifest")
            signature = source.signatures.get(own, _NONE)
            chain = signature.chain
            # What its own time stamp tells is not known: what was taken back counts as taken back
            # before, and what is out of its time needs a stamp that is by one of our authorities.
            found += taken_back(chain, anchors, [*lists, *staples(signature.answers)])
            if chain and EXPIRED not in dict(found) and not _is_timed(signature, anchors):
                found += out_of_time(chain, None)
            codes = {code for code, _ in found}
            # The library does not tell by which kind of anchor.
            vouched = speaker(chain, anchors) is not None and unfit(chain[0]) is None
            yield Ingredient(
                title=str(entry.get("title") or ""),
                relationship=str(entry.get("relationship") or ""),
                media_type=str(entry.get("format") or ""),
                of=name,
                manifest=own,
                intact=all(is_about_signer(code) or code == _ELSEWHERE for code in codes),
                trusted=trusted and not codes and vouched,
                failures=tuple(f"{code}: {words}" if words else code for code, words in found),
            )


def _label(manifest: Mapping[str, Any]) -> tuple[Label | None, str | None]:
    """5: the label, or why there is none. The signer does not vouch for gathered assertions."""
    claim = manifest.get("claim.v2") or {}
    found = [key for key in manifest["assertions"] if key.partition("__")[0] == LABEL_ASSERTION]
    if not found:
        return None, None
    if found != [LABEL_ASSERTION]:
        return None, f"label: {', '.join(found)} where {LABEL_ASSERTION} alone belongs"
    created = {
        str(entry["url"]).rpartition("/")[2] for entry in claim.get("created_assertions") or ()
    }
    if LABEL_ASSERTION not in created:
        return None, "label: the signer passes it on without vouching for it"
    try:
        return parse_label(manifest["assertions"][LABEL_ASSERTION]), None
    except LabelError as error:
        return None, str(error)
