"""What tells probabilities in published networks, in integers: convolutions in rows.

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
    """One convolution with zeros around, and what follows it.

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
            weight.shape[:2] == (outputs, inputs)
            and weight.ndim == 4
            and weight.shape[2] == weight.shape[3]
            and weight.shape[2] % 2 == 1
            and bias.shape == shift.shape == (outputs,)
            and (weight.dtype, bias.dtype, shift.dtype) == (torch.int16, torch.int64, torch.int8)
            and int(weight.int().abs().max()) <= LARGEST_WEIGHT
            and 0 <= int(shift.min()) <= int(shift.max()) <= 30
        )
        if not good:
            raise ModelError(f"{name}: not a layer of the integer network")
        self._size = weight.shape[2]
        weight = weight.permute(0, 2, 3, 1).flatten(1)
        self._product = Pointwise(weight, bias, shift, activate=False, shuffle=shuffle)
        self._slope = round(slope * 2**_SLOPE_BITS)

    def __call__(self, x: Tensor) -> Tensor:
        """int32 ``[out, h, w]`` for int32 ``[in, h, w]``."""
        height, width = x.shape[1:]
        seen = functional.pad(x, (self._size // 2,) * 4)
        places = ((row, column) for row in range(self._size) for column in range(self._size))
        parts = [seen[:, row : row + height, column : column + width] for row, column in places]
        y = self._product(*parts)
        if self._slope == 2**_SLOPE_BITS:
            return y
        if self._slope == 0:
            return y.clamp_min_(0)
        half = 1 << (_SLOPE_BITS - 1)
        negative = y.long().mul_(self._slope).add_(half).bitwise_right_shift_(_SLOPE_BITS)
        return torch.maximum(y, negative.int())


class Row:
    """Three convolutions with leaky ReLUs between them, whose widths the tensors tell.

    Args:
        tensors: those of `convert` among others.
        name: that was given to `convert`.
        inputs: channels that come in.
        doublings: how many of the first layers go to twice the size.
        between: slope after the other layers.
        last: slope after the last layer.

    Raises:
        KeyError, ModelError: The tensors are not there, or no such layers.
    """

    def __init__(
        self,
        tensors: Mapping[str, Tensor],
        name: str,
        inputs: int,
        *,
        doublings: int = 0,
        between: float = RELU,
        last: float = RELU,
    ) -> None:
        self._layers = []
        for index, slope in enumerate((between, between, last)):
            layer, shuffle = f"{name}.{index}", index < doublings
            outputs = len(tensors[f"{layer}.weight"])
            made = Convolution(tensors, layer, inputs, outputs, shuffle=shuffle, slope=slope)
            self._layers.append(made)
            inputs = outputs // 4 if shuffle else outputs
        self.outputs = inputs

    def __call__(self, *parts: Tensor) -> Tensor:
        """int32 ``[out, h, w]`` for int32 ``[in, h, w]``, whose channels come in ``parts``."""
        x = torch.cat(parts)
        for layer in self._layers:
            x = layer(x)
        return x


def convert(
    state: Mapping[str, Tensor],
    layers: Sequence[str],
    name: str = "integer",
    *,
    doublings: int = 2,
) -> dict[str, Tensor]:
    """The integers of convolutions in a row, the n-th under ``name.n.``.

    Args:
        state: their weights and biases.
        layers: names, without ``.weight`` and ``.bias``.
        doublings: how many of the first layers are transposed 5x5 ones to twice the size.

    Raises:
        ValueError: Weights are too large for integers.
    """
    row: list[nn.Module] = []
    for index, layer in enumerate(layers):
        weight, bias = (state[f"{layer}.{part}"].detach().float() for part in ("weight", "bias"))
        if index < doublings:
            weight, bias = _before_shuffle(weight), bias.repeat_interleave(4)
        if float(weight.abs().max()) > LARGEST_WEIGHT:
            raise ValueError(f"{layer}.weight is too large for integers")
        conv = nn.Conv2d(weight.shape[1], weight.shape[0], weight.shape[2])
        conv.weight, conv.bias = nn.Parameter(weight), nn.Parameter(bias)
        row.append(conv)
    return {f"{name}.{key}": value for key, value in quantise(nn.Sequential(*row)).items()}


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
