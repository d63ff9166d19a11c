"""MS-SSIM with square windows: what the loss uses, differentiable and cheap.

The benchmark's own MS-SSIM (`provenance.metrics`) has Gaussian windows, as published.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from provenance.metrics.ms_ssim import WEIGHTS

WINDOW = 8
STEP = 4
_C1, _C2 = 0.01**2, 0.03**2


def ms_ssim(x: Tensor, y: Tensor) -> Tensor:
    """MS-SSIM of each pair, ``[batch]``, for pictures ``[batch, 3, h, w]`` 0..1, sides >= 128.

    Wang, Simoncelli and Bovik 2003, with means over 8x8 windows in steps of 4 px.
    """
    result = torch.ones(len(x), device=x.device)
    for scale, weight in enumerate(WEIGHTS):
        if scale:
            x, y = functional.avg_pool2d(x, 2), functional.avg_pool2d(y, 2)
        stacked = torch.cat((x, y, x * x + y * y, x * y), 1)
        mean_x, mean_y, squares, product = functional.avg_pool2d(stacked, WINDOW, STEP).chunk(4, 1)
        product_of_means = mean_x * mean_y
        squares_of_means = mean_x * mean_x + mean_y * mean_y
        covariance, variances = product - product_of_means, squares - squares_of_means
        term = (2 * covariance + _C2) / (variances + _C2)
        if scale == len(WEIGHTS) - 1:
            term = term * (2 * product_of_means + _C1) / (squares_of_means + _C1)
        result = result * term.mean((1, 2, 3)).clamp_min(1e-4) ** weight
    return result
