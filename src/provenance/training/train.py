"""Train the default codec: ``python -m provenance.training.train --photos DIR --work DIR``.

Resumable: the work folder holds the crops, the checkpoint and the log, and the same command goes
on where it stopped. Runs on CUDA where there is a GPU. The shipped weights come from
`provenance.training.export`.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from provenance.codecs.learned.hyperprior import LEVELS, MeanScaleHyperprior, lambda_at
from provenance.errors import InputError

from . import command, export, klt, loop
from . import crops as crop_files
from .similarity import ms_ssim

REPORTED_LEVELS = (0.0, 1.75, 3.5, 5.25, 7.0)
BALANCE = 0.0067
"""Losses are weighted by ``(lambda / BALANCE) ** -0.5``, so that no level drowns the others."""

SIMILARITY = (0.3, 0.1)
"""Share of MS-SSIM in the distortion at the lowest and at the highest rate."""
PER_DISSIMILARITY = 1280.0
"""Squared error on the scale 0..255 that counts as much as 1 - MS-SSIM = 1."""


def main() -> None:
    parser = command.parser(__doc__, minutes=120, batch=8, crop=128, rate=1e-3)
    parser.add_argument(
        "--report", type=command.positive, default=30.0, help="minutes between log lines"
    )
    parser.add_argument("--start", type=Path, help="exported weights to start from, not the KLT")
    command.execute(parser, run)


def run(options: argparse.Namespace) -> None:
    options.work.mkdir(parents=True, exist_ok=True)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    crops = crop_files.cut(options.photos, options.work / "crops.npy", device)
    validation = load_photos(options.validation)
    checkpoint = options.work / "checkpoint.pt"
    settings = {"batch": options.batch, "crop": options.crop, "rate": options.rate}
    loop.keep_settings(options.work, settings)

    torch.manual_seed(0)
    network = export.network_of(options.start) if options.start else MeanScaleHyperprior()
    if not options.start and not checkpoint.exists():
        klt.initialise(network, crops[:600].cpu().permute(0, 3, 1, 2).float() / 255)
    network.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]

    def draw(rng: np.random.Generator) -> tuple[Tensor, Tensor]:
        x = crop_files.batch(crops, options.batch, options.crop, rng)
        # The high rates learn most slowly: they are drawn a little more often.
        level = torch.from_numpy((LEVELS - 1) * rng.random(len(x)) ** 0.5).float().to(device)
        return x, level

    loop.run(
        network,
        draw,
        lambda x, level: step_loss(network, x, level),
        lambda: evaluate(network, validation, device),
        work=options.work,
        minutes=options.minutes,
        rate=options.rate,
        report_minutes=options.report,
    )


def step_loss(network: MeanScaleHyperprior, x: Tensor, level: Tensor) -> Tensor:
    """Rate + lambda * distortion, in bits per pixel, balanced between levels."""
    with torch.autocast(x.device.type, dtype=torch.bfloat16):
        reconstruction, bits = network(x, level)
    position = level / (LEVELS - 1)
    weight = lambda_at(level)
    mse = (reconstruction - x).square().mean((1, 2, 3)) * 255**2
    share = SIMILARITY[0] + (SIMILARITY[1] - SIMILARITY[0]) * position
    distortion = (1 - share) * mse + share * PER_DISSIMILARITY * (1 - ms_ssim(reconstruction, x))
    bits_per_pixel = bits / (x.shape[2] * x.shape[3])
    balanced: Tensor = (weight / BALANCE) ** -0.5 * (bits_per_pixel + weight * distortion)
    return balanced.mean()


def load_photos(folder: Path) -> list[Tensor]:
    """Every PNG of ``folder``, cut to multiples of 64: ``[1, 3, h, w]`` uint8 each.

    Raises:
        InputError: There is none, or one cannot be read or has a side of less than 128 px.
    """
    photos = []
    for path in crop_files.photos(folder, ".png"):
        pixels = np.array(crop_files.opened(path))
        height, width = (side // command.STEP * command.STEP for side in pixels.shape[:2])
        if min(height, width) < command.LEAST:
            raise InputError(f"{path}: sides under {command.LEAST} px are too small to validate on")
        photos.append(torch.from_numpy(pixels[:height, :width]).permute(2, 0, 1)[None])
    return photos


def evaluate(
    network: MeanScaleHyperprior, photos: list[Tensor], device: torch.device
) -> list[tuple[float, float, float]]:
    """Level, mean bits per pixel (from likelihoods) and mean PSNR in dB."""

    def row(level: float) -> tuple[float, float, float]:
        at = torch.tensor([level], device=device)
        return level, *fidelity(lambda x: network(x, at), photos, device)

    return [row(level) for level in REPORTED_LEVELS]


def fidelity(
    pass_of: Callable[[Tensor], tuple[Tensor, Tensor]], photos: list[Tensor], device: torch.device
) -> tuple[float, float]:
    """Mean bits per pixel (from likelihoods) and mean PSNR in dB.

    Args:
        pass_of: reconstruction and bits of a picture.
    """
    rates, psnrs = [], []
    for photo in photos:
        x = (photo.to(device).float() / 255).contiguous(memory_format=torch.channels_last)
        reconstruction, bits = pass_of(x)
        mse = ((reconstruction.clamp(0, 1) * 255).round() - x * 255).square().mean().item()
        rates.append(bits.item() / (x.shape[2] * x.shape[3]))
        psnrs.append(10 * math.log10(255**2 / mse))
    return round(float(np.mean(rates)), 4), round(float(np.mean(psnrs)), 3)


if __name__ == "__main__":
    main()
