"""The scheme ``hyperprior``: transforms with GDN, and side information that tells the scales.

::

    x ──analysis──► y ──round──────────────────────► symbols ──► bitstream
                    │                                  ▲  │
                   |y|                    scale index  │  │
                    ▼                                  │  │
              hyper_analysis                hyper_synthesis (integers)
                    ▼                                  ▲  │
                    z ──round(z - median)──► symbols ──┤  │
                                                ▼      │  │
                                            bitstream ─┘  │
    x̂ ◄──synthesis── ŷ ◄──────────────────────────────────┘

Ballé, Minnen, Singh, Hwang and Johnston 2018, "Variational image compression with a scale
hyperprior", in the form in which CompressAI publishes weights for it, `bmshj2018-hyperprior`. The
hyper-synthesis becomes an integer network when weights are added: a transposed 5x5 convolution to
twice the size is a 3x3 convolution to four times the channels and a pixel shuffle.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from ...errors import ModelError
from ..entropy import Decoder, Part, Payload, channels, encode
from . import published, tables
from .fixed_rate import Latents, grid, integers
from .gdn_transforms import STRIDE, Transforms
from .integer_network import FRACTION_BITS, LIMIT, WEIGHT_BITS, Pointwise, fixed_point, quantise
from .layers import halving

HYPER_STRIDE = 64
"""Pixels per hyper-latent."""

LARGEST_WEIGHT = 2 ** (WEIGHT_BITS - 1) - 1

_LAYERS = (0, 2, 4)
"""Convolutions of both hyper-transforms; ReLUs are between, and one ends the synthesis."""


def shapes(n: int, m: int) -> published.Shapes:
    """Names and shapes of the published tensors."""
    hyper: published.Shapes = {}
    weights = {
        "h_a": ((n, m, 3, 3), (n, n, 5, 5), (n, n, 5, 5)),
        "h_s": ((n, n, 5, 5), (n, n, 5, 5), (m, n, 3, 3)),
    }
    for part, found in weights.items():
        for layer, shape in zip(_LAYERS, found, strict=True):
            hyper[f"{part}.{layer}.weight"], hyper[f"{part}.{layer}.bias"] = shape, shape[:1]
    return published.transform_shapes(n, m) | published.density_shapes(n) | hyper


def check(state: published.State, name: str) -> None:
    """Whether the tensors are those of this scheme.

    Args:
        name: of their file, for errors.

    Raises:
        InputError: They are not.
    """
    published.check(state, shapes(*published.sizes(state, name)), name)


def convert(state: published.State) -> dict[str, Tensor]:
    """All that `Hyperprior` needs, from published tensors that were checked.

    Raises:
        ValueError: Weights of the hyper-synthesis are too large for integers.
    """
    medians, made = published.density(state, "hyper_tables")
    result = {**published.transforms(state), **made}
    # The integer network is told what the tables' symbols stand for.
    result["medians"] = torch.round(medians.double() * 2**FRACTION_BITS).to(torch.int32)
    for layer in _LAYERS:
        for part in ("weight", "bias"):
            value = state[f"h_a.{layer}.{part}"].detach().float().contiguous()
            result[f"hyper_analysis.{layer}.{part}"] = value
    for key, value in quantise(_as_convolutions(state)).items():
        result[f"integer.{key}"] = value
    scales = tables.scales()
    thresholds = [int(scale * 2**FRACTION_BITS) for scale in scales[:-1]]
    result["scale_thresholds"] = torch.tensor(thresholds, dtype=torch.int32)
    arrays = tables.packed("scale_tables", [tables.normal(scale) for scale in scales])
    return result | {key: torch.from_numpy(array) for key, array in arrays.items()}


class Hyperprior:
    """Implements `fixed_rate.Scheme`; its latents are symbols and those of the hyper-latents.

    Args:
        tensors: what `convert` made.

    Raises:
        ModelError, KeyError, RuntimeError, ValueError: They are other ones.
    """

    def __init__(self, tensors: Mapping[str, Tensor]) -> None:
        self._transforms = Transforms.of(tensors)
        m = self._transforms.latents
        n = len(tensors["hyper_analysis.0.weight"])
        self._hyper_latents = n
        with torch.device("meta"):
            analysis = nn.Sequential(
                *(nn.Conv2d(m, n, 3, padding=1), nn.ReLU(), halving(n, n), nn.ReLU()),
                halving(n, n),
            )
        start = "hyper_analysis."
        state = {key: tensors[f"{start}{key}"].float() for key in analysis.state_dict()}
        analysis.load_state_dict(state, assign=True)
        self._hyper_analysis = analysis.eval()
        self._hyper_synthesis = [
            _Convolution(tensors, "integer.0", n, 4 * n, shuffle=True),
            _Convolution(tensors, "integer.1", n, 4 * n, shuffle=True),
            _Convolution(tensors, "integer.2", n, m, shuffle=False),
        ]
        medians, thresholds = tensors["medians"], tensors["scale_thresholds"]
        if medians.shape != (n,) or medians.dtype != torch.int32:
            raise ModelError("medians: not one integer for each hyper-latent")
        if thresholds.shape != (tables.LEVELS - 1,) or thresholds.dtype != torch.int32:
            raise ModelError("scale_thresholds: not one integer between each two tables")
        if bool((thresholds.diff() <= 0).any()):
            raise ModelError("scale_thresholds: do not grow")
        self._medians, self._thresholds = medians.view(n, 1, 1), thresholds
        arrays = {key: value.numpy() for key, value in tensors.items() if "tables." in key}
        self._hyper_tables = tables.read("hyper_tables", arrays, n)
        self._scale_tables = tables.read("scale_tables", arrays, tables.LEVELS)

    @torch.inference_mode()
    def analyse(self, pixels: NDArray[np.uint8]) -> Latents:
        """See `fixed_rate.Scheme`; ``[M, h/16, w/16]`` and ``[N, h/64, w/64]``."""
        rows, columns = grid(pixels.shape[0], pixels.shape[1], HYPER_STRIDE)
        ratio = HYPER_STRIDE // STRIDE
        y = self._transforms.analyse(pixels, rows * ratio, columns * ratio)
        z = self._hyper_analysis(y[None].abs())[0]
        return integers(y), integers(z - self._medians * 2.0**-FRACTION_BITS)

    def encode(self, latents: Latents) -> Payload:
        """See `fixed_rate.Scheme`."""
        symbols, hyper = latents
        # What is decoded first is encoded last.
        return encode(
            [
                Part(self._scale_tables, self.scale_indices(hyper).ravel(), symbols.ravel()),
                Part(self._hyper_tables, channels(hyper.shape), hyper.ravel()),
            ]
        )

    def decode(self, payload: Payload, height: int, width: int) -> Latents:
        """See `fixed_rate.Scheme`."""
        decoder = Decoder(payload)
        shape = (self._hyper_latents, *grid(height, width, HYPER_STRIDE))
        hyper = decoder.decode(self._hyper_tables, channels(shape)).reshape(shape)
        indices = self.scale_indices(hyper)
        symbols = decoder.decode(self._scale_tables, indices.ravel()).reshape(indices.shape)
        decoder.finish()
        return symbols, hyper

    def synthesise(self, latents: Latents, height: int, width: int) -> NDArray[np.uint8]:
        """See `fixed_rate.Scheme`."""
        return self._transforms.synthesise(torch.from_numpy(latents[0]).float(), height, width)

    @torch.inference_mode()
    def scale_indices(self, hyper: NDArray[np.int32]) -> NDArray[np.uint8]:
        """The table of each latent, ``[M, h/16, w/16]``, by integers alone."""
        x = fixed_point(torch.from_numpy(hyper)).add_(self._medians).clamp_(-LIMIT, LIMIT)
        for layer in self._hyper_synthesis:
            x = layer(x)
        found: NDArray[np.uint8] = torch.searchsorted(self._thresholds, x).to(torch.uint8).numpy()
        return found


class _Convolution:
    """A 3x3 convolution in integers with a ReLU: a pointwise one of nine shifted pictures."""

    def __init__(
        self, tensors: Mapping[str, Tensor], name: str, inputs: int, outputs: int, *, shuffle: bool
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

    def __call__(self, x: Tensor) -> Tensor:
        """int32 ``[out, h, w]`` for int32 ``[in, h, w]``."""
        height, width = x.shape[1:]
        seen = functional.pad(x, (1, 1, 1, 1))
        places = ((row, column) for row in range(3) for column in range(3))
        parts = [seen[:, row : row + height, column : column + width] for row, column in places]
        return self._product(*parts).clamp_min_(0)


def _as_convolutions(state: published.State) -> nn.Sequential:
    """The hyper-synthesis as 3x3 convolutions, of which the first two precede a pixel shuffle."""
    layers: list[nn.Module] = []
    for layer in _LAYERS:
        weight, bias = (
            state[f"h_s.{layer}.{part}"].detach().float() for part in ("weight", "bias")
        )
        if weight.shape[-1] == 5:
            weight, bias = _before_shuffle(weight), bias.repeat_interleave(4)
        if float(weight.abs().max()) > LARGEST_WEIGHT:
            raise ValueError(f"h_s.{layer}.weight is too large for integers")
        conv = nn.Conv2d(weight.shape[1], weight.shape[0], 3, padding=1)
        conv.weight, conv.bias = nn.Parameter(weight), nn.Parameter(bias)
        layers.append(conv)
    return nn.Sequential(*layers)


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
