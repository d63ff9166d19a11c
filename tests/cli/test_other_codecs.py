"""Codecs from outside: programs in ``codecs.toml``, and packages with an entry point."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from provenance import imaging
from provenance.codecs import Picture, external
from provenance.errors import ModelError

from .conftest import Command

ENCODER = """
import sys
from PIL import Image
source, target, quality = sys.argv[1:]
Image.open(source).save(target, "WEBP", quality=int(float(quality)))
"""
DECODER = """
import sys
from PIL import Image
source, target = sys.argv[1:]
Image.open(source).save(target, "PNG")
"""
MOSAIC = Path(__file__).parents[1] / "codecs" / "mosaic"


class Programs:
    """A configuration folder whose ``codecs.toml`` names two programs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.env = {"PROVENANCE_HOME": str(folder)}
        self.encoder, self.decoder = folder / "encode.py", folder / "decode.py"
        self.encoder.write_text(ENCODER)
        self.decoder.write_text(DECODER)
        self.encode = [sys.executable, str(self.encoder), "{input}", "{output}", "{quality}"]
        self.decode = [sys.executable, str(self.decoder), "{input}", "{output}"]
        self.configure()

    def configure(self, **changes: Any) -> None:
        entry = {
            "family": "WebP, by a program of others",
            "generative": False,
            "model": "webp 1",
            "sha256": "ab" * 32,
            "encode": self.encode,
            "decode": self.decode,
            "seconds": 60,
            **changes,
        }
        lines = [f"{key} = {json.dumps(value)}" for key, value in entry.items()]
        (self.folder / "codecs.toml").write_text("[outside]\n" + "\n".join(lines))


@pytest.fixture
def programs(tmp_path: Path) -> Programs:
    folder = tmp_path / "home"
    folder.mkdir()
    return Programs(folder)


def test_a_program_is_a_codec_like_any_other(
    provenance: Command, programs: Programs, astronaut: Path, tmp_path: Path
) -> None:
    target, back = tmp_path / "photo.avif", tmp_path / "back.png"
    made = provenance(
        "compress", astronaut, "--codec", "outside", "-q", 80, "-o", target, "--json",
        env=programs.env,
    )  # fmt: skip
    assert made.code == 0, made.err
    label = made.json("written")["label"]
    assert label["codec"]["name"] == "outside"
    assert label["codec"]["family"] == "WebP, by a program of others"
    assert label["model"] == {"name": "webp 1", "sha256": "ab" * 32}
    assert provenance("verify", target, env=programs.env).code == 0
    assert provenance("decompress", target, "-o", back, env=programs.env).code == 0
    decoded = imaging.load(back.read_bytes(), "back").pixels
    original = imaging.load(astronaut.read_bytes(), "photo").pixels
    assert 0 < np.abs(decoded.astype(int) - original).mean() < 4
    listed = provenance("codecs", "--json", env=programs.env).json("codecs")["codecs"]
    names = [entry["codec"]["name"] for entry in listed]
    assert names[0] == "msh" and names.count("outside") == 1
    # Elsewhere, where nobody configured it, the file says what it needs.
    missing = provenance("decompress", target, "-o", tmp_path / "no.png")
    assert (missing.code, "outside" in missing.err) == (6, True)


@pytest.mark.parametrize("size", [(1, 1), (7, 3), (30, 70)])
def test_a_program_gets_narrow_pictures_too(
    programs: Programs, size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROVENANCE_HOME", str(programs.folder))
    width, height = size
    codec = external.load()["outside"]
    picture = Picture(np.full((height, width, 3), 90, np.uint8))
    decoded = codec.decode(codec.encode(picture, 80), max_pixels=64 * 70)
    assert decoded.pixels.shape == (height, width, 3)


def test_a_decoder_that_gives_another_picture_is_refused(
    provenance: Command, programs: Programs, astronaut: Path, tmp_path: Path
) -> None:
    target = tmp_path / "photo.avif"
    command = ("compress", astronaut, "--codec", "outside", "-q", 80, "-o", target)
    assert provenance(*command, env=programs.env).code == 0
    programs.decoder.write_text(_changed(".rotate(180)"))
    done = provenance("decompress", target, "-o", tmp_path / "no.png", env=programs.env)
    assert (done.code, "another picture" in done.err) == (4, True)
    assert not (tmp_path / "no.png").exists()


@pytest.mark.parametrize(
    ("encoder", "said"),
    [
        ("import sys; sys.exit('the licence has ended')", "the licence has ended"),
        ("pass", "no such file"),
        ("import time; time.sleep(100)", "took more than 1 s"),
    ],
)
def test_a_program_that_fails_says_why_and_leaves_nothing(
    encoder: str,
    said: str,
    provenance: Command,
    programs: Programs,
    astronaut: Path,
    tmp_path: Path,
) -> None:
    programs.encoder.write_text(encoder)
    programs.configure(seconds=1 if "sleep" in encoder else 60)
    target = tmp_path / "photo.avif"
    began = time.monotonic()
    done = provenance("compress", astronaut, "--codec", "outside", "-o", target, env=programs.env)
    assert (done.code, said in done.err, done.err.count("\n")) == (6, True, 1)
    assert not target.exists()
    assert time.monotonic() - began < 60


def test_of_a_talkative_program_the_last_words_are_kept(tmp_path: Path) -> None:
    loud = "import sys; sys.stderr.write('x' * 100_000_000); sys.exit('the end')"
    tracemalloc.start()
    try:
        with pytest.raises(ModelError, match=r"failed with 1: x+the end$"):
            external._execute([sys.executable, "-c", loud], str(tmp_path), 60)
        assert tracemalloc.get_traced_memory()[1] < 5_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    "endless",
    [
        "while True: sys.stderr.write('x' * 1000)",
        "sys.stderr.close(); os.close(2); time.sleep(100)",
        "subprocess.Popen(['sleep', '100'])",
    ],
)
def test_whatever_a_program_does_with_its_standard_error_its_time_is_limited(
    endless: str, tmp_path: Path
) -> None:
    began = time.monotonic()
    command = [sys.executable, "-c", f"import os, subprocess, sys, time\n{endless}"]
    with pytest.raises(ModelError, match="took more than 3 s"):
        external._execute(command, str(tmp_path), 3)
    assert time.monotonic() - began < 30


@pytest.mark.skipif(os.name != "posix", reason="signals")
def test_a_command_that_is_told_to_end_ends_its_program_and_leaves_nothing(
    programs: Programs, detail: Path, tmp_path: Path
) -> None:
    started, scratch = tmp_path / "started", tmp_path / "scratch"
    scratch.mkdir()
    endless = "import os, sys, time\nopen(sys.argv[1], 'w').write(str(os.getpid()) + '\\n')\n"
    programs.encoder.write_text(endless + "time.sleep(100)")
    programs.configure(
        encode=[sys.executable, str(programs.encoder), str(started), *programs.encode[2:]]
    )
    command = Path(sys.executable).with_name("provenance")
    target = tmp_path / "photo.avif"
    with subprocess.Popen(
        [command, "compress", detail, "--codec", "outside", "-o", target],
        env={**os.environ, **programs.env, "TMPDIR": str(scratch)},
        stderr=subprocess.PIPE,
    ) as running:
        _wait_until(lambda: started.exists() and started.read_text().endswith("\n"))
        running.send_signal(signal.SIGTERM)
        _, said = running.communicate(timeout=60)
    assert (running.returncode, said) == (128 + signal.SIGTERM, b"")
    _wait_until(lambda: not Path("/proc", started.read_text().strip()).exists())
    assert not list(scratch.iterdir()) and not target.exists()


def test_what_a_decoder_writes_must_fit(
    provenance: Command, programs: Programs, astronaut: Path, tmp_path: Path
) -> None:
    programs.decoder.write_text(_changed(".resize((9, 9))"))
    done = provenance(
        "compress", astronaut, "--codec", "outside", "-o", tmp_path / "x.avif", env=programs.env
    )
    assert (done.code, "9x9" in done.err) == (6, True)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"encode": ["true", "{input}"]}, "outside.encode: {output} is missing"),
        ({"decode": ["true", "{input}", "{output}", "{quality}"]}, "{quality} is no placeholder"),
        ({"encode": ["true", "{input}", "{output}", "{secret}"]}, "{secret} is no placeholder"),
        ({"encode": "rm -rf {input}"}, "is not of type 'array'"),
        ({"sha256": "unknown"}, "does not match"),
        ({"shell": True}, "'shell' was unexpected"),
    ],
)
def test_a_poor_configuration_is_told_in_one_line(
    changes: dict[str, Any], said: str, provenance: Command, programs: Programs
) -> None:
    programs.configure(**changes)
    done = provenance("codecs", env=programs.env)
    assert (done.code, said in done.err, done.err.count("\n")) == (6, True, 1), done.err
    assert str(programs.folder / "codecs.toml") in done.err


def test_a_program_that_is_not_told_the_quality_takes_no_goal(
    provenance: Command, programs: Programs, astronaut: Path, tmp_path: Path
) -> None:
    programs.configure(encode=[*programs.encode[:4], "50"])
    target = tmp_path / "x.avif"
    arguments = ("compress", astronaut, "--codec", "outside", "-q", 30, "-o", target)
    done = provenance(*arguments, env=programs.env)
    assert (done.code, "one rate" in done.err, target.exists()) == (2, True, False), done.err


def test_a_shell_never_sees_the_command_line(
    provenance: Command, programs: Programs, astronaut: Path, tmp_path: Path
) -> None:
    programs.configure(encode=[*programs.encode[:4], "1; touch /tmp/owned; $(touch {output}.x)"])
    done = provenance(
        "compress", astronaut, "--codec", "outside", "-o", tmp_path / "x.avif", env=programs.env
    )
    assert (done.code, "could not convert" in done.err) == (6, True)
    assert not Path("/tmp/owned").exists()


def test_an_installed_package_brings_a_codec(
    provenance: Command, astronaut: Path, tmp_path: Path
) -> None:
    path = os.pathsep.join(filter(None, (str(MOSAIC), os.environ.get("PYTHONPATH"))))
    env, target = {"PYTHONPATH": path}, tmp_path / "photo.avif"
    made = provenance(
        "compress", astronaut, "--codec", "mosaic", "-q", 60, "-o", target, "--json", env=env
    )
    assert made.code == 0, made.err
    label = made.json("written")["label"]
    assert label["codec"]["name"] == "mosaic"
    assert label["risk"]["level"] >= 3
    assert provenance("verify", target, env=env).code == 0
    assert provenance("decompress", target, "-o", tmp_path / "back.png", env=env).code == 0
    assert provenance("decompress", target, "-o", tmp_path / "no.png").code == 6


def test_a_broken_codec_hides_no_other(provenance: Command, tmp_path: Path) -> None:
    (tmp_path / "mosaic.py").write_text("raise RuntimeError('no licence')")
    paths = (str(tmp_path), str(MOSAIC), os.environ.get("PYTHONPATH"))
    env = {"PYTHONPATH": os.pathsep.join(filter(None, paths))}
    listed = provenance("codecs", "--json", env=env)
    problem = "mosaic: mosaic:Mosaic cannot load: RuntimeError: no licence; mend or remove it"
    assert listed.code == 6 and problem in listed.err
    told = listed.json("codecs")
    assert told["problems"] == [problem]
    assert told["codecs"][0]["name"] == "msh"
    shown = provenance("codecs", env=env)
    assert (shown.code, "hyperprior" in shown.out, problem in shown.err) == (6, True, True)


def _wait_until(met: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not met():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def _changed(change: str) -> str:
    return DECODER.replace("Image.open(source)", f"Image.open(source){change}")
