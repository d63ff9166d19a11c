"""Two files, two folders, or a table."""

from __future__ import annotations

from pathlib import Path

import pytest

from provenance.annotation.pairs import find, identify
from provenance.errors import InputError, UsageError

SIDES = "before/a.jpg,after/a.png"


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    """Two pictures before and after, of different formats, and a file that is none."""
    before, after = tmp_path / "before", tmp_path / "after"
    for folder, names in ((before, ("a.jpg", "b.PNG", "c.jpg")), (after, ("b.avif", "a.png"))):
        folder.mkdir()
        for name in (*names, "notes.txt"):
            (folder / name).write_text(f"{folder.name} {name}")
    return before, after


def test_two_files_are_a_pair(folders: tuple[Path, Path]) -> None:
    before, after = folders
    [pair] = find(before / "a.jpg", after / "b.avif")
    assert (pair.name, pair.original, pair.reconstruction) == (
        "b",
        before / "a.jpg",
        after / "b.avif",
    )
    with pytest.raises(UsageError, match="two files, two folders"):
        find(before, after / "a.png")
    with pytest.raises(InputError, match="no such file"):
        find(before / "a.jpg", after / "none.png")


def test_folders_are_matched_by_name(folders: tuple[Path, Path]) -> None:
    before, after = folders
    assert [(p.name, p.original.name, p.reconstruction.name) for p in find(before, after)] == [
        ("a", "a.jpg", "a.png"),
        ("b", "b.PNG", "b.avif"),
    ]
    with pytest.raises(UsageError, match="reconstructions, too"):
        find(before, None)
    with pytest.raises(InputError, match=r"c\.jpg: no picture of that name"):
        find(after, before)
    (before / "a.webp").write_text("")
    with pytest.raises(InputError, match="which one is meant"):
        find(before, after)


def test_all_that_is_read_is_found_in_folders(tmp_path: Path) -> None:
    for name in ("a.jxl", "b.heic", "c.HEIF", "d.jp2", "e.j2k", "f.pgm", "g.pbm", "h.bmp"):
        (tmp_path / name).write_text("")
    assert [pair.name for pair in find(tmp_path, tmp_path)] == list("abcdefgh")


def test_a_table_names_pairs(folders: tuple[Path, Path], tmp_path: Path) -> None:
    table = tmp_path / "pairs.csv"
    table.write_text(
        "original,reconstruction,name,codec\n"
        "before/a.jpg,after/a.png,first,x\n"
        f"{folders[0] / 'a.jpg'},after/b.avif,,y\n",
        "utf-8-sig",
    )
    assert [(p.name, p.reconstruction.name) for p in find(table, None)] == [
        ("first", "a.png"),
        ("b", "b.avif"),
    ]
    for text, told in (
        ("original,reconstruction\nbefore/a.jpg,after/x.png\n", r"line 2: .*x\.png: no such file"),
        ("before,after\na,b\n", "line 2: needs"),
        ("original,reconstruction\n", "holds no pairs"),
        ('original,reconstruction\n"a,b\n', "not a CSV table"),
        (f"original,reconstruction,name\n{SIDES},{'n' * 301}\n", "line 2: a name has at most 300"),
    ):
        table.write_text(text)
        with pytest.raises(InputError, match=told):
            find(table, None)


def test_files_of_one_name_are_told_apart(folders: tuple[Path, Path], tmp_path: Path) -> None:
    (tmp_path / "later").mkdir()
    (tmp_path / "later" / "a.png").write_text("later")
    table = tmp_path / "tables" / "pairs.csv"
    for place, before in ((tmp_path / "pairs.csv", ""), (table, "../")):
        place.parent.mkdir(exist_ok=True)
        place.write_text(
            "original,reconstruction\n"
            f"{before}before/a.jpg,{before}after/a.png\n"
            f"{folders[0] / 'a.jpg'},{before}later/a.png\n"
        )
        made = [identify(pair) for pair in find(place, None)]
        names = [each.reconstruction.name for each in made]
        assert names == [f"{before}after/a.png", f"{before}later/a.png"]
    assert made[1].original.name == "a.jpg"  # not where it lies on this machine


def test_a_picture_is_no_table(astronaut: Path) -> None:
    with pytest.raises(InputError, match="for one pair name two pictures"):
        find(astronaut, None)


def test_a_pair_is_known_by_its_content(folders: tuple[Path, Path]) -> None:
    before, after = folders
    first = identify(find(before / "a.jpg", after / "a.png")[0])
    (after / "a.png").rename(after / "renamed.png")
    second = identify(find(before / "a.jpg", after / "renamed.png")[0])
    assert first.id == second.id and first.pair.name != second.pair.name
    (after / "renamed.png").write_text("changed")
    assert identify(second.pair).id != first.id
