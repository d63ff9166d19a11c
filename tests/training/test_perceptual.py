"""Training of the perceptual decoder, for a moment."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from PIL import Image
from safetensors.torch import load_file

from provenance.codecs.learned import msh
from provenance.training import export


def test_it_trains_a_synthesis_of_the_same_latents(data: Path, tmp_path: Path) -> None:
    photos, weights = tmp_path / "photos", tmp_path / "perceptual.safetensors"
    photos.mkdir()
    with Image.open(sorted((data / "validation").glob("*.png"))[0]) as image:
        image.convert("RGB").crop((0, 0, 300, 300)).save(photos / "photo.png")
    command = [sys.executable, "-m", "provenance.training.perceptual", "--photos", str(photos)]
    command += ["--validation", str(photos), "--work", str(tmp_path), "--weights", str(weights)]
    command += ["--batch", "1", "--crop", "128", "--minutes", "0.02"]
    subprocess.run(command, check=True, capture_output=True)
    (last,) = (tmp_path / "log.jsonl").read_text().splitlines()[-1:]
    assert all(psnr > 24 for _, psnr, _ in json.loads(last)["validation"])
    state = {name: value.float() for name, value in load_file(weights).items()}
    export.network_of(msh.WEIGHTS).synthesis.load_state_dict(state)
