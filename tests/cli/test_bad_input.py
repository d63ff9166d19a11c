"""Bad input: one clear line, the right exit code, nothing lost."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from PIL import Image

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
    Image.new("1", (40_000, 40_000)).save(bomb)
    _one_line(provenance("compress", bomb), 6, "pixels allowed", "--max-pixels")
    done = provenance("compress", astronaut, "--max-pixels", 1000, "-o", tmp_path / "a.avif")
    _one_line(done, 6, "512x512", "1,000")


def test_an_existing_output_is_kept(provenance: Command, astronaut: Path, tmp_path: Path) -> None:
    target = tmp_path / "kept.avif"
    target.write_bytes(b"precious")
    _one_line(provenance("compress", astronaut, "-o", target), 6, "exists already", "--force")
    assert target.read_bytes() == b"precious"
    assert provenance("compress", astronaut, "-q", 1, "-o", target, "--force").code == 0
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
        _one_line(provenance("decompress", cut, "-o", tmp_path / "x.png"), 4)
        assert provenance("verify", cut).code == 4
    assert sorted(tmp_path.iterdir()) == [cut]


def test_usage_errors(provenance: Command, astronaut: Path, tmp_path: Path) -> None:
    out = tmp_path / "a.avif"
    assert provenance("compress", astronaut, "-q", 0, "-o", out).code == 2
    assert provenance("compress", astronaut, "--to", "gif", "-o", out).code == 2
    assert provenance("compress").code == 2
    assert provenance("explode").code == 2
    _one_line(provenance("compress", astronaut, "--codec", "none", "-o", out), 2, "no such codec")
    _one_line(provenance("compress", astronaut, "--preview", "big", "-o", out), 2, "--preview")
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
