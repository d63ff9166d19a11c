"""``compress --tune``, as a user runs it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from provenance import container
from provenance.codecs import bitstream

from .conftest import Command


def test_the_label_tells_what_the_encoder_was_tuned_for(
    provenance: Command, astronaut: Path, tmp_path: Path
) -> None:
    found = {}
    for tune in ("psnr", "ssim"):
        target = tmp_path / f"{tune}.avif"
        done = provenance(
            "compress", astronaut, "--max-bytes", 40_000, "--tune", tune, "-o", target
        )
        assert done.code == 0, done.err
        assert target.stat().st_size <= 40_000
        label = provenance("show", target, "--json").json("show")["label"]
        assert label["codec"].get("tune") == (None if tune == "psnr" else tune)
        mapped = bitstream.parse(container.unpack(target.read_bytes()).bitstream).mapped
        assert mapped == (tune == "ssim")
        assert provenance("verify", target, "--decode").code in (0, 5)
        found[tune] = label["quality"]
    assert found["ssim"]["ms_ssim"] > found["psnr"]["ms_ssim"]
    assert found["ssim"]["psnr_db"] < found["psnr"]["psnr_db"]

    picture = tmp_path / "picture.png"
    assert provenance("decompress", tmp_path / "ssim.avif", "-o", picture).code == 0
    with Image.open(picture) as decoded, Image.open(astronaut) as original:
        difference = np.asarray(decoded.convert("RGB")).astype(int) - original.convert("RGB")
    assert decoded.size == original.size and 0.5 < np.abs(difference).mean() < 12


def test_other_codecs_cannot_be_tuned(provenance: Command, astronaut: Path, tmp_path: Path) -> None:
    target = tmp_path / "other.avif"
    done = provenance("compress", astronaut, "--codec", "charm", "--tune", "ssim", "-o", target)
    assert done.code == 2 and "charm: cannot be tuned; only msh can" in done.err
    assert not target.exists()
