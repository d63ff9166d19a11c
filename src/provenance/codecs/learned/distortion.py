"""What an encoder calls wrong: squared errors, and errors where they hide no structure."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from ...metrics.ms_ssim import C2, WEIGHTS
from .hyperprior import HYPER_STRIDE, lambda_at
from .tiling import Region

STRUCTURAL = 0.5
"""Share of structure in the distortion where an encoder is tuned for it. Chosen on three of the
training photos: all of it gains hardly more by MS-SSIM than a half, and nothing by PSNR."""

WINDOW = 8
"""Side of the windows whose variance is compared, in pixels of each scale."""


class Distortion:
    """Distortion of one picture at one quality, in bits, by square of `HYPER_STRIDE` pixels.

    Args:
        levels: of each square, ``[rows, columns]``: how much its squared errors weigh.
        structural: share of structural dissimilarity, 0 to 1.
    """

    def __init__(self, levels: Tensor, structural: float) -> None:
        # Squared errors count as their mean over the channels.
        self._weights = lambda_at(levels) / 3
        self._share = structural
        self._worth: dict[Region, Tensor] = {}

    def __call__(self, tile: Region, errors: Tensor, wanted: Tensor) -> Tensor:
        """Distortion by square.

        Structure counts as much as squared errors did when a tile was first seen, so that a square
        gets the same bits whichever counts, and spends them elsewhere.

        Args:
            tile: which squares.
            errors: ``[3, h, w]`` on the scale 0..255, of all pixels of these squares.
            wanted: the picture there, likewise.
        """
        squares = _means(errors.square().sum(0), HYPER_STRIDE) * HYPER_STRIDE**2
        squared = squares * tile.of(self._weights).clone()
        if not self._share:
            return squared
        unlike = dissimilarity(errors, wanted)
        if tile not in self._worth:
            self._worth[tile] = squared.detach() / unlike.detach().clamp_min(1e-9)
        return squared.lerp(unlike * self._worth[tile], self._share)


def dissimilarity(errors: Tensor, wanted: Tensor) -> Tensor:
    """About 1 - MS-SSIM of each square of 64 px, ``[h/64, w/64]``; see `Distortion`.

    At each scale, the variance of the errors over that of the picture (Wang, Simoncelli and Bovik
    2003; contrast and structure, for errors that are small), in windows side by side.
    """
    total = torch.zeros([side // HYPER_STRIDE for side in errors.shape[1:]])
    for scale, weight in enumerate(WEIGHTS):
        if scale:
            errors, wanted = _means(errors, 2), _means(wanted, 2)
        window = min(WINDOW, HYPER_STRIDE >> scale)
        ratio = _variance(errors, window) / (2 * _variance(wanted, window) + C2)
        total = total + weight * _means(ratio.sum(0), HYPER_STRIDE // (window << scale))
    return total


def _variance(values: Tensor, window: int) -> Tensor:
    return _means(values.square(), window) - _means(values, window).square()


def _means(values: Tensor, side: int) -> Tensor:
    """Of squares of ``side`` in ``[..., h, w]``, which they make up."""
    flat = values.reshape(1, -1, *values.shape[-2:])
    means = functional.avg_pool2d(flat, side)
    return means.reshape(*values.shape[:-2], *means.shape[-2:])
