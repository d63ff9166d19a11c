"""Bad input: one clear line, the right exit code, nothing lost."""

from __future__ import annotations

import errno
import json
import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path
from typing import get_type_hints

import numpy as np
import pytest
from PIL import Image

from provenance.cli import main
from provenance.cli.app import app

from .conftest import Command, Run


def _one_line(done: Run, code: int, *words: str) -> None:
    assert done.code == code, done.err
    lines = done.err.strip().splitlines()
    assert len(lines) == 1 and lines[0].startswith("provenance: "), done.err
    for word in words:
        assert word in lines[0]


def test_a_missing_file(provenance: Command, tmp_path: Path) -> None:
    missing = tmp_path / "missing.jpg"
    for command in ("compress", "decompress", "verify", "show"):
        _one_line(provenance(command, missing), 6, "missing.jpg", "no such file")
    error = provenance("verify", missing, "--json")
    assert error.json("error")["error"]["exit_code"] == 6


def test_not_an_image(provenance: Command, tmp_path: Path) -> None:
    text = tmp_path / "notes.jpg"
    text.write_text("not a photo")
    _one_line(provenance("compress", text), 6, "notes.jpg", "not an image")
    assert sorted(tmp_path.iterdir()) == [text]


def test_a_truncated_image(provenance: Command, data: Path, tmp_path: Path) -> None:
    cut = tmp_path / "cut.jpg"
    cut.write_bytes((data / "faces" / "portrait-1.jpg").read_bytes()[:50_000])
    _one_line(provenance("compress", cut), 6, "cut.jpg", "truncated")
    assert sorted(tmp_path.iterdir()) == [cut]


def test_a_decompression_bomb(provenance: Command, astronaut: Path, tmp_path: Path) -> None:
    bomb = tmp_path / "bomb.png"
    Image.new("1", (11_000, 11_000)).save(bomb)
    _one_line(provenance("compress", bomb), 6, "pixels allowed", "--max-pixels")
    done = provenance("compress", astronaut, "--max-pixels", 1000, "-o", tmp_path / "a.avif")
    _one_line(done, 6, "512x512", "1,000")


def test_an_existing_output_is_kept(provenance: Command, detail: Path, tmp_path: Path) -> None:
    target = tmp_path / "kept.avif"
    target.write_bytes(b"precious")
    _one_line(provenance("compress", detail, "-o", target), 6, "exists already", "--force")
    assert target.read_bytes() == b"precious"
    assert provenance("compress", detail, "-q", 1, "-o", target, "--force").code == 0
    assert target.read_bytes()[4:8] == b"ftyp"


def test_the_original_is_never_the_output(
    provenance: Command, astronaut: Path, tmp_path: Path
) -> None:
    photo = tmp_path / "photo.png"
    shutil.copy(astronaut, photo)
    link = tmp_path / "link.avif"
    link.symlink_to(photo)
    for target in (photo, link):
        done = provenance("compress", photo, "-o", target, "--force")
        _one_line(done, 6, "never touched")
    assert photo.read_bytes() == astronaut.read_bytes()


def test_an_output_that_cannot_be_written(
    provenance: Command, astronaut: Path, tmp_path: Path
) -> None:
    nowhere = tmp_path / "no" / "folder.avif"
    _one_line(provenance("compress", astronaut, "-o", nowhere), 6, "does not exist")
    _one_line(provenance("compress", astronaut, "-o", tmp_path), 6, "is a folder")


def test_a_full_disk_leaves_nothing(provenance: Command, astronaut: Path, tmp_path: Path) -> None:
    # /dev/full answers every write with "no space left on device".
    from provenance.errors import OutputError
    from provenance.files import write

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("os.fsync", _no_space)
        with pytest.raises(OutputError, match="No space left"):
            write(tmp_path / "out.avif", b"data")
    assert not list(tmp_path.iterdir())


def _no_space(_: int) -> None:
    raise OSError(28, "No space left on device")


def test_a_file_that_is_not_compressed(provenance: Command, astronaut: Path) -> None:
    _one_line(provenance("decompress", astronaut), 6, "not a compressed file")


def test_a_cut_container(provenance: Command, compressed: Path, tmp_path: Path) -> None:
    data = compressed.read_bytes()
    for length in (40, 300, len(data) // 2, len(data) - 9000):
        cut = tmp_path / "cut.avif"
        cut.write_bytes(data[:length])
        _one_line(provenance("decompress", cut, "-o", tmp_path / "x.png"), 4, f"{cut}: container: ")
        done = provenance("verify", cut)
        assert done.code == 4 and "container: container" not in done.out
    assert sorted(tmp_path.iterdir()) == [cut]


def test_a_broken_bitstream_is_told_with_its_file(
    provenance: Command, compressed: Path, tmp_path: Path
) -> None:
    data, broken = bytearray(compressed.read_bytes()), tmp_path / "broken.avif"
    data[data.index(b"PRVC") + 700] ^= 1
    broken.write_bytes(data)
    for command in (("evidence", broken, "-o", tmp_path / "x.png"), ("assess", broken, broken)):
        _one_line(provenance(*command), 4, f"{broken}: bitstream: ")


def test_usage_errors(provenance: Command, astronaut: Path, tmp_path: Path) -> None:
    out = tmp_path / "a.avif"
    assert provenance("compress", astronaut, "-q", 0, "-o", out).code == 2
    assert provenance("compress", astronaut, "--to", "gif", "-o", out).code == 2
    assert provenance("compress").code == 2
    assert provenance("explode").code == 2
    told = provenance("verify", astronaut, "--jpeg", "--json").json("error")["error"]
    assert told["exit_code"] == 2 and "--jpeg" in told["message"]
    _one_line(provenance("compress", astronaut, "--codec", "none", "-o", out), 2, "no such codec")
    for option, known in (("--tune", "psnr, ssim, meaning"), ("--decoder", "perceptual")):
        _one_line(provenance("compress", astronaut, option, "sharp", "-o", out), 2, known)
    _one_line(provenance("compress", astronaut, "--preview", "big", "-o", out), 2, "--preview")
    _one_line(provenance("compress", astronaut, "--preview", "9", "-o", out), 2, "16 to 4096")
    _one_line(provenance("compress", astronaut, "-o", "-", "--json"), 2, "--json")
    _one_line(provenance("compress", astronaut, "--certificate", "c.pem", "-o", out), 2, "--signer")
    assert not out.exists()


def test_pictures_of_different_sizes(provenance: Command, astronaut: Path, data: Path) -> None:
    done = provenance("assess", astronaut, data / "kodak" / "kodim01.png")
    _one_line(done, 6, "512x512", "768x512")


def test_one_bad_file_among_many_is_told_and_decides(
    provenance: Command, compressed: Path, tmp_path: Path
) -> None:
    done = provenance("verify", compressed, tmp_path / "missing.avif", compressed)
    assert done.code == 6
    assert done.out.count("intact, valid") == 2 and "no such file" in done.err


def test_paths_are_read_before_they_are_judged(
    provenance: Command, compressed: Path, tmp_path: Path
) -> None:
    # A name too long fails as a folder does that nobody may look into, whoever runs this.
    long = tmp_path / ("a" * 300 + ".avif")
    _one_line(provenance("verify", long), 6, "cannot be read")
    done = provenance("verify", long, compressed, "--json")
    assert done.code == 6 and [line.count('"error"') for line in done.out.splitlines()] == [1, 0]


def test_no_path_is_refused_before_the_others_are_read() -> None:
    # Typer makes a wrong usage of what cannot be read, unless it is told to leave that to us.
    apps = [app, *(group.typer_instance for group in app.registered_groups)]
    commands = [entry.callback for each in apps if each for entry in each.registered_commands]
    found = [
        (command.__name__, name, hint.__metadata__[0].readable)
        for command in commands
        if command
        for name, hint in get_type_hints(command, include_extras=True).items()
        if "pathlib.Path" in str(hint)
    ]
    assert len(found) > 40 and not [entry for entry in found if entry[2]]


def test_a_folder_where_a_picture_belongs(provenance: Command, tmp_path: Path) -> None:
    for command in ("compress", "decompress", "report"):
        for folder in (".", "/", tmp_path):
            _one_line(provenance(command, folder), 6, "is a folder")


@pytest.mark.parametrize(
    "arguments",
    [
        ("verify", ""),
        ("verify", "a.avif", "", "--json"),
        ("compress", "a.png", "-o", ""),
        ("compress", "a.png", "--output="),
        ("verify", "a.avif", "--policy", ""),
        ("trust", "add", "", "desk"),
        ("view", ""),
        ("bench", "codec", ""),
    ],
    ids=" ".join,
)
def test_an_empty_path_is_not_the_current_folder(
    arguments: tuple[str, ...], provenance: Command, compressed: Path
) -> None:
    done = provenance(*arguments)
    _one_line(done, 2, "empty")
    if "--json" in arguments:
        assert done.json("error")["error"]["exit_code"] == 2


def test_standard_input_is_read_once(provenance: Command, astronaut: Path) -> None:
    done = provenance("assess", "-", "-", stdin=astronaut.read_bytes())
    _one_line(done, 6, "standard input: can be read once")


def test_numbers_and_names_that_are_none(
    provenance: Command, astronaut: Path, tmp_path: Path
) -> None:
    given = ("label", astronaut, astronaut, "-o", tmp_path / "a.png")
    named = ("--codec", "a", "--model", "b")
    _one_line(provenance(*given, *named, "--quality", "inf"), 2, "finite")
    _one_line(provenance(*given, *named, "--bits-per-pixel", "inf"), 2, "finite")
    _one_line(provenance(*given, "--codec", "", "--model", "b"), 2, "--codec")
    _one_line(provenance(*given, "--codec", "a", "--model", "b\x01"), 2, "--model")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG", "TIFF"])
def test_what_has_several_frames_is_not_labelled_by_one(
    kind: str, provenance: Command, astronaut: Path, tmp_path: Path
) -> None:
    with Image.open(astronaut) as opened:
        first = opened.convert("RGB").resize((64, 64))
    moving, still = tmp_path / f"moving.{kind.lower()}", tmp_path / "still.png"
    first.save(moving, kind, save_all=True, append_images=[first.rotate(90)])
    first.save(still)
    done = provenance("label", still, moving, "--codec", "a", "--model", "b")
    _one_line(done, 6, "has 2 frames")
    assert len(list(tmp_path.iterdir())) == 2


def test_what_is_not_read_as_it_is_is_told(provenance: Command, tmp_path: Path) -> None:
    deep, plain = tmp_path / "deep.png", tmp_path / "plain.png"
    Image.fromarray(np.full((64, 64), 30_000, np.uint16)).save(deep)
    Image.new("L", (64, 64), 117).save(plain)
    for command in ("assess", "label"):
        given = () if command == "assess" else ("--codec", "a", "--model", "b")
        done = provenance(command, deep, plain, *given)
        _one_line(done, 0, f"{deep}: Samples of more than 8 bits were reduced to 8 bits.")


def test_a_compressed_file_has_a_label_of_its_own(
    provenance: Command, astronaut: Path, compressed: Path
) -> None:
    done = provenance("label", astronaut, compressed, "--codec", "a", "--model", "b")
    _one_line(done, 6, "has a label of its own")


def test_pipes_and_devices_are_not_replaced(
    provenance: Command, astronaut: Path, tmp_path: Path
) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    _one_line(provenance("compress", astronaut, "-o", pipe, "--force"), 6, "a device or a pipe")
    assert stat.S_ISFIFO(pipe.stat().st_mode)


def test_names_that_are_no_text(
    provenance: Command, compressed: Path, detail: Path, tmp_path: Path
) -> None:
    odd, other = Path(f"{tmp_path}/a\udcff.avif"), tmp_path / "b.avif"
    for path in (odd, other):
        shutil.copy(compressed, path)
    strict, ascii_alone = {"PYTHONIOENCODING": "utf-8:strict"}, {"PYTHONIOENCODING": "ascii"}
    done = provenance("verify", tmp_path, "--json", env=strict)
    assert done.code == 0, done.err
    names = [json.loads(line)["file"] for line in done.out.splitlines()]
    assert names == [f"{tmp_path}/a\N{REPLACEMENT CHARACTER}.avif", str(other)]
    photo = Path(f"{tmp_path}/b\udcff.png")
    shutil.copy(detail, photo)
    packed, page = Path(f"{tmp_path}/c\udcff.avif"), Path(f"{tmp_path}/c\udcff.html")
    for command, source, output in (("compress", photo, packed), ("report", packed, page)):
        done = provenance(command, source, "-o", output, "--json", env=strict)
        assert done.code == 0, done.err
        assert json.loads(done.out)["output"] == str(output).replace(
            "\udcff", "\N{REPLACEMENT CHARACTER}"
        )
        # Escaped for an older terminal, it must not be half a character, which is no JSON text.
        done = provenance(command, source, "-o", output, "-f", "--json", env=ascii_alone)
        assert "\\udc" not in done.out


@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
def test_what_a_terminal_cannot_show_stops_nobody(
    encoding: str, provenance: Command, compressed: Path
) -> None:
    plain = {"PYTHONIOENCODING": encoding}
    assert provenance("show", compressed, env=plain).code == 0
    done = provenance("show", compressed, "--json", env=plain)
    assert json.loads(done.out) == json.loads(provenance("show", compressed, "--json").out)


def test_a_reader_that_leaves(home: Path, compressed: Path) -> None:
    script = Path(sys.executable).with_name("provenance")
    with subprocess.Popen([script, "show", compressed], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.close()
        assert process.wait(60) == 6


@pytest.mark.parametrize(
    ("closed", "command", "words"),
    [
        ("1", "show {0}", "standard output: is closed"),
        ("0", "compress - -o -", "standard input: is closed"),
        ("2", "show {0}.none", None),
    ],
)
def test_a_stream_that_is_closed(
    closed: str, command: str, words: str | None, home: Path, compressed: Path
) -> None:
    script = Path(sys.executable).with_name("provenance")
    line = f"{script} {command.format(compressed)} {closed}>&-"
    done = subprocess.run(["sh", "-c", line], capture_output=True, text=True, check=False)
    assert done.returncode == 6, done.stderr
    assert (words or "") in done.stderr
    assert done.stderr.count("\n") == (words is not None)


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_an_output_that_takes_nothing(
    unbuffered: str, home: Path, detail: Path, compressed: Path
) -> None:
    script = Path(sys.executable).with_name("provenance")
    for command in (
        ["compress", str(detail), "-q", "1", "-o", "-"],
        ["verify", str(compressed)],
        ["verify", str(compressed), "--json"],
        ["verify", str(compressed), str(compressed), "--json"],
        ["codecs", "--json"],
    ):
        with Path("/dev/full").open("wb") as full:
            done = subprocess.run(
                [script, *command],
                stdout=full,
                stderr=subprocess.PIPE,
                env={**os.environ, "PYTHONUNBUFFERED": unbuffered},
                text=True,
                check=False,
            )
        _one_line(Run(done.returncode, "", done.stderr), 6, "standard output: cannot be written")


def test_a_folder_that_nobody_may_look_into(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse() -> None:
        raise PermissionError(errno.EACCES, "Permission denied", "closed/x.avif")

    monkeypatch.setattr("provenance.cli.app.app", refuse)
    with pytest.raises(SystemExit) as left:
        main()
    assert left.value.code == 6
    assert capsys.readouterr().err == "provenance: closed/x.avif: Permission denied\n"


def test_warnings_of_libraries_are_for_programmers() -> None:
    code = (
        "import sys, warnings, provenance.cli.app as app, provenance.cli as cli\n"
        "app.app = lambda: warnings.warn('serial number')\n"
        "cli.main()"
    )
    clean = {name: value for name, value in os.environ.items() if name != "PYTHONWARNINGS"}
    for options, told in ([], False), (["-W", "default"], True):
        done = subprocess.run(
            [sys.executable, *options, "-c", code], env=clean, capture_output=True, check=True
        )
        assert (b"serial number" in done.stderr) == told


def test_a_name_of_another_format(provenance: Command, compressed: Path, tmp_path: Path) -> None:
    photo = tmp_path / "photo.png"
    Image.new("RGB", (16, 16)).save(photo)
    for arguments in (
        ("compress", photo, "-o", tmp_path / "a.jpg"),
        ("compress", photo, "--to", "heif", "-o", tmp_path / "a.JPEG"),
        ("decompress", compressed, "--to", "png", "-o", tmp_path / "a.webp"),
        ("label", photo, photo, "--codec", "a", "--model", "b", "-o", tmp_path / "a.jpg"),
    ):
        _one_line(provenance(*arguments), 2, "named like", "is to be written")
    done = provenance("decompress", compressed, "-o", tmp_path / "a.GIF")
    _one_line(done, 2, "a.GIF", "read and not written", ".png")
    assert list(tmp_path.iterdir()) == [photo]
    assert provenance("compress", photo, "-o", tmp_path / "a.bin").code == 0
