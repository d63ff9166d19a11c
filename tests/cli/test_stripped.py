"""What `verify` says of a file whose credential a site has stripped."""

from __future__ import annotations

from pathlib import Path

from provenance import container

from .conftest import Command


def test_an_intact_label_is_told_from_no_label(
    provenance: Command, compressed: Path, tmp_path: Path
) -> None:
    packet = container.unpack(compressed.read_bytes()).xmp
    assert packet is not None
    target = tmp_path / "stripped.avif"
    target.write_bytes(container.replace_xmp(compressed.read_bytes(), packet))
    done = provenance("verify", target)
    assert done.code == 3
    assert "label intact, credential stripped: only the label and the picture" in done.out
    elsewhere = {"PROVENANCE_HOME": str(tmp_path / "home")}
    done = provenance("verify", target, env=elsewhere)
    assert done.code == 3 and "its signer is not trusted here" in done.out
    found = provenance("verify", target, "--json").json("verify")
    assert found["label_signature"]["picture_matches"] is True
