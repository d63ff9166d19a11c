"""Many files, in order and without end."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest

import provenance
from provenance.verification import Report
from provenance.verification import verify as sound


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    paths = [tmp_path / f"{number}.jpg" for number in range(40)]
    for path in paths:
        path.write_bytes(b"no picture")
    return paths


def test_reports_come_in_order(files: list[Path]) -> None:
    found = list(provenance.verify_many(files, workers=4))
    assert [path for path, _ in found] == files
    assert all(isinstance(report, Report) and report.exit_code == 6 for _, report in found)


def test_names_may_be_words(files: list[Path]) -> None:
    assert [path for path, _ in provenance.verify_many(map(str, files))] == files


def test_no_more_is_read_than_keeps_the_workers_busy(files: list[Path]) -> None:
    taken = []

    def names() -> Iterator[Path]:
        for path in files:
            taken.append(path)
            yield path

    reports = provenance.verify_many(names(), workers=2)
    next(reports)
    assert len(taken) < 10
    assert len(list(reports)) == len(files) - 1


def test_a_fault_of_ours_in_one_file_does_not_stop_the_rest(
    files: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    def verify(data: bytes, name: str, *rest: object, **options: object) -> Report:
        if name.endswith("/7.jpg"):
            raise ZeroDivisionError("oh")
        return sound(data, name, *rest, **options)  # type: ignore[arg-type]

    monkeypatch.setattr("provenance.api.verify_bytes", verify)
    reports = [report for _, report in provenance.verify_many(files)]
    assert [isinstance(report, Report) for report in reports] == [n != 7 for n in range(40)]


def test_processes_of_a_caller_verify_beside_it(astronaut: Path, tmp_path: Path) -> None:
    """The C2PA library's locks may be held where a process is forked, so others are spawned."""
    path = tmp_path / "astronaut.png"
    path.write_bytes(provenance.compress(astronaut, quality=1, to="png").data)
    assert provenance.verify(path).exit_code == 0
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        found = [pool.submit(provenance.verify, path) for _ in range(4)]
        assert [future.result(timeout=100).exit_code for future in found] == [0] * 4


def test_a_broken_trust_store_is_no_files_fault(files: list[Path], tmp_path: Path) -> None:
    (tmp_path / "trust").mkdir()
    (tmp_path / "trust" / "desk.pem").write_text("nonsense")
    trust = provenance.TrustStore(tmp_path / "trust")
    with pytest.raises(provenance.ProvenanceError, match=r"desk\.pem"):
        next(provenance.verify_many(files, trust=trust))
