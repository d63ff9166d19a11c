"""``--decoder perceptual`` and ``provenance evidence`` as a user runs them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from PIL import Image
from safetensors.torch import save_file

from provenance import container
from provenance.codecs import bitstream as frames
from provenance.training.cdc_network import Cdc

from .conftest import Command


def test_what_a_perceptual_picture_adds(
    provenance: Command, astronaut: Path, tmp_path: Path
) -> None:
    usual, perceptual = tmp_path / "usual.avif", tmp_path / "perceptual.avif"
    for target, decoder in ((usual, "conservative"), (perceptual, "perceptual")):
        done = provenance("compress", astronaut, "-q", 10, "-o", target, "--decoder", decoder)
        assert done.code == 0, done.err
    plain, label = (
        provenance("show", path, "--json").json("show")["label"] for path in (usual, perceptual)
    )
    assert "invention" not in plain and not plain["codec"]["generative"]
    assert label["codec"]["decoder"] == "perceptual" and label["codec"]["generative"]
    assert any("generative" in warning for warning in label["warnings"])
    assert 0.3 < label["invention"]["strength"] < 10 and label["invention"]["area"] > 0
    assert provenance("verify", perceptual, "--decode").code in (0, 5)
    strength = f"{label['invention']['strength']:.2f} OKLab units"
    assert f"{strength} on average" in provenance("show", perceptual).out
    assert "OKLab" not in provenance("show", usual).out
    page = tmp_path / "report.html"
    assert provenance("report", perceptual, "-o", page).code in (0, 5)
    assert strength in page.read_text()

    # Whichever decoder a file names, the same two pictures are compared.
    said = []
    for path in (usual, perceptual):
        sheet = tmp_path / f"{path.stem}.png"
        done = provenance("evidence", path, "-o", sheet, "--json")
        assert done.code == 0, done.err
        said.append(done.json("evidence") | {"output": ""})
    assert said[0] == said[1] and said[0]["seeds"] is None
    for key in ("strength", "area"):
        assert abs(said[0][key] - label["invention"][key]) < 0.001
    with Image.open(tmp_path / "usual.png") as opened:
        assert opened.info["Description"] == said[0]["caption"]
        panels = np.asarray(opened.convert("RGB"))[58:478]
    # In grey with colour where it differs.
    heat = panels[:, 888:1308].astype(int)
    coloured = np.ptp(heat, axis=2) > 60
    assert 0.002 < coloured.mean() < 0.9

    # Readers decode as the label tells.
    decoded = [tmp_path / f"{path.stem}-full.png" for path in (usual, perceptual)]
    for path, target in zip((usual, perceptual), decoded, strict=True):
        assert provenance("decompress", path, "-o", target).code == 0
    with Image.open(decoded[0]) as first, Image.open(decoded[1]) as second:
        difference = np.asarray(first.convert("RGB")).astype(int) - second.convert("RGB")
    assert np.abs(difference).mean() > 0.3


def test_the_decoder_that_the_bitstream_asks_for_is_the_labelled_one(
    provenance: Command, compressed: Path, tmp_path: Path
) -> None:
    from provenance.codecs import redirected

    data = compressed.read_bytes()
    parts = container.unpack(data)
    other = redirected(parts.bitstream, "perceptual")
    target = tmp_path / "other.avif"
    target.write_bytes(
        container.pack(other, width=parts.width, height=parts.height, preview=None, xmp=parts.xmp)
    )
    assert frames.parse(other).decoder
    done = provenance("verify", target, "--json")
    assert done.code == 4
    steps = {step["name"]: step for step in done.json("verify")["steps"]}
    assert "another decoder" in steps["codec and model"]["detail"]


def test_what_has_one_decoder_is_refused(
    provenance: Command, detail: Path, compressed: Path, tmp_path: Path
) -> None:
    sheet, other = tmp_path / "sheet.png", tmp_path / "other.avif"
    done = provenance("compress", detail, "--codec", "factorized", "-o", other)
    assert done.code == 0, done.err
    done = provenance("evidence", other, "-o", sheet)
    assert done.code == 2 and "factorized: has one decoder" in done.err
    done = provenance("evidence", detail, "-o", sheet)
    assert done.code == 6 and "not a compressed file" in done.err
    done = provenance("evidence", compressed, "-o", tmp_path / "sheet.jpg")
    assert done.code == 2 and "ends in .png" in done.err
    done = provenance(
        *("compress", detail, "-o", tmp_path / "none.avif"),
        *("--codec", "factorized", "--decoder", "perceptual"),
    )
    assert done.code == 2 and "factorized: has one decoder" in done.err
    assert sorted(tmp_path.iterdir()) == [other]


def test_seeds_disagree_on_what_is_drawn(
    provenance: Command, astronaut: Path, tmp_path: Path
) -> None:
    torch.manual_seed(0)
    weights, photo, target = (tmp_path / name for name in ("w.safetensors", "p.png", "p.avif"))
    save_file(Cdc(16, 36).published(), weights)
    with Image.open(astronaut) as image:
        image.convert("RGB").crop((150, 60, 278, 188)).save(photo)
    assert provenance("codecs", "add", "drawing", "--weights", weights).code == 0
    try:
        done = provenance("compress", photo, "--codec", "drawing", "-o", target)
        assert done.code == 0, done.err
        done = provenance("evidence", target, "-o", tmp_path / "e.png", "--seeds", 3, "--json")
        assert done.code == 0, done.err
        said = done.json("evidence")
        assert said["seeds"] == 3 and said["strength"] > 0.01 and "with 3 seeds" in said["caption"]

        # Steps, seed, and how far seeds disagree, in the label.
        chosen = ("--codec", "drawing", "--steps", 2, "--seed", 7)
        again = tmp_path / "again.avif"
        done = provenance("compress", photo, *chosen, "--seeds", 3, "-o", again)
        assert done.code == 0, done.err
        label = provenance("show", again, "--json").json("show")["label"]
        assert label["codec"]["seed"] == 7 and label["codec"]["steps"] == 2
        assert label["risk"]["assessor"]["detectors"][-1] == "seeds"
        done = provenance("evidence", again, "-o", tmp_path / "a.png", "--seeds", 3, "--json")
        for key in ("strength", "area"):
            assert abs(done.json("evidence")[key] - label["invention"][key]) < 0.001
        assert provenance("verify", again, "--decode").code in (0, 5)
        done = provenance("compress", photo, "--seeds", 3, "-o", tmp_path / "none.avif")
        assert done.code == 2 and "msh: its decoder takes no steps and no seed" in done.err
    finally:
        assert provenance("codecs", "remove", "drawing").code == 0


def test_a_tall_picture_is_shown_in_part(provenance: Command, tmp_path: Path) -> None:
    photo, packed, sheet = (tmp_path / name for name in ("tall.png", "tall.avif", "sheet.png"))
    Image.effect_noise((20, 400), 80).save(photo)
    assert provenance("compress", photo, "-o", packed).code == 0
    done = provenance("evidence", packed, "-o", sheet)
    assert done.code == 2 and "use --crop" in done.err and not sheet.exists()
    assert provenance("evidence", packed, "-o", sheet, "--crop", "0,0,20,80").code == 0
