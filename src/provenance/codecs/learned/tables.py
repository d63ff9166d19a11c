"""Frequency tables out of densities, the same integers on every machine.

Decimal arithmetic, whose ``exp`` and ``ln`` are rounded correctly, takes the place of floats, whose
``exp`` and ``erf`` differ between libraries: the same weights give the same tables, and so the same
hash, wherever they are made.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Context, Decimal, localcontext
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ...errors import ModelError
from ..entropy import TOTAL, Tables

LEVELS = 64
"""Tables for normal variables: standard deviations in even steps of their logarithm."""

MIN_SCALE, MAX_SCALE = Decimal("0.11"), Decimal(256)

LONGEST_HALF = 1023
"""Values further than this from the middle are escaped."""

LONGEST_TABLE = 2 * LONGEST_HALF + 2

TAIL = Decimal("1e-6")
"""Values of a learned density are escaped where less than this lies further out."""

_PRECISION = Context(prec=20)
_TWO_PI = Decimal("6.283185307179586476925286766559005768394339")
_HALF = Decimal("0.5")

Cumulative = Callable[[Decimal], Decimal]
Table = tuple[int, list[int]]
"""The value of the first symbol, and the frequencies, the escape's last."""


def scales() -> list[Decimal]:
    """Standard deviations of the normal variables that have tables, from the smallest."""
    with localcontext(_PRECISION):
        low, high = MIN_SCALE.ln(), MAX_SCALE.ln()
        return [(low + (high - low) * level / (LEVELS - 1)).exp() for level in range(LEVELS)]


def normal(scale: Decimal) -> Table:
    """The table of a rounded normal variable with mean 0."""
    with localcontext(_PRECISION):
        half = min(LONGEST_HALF, max(4, int(6 * scale) + 3))
        # Symmetric, so that half of the work is enough.
        upper = [_normal_cumulative((k + _HALF) / scale) for k in range(half + 1)]
        right = [after - before for before, after in pairwise(upper)]
        inside = [*reversed(right), 2 * upper[0] - 1, *right]
        return -half, _frequencies([*inside, 2 * (1 - upper[-1])])


def learned(cumulative: Cumulative) -> Table:
    """The table of a rounded variable with that distribution function."""
    with localcontext(_PRECISION):
        edges = {0: cumulative(-_HALF), 1: cumulative(_HALF)}
        first, end = 0, 1
        while edges[first] > TAIL and -first < LONGEST_HALF:
            first -= 1
            edges[first] = cumulative(first - _HALF)
        while 1 - edges[end] > TAIL and end <= LONGEST_HALF:
            end += 1
            edges[end] = cumulative(end - _HALF)
        inside = [edges[k + 1] - edges[k] for k in range(first, end)]
        return first, _frequencies([*inside, edges[first] + 1 - edges[end]])


def density(
    matrices: Sequence[NDArray[Any]],
    biases: Sequence[NDArray[Any]],
    factors: Sequence[NDArray[Any]],
    origin: float,
) -> Cumulative:
    """The distribution function of one channel of `layers.FactorizedPrior`.

    Args:
        matrices: ``[b, a]`` each, before their softplus.
        biases: ``[b]`` each.
        factors: ``[b]`` each, before their tanh; one fewer.
        origin: what is 0 in the variable that is asked for.
    """
    with localcontext(_PRECISION):
        weights = [[[_softplus(Decimal(v)) for v in row] for row in m.tolist()] for m in matrices]
        offsets = [[Decimal(v) for v in bias.tolist()] for bias in biases]
        gains = [[_tanh(Decimal(v)) for v in factor.tolist()] for factor in factors]
        start = Decimal(origin)

    def cumulative(value: Decimal) -> Decimal:
        values = [start + value]
        for layer, (rows, offset) in enumerate(zip(weights, offsets, strict=True)):
            values = [
                sum((w * v for w, v in zip(row, values, strict=True)), bias)
                for row, bias in zip(rows, offset, strict=True)
            ]
            if layer < len(gains):
                pairs = zip(values, gains[layer], strict=True)
                values = [v + gain * _tanh(v) for v, gain in pairs]
        return _sigmoid(values[0])

    return cumulative


def median(cumulative: Cumulative, bits: int) -> int:
    """The median of a variable of at most ``2**14``, in units of ``2**-bits``."""
    low, high = -(1 << (14 + bits)), 1 << (14 + bits)
    with localcontext(_PRECISION):
        while high - low > 1:
            middle = (low + high) // 2
            if cumulative(Decimal(middle) / 2**bits) < _HALF:
                low = middle
            else:
                high = middle
    return high


def packed(name: str, made: Sequence[Table]) -> dict[str, Tensor]:
    """Tables as three int32 tensors for a file of weights; `read` makes `Tables` of them."""
    parts = {
        "first": [first for first, _ in made],
        "lengths": [len(table) for _, table in made],
        "frequencies": [frequency for _, table in made for frequency in table],
    }
    return {f"{name}.{part}": torch.tensor(v, dtype=torch.int32) for part, v in parts.items()}


def read(name: str, tensors: Mapping[str, Tensor], count: int) -> Tables:
    """The ``count`` tables that `packed` put under ``name``.

    Raises:
        ModelError: They are missing or no such tables.
    """
    try:
        parts = [tensors[f"{name}.{part}"] for part in ("first", "lengths", "frequencies")]
    except KeyError as error:
        raise ModelError(f"{error.args[0]} is missing") from None
    if not all(part.dtype == torch.int32 and part.ndim == 1 for part in parts):
        raise ModelError(f"{name}: not frequency tables")
    first, lengths, frequencies = (part.numpy() for part in parts)
    good = (
        len(first) == len(lengths) == count
        and bool(((lengths >= 2) & (lengths <= LONGEST_TABLE)).all())
        and int(lengths.sum()) == len(frequencies)
        and bool((np.abs(first.astype(np.int64)) <= LONGEST_HALF).all())
        and bool((frequencies >= 1).all())
    )
    starts = np.cumsum(lengths) - lengths
    if not good or (np.add.reduceat(frequencies.astype(np.int64), starts) != TOTAL).any():
        raise ModelError(f"{name}: not frequency tables")
    return Tables(first, lengths, frequencies)


def of_normals() -> dict[str, Tensor]:
    """The tables of `scales`, as ``scale_tables`` of a file of weights."""
    return packed("scale_tables", [normal(scale) for scale in scales()])


def limits(unit: int) -> dict[str, Tensor]:
    """The largest of `scales`, in 1/``unit``, for each of their tables but the last."""
    found = [int(scale * unit) for scale in scales()[:-1]]
    return {"scale_thresholds": torch.tensor(found, dtype=torch.int32)}


def thresholds(tensors: Mapping[str, Tensor]) -> Tensor:
    """What `limits` made.

    Raises:
        ModelError: They are missing or no such limits.
    """
    found = tensors.get("scale_thresholds")
    if found is None or found.shape != (LEVELS - 1,) or found.dtype != torch.int32:
        raise ModelError("scale_thresholds: not one integer between each two tables")
    if bool((found.diff() <= 0).any()):
        raise ModelError("scale_thresholds: do not grow")
    return found


def medians(tensors: Mapping[str, Tensor], count: int) -> Tensor:
    """Medians of the hyper-latents in fixed point, ``[count, 1, 1]``.

    Raises:
        KeyError, ModelError: They are missing or no such integers.
    """
    found = tensors["medians"]
    if found.shape != (count,) or found.dtype != torch.int32:
        raise ModelError("medians: not one integer for each hyper-latent")
    return found.view(count, 1, 1)


def half_tanh(one: int, end: int) -> list[int]:
    """Half of the hyperbolic tangent from 0 to ``end``, all in steps of ``1 / one``."""
    with localcontext(_PRECISION):
        return [round(_tanh(Decimal(k) / one) * one / 2) for k in range(end * one + 1)]


def _frequencies(probabilities: list[Decimal]) -> list[int]:
    """Integers of at least 1 that sum to `TOTAL`."""
    share = (TOTAL - len(probabilities)) / sum(probabilities, Decimal(0))
    frequencies = [1 + int(max(p, Decimal(0)) * share) for p in probabilities]
    frequencies[frequencies.index(max(frequencies))] += TOTAL - sum(frequencies)
    return frequencies


def _normal_cumulative(t: Decimal) -> Decimal:
    """That of a standard normal variable, for ``t`` of at least 0."""
    if t > 9:
        return Decimal(1)
    # Marsaglia 2004, "Evaluating the normal distribution": a series without cancellation.
    term = total = t
    step = 1
    while term > Decimal("1e-19"):
        step += 2
        term = term * t * t / step
        total += term
    return _HALF + total * (-t * t / 2).exp() / _TWO_PI.sqrt()


def _softplus(x: Decimal) -> Decimal:
    return x if x > 50 else (1 + x.exp()).ln()


def _tanh(x: Decimal) -> Decimal:
    if abs(x) > 25:
        return Decimal(1).copy_sign(x)
    e = (-2 * abs(x)).exp()
    return ((1 - e) / (1 + e)).copy_sign(x)


def _sigmoid(x: Decimal) -> Decimal:
    if abs(x) > 50:
        return Decimal(int(x > 0))
    return 1 / (1 + (-x).exp())
