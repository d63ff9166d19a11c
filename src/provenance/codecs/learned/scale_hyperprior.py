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
hyper-synthesis becomes an integer network when weights are added, see `integer_convolution`.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ...errors import ModelError
from ..entropy import Payload
from . import integer_convolution, published, tables
from .fixed_rate import Integers, Latents, integers
from .gdn_transforms import STRIDE, Transforms
from .integer_convolution import Row
from .integer_network import FRACTION_BITS
from .layers import halving, loaded
from .side_information import Indices, SideInformation
from .tiling import grid

HYPER_STRIDE = 64
"""Pixels per hyper-latent."""

LAYERS = (0, 2, 4)
"""Convolutions of both hyper-transforms; ReLUs are between, and one ends the synthesis."""


def shapes(n: int, m: int) -> published.Shapes:
    """Names and shapes of the published tensors."""
    hyper: published.Shapes = {}
    weights = {
        "h_a": ((n, m, 3, 3), (n, n, 5, 5), (n, n, 5, 5)),
        "h_s": ((n, n, 5, 5), (n, n, 5, 5), (m, n, 3, 3)),
    }
    for part, found in weights.items():
        for layer, shape in zip(LAYERS, found, strict=True):
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
    result = published.transforms(state) | side_information(state)
    result |= tables.of_normals() | tables.limits(2**FRACTION_BITS)
    return result | integer_convolution.convert(state, [f"h_s.{layer}" for layer in LAYERS])


def side_information(state: published.State) -> dict[str, Tensor]:
    """What makes and codes hyper-latents, from published tensors that were checked."""
    medians, result = published.density(state, "hyper_tables")
    # The integer network is told what the tables' symbols stand for.
    result["medians"] = torch.round(medians.double() * 2**FRACTION_BITS).to(torch.int32)
    for layer in LAYERS:
        for part in ("weight", "bias"):
            value = state[f"h_a.{layer}.{part}"].detach().float().contiguous()
            result[f"hyper_analysis.{layer}.{part}"] = value
    return result


def hyper_analysis(tensors: Mapping[str, Tensor], latents: int) -> tuple[nn.Module, int]:
    """The hyper-analysis that `side_information` made, and the number of hyper-latents.

    Raises:
        KeyError, RuntimeError: It is not there, or has other shapes.
    """
    a, b, p = (len(tensors[f"hyper_analysis.{layer}.weight"]) for layer in LAYERS)
    with torch.device("meta"):
        made = nn.Sequential(
            *(nn.Conv2d(latents, a, 3, padding=1), nn.ReLU(), halving(a, b), nn.ReLU()),
            halving(b, p),
        )
    return loaded(made, tensors, "hyper_analysis."), p


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
        self._hyper_analysis, n = hyper_analysis(tensors, m)
        self._hyper_synthesis = Row(tensors, "integer", n, doublings=2)
        if self._hyper_synthesis.outputs != m:
            raise ModelError("integer: not one scale for each latent")
        self._side = SideInformation(tensors, n)

    @torch.inference_mode()
    def analyse(self, pixels: NDArray[np.uint8]) -> Latents:
        """See `fixed_rate.Scheme`; ``[M, h/16, w/16]`` and ``[N, h/64, w/64]``."""
        rows, columns = grid(pixels.shape[0], pixels.shape[1], HYPER_STRIDE)
        ratio = HYPER_STRIDE // STRIDE
        y = self._transforms.analyse(pixels, rows * ratio, columns * ratio)
        z = self._hyper_analysis(y[None].abs())[0]
        return integers(y), self._side.rounded(z)

    def encode(self, latents: Latents) -> Payload:
        """See `fixed_rate.Scheme`."""
        symbols, hyper = latents
        return self._side.encode(symbols, hyper, self.scale_indices(hyper))

    def decode(self, payload: Payload, height: int, width: int) -> Latents:
        """See `fixed_rate.Scheme`."""
        size = grid(height, width, HYPER_STRIDE)
        return self._side.decode(payload, size, self.scale_indices)

    def synthesise(self, latents: Latents, height: int, width: int) -> NDArray[np.uint8]:
        """See `fixed_rate.Scheme`."""
        return self._transforms.synthesise(torch.from_numpy(latents[0]).float(), height, width)

    @torch.inference_mode()
    def scale_indices(self, hyper: Integers) -> Indices:
        """The table of each latent, ``[M, h/16, w/16]``, by integers alone."""
        return self._side.indices(self._hyper_synthesis(self._side.known(hyper)))
