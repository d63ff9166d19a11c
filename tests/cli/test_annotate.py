"""``provenance annotate`` as a user runs it; the page itself has tests of its own."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from provenance.cli.annotate import open_
from provenance.errors import UsageError

from ..annotation.conftest import annotation, finding
from .conftest import Command


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two observers who agree on one picture, and a draft."""
    from provenance.annotation.store import Store

    target = tmp_path / "annotations"
    for each in (
        annotation("anna", finding()),
        annotation("bo", finding((12, 20, 30, 40))),
        annotation("bo", finding(), pair="other", complete=False),
    ):
        Store(target, each.observer).put(each, None)
    return target


def test_export_writes_coco(provenance: Command, folder: Path, tmp_path: Path) -> None:
    target = tmp_path / "coco.json"
    done = provenance("annotate", "export", folder, "-o", target)
    assert done.code == 0 and "images: 1, annotations: 2" in done.out
    assert "not complete: 1" in done.err
    assert {a["attributes"]["observer"] for a in json.loads(target.read_text())["annotations"]} == {
        "anna",
        "bo",
    }
    again = provenance("annotate", "export", folder, "-o", target)
    assert again.code == 6 and "exists already" in again.err
    piped = provenance("annotate", "export", folder, "-o", "-", "--observer", "anna")
    assert len(json.loads(piped.out)["annotations"]) == 1 and piped.err == ""
    nobody = provenance("annotate", "export", folder, "-o", "-", "--observer", "cleo")
    assert nobody.code == 6 and "no complete annotation of cleo" in nobody.err


def test_agreement_is_told(provenance: Command, folder: Path) -> None:
    told = provenance("annotate", "agreement", folder)
    assert told.code == 0 and "anna, bo" in told.out
    assert "F1 1.00 (n = 1 places, 1 found by two or more, IoU 0.5)" in told.out
    assert "kappa undefined (n = 1 pairs)" in told.out
    found = provenance("annotate", "agreement", folder, "--iou", 0.9, "--json").json("agreement")
    assert found["agreement"]["places_f1"] == 0 and found["agreement"]["places"] == 2
    assert found["pairwise"] == [found["agreement"]]


def test_bad_folders_and_thresholds(provenance: Command, folder: Path, tmp_path: Path) -> None:
    for command in (("export", "-o", tmp_path / "x.json"), ("agreement",)):
        missing = provenance("annotate", command[0], tmp_path / "none", *command[1:])
        assert (missing.code, missing.err.count("\n")) == (6, 1)
        assert "no such folder" in missing.err
    assert provenance("annotate", "agreement", folder, "--iou", 0).code == 2
    (folder / "0123456789abcdef.cleo.json").write_text('{"schema_version": "1.0"}')
    broken = provenance("annotate", "agreement", folder, "--json")
    assert broken.code == 4 and "cleo.json: at" in broken.err
    assert broken.json("error")["error"]["exit_code"] == 4
    assert not (tmp_path / "x.json").exists()


def test_open_refuses_what_cannot_be_shown(
    provenance: Command, astronaut: Path, data: Path, tmp_path: Path
) -> None:
    def refused(*arguments: object, observer: str = "anna") -> tuple[int, str]:
        options = ("--observer", observer, "-o", tmp_path / "out", "--no-browser")
        done = provenance("annotate", "open", *arguments, *options)
        assert done.err.count("\n") == 1 and done.out == "", done.err
        return done.code, done.err

    kodak = data / "kodak" / "kodim01.png"
    text = tmp_path / "text.png"
    text.write_text("not a picture")
    for arguments, code, told in (
        ((astronaut, kodak), 6, "768x512 px, but the original has 512x512"),
        ((astronaut, text), 6, "not an image"),
        ((astronaut, tmp_path / "none.png"), 6, "no such file"),
        ((astronaut, tmp_path), 2, "two files, two folders"),
        ((astronaut, astronaut, "--max-pixels", 1000), 6, "--max-pixels"),
    ):
        got, err = refused(*arguments)
        assert got == code and told in err, err
    code, err = refused(astronaut, astronaut, observer="a/b")
    assert code == 2 and "'a/b'" in err
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        code, err = refused(astronaut, astronaut, "--port", taken.getsockname()[1])
    assert code == 6 and "port" in err


def test_an_observer_is_refused_before_pictures_are_read(
    monkeypatch: pytest.MonkeyPatch, astronaut: Path, tmp_path: Path
) -> None:
    def identify(_: object) -> None:
        raise AssertionError("read")

    monkeypatch.setattr("provenance.annotation.pairs.identify", identify)
    with pytest.raises(UsageError, match="observer 'a/b'"):
        open_(original=astronaut, reconstruction=astronaut, observer="a/b", output=tmp_path / "out")


def test_without_the_extra_it_says_which(
    provenance: Command, astronaut: Path, tmp_path: Path
) -> None:
    (tmp_path / "sitecustomize.py").write_text("import sys\nsys.modules['starlette'] = None\n")
    path = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])
    done = provenance(
        "annotate", "open", astronaut, astronaut, "--observer", "anna", env={"PYTHONPATH": path}
    )
    assert done.code == 2 and "pip install 'provenance[web]'" in done.err
    assert done.err.count("\n") == 1


def test_help_and_library_load_no_server() -> None:
    code = (
        "import sys, provenance.cli.app, provenance.annotation\n"
        "assert not {'starlette', 'uvicorn', 'torch', 'numpy'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
