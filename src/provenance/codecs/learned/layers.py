"""Layers shared by the learned codecs.

Every tensor here is ``[batch, channels, height, width]``.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from typing import Any, TypeVar

import torch
from torch import Tensor, nn
from torch.nn import functional

SLOPE = 0.1
"""Negative slope of the leaky ReLUs in the pixel transforms."""

DYADIC_SLOPE = 26 / 256
"""Negative slope in the hyper-synthesis: exact in binary, so that integers can follow it."""


CHANNEL_NORM_EPS = 1e-3
"""Added to the variance."""

SMALLEST = 1e-9
"""Smallest likelihood."""


_Module = TypeVar("_Module", bound=nn.Module)


def loaded(module: _Module, tensors: Mapping[str, Tensor], prefix: str = "") -> _Module:
    """A module with its tensors among others, in float32 and in eval mode.

    Args:
        module: may be on the device ``meta``; what it has is not looked at.
        prefix: that the tensors' names begin with.

    Raises:
        KeyError, RuntimeError: They are not there, or have other shapes.
    """
    state = {name: tensors[f"{prefix}{name}"].float() for name in module.state_dict()}
    module.load_state_dict(state, assign=True)
    return module.eval()


class LowerBound(torch.autograd.Function):
    """``max(x, bound)`` whose gradient still lets ``x`` climb back above the bound.

    Ballé et al. 2018, "Variational image compression with a scale hyperprior", appendix 6.1.
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor, bound: float) -> Tensor:
        ctx.save_for_backward(x)
        ctx.bound = bound
        return x.clamp_min(bound)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None]:
        (x,) = ctx.saved_tensors
        return grad * ((x >= ctx.bound) | (grad < 0)), None


def lower_bound(x: Tensor, bound: float) -> Tensor:
    result: Tensor = LowerBound.apply(x, bound)  # type: ignore[no-untyped-call]
    return result


def rounded(values: Tensor) -> Tensor:
    """Rounded, with the gradient of the identity."""
    return values + (values.round() - values).detach()


def normal_bits(values: Tensor, scale: Tensor) -> Tensor:
    """Bits of rounded normal variables with mean 0, ``[batch]``."""
    distance = values.abs()
    likelihood = _upper_tail((distance - 0.5) / scale) - _upper_tail((distance + 0.5) / scale)
    return -torch.log2(lower_bound(likelihood, SMALLEST)).sum((1, 2, 3))


def _upper_tail(t: Tensor) -> Tensor:
    """Probability that a standard normal variable exceeds ``t``."""
    return 0.5 * torch.erfc(t * 2**-0.5)


class Passage(nn.Conv2d):
    """A convolution into or out of the residual stream: in float32 even under autocast.

    The blocks on the stream may then run in bfloat16 and lose nothing: what they add is small
    beside the stream, which keeps its precision (float32 plus bfloat16 is float32).
    """

    def forward(self, x: Tensor) -> Tensor:
        with torch.autocast(x.device.type, enabled=False):
            x = x.to(self.weight.dtype)
            if self.kernel_size == (1, 1) and x.device.type == "cpu":
                # Each row as a picture of its own: oneDNN then takes it, also in one thread.
                batch, _, height, width = x.shape
                rows = x.permute(0, 2, 1, 3).reshape(batch * height, -1, 1, width)
                y = super().forward(rows).view(batch, height, -1, width)
                return y.permute(0, 2, 1, 3).float()
            result: Tensor = super().forward(x)
        return result.float()


class DepthwiseBlock(nn.Module):
    """A residual depthwise 3x3 convolution followed by a residual pointwise feed-forward layer.

    Five of these see 5 positions to each side: the overlap that tiles need grows with them.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.spatial = nn.Sequential(
            nn.Conv2d(channels, channels, 1),
            nn.LeakyReLU(SLOPE, inplace=True),
            nn.Conv2d(channels, channels, 3, padding=1, groups=channels),
            nn.Conv2d(channels, channels, 1),
        )
        self.expand = nn.Conv2d(channels, 2 * channels, 1)
        self.project = nn.Conv2d(2 * channels, channels, 1)
        for last in (self.spatial[3], self.project):
            assert isinstance(last, nn.Conv2d) and last.bias is not None
            nn.init.normal_(last.weight, std=0.002)
            nn.init.zeros_(last.bias)

    def forward(self, x: Tensor) -> Tensor:
        x = _plus(x, self.spatial(x.to(self.expand.weight.dtype)))
        hidden = self.expand(x.to(self.expand.weight.dtype))
        return _plus(x, self.project(functional.leaky_relu(hidden, SLOPE, inplace=True)))


def _plus(stream: Tensor, change: Tensor) -> Tensor:
    """Their sum, in place where nobody will need the stream as it was."""
    return stream.add_(change) if torch.is_inference_mode_enabled() else stream + change


def upsample(channels_in: int, channels_out: int) -> nn.Sequential:
    """Twice the size by a pointwise convolution and a pixel shuffle."""
    return nn.Sequential(Passage(channels_in, 4 * channels_out, 1), nn.PixelShuffle(2))


class FactorizedPrior(nn.Module):
    """A learned density per channel, the same at every place.

    Ballé et al. 2018, appendix 6.1: a monotone network gives the cumulative distribution.
    """

    def __init__(self, channels: int, filters: tuple[int, ...] = (3, 3, 3)) -> None:
        super().__init__()
        self.channels = channels
        sizes = (1, *filters, 1)
        scale = 10 ** (1 / (len(sizes) - 1))
        self.matrices = nn.ParameterList()
        self.biases = nn.ParameterList()
        self.factors = nn.ParameterList()
        for i, (a, b) in enumerate(itertools.pairwise(sizes)):
            start = math.log(math.expm1(1 / scale / b))
            self.matrices.append(nn.Parameter(torch.full((channels, b, a), start)))
            self.biases.append(nn.Parameter(torch.rand(channels, b, 1) - 0.5))
            if i < len(sizes) - 2:
                self.factors.append(nn.Parameter(torch.zeros(channels, b, 1)))

    def logits(self, values: Tensor) -> Tensor:
        """Logits of the cumulative distribution at ``values`` ``[channels, 1, n]``."""
        for i, (matrix, bias) in enumerate(zip(self.matrices, self.biases, strict=True)):
            values = functional.softplus(matrix) @ values + bias
            if i < len(self.factors):
                values = values + torch.tanh(self.factors[i]) * torch.tanh(values)
        return values

    def forward(self, z: Tensor) -> Tensor:
        """Likelihood of each element of ``z``, in the layout ``[channels, 1, batch*h*w]``."""
        flat = z.float().transpose(0, 1).reshape(self.channels, 1, -1)
        lower, upper = self.logits(flat - 0.5), self.logits(flat + 0.5)
        # Where both are as far from 0, either sign will do, and no sign would give nothing.
        sign = torch.where(lower + upper > 0, -1.0, 1.0)
        likelihood = (torch.sigmoid(sign * upper) - torch.sigmoid(sign * lower)).abs()
        return lower_bound(likelihood, SMALLEST)

    def bits(self, z: Tensor) -> Tensor:
        """Bits of ``z`` ``[batch, channels, h, w]``, ``[batch]``."""
        likelihood: Tensor = self(z)
        return -torch.log2(likelihood.reshape(self.channels, len(z), -1)).sum((0, 2))


class GDN(nn.Module):
    """Generalised divisive normalisation, or its approximate inverse.

    Ballé, Laparra and Simoncelli 2017, "End-to-end optimized image compression", section 3:
    ``x[i] / sqrt(beta[i] + sum_j gamma[i, j] x[j]**2)``, with `beta` and `gamma` not negative.
    """

    def __init__(self, channels: int, *, inverse: bool = False) -> None:
        super().__init__()
        self.beta = nn.Parameter(torch.ones(channels))
        self.gamma = nn.Parameter(0.1 * torch.eye(channels))
        self.inverse = inverse

    def forward(self, x: Tensor) -> Tensor:
        norm = functional.conv2d(x * x, self.gamma[:, :, None, None], self.beta)
        return x * (torch.sqrt(norm) if self.inverse else torch.rsqrt(norm))


class ChannelNorm(nn.Module):
    """Each place brought to mean 0 and variance 1 over its channels, then scaled and shifted.

    Mentzer et al. 2020, "High-fidelity generative image compression", appendix: no statistics
    over places, so that pictures of any size, and tiles of them, come out alike.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.gamma = nn.Parameter(torch.ones(channels))
        self.beta = nn.Parameter(torch.zeros(channels))

    def forward(self, x: Tensor) -> Tensor:
        # The variance is to have one degree of freedom less than that of `layer_norm`.
        channels = x.shape[1]
        share = (channels - 1) / channels
        gamma, eps = self.gamma * share**0.5, CHANNEL_NORM_EPS * share
        places = x.permute(0, 2, 3, 1)
        y = functional.layer_norm(places, (channels,), gamma, self.beta, eps)
        return y.permute(0, 3, 1, 2)


def halving(channels_in: int, channels_out: int) -> nn.Conv2d:
    """A 5x5 convolution to half the size."""
    return nn.Conv2d(channels_in, channels_out, 5, stride=2, padding=2)


def doubling(channels_in: int, channels_out: int) -> nn.ConvTranspose2d:
    """A transposed 5x5 convolution to twice the size."""
    return nn.ConvTranspose2d(channels_in, channels_out, 5, stride=2, padding=2, output_padding=1)
