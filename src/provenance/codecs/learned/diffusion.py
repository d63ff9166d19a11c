"""Sampling by deterministic diffusion steps, from noise that is the same on every machine.

::

    noise(seed) ─×0.8─► x ─┬──► denoiser(x, time, context) ──► x̂0 ─┐
                        ▲  └──────────────► noise behind x̂0 ◄──────┤
                        └─────────── a step's less noise ◄─────────┘   ... ──► x̂0 of the last step

Song, Meng and Ermon 2021, "Denoising diffusion implicit models", without randomness in the steps;
the network predicts the picture itself, the x-parametrisation of Yang and Mandt 2023. Noise levels
follow the cosine schedule of Nichol and Dhariwal 2021, "Improved denoising diffusion probabilistic
models".
"""

from __future__ import annotations

import functools
import statistics
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

TIMES = 8193
"""Noise levels of the schedule, on which published weights were trained."""

STRENGTH = 0.8
"""Factor to the noise that sampling starts from, as in the published evaluation."""

NOISE_BITS = 12
"""Fractional bits of the noise."""

Predict = Callable[[Tensor, float], Tensor]
"""The picture, -1 to 1, that is expected behind a noisy one at a time from 0 to 1."""


def noise(seed: int, height: int, width: int) -> NDArray[np.int16]:
    """Normal noise ``[3, height, width]`` with `NOISE_BITS` fractional bits, by integers alone.

    Words of the Philox generator (Salmon et al. 2011), whose stream is specified to the bit, choose
    among the 65536 quantiles of the normal distribution.

    Args:
        seed: 0 to 2**32 - 1.
    """
    count = 3 * height * width
    words = np.random.Philox(key=seed).random_raw(-(-count // 4))
    chosen = words.astype("<u8").view("<u2")[:count]
    drawn: NDArray[np.int16] = _quantiles()[chosen].reshape(3, height, width)
    return drawn


def cumulative() -> NDArray[np.float64]:
    """Share of the picture's variance that is left at each of `TIMES`, float64."""
    place = np.linspace(0, TIMES + 1, TIMES + 1) / (TIMES + 1)
    share = np.cos((place + 0.008) / 1.008 * np.pi / 2) ** 2
    share /= share[0]
    betas = np.clip(1 - share[1:] / share[:-1], 0, 0.999)
    result: NDArray[np.float64] = np.cumprod(1 - betas)
    return result


def times(steps: int) -> list[int]:
    """The times that are visited in so many steps, the last of them first."""
    if steps == 1:
        return [TIMES - 1]
    visited: list[int] = np.linspace(0, TIMES - 1, steps).astype(int)[::-1].tolist()
    return visited


def sample(predict: Predict, start: Tensor, steps: int) -> Tensor:
    """A picture from noise, ``[..., 3, h, w]``, -1 to 1.

    Args:
        start: normal noise.
        steps: how often ``predict`` is asked, 1 to `TIMES`.
    """
    shares = cumulative()
    x = STRENGTH * start
    visited = times(steps)
    for index, time in enumerate(visited):
        expected = predict(x, time / TIMES).clamp_(-1, 1)
        if index == len(visited) - 1:
            break
        here, after = float(shares[time]), float(shares[visited[index + 1]])
        behind = (x - here**0.5 * expected) / (1 - here) ** 0.5
        x = after**0.5 * expected + (1 - after) ** 0.5 * behind
    return expected


@functools.cache
def _quantiles() -> NDArray[np.int16]:
    normal = statistics.NormalDist()
    half = [normal.inv_cdf((k + 0.5) / 65536) for k in range(32768, 65536)]
    upper = np.round(np.array(half) * 2**NOISE_BITS).astype(np.int16)
    return np.concatenate((-upper[::-1], upper))
