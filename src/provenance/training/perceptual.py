"""Train the perceptual decoder: ``python -m provenance.training.perceptual --photos DIR …``.

It starts as a copy of the conservative synthesis and sees the same latents, which stay as they are.
Asked of it are the energies of local bands, a discriminator that is shown the conservative picture
beside it, and a squared error that is measured by the conservative decoder's own. Resumable, as
`provenance.training.train`; ``--weights`` gets the synthesis in float16 at every report.
"""

from __future__ import annotations

import argparse
import copy
import json
import math
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from provenance.codecs.learned.hyperprior import LEVELS, MeanScaleHyperprior
from provenance.codecs.learned.msh import WEIGHTS

from . import crops as crop_files
from . import export, loop, train
from .adversarial import (
    Discriminator,
    band_energies,
    band_energy_loss,
    discriminator_loss,
    generator_loss,
)

REPORTED_LEVELS = (0.0, 2.33, 4.67)
REPORTED_PHOTOS = 6
BANDS, ADVERSARIAL = 1.5, 0.2
"""Weights of the two losses, beside 1 for the squared error in units of the conservative one."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=Path, required=True, help="folder of training photos")
    parser.add_argument("--validation", type=Path, required=True, help="folder of PNG photos")
    parser.add_argument("--work", type=Path, required=True, help="folder for crops and checkpoint")
    parser.add_argument("--codec", type=Path, default=WEIGHTS, help="weights of the codec")
    parser.add_argument("--weights", type=Path, help="safetensors file of the synthesis to write")
    parser.add_argument("--minutes", type=float, default=60.0, help="whole length of the schedule")
    parser.add_argument("--batch", type=int, default=4)
    parser.add_argument("--crop", type=int, default=256)
    parser.add_argument("--rate", type=float, default=3e-4, help="highest learning rate")
    run(parser.parse_args())


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
    (options.work / "settings.json").write_text(json.dumps(settings))

    torch.manual_seed(0)
    network = export.network_of(options.codec).eval().requires_grad_(False)
    decoder = copy.deepcopy(network.synthesis).requires_grad_(True).train()
    discriminator = Discriminator(conditions=3)
    judged = options.work / "discriminator.pt"
    if judged.exists():
        discriminator.load_state_dict(torch.load(judged, weights_only=True, map_location="cpu"))
    for part in (network, decoder, discriminator):
        part.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    judge = torch.optim.Adam(
        discriminator.parameters(),
        lr=options.rate,
        betas=(0.5, 0.9),
        capturable=device.type == "cuda",
    )

    def draw(rng: np.random.Generator) -> tuple[Tensor, Tensor]:
        x = crop_files.batch(crops, options.batch, options.crop, rng)
        return x, torch.from_numpy((LEVELS - 1) * rng.random(len(x))).float().to(device)

    def loss_of(x: Tensor, level: Tensor) -> Tensor:
        with torch.autocast(x.device.type, dtype=torch.bfloat16):
            with torch.no_grad():
                latents, _ = network.coded(x, level)
            conservative = picture(network.synthesis, latents)
            perceptual = picture(decoder, latents)
            shown = 2 * conservative - 1
            fake = discriminator(perceptual.detach(), shown)
            loss = discriminator_loss(discriminator(x, shown), fake)
        judge.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        judge.step()

        for parameter in discriminator.parameters():
            parameter.requires_grad_(False)
        with torch.autocast(x.device.type, dtype=torch.bfloat16):
            seen = generator_loss(discriminator(perceptual, shown))
        for parameter in discriminator.parameters():
            parameter.requires_grad_(True)
        error, usual = ((p - x).square().mean((1, 2, 3)) for p in (perceptual, conservative))
        relative = (error / (usual + 1e-5)).mean()
        bands = band_energy_loss(perceptual, x).mean()
        total: Tensor = relative + BANDS * bands + ADVERSARIAL * seen
        return total

    def evaluate() -> list[tuple[float, float, float]]:
        torch.save(discriminator.state_dict(), judged)
        if options.weights:
            state = {
                name: value.half().contiguous() for name, value in decoder.state_dict().items()
            }
            save_file(state, options.weights)
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
    )


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
