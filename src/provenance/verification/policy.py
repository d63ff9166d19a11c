"""What a verifier demands: small objects that judge a report, and can be put together.

::

    AllOf(TrustedSigner(), HighestScore(0.3), AnyOf(NotGenerative(), AllowedModels(("msh-2",))))

`load_policy` reads the same from a TOML file. A demand on the label holds only where the label is
proven: signed in a valid file and consistent. Whether a policy is met is a verdict of its own; it
does not make a file valid or trusted.
"""

from __future__ import annotations

import datetime
import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol

from ..credentials.timestamps import CLOCKS
from ..errors import InputError, UsageError
from ..files import read
from ..labels import Label, ModelFacts
from ..labels.model import Compression
from ..labels.schema import problem_of
from ..taxonomy import Type
from .report import Report

SCHEMA = "policy-1.schema.json"
MAX_BYTES = 100_000
"""Largest policy file that is read."""

_SHA256 = re.compile("[0-9a-f]{64}")

SYMBOL = "symbol"
"""Counts like a type in `HighestOfType`."""

DENY = "deny"
"""In a file, for a type: no finding of it at all."""


class Policy(Protocol):
    """A demand; ``str`` says it in words."""

    def problems(self, report: Report) -> tuple[str, ...]:
        """Why ``report`` does not meet it, in words; empty where it does."""


class AllOf:
    """Every one of several demands; none at all is met by nothing, for it is a mistake."""

    def __init__(self, *policies: Policy) -> None:
        self._policies = policies

    def __str__(self) -> str:
        return "; ".join(map(str, self._policies)) or "nothing"

    def problems(self, report: Report) -> tuple[str, ...]:
        """See `Policy`; those of all demands."""
        if not self._policies:
            return ("the policy demands nothing",)
        # Several demands may fail for the same reason: a label that is missing.
        found = (problem for policy in self._policies for problem in policy.problems(report))
        return tuple(dict.fromkeys(found))


class AnyOf:
    """At least one of several demands; none at all is met by nothing."""

    def __init__(self, *policies: Policy) -> None:
        self._policies = policies

    def __str__(self) -> str:
        return f"({' or '.join(map(str, self._policies)) or 'nothing'})"

    def problems(self, report: Report) -> tuple[str, ...]:
        """See `Policy`; those of all demands where all fail."""
        found = [policy.problems(report) for policy in self._policies]
        if found and not all(found):
            return ()
        return (" and ".join(", ".join(entry) for entry in found) or "the policy demands nothing",)


@dataclass(frozen=True, slots=True)
class TrustedSigner:
    """Signed by somebody whom this machine trusts."""

    organisations: tuple[str, ...] = ()
    """Which of them, by the O of their certificates; empty for any."""

    def __str__(self) -> str:
        return "signed by " + (" or ".join(self.organisations) or "somebody whom you trust")

    def problems(self, report: Report) -> tuple[str, ...]:
        """See `Policy`."""
        if not report.trusted:
            return ("no trusted signer",)
        strange = [name for name in report.organisations if name not in self.organisations]
        if self.organisations and strange:
            return (f"signed by {strange[0]}, who is not among the signers allowed",)
        return ()


@dataclass(frozen=True, slots=True)
class HighestScore:
    """A risk score that is no higher."""

    score: float
    """0 to 1."""

    def __post_init__(self) -> None:
        _check_share("highest score", self.score)

    def __str__(self) -> str:
        return f"risk at most {self.score:g}"

    def problems(self, report: Report) -> tuple[str, ...]:
        """See `Policy`."""

        def judge(label: Label) -> str | None:
            score = label.risk.score
            return None if score <= self.score else f"risk {score:.2f}, allowed {self.score:g}"

        return _of_label(report, judge)


@dataclass(frozen=True, slots=True)
class HighestOfType:
    """Little or nothing of one type of miscompression."""

    kind: str
    """A `provenance.taxonomy.Type`, or `SYMBOL` for findings of any type that carry its flag."""
    highest: float = 0.0
    """The type's score, or the probability of the likeliest symbol, 0 to 1; 0 denies it."""

    def __post_init__(self) -> None:
        _check_share(self.kind, self.highest)
        if self.kind not in (*Type, SYMBOL):
            raise UsageError(f"{self.kind}: no type; there are {', '.join((*Type, SYMBOL))}")

    def __str__(self) -> str:
        return f"{self.kind} at most {self.highest:g}" if self.highest else f"no {self.kind}"

    def problems(self, report: Report) -> tuple[str, ...]:
        """See `Policy`."""

        def judge(label: Label) -> str | None:
            if self.kind == SYMBOL:
                flagged = (f.probability for f in label.risk.findings if f.symbol is not None)
                found = max(flagged, default=0.0)
            else:
                found = label.risk.by_type[self.kind]
            allowed = f"allowed {self.highest:g}" if self.highest else "none allowed"
            return None if found <= self.highest else f"{self.kind} {found:.2f}, {allowed}"

        return _of_label(report, judge)


@dataclass(frozen=True, slots=True)
class AllowedCodecs:
    """One of these codecs, in every compression that the label tells of."""

    names: tuple[str, ...]

    def __str__(self) -> str:
        return f"codec {' or '.join(self.names)}"

    def problems(self, report: Report) -> tuple[str, ...]:
        """See `Policy`."""

        def judge(label: Label) -> str | None:
            found = [step.codec.name for step in _compressions(label)]
            strange = dict.fromkeys(name for name in found if name not in self.names)
            return f"codec {', '.join(strange)}, which is not allowed" if strange else None

        return _of_label(report, judge)


@dataclass(frozen=True, slots=True)
class AllowedModels:
    """One of these models, in every compression that the label tells of."""

    models: tuple[str, ...]
    """Names, or SHA-256 of the weights, which are safer: anybody can take a name."""

    def __str__(self) -> str:
        return f"model {' or '.join(self.models)}"

    def problems(self, report: Report) -> tuple[str, ...]:
        """See `Policy`."""

        def judge(label: Label) -> str | None:
            models = [step.model for step in _compressions(label)]
            strange = dict.fromkeys(model.name for model in models if not self._allows(model))
            return f"model {', '.join(strange)}, which is not allowed" if strange else None

        return _of_label(report, judge)

    def _allows(self, model: ModelFacts) -> bool:
        # A name that looks like a hash is none.
        name = None if _SHA256.fullmatch(model.name) else model.name
        return name in self.models or model.sha256 in self.models


@dataclass(frozen=True, slots=True)
class NotGenerative:
    """No decoder that invents detail, in any compression that the label tells of."""

    def __str__(self) -> str:
        return "not generative"

    def problems(self, report: Report) -> tuple[str, ...]:
        """See `Policy`."""

        def judge(label: Label) -> str | None:
            if label.codec.generative:
                return "made by a generative codec"
            before = any(step.codec.generative for step in _compressions(label))
            return "made before by a generative codec" if before else None

        return _of_label(report, judge)


@dataclass(frozen=True, slots=True)
class HighestAge:
    """Signed lately, as a trusted time stamp proves."""

    age: datetime.timedelta

    def __str__(self) -> str:
        return f"signed within {self.age / datetime.timedelta(days=1):g} days"

    def problems(self, report: Report) -> tuple[str, ...]:
        """See `Policy`."""
        if not report.valid or report.signed_at is None:
            return ("when it was signed is not proven",)
        signed_at = datetime.datetime.fromisoformat(report.signed_at)
        age = datetime.datetime.now(datetime.UTC) - signed_at
        if age < -CLOCKS:
            return (f"signed at {signed_at:%Y-%m-%d %H:%M}, later than this machine's clock tells",)
        return () if age <= self.age else (f"signed {age.days} days ago",)


class Recorded(StrEnum):
    """How well the history is known; each demands what those before it do."""

    RECORDED = "recorded"
    """The credential says what the file was made from, and none of it was tampered with."""
    SIGNED = "signed"
    """All of that has a credential of its own, up to the photo."""
    TRUSTED = "trusted"
    """By signers whom this machine trusts."""


@dataclass(frozen=True, slots=True)
class RequiredHistory:
    """What the file was made from is known."""

    least: Recorded = Recorded.RECORDED

    def __str__(self) -> str:
        return f"a history that is {self.least}"

    def problems(self, report: Report) -> tuple[str, ...]:
        """See `Policy`."""
        if not report.valid or not report.ingredients:
            return ("no history is recorded",)
        good = {
            Recorded.RECORDED: {"unsigned", "untrusted", "trusted"},
            Recorded.SIGNED: {"untrusted", "trusted"},
            Recorded.TRUSTED: {"trusted"},
        }[self.least]
        poor = [
            f"{e['title']} is {e['state']}" for e in report.ingredients if e["state"] not in good
        ]
        return (f"history: {', '.join(poor)}",) if poor else ()


def load_policy(path: Path | str) -> Policy:
    """Read a policy from a TOML file (``schemas/policy-1.schema.json``; ``docs/policies.md``).

    Raises:
        InputError: It is missing, not TOML, against the schema, or demands nothing; says where.
    """
    try:
        found = tomllib.loads(read(Path(path), MAX_BYTES).decode())
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path}: not a TOML file: {error}") from error
    if problem := problem_of(found, SCHEMA):
        raise InputError(f"{path}: no policy: {problem}")
    try:
        policies = [_READERS[key](value) for key, value in found.items()]
    except (UsageError, ValueError, OverflowError) as error:
        raise InputError(f"{path}: no policy: {error}") from error
    demands = [policy for part in policies for policy in part]
    if not demands:
        raise InputError(f"{path}: demands nothing, so nothing would meet it")
    return AllOf(*demands)


def _read_types(types: Mapping[str, float | str]) -> list[Policy]:
    return [
        HighestOfType(kind, 0.0 if limit == DENY else float(limit)) for kind, limit in types.items()
    ]


_READERS: dict[str, Callable[[Any], list[Policy]]] = {
    "trusted_signer": lambda value: [TrustedSigner(() if value is True else tuple(value))],
    "max_score": lambda value: [HighestScore(value)],
    "types": _read_types,
    "codecs": lambda value: [AllowedCodecs(tuple(value))],
    "models": lambda value: [AllowedModels(tuple(value))],
    "generative": lambda value: [] if value else [NotGenerative()],
    "max_age_days": lambda value: [HighestAge(datetime.timedelta(days=value))],
    "history": lambda value: [RequiredHistory(Recorded(value))],
}
"""What each key of a file demands."""


def _compressions(label: Label) -> Sequence[Label | Compression]:
    """Every one that a label tells of: a later one washes none before it off."""
    return label.history or (label,)


def _of_label(report: Report, judge: Callable[[Label], str | None]) -> tuple[str, ...]:
    if report.label is None:
        return ("no label",)
    if not (report.valid and report.label_consistent):
        return ("a label that is not proven",)
    problem = judge(report.label)
    return () if problem is None else (problem,)


def _check_share(name: str, value: float) -> None:
    if not 0 <= value <= 1:
        raise UsageError(f"{name} {value:g}: must be within 0 and 1")
