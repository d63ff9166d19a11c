"""What policies demand, and what meets them."""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from provenance import codecs
from provenance.errors import InputError, UsageError
from provenance.labels import Label, ModelFacts, parse_label
from provenance.labels.model import Compression
from provenance.verification import (
    AllOf,
    AllowedCodecs,
    AllowedModels,
    AnyOf,
    HighestAge,
    HighestOfType,
    HighestScore,
    NotGenerative,
    Policy,
    Recorded,
    Report,
    RequiredHistory,
    TrustedSigner,
    load_policy,
)

ROOT = Path(__file__).parents[2]

WEIGHTS = "6b3a55e0261b0304143f805a24924d0c1c44524821305f31d9277843b8a10f4e"


@pytest.fixture(scope="module")
def label() -> Label:
    """Score 0.37, no geometry, a numeral with probability 0.71, codec msh, model msh-1."""
    return parse_label((ROOT / "tests" / "metadata" / "label.json").read_bytes())


def _ingredient(state: str) -> Mapping[str, Any]:
    return {
        "title": f"{state}.jpg",
        "relationship": "parentOf",
        "media_type": "image/jpeg",
        "state": state,
        "failures": [],
    }


@pytest.fixture
def report(label: Label) -> Report:
    """Of a file that is as good as can be."""
    return Report(
        file="photo.avif",
        media_type="image/avif",
        intact=True,
        valid=True,
        trusted=True,
        label_consistent=True,
        label_true=None,
        policy_met=None,
        steps=(),
        label=label,
        signer={"organisation": "Example Press"},
        signed_at=None,
        ingredients=(_ingredient("unsigned"), _ingredient("trusted")),
        label_signature=None,
        measured=None,
        exit_code=0,
    )


def _signed(days_ago: float) -> str:
    return str(datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=days_ago))


@pytest.mark.parametrize(
    ("policy", "problem"),
    [
        (TrustedSigner(), None),
        (TrustedSigner(("Another", "Example Press")), None),
        (TrustedSigner(("Another",)), "signed by Example Press, who is not among"),
        (HighestScore(0.37), None),
        (HighestScore(0.36), "risk 0.37, allowed 0.36"),
        (HighestOfType("geometry"), None),
        (HighestOfType("shape"), "shape 0.37, none allowed"),
        (HighestOfType("shape", 0.4), None),
        (HighestOfType("amplitude", 0.05), "amplitude 0.10, allowed 0.05"),
        (HighestOfType("symbol"), "symbol 0.71, none allowed"),
        (HighestOfType("symbol", 0.7), "symbol 0.71, allowed 0.7"),
        (HighestOfType("symbol", 0.72), None),
        (AllowedCodecs(("hific", "msh")), None),
        (AllowedCodecs(("hific",)), "codec msh"),
        (AllowedModels(("msh-1",)), None),
        (AllowedModels((WEIGHTS,)), None),
        (AllowedModels(("msh-2", "6b3a")), "model msh-1"),
        (NotGenerative(), None),
        (HighestAge(datetime.timedelta(days=1)), "not proven"),
        (RequiredHistory(), None),
        (RequiredHistory(Recorded.SIGNED), "unsigned.jpg is unsigned"),
        (RequiredHistory(Recorded.TRUSTED), "unsigned.jpg is unsigned"),
    ],
)  # fmt: skip
def test_each_demand(policy: Policy, problem: str | None, report: Report) -> None:
    found = policy.problems(report)
    assert (found == ()) if problem is None else problem in found[0], found
    assert str(policy) and "object at" not in str(policy)


def test_generative_codecs_can_be_refused(report: Report, label: Label) -> None:
    generative = replace(label, codec=replace(label.codec, generative=True))
    assert NotGenerative().problems(replace(report, label=generative))


@pytest.mark.parametrize(
    ("policy", "problem"),
    [
        (NotGenerative(), "made before by a generative codec"),
        (AllowedCodecs(("msh",)), "codec hific, which"),
        (AllowedModels(("msh-1",)), "model hific-1, which"),
        (AllowedCodecs(("msh", "hific")), None),
        (AllowedModels((WEIGHTS, "hific-1")), None),
    ],
)
def test_a_later_compression_washes_none_before_it_off(
    policy: Policy, problem: str | None, report: Report, label: Label
) -> None:
    last = Compression(
        label.codec, label.model, label.quality, "ab" * 32, 0.1, 2, False, label.risk.by_type
    )
    first = replace(
        last,
        codec=replace(label.codec, name="hific", generative=True),
        model=ModelFacts("hific-1", None, {"more": []}),
    )
    found = policy.problems(replace(report, label=replace(label, history=(first, last))))
    assert (found == ()) if problem is None else problem in found[0], found


def test_a_hash_is_allowed_and_no_name_that_looks_like_one(report: Report, label: Label) -> None:
    named = replace(label, model=ModelFacts(WEIGHTS, "cd" * 32))
    assert AllowedModels((WEIGHTS,)).problems(replace(report, label=named))


def test_age_counts_from_the_time_stamp(report: Report) -> None:
    policy = HighestAge(datetime.timedelta(days=30))
    assert policy.problems(replace(report, signed_at=_signed(29))) == ()
    assert "31 days" in policy.problems(replace(report, signed_at=_signed(31)))[0]
    assert policy.problems(replace(report, signed_at=_signed(1), valid=False))
    # This machine's clock may be a little behind, and is wrong where it is far.
    assert policy.problems(replace(report, signed_at=_signed(-0.001))) == ()
    assert "clock" in policy.problems(replace(report, signed_at=_signed(-1)))[0]


@pytest.mark.parametrize(
    ("states", "meets"),
    [
        ((), set()),
        (("unsigned",), {Recorded.RECORDED}),
        (("trusted", "untrusted"), {Recorded.RECORDED, Recorded.SIGNED}),
        (("trusted", "trusted"), set(Recorded)),
        (("tampered", "trusted"), set()),
    ],
)
def test_history_all_the_way_up(
    states: tuple[str, ...], meets: set[Recorded], report: Report
) -> None:
    known = replace(report, ingredients=tuple(map(_ingredient, states)))
    assert {least for least in Recorded if not RequiredHistory(least).problems(known)} == meets


LABEL_DEMANDS = (
    HighestScore(1),
    HighestOfType("shape", 1),
    HighestOfType("symbol", 1),
    AllowedCodecs(("msh",)),
    AllowedModels(("msh-1",)),
    NotGenerative(),
)


@pytest.mark.parametrize("policy", LABEL_DEMANDS, ids=str)
@pytest.mark.parametrize(
    "change", [{"label": None}, {"valid": False}, {"label_consistent": False}], ids=str
)
def test_a_label_that_is_not_proven_meets_nothing(
    policy: Policy, change: dict[str, Any], report: Report
) -> None:
    assert policy.problems(report) == ()
    assert policy.problems(replace(report, **change))


def test_an_untrusted_signer_meets_no_demand_for_one(report: Report) -> None:
    assert TrustedSigner().problems(replace(report, trusted=False))
    assert TrustedSigner(("Example Press",)).problems(replace(report, trusted=False))


def test_policies_are_put_together(report: Report) -> None:
    good, bad, worse = HighestScore(1), HighestScore(0.1), AllowedCodecs(("x",))
    assert AllOf(good, TrustedSigner()).problems(report) == ()
    assert len(AllOf(good, bad, worse).problems(report)) == 2
    assert AnyOf(bad, good).problems(report) == ()
    assert "0.1 and codec" in AnyOf(bad, worse).problems(report)[0]
    assert AllOf(AnyOf(bad, good), AnyOf(worse)).problems(report)
    # The same reason is told once.
    assert AllOf(good, bad, worse).problems(replace(report, label=None)) == ("no label",)


def test_demanding_nothing_is_met_by_nothing(report: Report) -> None:
    assert AllOf().problems(report) and AnyOf().problems(report)
    assert AllOf(AllOf()).problems(report) and AnyOf(AnyOf()).problems(report)


@pytest.mark.parametrize("value", [-0.1, 1.1, float("nan")])
def test_limits_are_shares(value: float) -> None:
    with pytest.raises(UsageError, match="within 0 and 1"):
        HighestScore(value)
    with pytest.raises(UsageError, match="within 0 and 1"):
        HighestOfType("shape", value)
    with pytest.raises(UsageError, match="no type"):
        HighestOfType("texture")


def _example() -> str:
    page = (ROOT / "docs" / "policies.md").read_text()
    found = re.search(r"```toml\n(.+?)```", page, re.DOTALL)
    assert found is not None
    return found[1]


def test_the_example_of_the_documentation_is_a_policy(tmp_path: Path, report: Report) -> None:
    path = tmp_path / "desk.toml"
    path.write_text(_example())
    assert report.label is not None
    shipped = codecs.get("msh")
    label = replace(report.label, codec=shipped.facts, model=shipped.model)
    problems = load_policy(str(path)).problems(replace(report, label=label))
    assert problems == (
        "risk 0.37, allowed 0.3",
        "shape 0.37, allowed 0.2",
        "symbol 0.71, none allowed",
    )


@pytest.mark.parametrize(
    ("text", "met"),
    [
        ("trusted_signer = true", True),
        ('trusted_signer = ["Another"]', False),
        ("max_score = 1", True),
        ('codecs = ["hific"]', False),
        ('models = ["msh-1"]', True),
        ("generative = false", True),
        ("max_age_days = 0.5", False),
        ('history = "signed"', False),
        ('[types]\ngeometry = "deny"', True),
        ("[types]\nsymbol = 0.8", True),
        ('[types]\nsymbol = "deny"', False),
    ],
)
def test_every_key_of_a_file(text: str, met: bool, tmp_path: Path, report: Report) -> None:
    path = tmp_path / "desk.toml"
    path.write_text(text)
    assert (load_policy(path).problems(report) == ()) == met


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "demands nothing"),
        ("generative = true", "demands nothing"),
        ("max_scores = 1", "max_scores"),
        ("max_score = 2", r"\$\.max_score"),
        ("max_score = nan", "within 0 and 1"),
        ('max_score = "low"', r"\$\.max_score"),
        ("trusted_signer = false", r"\$\.trusted_signer"),
        ("codecs = []", r"\$\.codecs"),
        ('[types]\ntexture = "deny"', "texture"),
        ('[types]\nshape = "allow"', r"\$\.types\.shape"),
        ("types = {}", r"\$\.types"),
        ("history = 2", r"\$\.history"),
        ("max_age_days = 0", r"\$\.max_age_days"),
        ("max_age_days = 2026-01-01", r"\$\.max_age_days"),
        ("max_score = ", "not a TOML file"),
        ("a = " + "[" * 5000, "not a TOML file"),
        ("a = 1\n" * 20_000, "larger than"),
    ],
)
def test_a_bad_file_is_told_and_where(text: str, problem: str, tmp_path: Path) -> None:
    path = tmp_path / "desk.toml"
    path.write_text(text)
    with pytest.raises(InputError, match=f"desk.toml: .*{problem}"):
        load_policy(path)


def test_bytes_that_are_no_text(tmp_path: Path) -> None:
    path = tmp_path / "desk.toml"
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(InputError, match="not a TOML file"):
        load_policy(path)
