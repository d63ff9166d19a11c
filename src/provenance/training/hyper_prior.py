"""The prior of hyper-latents: see `provenance.codecs.learned.hyper_prior`.

Means and scales are fitted as real numbers to the hyper-latents of photos, a mixture of two normal
variables around them, by gradient descent. Then the tables are counted.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from provenance.codecs.learned.hyper_prior import (
    FRACTION,
    NEIGHBOURS,
    SCALES,
    SHIFT,
    UNIT,
    HyperPrior,
    Integers,
)
from provenance.codecs.learned.hyperprior import LEVELS

NARROWEST, WIDEST = 0.03, 16.0
"""Standard deviations of the first and the last tables."""

STEP = math.log(WIDEST / NARROWEST) / (SCALES - 1)
"""Between one and the next, in logarithms."""

MIXTURE = ((1 - 0.07, 1.0), (0.07, 2.5))
"""Its variables: how much of each there is, and how much wider it is."""

OFFSET, THRESHOLD_STEP, THRESHOLDS = 0.3, 0.15, 48
"""Thresholds of the neighbours' mean distance ``e`` from their means: ``log(e + OFFSET)``."""

PASSES, RATE, TAKEN = 120, 0.03, 8
"""Of gradient descent: through the levels; its rate at first; maps of one shape at a time."""

LOOSE = 0.1
"""How far parameters usually are from what is expected: a standard deviation."""

Floats = NDArray[np.float64]
Distribution = tuple[int, Floats]
"""First value and probabilities, the escape last."""

Maps = Mapping[int, Sequence[Integers]]
"""Hyper-latents ``[hyper_latents, rows, columns]`` of photos, by level."""


def alike(means: Floats, deviations: Floats) -> dict[str, Tensor]:
    """What `HyperPrior` needs where neighbours and levels say nothing.

    Args:
        means: of each channel, float64, as are its standard ``deviations``.
    """
    return _integers(*_expected(means, deviations))


def fitted(maps: Maps, means: Floats, deviations: Floats) -> dict[str, Tensor]:
    """What `HyperPrior` needs, fitted to maps of every level.

    Args:
        means: what is expected, as for `alike`: the fewer maps there are, the nearer is the result.
    """
    rng = np.random.default_rng(0)
    expected = _expected(means, deviations)
    parameters = [values.clone().requires_grad_(True) for values in expected]
    adam = torch.optim.Adam(parameters, lr=RATE)
    decay = torch.optim.lr_scheduler.CosineAnnealingLR(adam, PASSES * LEVELS)
    stacks = {level: _stacked(found) for level, found in maps.items()}
    for _ in range(PASSES):
        for level in range(LEVELS):
            stack = stacks[level][rng.integers(len(stacks[level]))]
            some = stack[torch.from_numpy(rng.permutation(len(stack))[:TAKEN])]
            count = sum(values.numel() for values in stacks[level])
            cost = _bits(some, *(values[level] for values in parameters)) + sum(
                ((values[level] - before[level]) ** 2).sum() / (2 * LOOSE**2 * count)
                for values, before in zip(parameters, expected, strict=True)
            )
            adam.zero_grad()
            torch.autograd.backward(cost)
            adam.step()
            decay.step()
    return _integers(*(values.detach() for values in parameters))


def counts(prior: HyperPrior, maps: Maps) -> NDArray[np.int64]:
    """How often each symbol of its tables is used, all tables one after the other."""
    total = np.zeros(len(prior.tables.frequencies), np.int64)
    for level, found in maps.items():
        for hyper in found:
            levels = np.full(hyper.shape[1:], level, np.int32)
            total += prior.tables.counts(*prior.contexts(hyper, levels))
    return total


def normals() -> list[Distribution]:
    """A table for each scale and fraction, of the mixture."""
    return [
        _mixture(NARROWEST * math.exp(STEP * scale), fraction / FRACTION)
        for scale in range(SCALES)
        for fraction in range(FRACTION)
    ]


def _mixture(deviation: float, mean: float) -> Distribution:
    widths = [(share, wider * deviation) for share, wider in MIXTURE]
    return rounded(widths, 2 + math.ceil(5 * widths[-1][1]), mean)


def rounded(widths: Iterable[tuple[float, float]], half: int, mean: float = 0) -> Distribution:
    """Of a mixture of normal variables, rounded, from -``half`` to ``half``.

    Args:
        widths: share and standard deviation of each.
    """
    edges = np.arange(-half, half + 2) - 0.5 - mean
    cumulative = sum(
        share * np.array([0.5 * math.erfc(-edge / width * 2**-0.5) for edge in edges])
        for share, width in widths
    )
    inside = np.diff(cumulative)
    return -half, np.append(inside, max(0.0, 1 - inside.sum()))


def _expected(means: Floats, deviations: Floats) -> tuple[Tensor, Tensor, Tensor]:
    """Means, weights and scales where neighbours and levels say nothing."""
    logs = torch.from_numpy(np.log(np.maximum(deviations, NARROWEST)))
    scales = torch.stack([logs, torch.zeros_like(logs), torch.zeros_like(logs)], -1)
    every = (torch.from_numpy(means), torch.zeros(len(means), len(NEIGHBOURS)), scales)
    means_, weights, scales = (
        values.float().repeat(LEVELS, *[1] * values.ndim) for values in every
    )
    return means_, weights, scales


def _stacked(maps: Iterable[Integers]) -> list[Tensor]:
    """Those of one shape together."""
    by_shape: dict[tuple[int, ...], list[Integers]] = {}
    for hyper in maps:
        by_shape.setdefault(hyper.shape, []).append(hyper)
    return [torch.from_numpy(np.stack(found)).float() for found in by_shape.values()]


def _bits(hyper: Tensor, means: Tensor, weights: Tensor, scales: Tensor) -> Tensor:
    """Mean cost of ``[batch, hyper_latents, rows, columns]`` at one level."""
    rows, columns = hyper.shape[2:]
    middle = means[:, None, None]
    padded = functional.pad(hyper - middle, (1, 1, 1, 0))
    known = torch.stack(
        [padded[..., down:, right:][..., :rows, :columns] for down, right in NEIGHBOURS], -1
    )
    mean = middle + (known * weights[:, None, None]).sum(-1)
    energy = torch.log(known.detach().abs().mean(-1) + OFFSET)
    all_of_it = torch.log(known.detach().abs().mean((1, -1), keepdim=True)[..., 0] + OFFSET)
    offset, by_own, by_all = scales.T[..., None, None]
    deviation = torch.exp(offset + by_own * energy + by_all * all_of_it).clamp(NARROWEST, WIDEST)
    distance = (hyper - mean).abs()
    likely = sum(
        share * (_normal((0.5 - distance) / width) - _normal((-0.5 - distance) / width))
        for share, width in ((share, wider * deviation) for share, wider in MIXTURE)
    )
    assert isinstance(likely, Tensor)
    return -torch.log2(likely.clamp_min(1e-6)).mean()


def _normal(t: Tensor) -> Tensor:
    return 0.5 * torch.erfc(-t * 2**-0.5)


def _integers(means: Tensor, weights: Tensor, scales: Tensor) -> dict[str, Tensor]:
    """As `HyperPrior` takes them."""
    # A threshold stands for the middle between it and the next.
    start = math.log(OFFSET) + THRESHOLD_STEP / 2
    table = (
        scales[..., 0] + start * (scales[..., 1] + scales[..., 2]) - math.log(NARROWEST)
    ) / STEP
    rises = scales[..., 1:] * THRESHOLD_STEP / STEP
    reached = OFFSET * np.exp(THRESHOLD_STEP * np.arange(1, THRESHOLDS + 1)) - OFFSET
    told = torch.cat([table[..., None] + 0.5, rises], -1) * 2**SHIFT
    return {
        "hyper_prior.means": _rounded(means * UNIT),
        "hyper_prior.weights": _rounded(weights * 2**SHIFT),
        "hyper_prior.scales": _rounded(told),
        "hyper_prior.thresholds": torch.from_numpy(
            np.ceil(reached * UNIT * len(NEIGHBOURS)).astype(np.int32)
        ),
    }


def _rounded(values: Tensor) -> Tensor:
    return values.round().clamp(-(2**15), 2**15 - 1).to(torch.int16).contiguous()
