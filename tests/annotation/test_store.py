"""A folder of annotations: whole files, one observer at a time."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from provenance.annotation import load
from provenance.annotation.document import to_json
from provenance.annotation.store import ConflictError, Store
from provenance.errors import AnnotationError, InputError, OutputError, UsageError

from .conftest import Save, annotation, finding


def test_what_observers_saved_is_loaded_in_order(save: Save) -> None:
    saved = [
        annotation("bo", finding()),
        annotation("anna", finding(), finding((1, 1, 2, 2))),
        annotation("anna", pair="other", complete=False),
    ]
    folder = save(*saved)
    assert load(folder) == tuple(sorted(saved, key=lambda a: (a.pair.id, a.observer)))
    assert load(str(folder)) == load(folder)
    assert len(list(folder.iterdir())) == 3


def test_observers_do_not_see_each_other(save: Save) -> None:
    saved = annotation("anna", finding())
    folder = save(saved)
    found = Store(folder, "anna").get(saved.pair.id)
    assert found is not None and found[0] == saved
    assert Store(folder, "bo").get(saved.pair.id) is None


def test_one_window_does_not_undo_another(tmp_path: Path) -> None:
    store = Store(tmp_path, "anna")
    first = annotation("anna", finding())
    revision = store.put(first, None)
    with pytest.raises(ConflictError, match="another window"):
        store.put(annotation("anna"), None)
    assert load(tmp_path) == (first,)
    again = store.put(annotation("anna"), revision)
    assert again != revision and load(tmp_path)[0].findings == ()


def test_what_could_not_be_read_again_is_not_written(tmp_path: Path) -> None:
    made = annotation("anna", finding(), pair="p" * 280)
    Store(tmp_path, "anna").put(made, None)
    for broken in (
        replace(made, pair=replace(made.pair, name="n" * 301)),
        replace(made, findings=(finding((500, 0, 20, 20)),)),
    ):
        with pytest.raises(AnnotationError, match="annotation: "):
            Store(tmp_path, "bo").put(replace(broken, observer="bo"), None)
    assert load(tmp_path) == (made,)


def test_a_full_disk_keeps_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store(tmp_path, "anna")
    first = annotation("anna", finding())
    revision = store.put(first, None)

    def no_space(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", no_space)
    with pytest.raises(OutputError, match="No space left"):
        store.put(annotation("anna"), revision)
    assert load(tmp_path) == (first,)
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize("name", ["", "Anna", "../anna", "anna bo", "-a", "a" * 41, "anna\n"])
def test_an_observer_is_part_of_a_file_name(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match="observer"):
        Store(tmp_path, name)


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot be made"):
        Store(tmp_path / "file" / "folder", "anna")


def test_folders_without_annotations(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such folder"):
        load(tmp_path / "none")
    (tmp_path / "miscompressions.coco.json").write_text("{}")
    with pytest.raises(InputError, match="no annotations"):
        load(tmp_path)


def test_other_files_may_lie_beside_annotations(save: Save) -> None:
    saved = annotation("anna", finding())
    folder = save(saved)
    for name in ("miscompressions.coco.json", f"{saved.pair.id}.anna (1).json", "notes.txt"):
        (folder / name).write_text("{}")
    assert load(folder) == (saved,)


def test_broken_files_are_named(save: Save) -> None:
    saved = annotation("anna", finding())
    folder = save(saved)
    [path] = folder.iterdir()
    copy = folder / f"{saved.pair.id}.bo.json"
    shutil.copy(path, copy)
    with pytest.raises(AnnotationError, match="same pair and observer"):
        load(folder)
    copy.write_text("{}")
    with pytest.raises(AnnotationError, match=r"bo\.json: at \$"):
        load(folder)
    path.write_text(json.dumps(to_json(replace(saved, observer="bo"))))
    with pytest.raises(AnnotationError, match="of another pair or observer"):
        Store(folder, "anna").get(saved.pair.id)
