"""`label --sidecar`, as a user walks it."""

from __future__ import annotations

import json
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

    done = provenance(*given, "-o", tmp_path / "labelled.bmp")
    assert done.code == 2 and "a credential alone" in done.err
    done = provenance(*given, "--stamp")
    assert done.code == 2 and "a sidecar leaves the picture's file as it is" in done.err
    done = provenance(*given, "--json")
    assert done.code == 0, done.err
    assert done.json("written")["output"] == str(tmp_path / "after.bmp.c2pa")
    assert after.read_bytes() == untouched
    assert provenance("verify", after).code == 0
    assert provenance("show", after).code == 0
    assert provenance(*given).code == 6  # it exists already

    done = provenance("verify", tmp_path, "--json")
    assert (done.code, json.loads(done.out)["file"]) == (0, str(after))

    done = provenance("verify", tmp_path / "after.bmp.c2pa")
    assert (done.code, done.err.count("\n")) == (6, 1)
    assert "name the picture that it lies beside" in done.err

    changed = bytearray(untouched)
    changed[-1] ^= 1
    after.write_bytes(changed)
    assert provenance("verify", after).code == 4


def test_a_png_gets_it_inside_unless_asked(
    provenance: Command, astronaut: Path, tmp_path: Path
) -> None:
    after = tmp_path / "after.png"
    with Image.open(astronaut) as opened:
        opened.convert("RGB").quantize(64).convert("RGB").save(after)
    given = ("label", astronaut, after, "--codec", "x", "--model", "y")
    assert provenance(*given, "--sidecar").code == 0
    assert provenance(*given).code == 0
    assert {path.name for path in tmp_path.iterdir()} == {
        "after.png",
        "after.png.c2pa",
        "after.labelled.png",
    }
    done = provenance("verify", tmp_path)
    assert done.code == 0 and "2 files, 2 of them good" in done.out
