"""A small network in integers: the same result on every machine, whatever the order of sums.

Ballé, Johnston and Minnen 2019, "Integer networks for data compression with latent-variable
models".
Weights are integers with a power-of-two scale per output channel; activations are integers with
`FRACTION_BITS` fractional bits, clamped to `LIMIT`. Sums of products are exact, by one of two ways
that find the same: in float64, whose sums are exact below 2**53 units, a bound that is checked for
the weights at hand; or, some times as fast, in int8 (`digits`), where the processor multiplies that
and the activations at hand are small enough. So threads, BLAS, vector width and GPU cannot change
a bit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor, nn

from . import digits
from .layers import DYADIC_SLOPE

FRACTION_BITS = 10
WEIGHT_BITS = 14
LIMIT = 1 << 24
"""Largest activation, in units of ``2**-FRACTION_BITS``."""

CACHED = 1024
"""Places that are worked on at once, so that all stays in the processor's cache."""

_SLOPE_IN_256 = round(DYADIC_SLOPE * 256)


class Pointwise:
    """A pointwise convolution, perhaps with a leaky ReLU and a pixel shuffle after it.

    Args:
        weight: integers, ``[out, in]``.
        bias: ``[out]``, int64.
        shift: ``[out]``, the power of two that takes sums of products back to activations.
        activate: whether a leaky ReLU follows.
        shuffle: whether a pixel shuffle follows.
    """

    def __init__(
        self, weight: Tensor, bias: Tensor, shift: Tensor, *, activate: bool, shuffle: bool
    ) -> None:
        self._integers = weight, bias, shift
        self._activate, self._shuffle = activate, shuffle
        self._weight, self._bias = _scaled(weight, bias, shift)
        self._digits = None
        if digits.fast() and int(shift.min()) >= 8:
            half = 1 << (shift.long() - 1)
            self._digits = digits.DigitProduct(weight, bias + half, shift)
        self.outputs = len(weight) // (4 if shuffle else 1)

    def __call__(self, *parts: Tensor) -> Tensor:
        """int32 ``[out, h, w]`` for int32 ``[in, h, w]``, whose channels come in ``parts``."""
        height, width = parts[0].shape[1:]
        y = torch.empty((len(self._weight), height, width), dtype=torch.int32)
        strip = max(1, CACHED // width)
        for start in range(0, height, strip):
            rows = slice(start, start + strip)
            x = torch.cat([part[:, rows] for part in parts])
            y[:, rows] = self._products(x.flatten(1)).view(-1, *x.shape[1:])
        return nn.functional.pixel_shuffle(y, 2) if self._shuffle else y

    def _products(self, x: Tensor) -> Tensor:
        """int32 ``[out, n]`` for int32 ``[in, n]``."""
        if self._digits and digits.largest(x) <= self._digits.largest:
            y = self._digits(x)
        else:
            y = torch.addmm(self._bias, self._weight, x.double()).floor_()
        y = y.clamp_(-LIMIT, LIMIT).to(torch.int32)
        if self._activate:
            negative = y.mul(_SLOPE_IN_256).add_(128).bitwise_right_shift_(8)
            torch.maximum(y, negative, out=y)
        return y

    def rows(self, chosen: slice) -> Pointwise:
        """The same layer with some of its outputs alone."""
        assert not self._shuffle
        weight, bias, shift = (part[chosen] for part in self._integers)
        return Pointwise(weight, bias, shift, activate=self._activate, shuffle=False)


class Depthwise:
    """A convolution with one 3x3 filter per channel and zeros around.

    OpenCV filters a plane of float64 several times as fast as torch does.

    Args:
        weight: integers, ``[channels, 3, 3]``.
        bias: ``[channels]``, int64.
        shift: ``[channels]``, the power of two that takes sums of products back to activations.
    """

    def __init__(self, weight: Tensor, bias: Tensor, shift: Tensor) -> None:
        kernels, biases = _scaled(weight, bias, shift)
        self._kernels, self._biases = kernels.numpy(), biases.flatten().tolist()
        self.outputs = len(weight)

    def __call__(self, x: Tensor) -> Tensor:
        """int32 for int32, ``[channels, h, w]``."""
        import cv2

        y = torch.empty(x.shape, dtype=torch.int32)
        planes = zip(x.numpy(), y.numpy(), self._kernels, self._biases, strict=True)
        for plane, result, kernel, bias in planes:
            sums = plane.astype(np.float64)
            sums = cv2.filter2D(sums, -1, kernel, delta=bias, borderType=cv2.BORDER_CONSTANT)
            np.floor(sums, out=result, casting="unsafe")
        return y.clamp_(-LIMIT, LIMIT)


class IntegerNetwork:
    """Layers in a row, from integers to integers with `FRACTION_BITS` fractional bits."""

    def __init__(self, layers: Sequence[Pointwise | Depthwise]) -> None:
        self._layers = tuple(layers)

    def __call__(self, *parts: Tensor) -> Tensor:
        """int32 ``[out, h, w]`` for int32 ``[in, h, w]``, whose channels come in ``parts``."""
        first, *others = self._layers
        x = first(*parts)
        for layer in others:
            x = layer(x)
        return x

    @property
    def outputs(self) -> int:
        """Channels that come out."""
        return self._layers[-1].outputs

    def rows(self, chosen: slice) -> IntegerNetwork:
        """The same network with some of its outputs alone."""
        *before, last = self._layers
        assert isinstance(last, Pointwise)
        return IntegerNetwork((*before, last.rows(chosen)))


def fixed_point(values: Tensor) -> Tensor:
    """int32 with `FRACTION_BITS` fractional bits, for int32 ``values``."""
    most = LIMIT >> FRACTION_BITS
    fixed: Tensor = values.clamp(-most, most).bitwise_left_shift_(FRACTION_BITS)
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
    layers: list[Pointwise | Depthwise] = []
    for index, (conv, shuffle, activate) in enumerate(_convolutions(network)):
        weight, bias, shift = (tensors[f"{index}.{part}"] for part in ("weight", "bias", "shift"))
        if conv.groups > 1:
            assert not shuffle and not activate
            layers.append(Depthwise(weight[:, 0], bias, shift))
        else:
            weight = weight[:, :, 0, 0]
            layers.append(Pointwise(weight, bias, shift, activate=activate, shuffle=shuffle))
    return IntegerNetwork(layers)


def _scaled(weight: Tensor, bias: Tensor, shift: Tensor) -> tuple[Tensor, Tensor]:
    """Weight and bias ``[out, 1]`` for float64, with the half that makes `floor` a rounding.

    The power of two is multiplied into both, which stays exact.

    Raises:
        ValueError: Sums could be inexact.
    """
    reach = weight.double().abs().flatten(1).sum(1) * LIMIT + bias.double().abs()
    if not bool((reach < 2.0**52).all()):
        raise ValueError("weights of the integer network are too large to be exact")
    scale = 2.0 ** -shift.double()
    scaled = weight.double() * scale.view(-1, *[1] * (weight.dim() - 1))
    return scaled, (bias * scale + 0.5)[:, None]


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
