"""Make the shipped weights: ``python -m provenance.training.export CHECKPOINT WEIGHTS``.

Writes a safetensors file of float16 transforms, the integer hyper-synthesis and the integer
frequency tables. Whatever decoding depends on is an integer from here on.

Training takes residuals for normal variables, and hyper-latents for alike at all places and
qualities. With ``--photos``, what they really are is counted, and the tables follow that: tails are
heavier, 0 is more frequent, and hyper-latents are like their neighbours.
"""

from __future__ import annotations

import argparse
import copy
import math
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import save
from torch import Tensor

from provenance.codecs.entropy import TOTAL
from provenance.codecs.learned import entropy_model, integer_network, published
from provenance.codecs.learned.coder import INTEGER_PARTS, Coder
from provenance.codecs.learned.context import places
from provenance.codecs.learned.hyper_prior import HyperPrior
from provenance.codecs.learned.hyperprior import MIN_SCALE, SCALE_OFFSET, MeanScaleHyperprior
from provenance.codecs.learned.layers import FactorizedPrior, loaded
from provenance.codecs.learned.tables import LONGEST_HALF, packed, read
from provenance.codecs.schemes import MAX_BYTES
from provenance.errors import InputError
from provenance.files import read as read_file

from . import command, crops, hyper_prior, loop
from .hyper_prior import Distribution

SCALES = np.geomspace(MIN_SCALE, 256, 64)
"""Standard deviations of the residuals' tables."""

COUNTED_AT = (1, 8, 16, 30, 45, 60, 75, 88, 100)
"""Qualities at which they are counted, near every level."""

EXPECTED_WEIGHT = 500
"""Values that what is expected counts for in a table, beside those that were seen."""


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
        photos = crops.photos(options.photos)
        if not photos:
            raise InputError(f"{options.photos}: holds no photos")
        found |= counted(found, photos)
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
    stored = published.load(read_file(weights, MAX_BYTES), str(weights))
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
    result |= hyper_prior.alike(*_moments(network.prior))
    result |= _pack("hyper_tables", hyper_prior.normals())
    return result


def counted(weights: dict[str, Tensor], photos: Iterable[Path]) -> dict[str, Tensor]:
    """The tables by what residuals and hyper-latents of photos are, for weights with whatever
    tables."""
    coder, normals = Coder(weights), _normals()
    tables = read("scale_tables", _pack("scale_tables", normals), len(normals))
    counts = np.zeros(len(tables.frequencies), np.int64)
    maps: dict[int, list[NDArray[np.int32]]] = {}
    for path in photos:
        analysed = coder.analyse(np.asarray(crops.opened(path)))
        for quality in COUNTED_AT:
            latents = coder.quantise(analysed, quality)
            maps.setdefault(int(latents.levels[0, 0]), []).append(latents.hyper)
            for step, table in enumerate(latents.scales):
                residuals = np.concatenate([latents.residuals[p].ravel() for p in places(step)])
                counts += tables.counts(table, residuals)
    # A residual and its negative count alike.
    alike = [np.append((n[:-1] + n[-2::-1]) / 2, n[-1]) for n in tables.split(counts)]
    result = _pack("scale_tables", _seen(normals, alike))
    prior = loaded(FactorizedPrior(len(maps[0][0])), weights, "prior.")
    result |= hyper_prior.fitted(maps, *_moments(prior))
    mixtures = hyper_prior.normals()
    found = HyperPrior(result | _pack("hyper_tables", mixtures))
    used = found.tables.split(hyper_prior.counts(found, maps))
    return result | _pack("hyper_tables", _seen(mixtures, used))


def _seen(expected: list[Distribution], counts: list[NDArray[Any]]) -> list[Distribution]:
    """Distributions by counts, and by what was expected."""
    return [
        (first, (count + EXPECTED_WEIGHT * probable) / (count.sum() + EXPECTED_WEIGHT))
        for (first, probable), count in zip(expected, counts, strict=True)
    ]


def _normals() -> list[Distribution]:
    """The residuals' tables where residuals are normal variables, as in training."""
    return [_gaussian(float(scale)) for scale in SCALES]


def _scale_thresholds() -> Tensor:
    """Raw outputs, as integers, where the next table begins: halfway in log scale."""
    middle = np.sqrt(SCALES[:-1] * SCALES[1:])
    raw = np.log(np.expm1(middle)) - SCALE_OFFSET
    return torch.from_numpy(np.round(raw * 2**integer_network.FRACTION_BITS).astype(np.int64))


def _gaussian(scale: float) -> Distribution:
    """First value and probabilities of a rounded normal variable, the escape last."""
    half = min(LONGEST_HALF, max(4, math.ceil(6 * scale) + 2))
    return hyper_prior.rounded([(1, scale)], half)


@torch.no_grad()
def _moments(prior: FactorizedPrior) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean and standard deviation of each channel."""
    reach = torch.arange(-512, 514).double() - 0.5
    logits = copy.deepcopy(prior).double().logits(reach.expand(prior.channels, 1, -1))[:, 0]
    probable = np.diff(torch.sigmoid(logits).numpy())
    values = np.arange(-512, 513)
    means: NDArray[np.float64] = probable @ values
    return means, np.sqrt(np.maximum(probable @ values**2 - means**2, 0))


def _pack(name: str, made: list[Distribution]) -> dict[str, Tensor]:
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
