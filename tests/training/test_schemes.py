"""Training of the schemes, for moments: it runs, resumes, and its weights make codecs."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image
from safetensors.torch import load_file, save

from provenance.codecs import schemes
from provenance.codecs.learned import conversion
from provenance.metrics import psnr_db
from provenance.training import klt
from provenance.training.scheme_networks import Factorized
from provenance.training.schemes import NETWORKS

STRIDED = {name: kind for name, kind in NETWORKS.items() if issubclass(kind, Factorized)}


@pytest.fixture(scope="module", params=STRIDED)
def scheme(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def pixels(data: Path) -> NDArray[np.uint8]:
    source = sorted((data / "validation").glob("*.png"))[0]
    with Image.open(source) as image:
        return np.asarray(image.convert("RGB"))[:384, :512]


@pytest.mark.parametrize(
    "scheme",
    ["charm", *(pytest.param(s, marks=pytest.mark.slow) for s in STRIDED if s != "charm")],
)
def test_training_goes_on_where_it_stopped(
    scheme: str, pixels: NDArray[np.uint8], tmp_path: Path
) -> None:
    photos, work = tmp_path / "photos", tmp_path / "work"
    photos.mkdir()
    Image.fromarray(pixels).save(photos / "photo.png")
    command = [sys.executable, "-W", "error", "-m", "provenance.training.schemes", scheme]
    command += ["--photos", str(photos), "--validation", str(photos), "--work", str(work)]
    command += ["--channels", "16", "--latents", "36", "--batch", "2"]
    command += ["--weights", str(tmp_path / "small.safetensors")]

    def trained(minutes: float) -> dict[str, Any]:
        subprocess.run([*command, "--minutes", str(minutes)], check=True, capture_output=True)
        last: dict[str, Any] = json.loads((work / "log.jsonl").read_text().splitlines()[-1])
        return last

    first = trained(0.02)
    # However slow this machine is, there is time for more.
    second = trained(first["minutes"] + 0.15)
    assert 0 < first["step"] < second["step"]
    (_, rate, psnr), *others = second["validation"]
    # It starts from a block transform, so it is a picture from the first step on.
    assert rate < 6 and psnr > 24 and not others
    weights = schemes.weights("small", tmp_path / "small.safetensors")
    assert weights is not None and weights.scheme == scheme
    modes = {path.stat().st_mode for path in work.glob("*.safetensors")}
    assert modes == {(tmp_path / "small.safetensors").stat().st_mode}
    # Another training goes on from there.
    again = [*command, "--work", str(tmp_path / "other"), "--minutes", "0.001"]
    again += ["--start", str(work / f"{scheme}.safetensors")]
    subprocess.run(again, check=True, capture_output=True)
    states = [load_file(f / f"{scheme}.safetensors") for f in (work, tmp_path / "other")]
    assert torch.allclose(states[0]["g_a.0.weight"], states[1]["g_a.0.weight"], atol=0.01)


def test_the_rate_in_training_is_that_of_the_bitstream(
    scheme: str, pixels: NDArray[np.uint8]
) -> None:
    torch.manual_seed(0)
    network = STRIDED[scheme](16, 36)
    x = torch.from_numpy(pixels.copy()).permute(2, 0, 1)[None].float() / 255
    network.start(klt.initialise_strided(network, x))
    network.eval()
    with torch.no_grad():
        reconstruction, bits = network(x)
    data = conversion.converted(save(network.published()), "trained")
    codec = conversion.built(data, "trained", scheme)
    latents = codec.analyse(pixels)
    payload = codec.encode(latents)
    size = 8 * (len(payload.words) + len(payload.escapes))
    # Scales are not trained: a latent far out costs 30 bits there, and here no more than an escape.
    assert size == pytest.approx(bits.item(), rel=0.04)
    decoded = codec.synthesise(latents, *pixels.shape[:2])
    seen = (reconstruction[0].clamp(0, 1) * 255).round().permute(1, 2, 0).numpy().astype(np.uint8)
    assert psnr_db(seen, decoded) > 50
