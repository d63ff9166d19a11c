"""A small network in integers: the same result on every machine, whatever the order of sums.

Ballé, Johnston and Minnen 2019, "Integer networks for data compression with latent-variable
models".
Weights are integers with a power-of-two scale per output channel; activations are integers with
`FRACTION_BITS` fractional bits, clamped to `LIMIT`. They are carried in float64, whose products and
sums are exact below 2**53 units, a bound that is checked for the weights at hand. So threads, BLAS,
vector width and GPU cannot change a bit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor, nn

from .layers import DYADIC_SLOPE

FRACTION_BITS = 10
WEIGHT_BITS = 14
LIMIT = float(1 << 24)
"""Largest activation, in units of ``2**-FRACTION_BITS``."""


@dataclass(frozen=True)
class IntegerLayer:
    """One convolution, pointwise or depthwise 3x3, and what follows it.

    The power of two that takes products back to activations is multiplied into weight and bias,
    which stays exact.
    """

    weight: Tensor
    """``[out, in]``, or ``[channels, 3, 3]`` for a depthwise one; float64."""
    bias: Tensor
    """``[out, 1]``, with the half that makes `floor` a rounding."""
    shuffle: bool
    activate: bool

    def __call__(self, x: Tensor) -> Tensor:
        if self.weight.dim() == 3:
            y = _depthwise(x, self.weight, self.bias)
        else:
            y = torch.addmm(self.bias, self.weight, x.flatten(1)).view(-1, *x.shape[1:])
        y = y.floor_().clamp_(-LIMIT, LIMIT)
        if self.shuffle:
            y = nn.functional.pixel_shuffle(y, 2)
        if self.activate:
            y = nn.functional.leaky_relu_(y, DYADIC_SLOPE).add_(0.5).floor_()
        return y


class IntegerNetwork:
    """Layers in a row, from integers ``[channels, h, w]`` to integers."""

    def __init__(self, layers: Sequence[IntegerLayer]) -> None:
        self._layers = tuple(layers)

    def __call__(self, x: Tensor) -> Tensor:
        """Integers for integers, both float64 with `FRACTION_BITS` fractional bits."""
        for layer in self._layers:
            x = layer(x)
        return x

    @property
    def outputs(self) -> int:
        """Channels that come out."""
        return len(self._layers[-1].weight)

    def rows(self, chosen: slice) -> IntegerNetwork:
        """The same network with some of its outputs alone."""
        *before, last = self._layers
        assert not last.shuffle
        last = replace(last, weight=last.weight[chosen], bias=last.bias[chosen])
        return IntegerNetwork((*before, last))


def fixed_point(values: Tensor) -> Tensor:
    """float64 integers with `FRACTION_BITS` fractional bits, for integer ``values``."""
    fixed: Tensor = (values.double() * 2**FRACTION_BITS).clamp_(-LIMIT, LIMIT)
    return fixed


def quantise(network: nn.Module) -> dict[str, Tensor]:
    """The integer weights of a float network of convolutions, leaky ReLUs and pixel shuffles.

    Returns:
        For the n-th convolution ``n.weight`` int16, ``n.bias`` int64 and ``n.shift`` int8.
    """
    tensors = {}
    for index, (conv, _, _) in enumerate(_convolutions(network)):
        weight = conv.weight.detach().double()
        largest = weight.abs().amax((1, 2, 3)).clamp_min(1e-9)
        shift = torch.floor(torch.log2((2 ** (WEIGHT_BITS - 1) - 1) / largest)).clamp(0, 30)
        assert conv.bias is not None
        tensors[f"{index}.weight"] = torch.round(weight * 2 ** shift[:, None, None, None]).short()
        bias = torch.round(conv.bias.detach().double() * 2 ** (shift + FRACTION_BITS))
        tensors[f"{index}.bias"] = bias.long()
        tensors[f"{index}.shift"] = shift.to(torch.int8)
    return tensors


@torch.no_grad()
def restore(network: nn.Module, tensors: Mapping[str, Tensor]) -> None:
    """Set the weights of a float network to what `quantise` made of them."""
    for index, (conv, _, _) in enumerate(_convolutions(network)):
        shift = tensors[f"{index}.shift"].double()
        weight = tensors[f"{index}.weight"].double() * 2 ** -shift[:, None, None, None]
        conv.weight.copy_(weight)
        assert conv.bias is not None
        conv.bias.copy_(tensors[f"{index}.bias"].double() * 2 ** -(shift + FRACTION_BITS))


def build(network: nn.Module, tensors: Mapping[str, Tensor]) -> IntegerNetwork:
    """The integer twin of ``network``, whose structure is used, with `quantise`'s tensors."""
    layers = []
    for index, (conv, shuffle, activate) in enumerate(_convolutions(network)):
        weight = tensors[f"{index}.weight"].double()
        weight = weight[:, 0] if conv.groups > 1 else weight[:, :, 0, 0]
        bias = tensors[f"{index}.bias"].double()[:, None]
        reach = weight.abs().flatten(1).sum(1, keepdim=True) * LIMIT + bias.abs()
        if not bool((reach < 2.0**52).all()):
            raise ValueError("weights of the integer network are too large to be exact")
        scale = 2.0 ** -tensors[f"{index}.shift"].double()[:, None]
        weight = weight * scale.view(-1, *[1] * (weight.dim() - 1))
        layers.append(IntegerLayer(weight, bias * scale + 0.5, shuffle, activate))
    return IntegerNetwork(layers)


def _convolutions(network: nn.Module) -> list[tuple[nn.Conv2d, bool, bool]]:
    """Each convolution, whether a pixel shuffle follows it, and whether a leaky ReLU does."""
    flat: list[nn.Module] = []
    for layer in network.children():
        flat += list(layer) if isinstance(layer, nn.Sequential) else [layer]
    found = []
    for index, layer in enumerate(flat):
        if isinstance(layer, nn.Conv2d):
            rest = flat[index + 1 :]
            shuffle = bool(rest) and isinstance(rest[0], nn.PixelShuffle)
            rest = rest[shuffle:]
            found.append((layer, shuffle, bool(rest) and isinstance(rest[0], nn.LeakyReLU)))
    return found


def _depthwise(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """3x3 with zeros around, one filter per channel.

    OpenCV filters a plane of float64 several times as fast as torch does.
    """
    import cv2

    planes, kernels = x.contiguous().numpy(), weight.numpy()
    result = np.empty_like(planes)
    for plane, kernel, filtered in zip(planes, kernels, result, strict=True):
        cv2.filter2D(plane, -1, kernel, filtered, borderType=cv2.BORDER_CONSTANT)
    return torch.from_numpy(result).add_(bias[:, :, None])
