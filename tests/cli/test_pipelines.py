"""Many files in one call, and the pipelines that make it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from provenance.labels.schema import checked

from .conftest import OUTPUT_SCHEMA, Command

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def pictures(compressed: Path, astronaut: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two good files, one that nobody signed, one that was changed, one that is none."""
    folder = tmp_path_factory.mktemp("pictures")
    (folder / "desk" / "march").mkdir(parents=True)
    shutil.copy(compressed, folder / "b.avif")
    shutil.copy(compressed, folder / "desk" / "march" / "a.AVIF")
    shutil.copy(astronaut, folder / "desk" / "unsigned.png")
    changed = bytearray(compressed.read_bytes())
    changed[changed.index(b"PRVC") + 100] ^= 1
    (folder / "changed.avif").write_bytes(changed)
    (folder / "notes.txt").write_text("no picture")
    (folder / "z.jpg").write_text("no picture either")
    (folder / "link.avif").symlink_to(compressed)
    (folder / "loop").symlink_to(folder)
    return folder


def _lines(out: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in out.splitlines()]


def test_progress_on_a_terminal_leaves_a_file_its_lines(pictures: Path, tmp_path: Path) -> None:
    files = [pictures / "b.avif", pictures / "desk" / "unsigned.png"]
    script = Path(sys.executable).with_name("provenance")
    out, (terminal, theirs) = tmp_path / "out.jsonl", os.openpty()
    try:
        with out.open("wb") as stream:
            command: list[str | Path] = [script, "verify", *files, "--json"]
            subprocess.run(command, stdout=stream, stderr=theirs, timeout=300, check=False)
        assert b"verified" in os.read(terminal, 10_000)
    finally:
        os.close(theirs)
        os.close(terminal)
    assert [line["file"] for line in _lines(out.read_text())] == [str(file) for file in files]


def test_a_folder_gives_one_line_of_json_for_each_picture(
    provenance: Command, pictures: Path
) -> None:
    done = provenance("verify", pictures, "--json")
    found = [checked(line, OUTPUT_SCHEMA, "verify") for line in _lines(done.out)]
    names = [Path(line["file"]).relative_to(pictures).as_posix() for line in found]
    assert names == ["b.avif", "changed.avif", "desk/march/a.AVIF", "desk/unsigned.png", "z.jpg"]
    assert [line["exit_code"] for line in found] == [0, 4, 0, 3, 6]
    assert done.code == 6 and done.err == ""


def test_a_bad_file_does_not_stop_the_rest(
    provenance: Command, pictures: Path, tmp_path: Path
) -> None:
    missing, empty = tmp_path / "missing.avif", tmp_path / "empty"
    empty.mkdir()
    done = provenance("verify", missing, empty, pictures / "b.avif", "--json")
    first, second, last = _lines(done.out)
    for line, path in ((first, missing), (second, empty)):
        checked(line, OUTPUT_SCHEMA, "error")
        assert line["file"] == str(path) and line["error"]["exit_code"] == 6
    assert "no pictures in this folder" in second["error"]["message"]
    assert checked(last, OUTPUT_SCHEMA, "verify")["exit_code"] == 0
    assert done.code == 6 and len(done.err.splitlines()) == 2


def test_an_empty_folder_is_no_success(provenance: Command, tmp_path: Path) -> None:
    assert provenance("verify", tmp_path).code == 6


def test_people_read_what_is_wrong_and_no_more(provenance: Command, pictures: Path) -> None:
    done = provenance("verify", pictures)
    assert done.code == 6 and "z.jpg: no picture of a known format" in done.out
    assert done.out.count("intact, valid and signed by somebody whom you trust") == 2
    assert " ok " not in done.out and "FAIL hard binding" in done.out
    assert done.out.endswith("5 files, 2 of them good\n")
    assert provenance("verify", pictures / "desk" / "march").out.endswith("1 file, 1 good\n")


def test_a_policy_holds_for_every_file(provenance: Command, pictures: Path, tmp_path: Path) -> None:
    policy = tmp_path / "desk.toml"
    policy.write_text('codecs = ["hific"]')
    done = provenance(
        "verify", pictures / "b.avif", pictures / "desk" / "march", "--policy", policy
    )
    assert done.code == 1 and done.out.count("codec msh, which is not allowed") == 2


# The pre-commit hook and the GitHub Action.


def _shell(script: str, folder: Path, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run a step as a runner does, with our command on the path."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script],
        cwd=folder,
        env={**os.environ, "PATH": path, **env},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def test_the_pre_commit_hook_runs(pictures: Path) -> None:
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    assert hook["language"] == "python" and "avif" in hook["types_or"]
    # pre-commit appends the names of the files.
    assert _shell(f"{hook['entry']} b.avif", pictures, {}).returncode == 0
    done = _shell(f"{hook['entry']} b.avif desk/unsigned.png", pictures, {})
    assert done.returncode == 3 and "unsigned.png: no credential" in done.stdout


@pytest.fixture
def action() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((ROOT / "action.yml").read_text())
    return loaded


def _step(action: dict[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(s for s in action["runs"]["steps"] if s.get("name") == name)
    return found


def _inputs(action: dict[str, Any], step: dict[str, Any], given: dict[str, str]) -> dict[str, str]:
    """The step's environment, with ``${{ inputs.NAME }}`` filled in as a runner would."""
    values = {name: entry.get("default", "") for name, entry in action["inputs"].items()} | given
    return {
        variable: values[expression.removeprefix("${{ inputs.").removesuffix(" }}")]
        for variable, expression in step["env"].items()
    }


def test_the_action_is_a_composite_one(action: dict[str, Any]) -> None:
    assert action["runs"]["using"] == "composite"
    for step in action["runs"]["steps"]:
        if "run" in step:
            assert step["shell"] == "bash"
            # What a caller gives never becomes part of a script.
            assert "${{" not in step["run"]


@pytest.mark.parametrize(
    ("paths", "code", "words"),
    [
        ("b.avif", 0, "b.avif: intact"),
        ("b.avif\ndesk\n", 3, "3 files, 2 of them good"),
        (".", 6, "5 files"),
        ("with spaces.avif", 0, "with spaces.avif: intact"),
    ],
)
def test_the_action_verifies(
    paths: str, code: int, words: str, action: dict[str, Any], pictures: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "work"
    shutil.copytree(pictures, folder, symlinks=True)
    if "spaces" in paths:
        shutil.copy(folder / "b.avif", folder / paths)
    step = _step(action, "Verify")
    done = _shell(step["run"], folder, _inputs(action, step, {"paths": paths}))
    assert done.returncode == code, done.stderr
    assert words in done.stdout


def test_the_action_takes_a_policy_and_anchors(
    action: dict[str, Any], pictures: Path, tmp_path: Path, home: Path
) -> None:
    folder = tmp_path / "work"
    folder.mkdir()
    shutil.copy(pictures / "b.avif", folder)
    shutil.copy(home / "identity" / "ca.pem", folder / "desk ca.pem")
    (folder / "desk.toml").write_text("trusted_signer = true")
    elsewhere = {"PROVENANCE_HOME": str(tmp_path / "home")}
    given = {"paths": "b.avif", "policy": "desk.toml", "anchors": "desk ca.pem"}

    verify = _step(action, "Verify")
    env = elsewhere | _inputs(action, verify, given)
    assert _shell(verify["run"], folder, env).returncode == 5

    trust = _step(action, "Trust")
    assert trust["if"] == "${{ inputs.anchors != '' }}"
    done = _shell(trust["run"], folder, elsewhere | _inputs(action, trust, given))
    assert done.returncode == 0, done.stderr
    done = _shell(verify["run"], folder, env)
    assert done.returncode == 0 and "ok   policy: signed by somebody whom you trust" in done.stdout


@pytest.mark.slow
def test_the_action_installs_what_it_needs(action: dict[str, Any], tmp_path: Path) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True)
    for name in listed.stdout.decode().split("\0")[:-1]:
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, source / name, follow_symlinks=False)
    # What it depends on is installed here already, and the network is not asked.
    offline = {
        "PIP_NO_INDEX": "1",
        "PIP_NO_DEPS": "1",
        "PIP_NO_BUILD_ISOLATION": "0",  # pip reads it the other way round
        "PIP_TARGET": str(target),
    }
    step = _step(action, "Install")
    assert step["env"] == {"SOURCE": "${{ github.action_path }}"}
    done = _shell(step["run"], tmp_path, {**offline, "SOURCE": str(source)})
    assert done.returncode == 0, done.stderr
    assert (target / "provenance" / "schemas" / "policy-1.schema.json").is_file()
    assert (target / "bin" / "provenance").is_file()
