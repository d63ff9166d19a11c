"""Training, for moments: it runs, resumes, and its weights make the round trip."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from provenance import metrics
from provenance.codecs.learned import msh
from provenance.codecs.learned.coder import Coder
from provenance.training import export, loop
from provenance.training.adversarial import Adversary
from provenance.training.similarity import ms_ssim


@pytest.fixture(scope="module")
def photos(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("photos")
    source = sorted((data / "validation").glob("*.png"))[0]
    with Image.open(source) as image:
        image.convert("RGB").crop((0, 0, 500, 400)).save(folder / "photo.png")
    return folder


def test_training_goes_on_where_it_stopped(photos: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-W", "error", "-m", "provenance.training.train"]
    command += ["--photos", str(photos), "--validation", str(photos), "--work", str(tmp_path)]
    command += ["--batch", "2", "--crop", "128", "--start", str(msh.WEIGHTS)]

    def trained(minutes: float) -> dict[str, Any]:
        subprocess.run([*command, "--minutes", str(minutes)], check=True, capture_output=True)
        last: dict[str, Any] = json.loads((tmp_path / "log.jsonl").read_text().splitlines()[-1])
        return last

    first = trained(0.03)
    # However slow this machine is, there is time for more.
    second = trained(first["minutes"] + 0.15)
    assert 0 < first["step"] < second["step"]
    # Started from good weights, so it is not noise that comes out.
    assert all(psnr > 24 for _, _, psnr in second["validation"])
    exported = tmp_path / "weights.safetensors"
    command = [sys.executable, "-m", "provenance.training.export", str(tmp_path / "checkpoint.pt")]
    subprocess.run([*command, str(exported)], check=True, capture_output=True)
    assert Coder.load(exported)


def test_exported_weights_are_those_of_the_network(photos: Path, tmp_path: Path) -> None:
    network = export.network_of(msh.WEIGHTS).eval()
    # The tables are counted, not the network's.
    names = ("scale_tables", "hyper_tables", "hyper_prior")
    counted = {k: v for k, v in load_file(msh.WEIGHTS).items() if k.startswith(names)}
    save_file(export.tensors(network) | counted, tmp_path / "again.safetensors")
    with Image.open(photos / "photo.png") as image:
        pixels = np.asarray(image)
    streams = []
    for path in (msh.WEIGHTS, tmp_path / "again.safetensors"):
        coder = Coder.load(path)
        streams.append(coder.encode(coder.quantise(coder.analyse(pixels), 40)))
    assert len(streams[0].words) == pytest.approx(len(streams[1].words), rel=0.002)


def test_counted_tables_need_fewer_bits(photos: Path, data: Path, tmp_path: Path) -> None:
    normal, counted = tmp_path / "normal.safetensors", tmp_path / "counted.safetensors"
    save_file(export.tensors(export.network_of(msh.WEIGHTS).eval()), normal)
    command = [sys.executable, "-m", "provenance.training.export", str(normal), str(counted)]
    subprocess.run([*command, "--photos", str(photos)], check=True, capture_output=True)
    # Another photo than the counted one.
    with Image.open(data / "kodak" / "kodim08.png") as image:
        pixels = np.asarray(image.convert("RGB"))[:384, :448]
    sizes = []
    for path in (normal, counted):
        coder = Coder.load(path)
        latents = coder.quantise(coder.analyse(pixels), 20)
        payload = coder.encode(latents)
        decoded = coder.decode(payload.words, payload.escapes, 384, 448, 20)
        assert np.array_equal(decoded.residuals, latents.residuals)
        sizes.append(len(payload.words) + len(payload.escapes))
    assert sizes[1] < 0.998 * sizes[0]


def test_the_rate_in_training_is_that_of_the_bitstream(photos: Path, tmp_path: Path) -> None:
    network = export.network_of(msh.WEIGHTS).eval()
    save_file(export.tensors(network), tmp_path / "normal.safetensors")
    coder = Coder.load(tmp_path / "normal.safetensors")
    with Image.open(photos / "photo.png") as image:
        pixels = np.asarray(image)[:384, :448]
    payload = coder.encode(coder.quantise(coder.analyse(pixels), 50))
    x = torch.from_numpy(pixels.copy()).permute(2, 0, 1)[None].float() / 255
    with torch.no_grad():
        _, bits = network(x, torch.tensor([49 / 99 * 7]))
    assert 8 * len(payload.words) == pytest.approx(bits.item(), rel=0.02)


def test_the_similarity_of_the_loss_is_near_the_published_one(data: Path) -> None:
    with Image.open(data / "kodak" / "kodim04.png") as image:
        photo = np.asarray(image.convert("RGB"))[:256, :256]
    noise = np.random.default_rng(1).normal(0, 12, photo.shape)
    noisy = np.clip(photo + noise, 0, 255).astype(np.uint8)
    x, y = (torch.from_numpy(a.copy()).permute(2, 0, 1)[None].float() / 255 for a in (photo, noisy))
    assert ms_ssim(x, x).item() == pytest.approx(1)
    assert ms_ssim(x, y).item() == pytest.approx(metrics.ms_ssim(photo, noisy), abs=0.02)


def test_a_checkpoint_holds_all_that_learns(tmp_path: Path) -> None:
    def trained(seed: int, minutes: float) -> list[dict[str, Any]]:
        torch.manual_seed(seed)
        network, adversary = nn.Conv2d(3, 3, 1), Adversary(3, 1e-3, torch.device("cpu"))

        def loss_of(x: Tensor) -> Tensor:
            return adversary.loss(x, network(x), x)

        loop.run(
            network,
            lambda rng: (torch.from_numpy(rng.random((1, 3, 32, 32), np.float32)),),
            loss_of,
            list,
            work=tmp_path,
            minutes=minutes,
            rate=1e-3,
            beside=adversary.parts,
        )
        assert not network.training
        moments = adversary.optimiser.state_dict()["state"].values()
        return [network.state_dict(), adversary.state_dict(), *moments]

    first = trained(0, 0.005)
    assert first[1]["calls"] > 0
    # The schedule is over, so nothing is learnt any more.
    for before, after in zip(first, trained(1, 0.001), strict=True):
        assert before.keys() == after.keys()
        assert all(torch.equal(before[key], after[key]) for key in before)
