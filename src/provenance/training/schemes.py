"""Train small weights of a scheme: ``python -m provenance.training.schemes SCHEME --photos DIR …``.

Resumable, as `provenance.training.train`. When the schedule is over, the work folder holds
``SCHEME.safetensors``, the averaged weights as a state dict under the published names, which
`provenance codecs add` takes, and which ``--start`` of another scheme's training goes on from. With
``--weights``, the codec's file is written as well.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save
from torch import Tensor

from provenance.codecs.learned import published
from provenance.codecs.learned.conversion import converted
from provenance.codecs.schemes import MAX_BYTES
from provenance.errors import InputError, UsageError
from provenance.files import read

from . import command, klt, loop, train
from . import crops as crop_files
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
    parser = command.parser(__doc__, minutes=30, batch=8, crop=128, rate=5e-4)
    parser.add_argument("scheme", choices=sorted(NETWORKS))
    parser.add_argument(
        "--weights", type=command.output, help="safetensors file of the codec to write"
    )
    parser.add_argument("--channels", type=command.count, help="N in the papers")
    parser.add_argument("--latents", type=command.count, help="M in the papers")
    parser.add_argument(
        "--balance", type=command.positive, default=0.0067, help="bpp + balance * MSE"
    )
    parser.add_argument("--start", type=Path, help="state dict whose parts are taken over")
    command.execute(parser, run)


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
    }
    torch.manual_seed(0)
    try:
        network = NETWORKS[options.scheme](channels, latents)
    except ValueError as error:
        raise UsageError(f"{options.scheme}: {error}") from error
    if not (options.work / "checkpoint.pt").exists():
        first = crops[:600].cpu().permute(0, 3, 1, 2).float() / 255
        told["origin"] = _begin(network, first, options.start)
    loop.keep_settings(options.work, told)
    network.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]

    def draw(rng: np.random.Generator) -> tuple[Tensor]:
        return (crop_files.batch(crops, options.batch, options.crop, rng),)

    def evaluate() -> list[tuple[float, float, float]]:
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
        beside=network.adversary.parts if isinstance(network, Hific) else None,
    )
    state = options.work / f"{options.scheme}.safetensors"
    with loop.whole(state) as aside:
        aside.write_bytes(save(network.published()))
    if options.weights:
        with loop.whole(options.weights) as aside:
            aside.write_bytes(converted(state.read_bytes(), str(state), half=True))


@torch.no_grad()
def _begin(network: Factorized | Hific | Cdc, first: Tensor, start: Path | None) -> str:
    """Start from statistics of crops, ``[n, 3, h, w]`` 0..1, and from what another has learned.

    Returns:
        What the model card says of it.
    """
    state = published.load(read(start, MAX_BYTES), str(start)) if start else {}
    if not isinstance(network, Factorized):
        network.initialise(first)
        parts = network.take_over(state)
    else:
        latents = klt.initialise_strided(network, first)
        if "g_a" in network.take_over(state).taken:
            latents = network.g_a(first[:64])
        network.start(latents)
        parts = network.take_over(state)
    if start is None:
        return KLT_START
    if not parts.taken:
        raise InputError(
            f"{start}: no part of it has the tensors and sizes of this network's "
            f"{', '.join(parts.left)}; see --channels and --latents"
        )
    taken = ", ".join(parts.taken)
    print(f"from {start}: {taken}; anew: {', '.join(parts.left) or 'nothing'}", flush=True)
    return f"from {taken} of `{start.stem}`, trained before"


if __name__ == "__main__":
    main()
