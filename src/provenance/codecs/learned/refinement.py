"""Refinement: latents moved, for the picture at hand, to where they are the better choice.

An analysis transform gives every picture the latents that are good for most, and rounds each as if
it were alone. For one picture, better ones are found by descent: down the gradient of rate plus
lambda times distortion (Campos et al. 2019, "Content adaptive optimization for neural image
compression"; Yang, Bamler and Mandt 2020, "Improving inference for neural image compression").
Decoders know nothing of it.

Rounding makes the descent a rough one. So each square of 64 px goes its own way: a step that made
it worse is taken back, and the next is half as long.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from .hyperprior import RATIO

STEP = 0.06
"""Of the way that `CURVATURE` would allow were there no other latents."""

CURVATURE = 17.0
"""Bits by which the distortion of a latent grows with half the square of its error: what uniform
quantisation with steps of 1 makes of the best lambda, 12 / ln 2."""

RATE = 2.0
"""Weight of the slope of the rate beside that of the distortion."""


@dataclass(frozen=True, slots=True)
class Outlook:
    """What latents cost, and where they would cost less."""

    costs: Tensor
    """Bits and weighted distortion of every square, ``[h/64, w/64]``."""
    direction: Tensor
    """Like the latents: upwards."""


def refine(latents: Tensor, look: Callable[[Tensor], Outlook], passes: int) -> Tensor:
    """Latents ``[latents, h/16, w/16]`` that cost less, or the same.

    Args:
        look: gives the outlook of such latents.
        passes: steps of the descent; each looks once.
    """
    outlook = look(latents)
    best, costs, direction = latents, outlook.costs, outlook.direction
    length = torch.full_like(costs, STEP)
    for _ in range(passes):
        moved = best - _spread(length) * direction
        outlook = look(moved)
        better = outlook.costs < costs
        costs = torch.where(better, outlook.costs, costs)
        length = torch.where(better, length, length / 2)
        places = _spread(better)
        best = torch.where(places, moved, best)
        direction = torch.where(places, outlook.direction, direction)
    return best


def _spread(squares: Tensor) -> Tensor:
    """A value of each square at each of its latents."""
    return squares.repeat_interleave(RATIO, 0).repeat_interleave(RATIO, 1)
