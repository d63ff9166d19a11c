"""``provenance caption`` as a user runs it."""

from __future__ import annotations

from pathlib import Path

import pytest

from .conftest import Command


def test_a_caption_is_printed_in_either_language(provenance: Command, compressed: Path) -> None:
    english = provenance("caption", compressed)
    assert english.code == 0 and english.err == "" and english.out.count("\n") == 1
    assert english.out.startswith("Compressed picture (codec msh): ")
    german = provenance("caption", compressed, "--language", "de", "--json").json("caption")
    assert german["caption"].startswith("Komprimiertes Bild (Codec msh): ")
    assert german["language"] == "de" and german["trusted"] is True
    other = provenance("caption", compressed, "--language", "fr")
    assert other.code == 2 and "choose from de, en" in other.err


def test_a_caption_is_written_for_nothing_that_is_broken_or_unlabelled(
    provenance: Command, compressed: Path, astronaut: Path, tmp_path: Path
) -> None:
    bare = provenance("caption", astronaut)
    assert bare.code == 3 and bare.out == "" and "no label" in bare.err
    data = bytearray(compressed.read_bytes())
    place = data.index(b"mean-scale hyperprior") if b"mean-scale hyperprior" in data else 3000
    data[place] ^= 1
    broken = tmp_path / "broken.avif"
    broken.write_bytes(data)
    told = provenance("caption", broken, "--json")
    assert told.code == 4 and told.json("error")["error"]["exit_code"] == 4
    assert provenance("caption", tmp_path / "none.avif").code == 6


def test_a_caption_of_a_stranger_says_so(
    provenance: Command, compressed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROVENANCE_HOME", str(tmp_path / "other"))
    told = provenance("caption", compressed)
    assert told.code == 0 and told.out.startswith("Compressed picture")
    assert "nobody whom you trust" in told.err
