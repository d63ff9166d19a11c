"""``provenance report`` as a user runs it."""

from __future__ import annotations

from pathlib import Path

from .conftest import Command


def test_a_report_is_written_and_its_size_told(
    provenance: Command, compressed: Path, astronaut: Path, tmp_path: Path
) -> None:
    target = tmp_path / "page.html"
    done = provenance(
        "report", compressed, "--original", astronaut, "-o", target, "-l", "de", "--json"
    )
    assert done.code == 0, done.err
    said = done.json("report")
    assert said["bytes"] == target.stat().st_size < 500_000
    assert said["verdict"]["label_true"] and said["verdict"]["trusted"] and said["language"] == "de"
    assert target.read_text(encoding="utf-8").startswith('<!doctype html>\n<html lang="de">')
    assert str(compressed.parent) not in target.read_text(encoding="utf-8")
    again = provenance("report", compressed, "-o", target)
    assert again.code == 6 and "exists already" in again.err


def test_a_report_on_a_broken_file_is_written_all_the_same(
    provenance: Command, compressed: Path, tmp_path: Path
) -> None:
    broken = tmp_path / "broken.avif"
    data = bytearray(compressed.read_bytes())
    data[data.index(b"PRVC") + 700] ^= 1
    broken.write_bytes(data)
    done = provenance("report", broken)
    assert done.code == 4 and "Traceback" not in done.err
    page = (tmp_path / "broken.report.html").read_text(encoding="utf-8")
    assert "Do not believe this file" in page


def test_a_report_on_an_unlabelled_photo_says_so(provenance: Command, astronaut: Path) -> None:
    done = provenance("report", astronaut, "-o", "-")
    assert done.code == 3 and "This file says nothing about itself" in done.out


def test_what_cannot_be_done_is_refused_before_the_work(
    provenance: Command, compressed: Path, tmp_path: Path
) -> None:
    done = provenance("report", compressed, "-l", "xx", "-o", tmp_path / "a.html")
    assert done.code == 2 and "choose from de, en" in done.err
    done = provenance("report", compressed, "--original", tmp_path / "no.png")
    assert done.code == 6 and "no such file" in done.err
    photo = tmp_path / "photo.jpg"
    photo.write_bytes(b"precious")
    done = provenance("report", compressed, "-o", photo, "--force")
    assert done.code == 2 and "name a file that ends in .html" in done.err
    assert photo.read_bytes() == b"precious"
    photo.unlink()
    text = tmp_path / "notes.txt"
    text.write_text("hello")
    done = provenance("report", text)
    assert done.code == 6 and done.err.endswith("notes.txt: no picture of a known format\n")
    text.unlink()
    assert not list(tmp_path.iterdir())
