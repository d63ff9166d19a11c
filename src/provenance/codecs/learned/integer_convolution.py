"""Hyper-syntheses of published networks in integers: rows of 3x3 convolutions.

A transposed 5x5 convolution to twice the size is a 3x3 convolution to four times the channels and a
pixel shuffle, and a 3x3 convolution is a pointwise one of nine shifted pictures.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from ...errors import ModelError
from .integer_network import WEIGHT_BITS, Pointwise, quantise

LARGEST_WEIGHT = 2 ** (WEIGHT_BITS - 1) - 1

RELU = 0.0
NO_RELU = 1.0
"""Slopes for negative values, which leaky ReLUs have between."""

_SLOPE_BITS = 16


class Convolution:
    """One 3x3 convolution with zeros around, and what follows it.

    Args:
        tensors: those of `convert` among others.
        name: that the tensors' names begin with.
        inputs: channels.
        outputs: channels of the convolution; a shuffle leaves a quarter.
        shuffle: whether a pixel shuffle follows.
        slope: for negative values after that, 0 to 1.

    Raises:
        KeyError, ModelError: The tensors are not there, or no such layer.
    """

    def __init__(
        self,
        tensors: Mapping[str, Tensor],
        name: str,
        inputs: int,
        outputs: int,
        *,
        shuffle: bool,
        slope: float,
    ) -> None:
        weight, bias, shift = (tensors[f"{name}.{part}"] for part in ("weight", "bias", "shift"))
        good = (
            weight.shape == (outputs, inputs, 3, 3)
            and bias.shape == shift.shape == (outputs,)
            and (weight.dtype, bias.dtype, shift.dtype) == (torch.int16, torch.int64, torch.int8)
            and int(weight.int().abs().max()) <= LARGEST_WEIGHT
            and 0 <= int(shift.min()) <= int(shift.max()) <= 30
        )
        if not good:
            raise ModelError(f"{name}: not a layer of the integer network")
        weight = weight.permute(0, 2, 3, 1).flatten(1)
        self._product = Pointwise(weight, bias, shift, activate=False, shuffle=shuffle)
        self._slope = round(slope * 2**_SLOPE_BITS)

    def __call__(self, x: Tensor) -> Tensor:
        """int32 ``[out, h, w]`` for int32 ``[in, h, w]``."""
        height, width = x.shape[1:]
        seen = functional.pad(x, (1, 1, 1, 1))
        places = ((row, column) for row in range(3) for column in range(3))
        parts = [seen[:, row : row + height, column : column + width] for row, column in places]
        y = self._product(*parts)
        if self._slope == 2**_SLOPE_BITS:
            return y
        if self._slope == 0:
            return y.clamp_min_(0)
        half = 1 << (_SLOPE_BITS - 1)
        negative = y.long().mul_(self._slope).add_(half).bitwise_right_shift_(_SLOPE_BITS)
        return torch.maximum(y, negative.int())


def convert(state: Mapping[str, Tensor], layers: Sequence[str]) -> dict[str, Tensor]:
    """The integers of convolutions in a row, the n-th under ``integer.n.``.

    Args:
        state: their weights and biases; those of 5x5 are transposed ones to twice the size.
        layers: names, without ``.weight`` and ``.bias``.

    Raises:
        ValueError: Weights are too large for integers.
    """
    row: list[nn.Module] = []
    for layer in layers:
        weight, bias = (state[f"{layer}.{part}"].detach().float() for part in ("weight", "bias"))
        if weight.shape[-1] == 5:
            weight, bias = _before_shuffle(weight), bias.repeat_interleave(4)
        if float(weight.abs().max()) > LARGEST_WEIGHT:
            raise ValueError(f"{layer}.weight is too large for integers")
        conv = nn.Conv2d(weight.shape[1], weight.shape[0], 3, padding=1)
        conv.weight, conv.bias = nn.Parameter(weight), nn.Parameter(bias)
        row.append(conv)
    return {f"integer.{key}": value for key, value in quantise(nn.Sequential(*row)).items()}


def _before_shuffle(weight: Tensor) -> Tensor:
    """``[4 * out, in, 3, 3]`` for ``[in, out, 5, 5]`` of a transposed convolution.

    Input ``i`` reaches output ``2 i + k - 2`` by tap ``k``. So output ``2 j + p`` gets input
    ``j + d`` by the tap ``p + 2 - 2 d``, where there is one.
    """
    inputs, outputs = weight.shape[:2]
    result = weight.new_zeros(outputs, 2, 2, inputs, 3, 3)
    taps = [(p, d, p + 2 - 2 * d) for p in (0, 1) for d in (-1, 0, 1) if p + 2 - 2 * d <= 4]
    for row, up, k in taps:
        for column, left, m in taps:
            result[:, row, column, :, up + 1, left + 1] = weight[:, :, k, m].T
    return result.reshape(4 * outputs, inputs, 3, 3)
