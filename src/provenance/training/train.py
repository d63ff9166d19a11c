"""Train the default codec: ``python -m provenance.training.train --photos DIR --work DIR``.

Resumable: the work folder holds the crops, the checkpoint and the log, and the same command goes
on where it stopped. Runs on CUDA where there is a GPU. The shipped weights come from
`provenance.training.export`.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from provenance.codecs.learned.hyperprior import LAMBDAS, LEVELS, MeanScaleHyperprior

from . import crops as crop_files
from . import export, klt
from .similarity import ms_ssim

REPORTED_LEVELS = (0.0, 1.75, 3.5, 5.25, 7.0)
BALANCE = 0.0067
"""Losses are weighted by ``(lambda / BALANCE) ** -0.5``, so that no level drowns the others."""

SIMILARITY = (0.3, 0.1)
"""Share of MS-SSIM in the distortion at the lowest and at the highest rate."""
PER_DISSIMILARITY = 1280.0
"""Squared error on the scale 0..255 that counts as much as 1 - MS-SSIM = 1."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=Path, required=True, help="folder of training photos")
    parser.add_argument("--validation", type=Path, required=True, help="folder of PNG photos")
    parser.add_argument("--work", type=Path, required=True, help="folder for crops and checkpoint")
    parser.add_argument("--minutes", type=float, default=120.0, help="whole length of the schedule")
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--crop", type=int, default=128)
    parser.add_argument("--rate", type=float, default=1e-3, help="highest learning rate")
    parser.add_argument("--start", type=Path, help="exported weights to start from, not the KLT")
    run(parser.parse_args())


def run(options: argparse.Namespace) -> None:
    options.work.mkdir(parents=True, exist_ok=True)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    crops = crop_files.cut(options.photos, options.work / "crops.npy")
    validation = load_photos(options.validation)
    checkpoint = options.work / "checkpoint.pt"
    settings = {"batch": options.batch, "crop": options.crop, "rate": options.rate}
    (options.work / "settings.json").write_text(json.dumps(settings))

    torch.manual_seed(0)
    network = export.network_of(options.start) if options.start else MeanScaleHyperprior()
    if not options.start and not checkpoint.exists():
        first = torch.from_numpy(np.array(crops[:600])).permute(0, 3, 1, 2).float()
        klt.initialise(network, first / 255)
    network.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimiser = torch.optim.Adam(network.parameters(), lr=options.rate, fused=True)
    average = {name: value.clone() for name, value in network.state_dict().items()}
    step, elapsed = 0, 0.0
    if checkpoint.exists():
        state = torch.load(checkpoint, weights_only=True, map_location=device)
        network.load_state_dict(state["network"])
        optimiser.load_state_dict(state["optimiser"])
        average, step, elapsed = state["average"], state["step"], state["elapsed"]
    rng = np.random.default_rng(step)

    def save() -> None:
        state: dict[str, Any] = {
            "network": network.state_dict(),
            "optimiser": optimiser.state_dict(),
            "average": average,
            "step": step,
            "elapsed": elapsed,
        }
        aside = checkpoint.with_suffix(".new")
        torch.save(state, aside)
        aside.replace(checkpoint)

    def report() -> None:
        line = {"step": step, "minutes": round(elapsed / 60, 1), "loss": round(running, 4)}
        line["validation"] = evaluate(network, average, validation, device)  # type: ignore[assignment]
        with (options.work / "log.jsonl").open("a") as log:
            log.write(json.dumps(line) + "\n")
        print(json.dumps(line), flush=True)
        save()

    length = options.minutes * 60
    running = float("nan")
    last_report = elapsed
    while elapsed < length:
        began = time.monotonic()
        done = elapsed / length
        for group in optimiser.param_groups:
            warm = min(1.0, (step + 1) / 200)
            group["lr"] = options.rate * warm * (0.02 + 0.49 * (1 + math.cos(math.pi * done)))
        x = batch(crops, options.batch, options.crop, rng).to(device)
        x = x.contiguous(memory_format=torch.channels_last)
        # The high rates learn most slowly: they are drawn a little more often.
        level = torch.from_numpy((LEVELS - 1) * rng.random(len(x)) ** 0.6).float().to(device)
        loss = step_loss(network, x, level)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        norm = torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        if torch.isfinite(norm):
            optimiser.step()
        with torch.no_grad():
            keep = min(0.999, (1 + step) / (10 + step))
            for name, value in network.state_dict().items():
                average[name].lerp_(value, 1 - keep)
        step += 1
        running = loss.item() if math.isnan(running) else 0.99 * running + 0.01 * loss.item()
        elapsed += time.monotonic() - began
        if step % 200 == 0:
            print(f"{step} {elapsed / 60:.1f} min loss {running:.4f}", flush=True)
        if step % 1000 == 0:
            save()
        if elapsed - last_report > 1800:
            report()
            last_report = elapsed
    report()


def step_loss(network: MeanScaleHyperprior, x: Tensor, level: Tensor) -> Tensor:
    """Rate + lambda * distortion, in bits per pixel, balanced between levels."""
    with torch.autocast(x.device.type, dtype=torch.bfloat16):
        reconstruction, bits = network(x, level)
    position = level / (LEVELS - 1)
    weight = LAMBDAS[0] * (LAMBDAS[-1] / LAMBDAS[0]) ** position
    mse = (reconstruction - x).square().mean((1, 2, 3)) * 255**2
    share = SIMILARITY[0] + (SIMILARITY[1] - SIMILARITY[0]) * position
    distortion = (1 - share) * mse + share * PER_DISSIMILARITY * (1 - ms_ssim(reconstruction, x))
    bits_per_pixel = bits / (x.shape[2] * x.shape[3])
    balanced: Tensor = (weight / BALANCE) ** -0.5 * (bits_per_pixel + weight * distortion)
    return balanced.mean()


def batch(crops: NDArray[np.uint8], count: int, size: int, rng: np.random.Generator) -> Tensor:
    """Random crops of crops, flipped and transposed at random: ``[count, 3, size, size]``, 0..1."""
    chosen = []
    for index in rng.integers(len(crops), size=count):
        top, left = rng.integers(crop_files.SIZE - size + 1, size=2)
        crop = crops[index, top : top + size, left : left + size]
        if rng.random() < 0.5:
            crop = crop[:, ::-1]
        if rng.random() < 0.5:
            crop = crop.transpose(1, 0, 2)
        chosen.append(crop)
    return torch.from_numpy(np.stack(chosen)).permute(0, 3, 1, 2).float() / 255


def load_photos(folder: Path) -> list[Tensor]:
    """Every PNG of ``folder``, cut to multiples of 64: ``[1, 3, h, w]`` uint8 each."""
    photos = []
    for path in sorted(folder.glob("*.png")):
        with Image.open(path) as opened:
            pixels = np.array(opened.convert("RGB"))
        height, width = (side // 64 * 64 for side in pixels.shape[:2])
        photos.append(torch.from_numpy(pixels[:height, :width]).permute(2, 0, 1)[None])
    return photos


@torch.no_grad()
def evaluate(
    network: MeanScaleHyperprior,
    average: dict[str, Tensor],
    photos: list[Tensor],
    device: torch.device,
) -> list[tuple[float, float, float]]:
    """Level, mean bits per pixel (from likelihoods) and mean PSNR in dB of the averaged weights."""
    kept = {name: value.clone() for name, value in network.state_dict().items()}
    network.load_state_dict(average)
    network.eval()
    rows = []
    for level in REPORTED_LEVELS:
        rates, psnrs = [], []
        for photo in photos:
            x = (photo.to(device).float() / 255).contiguous(memory_format=torch.channels_last)
            reconstruction, bits = network(x, torch.tensor([level], device=device))
            rounded = (reconstruction.clamp(0, 1) * 255).round()
            mse = (rounded - x * 255).square().mean().item()
            rates.append(bits.item() / (x.shape[2] * x.shape[3]))
            psnrs.append(10 * math.log10(255**2 / mse))
        rows.append((level, round(float(np.mean(rates)), 4), round(float(np.mean(psnrs)), 3)))
    network.load_state_dict(kept)
    network.train()
    return rows


if __name__ == "__main__":
    main()
