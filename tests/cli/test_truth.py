"""``verify --original`` and ``--decode``."""

from __future__ import annotations

from pathlib import Path

from .conftest import Command


def test_the_original_proves_the_label(
    provenance: Command, compressed: Path, astronaut: Path
) -> None:
    done = provenance("verify", compressed, "--original", astronaut, "--json")
    report = done.json("verify")
    assert done.code == 0 and report["verdict"]["label_true"] is True
    assert [s["outcome"] for s in report["steps"] if s["name"] == "decode"] == ["passed"]


def test_another_original_is_not_what_was_demanded(
    provenance: Command, compressed: Path, data: Path
) -> None:
    done = provenance("verify", compressed, "--original", data / "kodak" / "kodim01.png")
    assert done.code == 1
    assert "intact, valid and trusted, but what you demand is not met" in done.out
    assert "13 FAIL original: of another size: 768x512, the picture 512x512" in done.out


def test_many_files_are_decoded(provenance: Command, compressed: Path) -> None:
    done = provenance("verify", compressed, compressed, "--decode", "--json")
    assert done.code == 0 and done.out.count("latents as their checksum tells") == 2


def test_one_original_does_not_fit_many_files(
    provenance: Command, compressed: Path, astronaut: Path
) -> None:
    for files in ([compressed, compressed], [compressed.parent]):
        done = provenance("verify", *files, "--original", astronaut)
        assert done.code == 2 and "--original belongs to one file" in done.err


def test_a_missing_original_is_one_line(provenance: Command, compressed: Path) -> None:
    done = provenance("verify", compressed, "--original", "missing.png")
    assert done.code == 6 and "missing.png: no such file" in done.err
