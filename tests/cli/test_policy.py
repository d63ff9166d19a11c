"""``verify --policy`` as a newsroom uses it."""

from __future__ import annotations

from pathlib import Path

from .conftest import Command


def _policy(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "desk.toml"
    path.write_text(text)
    return path


def test_a_policy_decides_between_good_and_not_met(
    provenance: Command, compressed: Path, tmp_path: Path
) -> None:
    met = provenance(
        "verify", compressed, "--policy", _policy(tmp_path, 'codecs = ["msh"]'), "--json"
    )
    assert met.code == 0 and met.json("verify")["verdict"]["policy_met"] is True

    strict = _policy(tmp_path, 'trusted_signer = true\nmodels = ["another"]\nhistory = "signed"')
    done = provenance("verify", compressed, "--policy", strict)
    assert done.code == 1
    assert "14 FAIL policy: model msh-6, which is not allowed; history: original is" in done.out


def test_a_policy_and_a_score_are_both_demanded(
    provenance: Command, compressed: Path, tmp_path: Path
) -> None:
    policy = _policy(tmp_path, 'codecs = ["hific"]')
    done = provenance("verify", compressed, "--policy", policy, "--max-score", 1)
    assert done.code == 1 and "codec msh, which is not allowed" in done.out
    met = _policy(tmp_path, 'codecs = ["msh"]')
    done = provenance("verify", compressed, "--policy", met, "--max-score", 1)
    assert done.code == 0 and "14 ok   policy: risk at most 1; codec msh" in done.out


def test_a_signer_who_is_not_trusted_counts_before_the_policy(
    provenance: Command, compressed: Path, tmp_path: Path
) -> None:
    policy = _policy(tmp_path, "trusted_signer = true")
    elsewhere = {"PROVENANCE_HOME": str(tmp_path / "home")}
    done = provenance("verify", compressed, "--policy", policy, "--json", env=elsewhere)
    assert done.code == 5 and done.json("verify")["verdict"]["policy_met"] is False


def test_a_bad_policy_is_one_line(provenance: Command, compressed: Path, tmp_path: Path) -> None:
    done = provenance("verify", compressed, "--policy", _policy(tmp_path, "max_scores = 1"))
    assert done.code == 6 and len(done.err.splitlines()) == 1 and done.out == ""
    assert "desk.toml" in done.err and "max_scores" in done.err
    odd = provenance("verify", compressed, "--policy", _policy(tmp_path, "max_age_days = nan"))
    assert odd.code == 6 and "no policy" in odd.err and "internal" not in odd.err
    assert "no such file" in provenance("verify", compressed, "--policy", tmp_path / "x").err
