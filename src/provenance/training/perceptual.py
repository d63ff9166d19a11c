"""Train the perceptual decoder: ``python -m provenance.training.perceptual --photos DIR …``.

It starts as a copy of the conservative synthesis and sees the same latents, which stay as they are.
Asked of it are the energies of local bands, a discriminator that is shown the conservative picture
beside it, and a squared error that is measured by the conservative decoder's own. Resumable, as
`provenance.training.train`. When the schedule is over, ``--weights`` gets the averaged synthesis in
float16.
"""

from __future__ import annotations

import argparse
import copy
import math
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save
from torch import Tensor, nn

from provenance.codecs.learned.hyperprior import LEVELS, MeanScaleHyperprior
from provenance.codecs.learned.msh import WEIGHTS

from . import command, export, loop, train
from . import crops as crop_files
from .adversarial import Adversary, band_energies, band_energy_loss

REPORTED_LEVELS = (0.0, 2.33, 4.67)
REPORTED_PHOTOS = 6
BANDS, ADVERSARIAL = 1.5, 0.2
"""Weights of the two losses, beside 1 for the squared error in units of the conservative one."""


def main() -> None:
    parser = command.parser(__doc__, minutes=60, batch=4, crop=256, rate=3e-4)
    parser.add_argument("--codec", type=Path, default=WEIGHTS, help="weights of the codec")
    parser.add_argument(
        "--weights", type=command.output, help="safetensors file of the synthesis to write"
    )
    command.execute(parser, run)


def run(options: argparse.Namespace) -> None:
    options.work.mkdir(parents=True, exist_ok=True)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    crops = crop_files.cut(options.photos, options.work / "crops.npy", device)
    validation = train.load_photos(options.validation)[:REPORTED_PHOTOS]
    settings = {
        "decoder": "perceptual",
        "codec": options.codec.stem,
        "batch": options.batch,
        "crop": options.crop,
        "rate": options.rate,
        "origin": "from the conservative synthesis",
    }
    loop.keep_settings(options.work, settings)

    torch.manual_seed(0)
    network = export.network_of(options.codec).eval().requires_grad_(False)
    decoder = copy.deepcopy(network.synthesis).requires_grad_(True).train()
    for part in (network, decoder):
        part.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    adversary = Adversary(3, options.rate, device)

    def draw(rng: np.random.Generator) -> tuple[Tensor, Tensor]:
        x = crop_files.batch(crops, options.batch, options.crop, rng)
        return x, torch.from_numpy((LEVELS - 1) * rng.random(len(x))).float().to(device)

    def loss_of(x: Tensor, level: Tensor) -> Tensor:
        with torch.autocast(x.device.type, dtype=torch.bfloat16):
            with torch.no_grad():
                latents, _ = network.coded(x, level)
            conservative = picture(network.synthesis, latents)
            perceptual = picture(decoder, latents)
        seen = adversary.loss(x, perceptual, 2 * conservative - 1)
        error, usual = ((p - x).square().mean((1, 2, 3)) for p in (perceptual, conservative))
        relative = (error / (usual + 1e-5)).mean()
        bands = band_energy_loss(perceptual, x).mean()
        total: Tensor = relative + BANDS * bands + ADVERSARIAL * seen
        return total

    def evaluate() -> list[tuple[float, float, float]]:
        return [
            (level, *fidelity(network, decoder, level, validation)) for level in REPORTED_LEVELS
        ]

    loop.run(
        decoder,
        draw,
        loss_of,
        evaluate,
        work=options.work,
        minutes=options.minutes,
        rate=options.rate,
        report_minutes=options.minutes / 4,
        beside=adversary.parts,
    )
    if options.weights:
        state = {name: value.half().contiguous() for name, value in decoder.state_dict().items()}
        with loop.whole(options.weights) as aside:
            aside.write_bytes(save(state))


def picture(synthesis: nn.Module, latents: Tensor) -> Tensor:
    """``[batch, 3, h, w]``, sRGB about 0..1."""
    result: Tensor = synthesis(latents).float() + 0.5
    return result


@torch.no_grad()
def fidelity(
    network: MeanScaleHyperprior, decoder: nn.Module, level: float, photos: list[Tensor]
) -> tuple[float, float]:
    """Mean PSNR in dB, and the median share of the local bands' energy that is there."""
    psnrs, shares = [], []
    for photo in photos:
        x = (photo.float() / 255).to(next(decoder.parameters()).device)
        latents, _ = network.coded(x, torch.tensor([level], device=x.device))
        decoded = picture(decoder, latents).clamp(0, 1)
        psnrs.append(-10 * math.log10((decoded - x).square().mean().item()))
        found, wanted = band_energies(decoded), band_energies(x)
        shares.append((found.sum((3, 4)) / wanted.sum((3, 4)).clamp_min(1e-9)).median().item())
    return round(float(np.mean(psnrs)), 3), round(float(np.mean(shares)), 3)


if __name__ == "__main__":
    main()
