"""`label --sidecar`, as a user walks it."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

from .conftest import Command


def test_a_bmp_gets_its_credential_beside_it(
    provenance: Command, astronaut: Path, tmp_path: Path
) -> None:
    before, after = tmp_path / "before.bmp", tmp_path / "after.bmp"
    with Image.open(astronaut) as opened:
        small = opened.convert("RGB").resize((128, 128))
    small.save(before)
    small.quantize(64).convert("RGB").save(after)
    untouched = after.read_bytes()
    given = ("label", before, after, "--codec", "x", "--model", "y")

    done = provenance(*given)
    assert done.code == 6 and "--sidecar" in done.err
    done = provenance(*given, "--sidecar", "--json")
    assert done.code == 0, done.err
    assert done.json("written")["output"] == str(tmp_path / "after.c2pa")
    assert after.read_bytes() == untouched
    assert provenance("verify", after).code == 0
    assert provenance("show", after).code == 0
    assert provenance(*given, "--sidecar").code == 6  # it exists already

    done = provenance("verify", tmp_path / "after.c2pa")
    assert (done.code, done.err.count("\n")) == (6, 1)
    assert "name the picture that it lies beside" in done.err

    changed = bytearray(untouched)
    changed[-1] ^= 1
    after.write_bytes(changed)
    assert provenance("verify", after).code == 4
