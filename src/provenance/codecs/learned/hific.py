"""The scheme ``hific``: a generator trained against a discriminator, and a mean-scale hyperprior.

::

    x ──analysis──► y ──round(y - mean)────────────► symbols ──► bitstream
                    │                                  ▲  │
                    ▼                mean, scale index │  │
              hyper_analysis                           │  │
                    │                  two hyper-syntheses (integers)
                    ▼                                  ▲  │
                    z ──round(z - median)──► symbols ──┤  │
                                                ▼      │  │
                                            bitstream ─┘  │
    x̂ ◄──generator── ŷ ◄──────── + mean ◄─────────────────┘

Mentzer, Toderici, Tschannen and Agustsson 2020, "High-fidelity generative image compression", in
the form in which Justin Tan publishes weights for PyTorch, `high-fidelity-generative-compression`.
The hyper-syntheses become integer networks when weights are added, see `integer_convolution`. The
generator invents what the latents leave open: texture, and sometimes what it means.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ...errors import ModelError
from ..entropy import Payload
from .fixed_rate import Integers, Latents, integers
from .hific_transforms import STRIDE, Transforms
from .integer_convolution import NO_RELU, Row
from .integer_network import FRACTION_BITS
from .layers import loaded
from .side_information import Indices, SideInformation
from .tiling import grid

HYPER_STRIDE = 64
"""Pixels per hyper-latent."""

FEWEST = 2
"""Hyper-latents to each side at least: with fewer there is nothing to mirror."""


class Hific:
    """Implements `fixed_rate.Scheme`.

    Its latents are symbols, hyper-latents, and the means that complete the symbols, in units of
    ``2**-FRACTION_BITS``.

    Args:
        tensors: what `hific_weights.convert` made.

    Raises:
        ModelError, KeyError, RuntimeError, ValueError: They are other ones.
    """

    def __init__(self, tensors: Mapping[str, Tensor]) -> None:
        self._transforms = Transforms.of(tensors)
        m, n = self._transforms.latents, len(tensors["hyper_analysis.0.weight"])
        with torch.device("meta"):
            analysis = hyper_analysis(m, n)
        self._hyper_analysis = loaded(analysis, tensors, "hyper_analysis.")
        self._means, self._scales = (
            Row(tensors, f"{part}.integer", n, doublings=2, last=NO_RELU)
            for part in ("means", "scales")
        )
        if not self._means.outputs == self._scales.outputs == m:
            raise ModelError("integer: not one mean and one scale for each latent")
        self._side = SideInformation(tensors, n)

    @torch.inference_mode()
    def analyse(self, pixels: NDArray[np.uint8]) -> Latents:
        """See `fixed_rate.Scheme`; ``[C, h/16, w/16]``, ``[N, h/64, w/64]`` and as the first."""
        rows, columns = _hyper_grid(*pixels.shape[:2])
        ratio = HYPER_STRIDE // STRIDE
        y = self._transforms.analyse(pixels, rows * ratio, columns * ratio)
        z = self._hyper_analysis(y[None])[0]
        hyper = self._side.rounded(z)
        means = self._means(self._side.known(hyper))
        return integers(y - means * 2.0**-FRACTION_BITS), hyper, means.numpy()

    def encode(self, latents: Latents) -> Payload:
        """See `fixed_rate.Scheme`."""
        symbols, hyper, _ = latents
        return self._side.encode(symbols, hyper, self.scale_indices(hyper))

    @torch.inference_mode()
    def decode(self, payload: Payload, height: int, width: int) -> Latents:
        """See `fixed_rate.Scheme`."""
        size = _hyper_grid(height, width)
        symbols, hyper = self._side.decode(payload, size, self.scale_indices)
        return symbols, hyper, self._means(self._side.known(hyper)).numpy()

    @torch.inference_mode()
    def synthesise(self, latents: Latents, height: int, width: int) -> NDArray[np.uint8]:
        """See `fixed_rate.Scheme`."""
        symbols, _, means = (torch.from_numpy(part) for part in latents)
        y = symbols.float().add_(means, alpha=2.0**-FRACTION_BITS)
        return self._transforms.synthesise(y, height, width)

    @torch.inference_mode()
    def scale_indices(self, hyper: Integers) -> Indices:
        """The table of each latent, ``[C, h/16, w/16]``, by integers alone."""
        return self._side.indices(self._scales(self._side.known(hyper)))


def hyper_analysis(latents: int, hyper_latents: int) -> nn.Sequential:
    """Hyper-latents of latents."""
    m, n = latents, hyper_latents
    halvings = (nn.Conv2d(n, n, 5, stride=2, padding=2, padding_mode="reflect") for _ in range(2))
    return nn.Sequential(
        *(nn.Conv2d(m, n, 3, padding=1), nn.ReLU(), next(halvings), nn.ReLU(), next(halvings))
    )


def _hyper_grid(height: int, width: int) -> tuple[int, int]:
    rows, columns = grid(height, width, HYPER_STRIDE)
    return max(FEWEST, rows), max(FEWEST, columns)
