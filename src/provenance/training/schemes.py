"""Train small weights of a scheme: ``python -m provenance.training.schemes SCHEME --photos DIR …``.

Resumable, as `provenance.training.train`. When the schedule is over, the work folder holds
``SCHEME.safetensors``, the averaged weights as a state dict under the published names, which
`provenance codecs add` takes, and which ``--start`` of another scheme's training goes on from. With
``--weights``, the codec's file is written as well.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from provenance.codecs.learned.conversion import converted

from . import crops as crop_files
from . import klt, loop, train
from .card import KLT_START
from .cdc_network import Cdc
from .hific_network import Hific
from .scheme_networks import Charm, Factorized, Hyperprior

NETWORKS: dict[str, type[Factorized | Hific | Cdc]] = {
    "charm": Charm,
    "factorized": Factorized,
    "hyperprior": Hyperprior,
    "hific": Hific,
    "cdc": Cdc,
}
SIZES = {"hific": (32, 96), "cdc": (32, 96)}
"""Channels and latents where they are not the usual ones."""
USUAL = (80, 144)
FASTER = {"entropy_bottleneck.": 5.0}
"""Factors to the learning rate: densities are far from anything when they start."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("scheme", choices=sorted(NETWORKS))
    parser.add_argument("--photos", type=Path, required=True, help="folder of training photos")
    parser.add_argument("--validation", type=Path, required=True, help="folder of PNG photos")
    parser.add_argument("--work", type=Path, required=True, help="folder for crops and checkpoint")
    parser.add_argument("--weights", type=Path, help="safetensors file of the codec to write")
    parser.add_argument("--channels", type=int, help="N in the papers")
    parser.add_argument("--latents", type=int, help="M in the papers")
    parser.add_argument("--balance", type=float, default=0.0067, help="bpp + balance * MSE")
    parser.add_argument("--minutes", type=float, default=30.0, help="whole length of the schedule")
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--crop", type=int, default=128)
    parser.add_argument("--rate", type=float, default=5e-4, help="highest learning rate")
    parser.add_argument("--start", type=Path, help="state dict whose tensors are taken over")
    run(parser.parse_args())


def run(options: argparse.Namespace) -> None:
    options.work.mkdir(parents=True, exist_ok=True)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    crops = crop_files.cut(options.photos, options.work / "crops.npy", device)
    validation = train.load_photos(options.validation)
    usual = SIZES.get(options.scheme, USUAL)
    channels, latents = options.channels or usual[0], options.latents or usual[1]
    told = {
        "scheme": options.scheme,
        "channels": channels,
        "latents": latents,
        "balance": options.balance,
        "batch": options.batch,
        "crop": options.crop,
        "rate": options.rate,
        "precision": "bfloat16" if device.type == "cuda" or usual == USUAL else "float32",
        "origin": KLT_START,
    }
    if options.start:
        told["origin"] = f"from the transforms of `{options.start.stem}`, trained before"
    (options.work / "settings.json").write_text(json.dumps(told))
    torch.manual_seed(0)
    network = NETWORKS[options.scheme](channels, latents)
    if not (options.work / "checkpoint.pt").exists():
        first = crops[:600].cpu().permute(0, 3, 1, 2).float() / 255
        _begin(network, first, load_file(options.start) if options.start else {})
    network.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]

    def draw(rng: np.random.Generator) -> tuple[Tensor]:
        return (crop_files.batch(crops, options.batch, options.crop, rng),)

    def evaluate() -> list[tuple[float, float, float]]:
        save_file(network.published(), options.work / f"{options.scheme}.safetensors")
        return [(options.balance, *train.fidelity(network, validation, device))]

    loop.run(
        network,
        draw,
        lambda x: network.loss(x, options.balance),
        evaluate,
        work=options.work,
        minutes=options.minutes,
        rate=options.rate,
        rates=FASTER,
        report_minutes=options.minutes / 3,
    )
    if options.weights:
        state = options.work / f"{options.scheme}.safetensors"
        options.weights.write_bytes(converted(state.read_bytes(), str(state), half=True))


@torch.no_grad()
def _begin(network: Factorized | Hific | Cdc, first: Tensor, state: dict[str, Tensor]) -> None:
    """Start from statistics of crops, ``[n, 3, h, w]`` 0..1, and from what another has learned."""
    if not isinstance(network, Factorized):
        network.initialise(first)
        network.take_over(state)
        return
    latents = klt.initialise_strided(network, first)
    if network.take_over(state):
        latents = network.g_a(first[:64])
    network.start(latents)
    network.take_over(state)


if __name__ == "__main__":
    main()
