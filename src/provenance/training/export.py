"""Make the shipped weights: ``python -m provenance.training.export CHECKPOINT WEIGHTS``.

Writes a safetensors file of float16 transforms, the integer hyper-synthesis and the integer
frequency tables. Whatever decoding depends on is an integer from here on.

Training takes residuals for normal variables. With ``--photos``, what they really are is counted,
and the tables follow that: tails are heavier, and 0 is more frequent.
"""

from __future__ import annotations

import argparse
import copy
import math
import re
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import save
from torch import Tensor

from provenance.codecs.entropy import TOTAL
from provenance.codecs.learned import entropy_model, integer_network, published
from provenance.codecs.learned.coder import INTEGER_PARTS, Coder
from provenance.codecs.learned.context import places
from provenance.codecs.learned.hyperprior import MIN_SCALE, SCALE_OFFSET, MeanScaleHyperprior
from provenance.codecs.learned.tables import LONGEST_HALF, packed
from provenance.codecs.schemes import MAX_BYTES
from provenance.errors import InputError
from provenance.files import read

from . import command, crops, loop

SCALES = np.geomspace(MIN_SCALE, 256, 64)
"""Standard deviations of the residuals' tables."""

HYPER_TAIL = 1e-6
"""Hyper-latents less probable than this are escaped."""

COUNTED_AT = (1, 8, 16, 30, 45, 60, 75, 88, 100)
"""Qualities at which residuals are counted."""

NORMAL_WEIGHT = 500
"""Residuals that a normal variable counts for beside those that were seen."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("checkpoint", type=Path, help="checkpoint.pt of a training, or weights")
    parser.add_argument("weights", type=command.output, help="safetensors file to write")
    parser.add_argument("--photos", type=Path, help="folder of training photos")
    command.execute(parser, run)


def run(options: argparse.Namespace) -> None:
    if options.checkpoint.suffix == ".safetensors":
        found = _stored(options.checkpoint, MeanScaleHyperprior())
    else:
        network = MeanScaleHyperprior()
        with loop.told(options.checkpoint):
            state = torch.load(options.checkpoint, weights_only=True, map_location="cpu")
            network.load_state_dict(state["average"])
        found = tensors(network.eval())
    if options.photos:
        found |= counted(found, crops.photos(options.photos))
    with loop.whole(options.weights) as aside:
        aside.write_bytes(save(found))


def network_of(weights: Path) -> MeanScaleHyperprior:
    """The float network of a file that this module wrote, for training on.

    Raises:
        InputError: It is no such file, or of a network of other sizes.
    """
    network = MeanScaleHyperprior()
    stored = _stored(weights, network)
    state = network.state_dict()
    network.load_state_dict({name: stored.get(name, value) for name, value in state.items()})
    for part in entropy_model.PARTS:
        start = f"integer.{part}."
        chosen = {k[len(start) :]: v for k, v in stored.items() if k.startswith(start)}
        try:
            integer_network.restore(network.get_submodule(part), chosen)
        except (LookupError, RuntimeError) as error:
            raise InputError(f"{weights}: {start} is not that of this network") from error
    return network


def _stored(weights: Path, network: MeanScaleHyperprior) -> dict[str, Tensor]:
    """The tensors in a file that this module wrote of such a network."""
    stored = published.load(read(weights, MAX_BYTES), str(weights))
    shapes = {
        name: tuple(value.shape)
        for name, value in network.state_dict().items()
        if not name.startswith(entropy_model.PARTS)
    }
    published.check(stored, shapes, str(weights), unused=re.compile(".*"))
    return stored


@torch.no_grad()
def tensors(network: MeanScaleHyperprior) -> dict[str, Tensor]:
    """All that `provenance.codecs.learned.coder.Coder` needs."""
    result = {
        name: value.half().contiguous()
        for name, value in network.state_dict().items()
        if not name.startswith(INTEGER_PARTS)
    }
    for name, value in network.state_dict().items():
        if name.startswith(("log_gain", "log_inverse_gain", "prior.")):
            result[name] = value.float()
    for part in entropy_model.PARTS:
        for key, value in integer_network.quantise(network.get_submodule(part)).items():
            result[f"integer.{part}.{key}"] = value
    result["scale_thresholds"] = _scale_thresholds()
    result |= _pack("scale_tables", _normals())
    result |= _pack("hyper_tables", _hyper_tables(network))
    return result


def counted(weights: dict[str, Tensor], photos: Iterable[Path]) -> dict[str, Tensor]:
    """The residuals' tables by what residuals of photos are, for weights with whatever tables."""
    coder, normals = Coder(weights), _normals()
    first = np.array([first for first, _ in normals])
    lengths = np.array([len(probabilities) for _, probabilities in normals])
    starts = np.cumsum(lengths) - lengths
    counts = np.zeros(lengths.sum(), np.int64)
    for path in photos:
        analysed = coder.analyse(np.asarray(crops.opened(path)))
        for quality in COUNTED_AT:
            latents = coder.quantise(analysed, quality)
            for step, table in enumerate(latents.scales):
                residuals = np.concatenate([latents.residuals[p].ravel() for p in places(step)])
                symbols, escape = residuals - first[table], lengths[table] - 1
                symbols = np.where((symbols < 0) | (symbols > escape), escape, symbols)
                counts += np.bincount(starts[table] + symbols, minlength=len(counts))
    tables = []
    for (start, normal), found in zip(normals, np.split(counts, starts[1:]), strict=True):
        # A residual and its negative count alike.
        count = np.append((found[:-1] + found[-2::-1]) / 2, found[-1])
        tables.append((start, (count + NORMAL_WEIGHT * normal) / (count.sum() + NORMAL_WEIGHT)))
    return _pack("scale_tables", tables)


def _normals() -> list[tuple[int, NDArray[np.float64]]]:
    """The residuals' tables where residuals are normal variables, as in training."""
    return [_gaussian(float(scale)) for scale in SCALES]


def _scale_thresholds() -> Tensor:
    """Raw outputs, as integers, where the next table begins: halfway in log scale."""
    middle = np.sqrt(SCALES[:-1] * SCALES[1:])
    raw = np.log(np.expm1(middle)) - SCALE_OFFSET
    return torch.from_numpy(np.round(raw * 2**integer_network.FRACTION_BITS).astype(np.int64))


def _gaussian(scale: float) -> tuple[int, NDArray[np.float64]]:
    """First value and probabilities of a rounded normal variable, the escape last."""
    half = min(LONGEST_HALF, max(4, math.ceil(6 * scale) + 2))
    edges = np.arange(-half, half + 2) - 0.5
    cumulative = np.array([0.5 * math.erfc(-edge / scale * 2**-0.5) for edge in edges])
    inside = np.diff(cumulative)
    return -half, np.append(inside, 1 - inside.sum())


def _hyper_tables(network: MeanScaleHyperprior) -> list[tuple[int, NDArray[np.float64]]]:
    """First value and probabilities for each channel of the hyper-latents, the escape last."""
    reach = torch.arange(-512, 514).double() - 0.5
    prior = copy.deepcopy(network.prior).double()
    logits = prior.logits(reach.expand(network.hyper_latents, 1, -1))[:, 0]
    cumulative = torch.sigmoid(logits).numpy()
    result = []
    for row in cumulative:
        inside = np.diff(row)
        likely = np.flatnonzero(inside > HYPER_TAIL)
        kept = inside[likely[0] : likely[-1] + 1]
        result.append((int(likely[0]) - 512, np.append(kept, max(0.0, 1 - kept.sum()))))
    return result


def _pack(name: str, made: list[tuple[int, NDArray[np.float64]]]) -> dict[str, Tensor]:
    return packed(name, [(first, _frequencies(probable).tolist()) for first, probable in made])


def _frequencies(probabilities: NDArray[np.float64]) -> NDArray[np.int32]:
    """Integers of at least 1 that sum to `TOTAL`."""
    share = probabilities / probabilities.sum() * (TOTAL - len(probabilities))
    frequencies = 1 + np.floor(share).astype(np.int64)
    frequencies[np.argmax(frequencies)] += TOTAL - frequencies.sum()
    result: NDArray[np.int32] = frequencies.astype(np.int32)
    return result


if __name__ == "__main__":
    main()
