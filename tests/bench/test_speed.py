"""The benchmark of speed, as a user runs it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import torch
from PIL import Image

from provenance.bench.bmshj2018 import ScaleHyperprior


def test_it_compares_in_one_table(data: Path, tmp_path: Path) -> None:
    with Image.open(data / "kodak" / "kodim20.png") as photo:
        photo.crop((0, 0, 256, 192)).save(tmp_path / "photo.png")
    script = Path(sys.executable).with_name("provenance")
    done = subprocess.run(
        [script, "bench", "speed", tmp_path / "photo.png"],
        capture_output=True,
        text=True,
        check=True,
    )
    rows = [line.split("|")[1:-1] for line in done.stdout.splitlines() if "256x192" in line]
    assert [row[1].strip() for row in rows] == ["msh", "AVIF speed 6", "bmshj2018 transforms"]
    assert rows[0][4].strip() == "1.00"
    assert all(float(row[2].strip().removesuffix(" s")) > 0 for row in rows)


def test_the_published_hyperprior_has_its_published_size() -> None:
    network = ScaleHyperprior()
    # 5,075,843 in CompressAI's bmshj2018_hyperprior(quality=1), less 7,808 of its factorised prior.
    assert sum(p.numel() for p in network.parameters()) == 5_068_035
    with torch.inference_mode():
        y, z = network.encode(torch.rand(1, 3, 64, 128))
        assert y.shape == (1, 192, 4, 8) and z.shape == (1, 128, 1, 2)
        assert network.decode(y, z).shape == (1, 3, 64, 128)
