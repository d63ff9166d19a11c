"""Files are read bounded and written whole."""

from __future__ import annotations

import errno
import io
import os
from pathlib import Path

import pytest

from provenance.errors import InputError, OutputError, TooLargeError
from provenance.files import STANDARD_STREAM, read, write


def test_reading_is_bounded(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"12345")
    assert read(path, 5) == b"12345"
    with pytest.raises(TooLargeError, match="larger than 4 bytes"):
        read(path, 4)
    with pytest.raises(InputError, match="is a folder"):
        read(tmp_path)


def test_standard_input_that_is_being_read_is_not_read_by_another(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Slow(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            with pytest.raises(InputError, match="can be read once"):
                read(STANDARD_STREAM)
            return super().read(size)

    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(Slow(b"12345")))
    assert read(STANDARD_STREAM) == b"12345"


def test_writing_replaces_only_when_told(tmp_path: Path) -> None:
    path = tmp_path / "file"
    write(path, b"first")
    with pytest.raises(OutputError, match="exists already"):
        write(path, b"second")
    assert path.read_bytes() == b"first"
    write(path, b"second", force=True)
    assert path.read_bytes() == b"second"
    assert list(tmp_path.iterdir()) == [path]


def test_file_systems_without_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(Path, "hardlink_to", refuse)
    path = tmp_path / "file"
    write(path, b"first")
    with pytest.raises(OutputError, match="exists already"):
        write(path, b"second")
    assert path.read_bytes() == b"first"
    assert list(tmp_path.iterdir()) == [path]


def test_a_name_may_be_as_long_as_names_may_be(tmp_path: Path) -> None:
    path = tmp_path / ("a" * 250 + ".avif")
    write(path, b"data")
    assert path.read_bytes() == b"data"


def test_a_private_file_is_private(tmp_path: Path) -> None:
    write(tmp_path / "key", b"secret", mode=0o600)
    assert (tmp_path / "key").stat().st_mode & 0o777 == 0o600


def test_the_umask_is_heeded_and_never_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = os.umask(0o027)
    try:
        monkeypatch.setattr(os, "umask", lambda _mask: pytest.fail("it is the whole process's"))
        write(tmp_path / "shared", b"data")
    finally:
        monkeypatch.undo()
        os.umask(before)
    assert (tmp_path / "shared").stat().st_mode & 0o777 == 0o640


def test_an_output_in_what_is_no_folder_is_one_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(OutputError, match="cannot be written"):
        write(tmp_path / "file" / "output", b"data")
