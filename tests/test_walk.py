"""Folders are walked in order, bounded, and never through a symbolic link."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from provenance.errors import TooLargeError
from provenance.files import MAX_DEPTH, read, walk

SUFFIXES = {".jpg", ".png"}


def _names(folder: Path) -> list[str]:
    found = list(walk([folder], SUFFIXES))
    assert all(problem is None for _, problem in found)
    return [path.relative_to(folder).as_posix() for path, _ in found]


def test_pictures_are_found_in_order(tmp_path: Path) -> None:
    for name in ("b/2.png", "b/10.JPG", "a.jpg", "c.txt", "c.png", ".hidden.png", ".git/x.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert _names(tmp_path) == ["a.jpg", "b/10.JPG", "b/2.png", "c.png"]


def test_other_files_are_taken_with_their_companions(tmp_path: Path) -> None:
    for name in ("a.raw", "a.raw.c2pa", "b.raw", "b.c2pa", "c.png", "c.png.c2pa"):
        (tmp_path / name).touch()
    found = [path.name for path, _ in walk([tmp_path], SUFFIXES, ".c2pa")]
    assert found == ["a.raw", "c.png"]
    assert _names(tmp_path) == ["c.png"]


def test_of_some_kinds_the_companion_may_take_the_suffix_s_place(tmp_path: Path) -> None:
    for name in ("a.bmp", "a.c2pa", "a.xmp", "b.bmp", "b.xmp.c2pa", "c.BMP", "c.c2pa"):
        (tmp_path / name).touch()
    found = [path.name for path, _ in walk([tmp_path], SUFFIXES, ".c2pa", {".bmp"})]
    assert found == ["a.bmp", "c.BMP"]


def test_links_in_a_folder_are_not_followed(tmp_path: Path) -> None:
    outside, inside = tmp_path / "outside", tmp_path / "inside"
    outside.mkdir()
    inside.mkdir()
    for folder in (outside, inside):
        (folder / "a.png").touch()
    (inside / "b.png").symlink_to(outside / "a.png")
    (inside / "c").symlink_to(outside)
    (inside / "d").symlink_to(inside)
    (inside / "e.png").symlink_to("nowhere")
    assert _names(inside) == ["a.png"]
    # What is named is taken as it is.
    assert [path for path, _ in walk([inside / "b.png"], SUFFIXES)] == [inside / "b.png"]


def test_pipes_and_sockets_in_a_folder_are_left_alone(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.png")
    (tmp_path / "b.png").touch()
    assert _names(tmp_path) == ["b.png"]


def test_named_files_are_taken_whatever_they_are_called(tmp_path: Path) -> None:
    paths = [tmp_path / "notes.txt", tmp_path / "missing.png", Path("-")]
    assert [path for path, problem in walk(paths, SUFFIXES) if problem is None] == paths


def test_a_folder_without_pictures_is_told(tmp_path: Path) -> None:
    ((path, problem),) = walk([tmp_path], SUFFIXES)
    assert path == tmp_path and "no pictures in this folder" in str(problem)


def test_nesting_is_bounded_and_the_rest_goes_on(tmp_path: Path) -> None:
    (tmp_path / "z.png").touch()
    deep = tmp_path.joinpath(*["d"] * (MAX_DEPTH + 1))
    deep.mkdir(parents=True)
    (deep / "a.png").touch()
    first, last = walk([tmp_path], SUFFIXES)
    assert isinstance(first[1], TooLargeError)
    assert last == (tmp_path / "z.png", None)


def test_a_folder_that_cannot_be_read_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    locked = tmp_path / "locked"
    locked.mkdir()
    (tmp_path / "z.png").touch()
    scandir = os.scandir

    def refuse(folder: Path) -> Any:
        if folder == locked:
            raise PermissionError(13, "Permission denied")
        return scandir(folder)

    monkeypatch.setattr("os.scandir", refuse)
    first, last = walk([tmp_path], SUFFIXES)
    assert "locked: cannot be read: Permission denied" in str(first[1])
    assert last == (tmp_path / "z.png", None)


def test_files_that_tell_no_size_are_read_whole() -> None:
    assert len(read(Path("/proc/self/status"))) > 100
