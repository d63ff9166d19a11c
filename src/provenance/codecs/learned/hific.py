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
from ..entropy import Decoder, Part, Payload, channels, encode
from . import tables
from .fixed_rate import Integers, Latents, grid, integers
from .hific_transforms import STRIDE, Transforms
from .integer_convolution import NO_RELU, RELU, Convolution
from .integer_network import FRACTION_BITS, LIMIT, fixed_point

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
        self._hyper_latents = n
        with torch.device("meta"):
            analysis = hyper_analysis(m, n)
        start = "hyper_analysis."
        state = {key: tensors[f"{start}{key}"].float() for key in analysis.state_dict()}
        analysis.load_state_dict(state, assign=True)
        self._hyper_analysis = analysis.eval()
        self._means, self._scales = (
            [
                Convolution(tensors, f"{part}.integer.0", n, 4 * n, shuffle=True, slope=RELU),
                Convolution(tensors, f"{part}.integer.1", n, 4 * n, shuffle=True, slope=RELU),
                Convolution(tensors, f"{part}.integer.2", n, m, shuffle=False, slope=NO_RELU),
            ]
            for part in ("means", "scales")
        )
        medians = tensors["medians"]
        if medians.shape != (n,) or medians.dtype != torch.int32:
            raise ModelError("medians: not one integer for each hyper-latent")
        self._medians = medians.view(n, 1, 1)
        arrays = {
            key: value.numpy()
            for key, value in tensors.items()
            if key.startswith(("hyper_tables.", "scale_"))
        }
        self._hyper_tables = tables.read("hyper_tables", arrays, n)
        self._scale_tables = tables.read("scale_tables", arrays, tables.LEVELS)
        self._thresholds = torch.from_numpy(tables.thresholds(arrays))

    @torch.inference_mode()
    def analyse(self, pixels: NDArray[np.uint8]) -> Latents:
        """See `fixed_rate.Scheme`; ``[C, h/16, w/16]``, ``[N, h/64, w/64]`` and as the first."""
        rows, columns = _hyper_grid(*pixels.shape[:2])
        ratio = HYPER_STRIDE // STRIDE
        y = self._transforms.analyse(pixels, rows * ratio, columns * ratio)
        z = self._hyper_analysis(y[None])[0]
        hyper = integers(z - self._medians * 2.0**-FRACTION_BITS)
        means = _after(self._means, self._known(hyper))
        return integers(y - means * 2.0**-FRACTION_BITS), hyper, means.numpy()

    def encode(self, latents: Latents) -> Payload:
        """See `fixed_rate.Scheme`."""
        symbols, hyper, _ = latents
        # What is decoded first is encoded last.
        return encode(
            [
                Part(self._scale_tables, self.scale_indices(hyper).ravel(), symbols.ravel()),
                Part(self._hyper_tables, channels(hyper.shape), hyper.ravel()),
            ]
        )

    @torch.inference_mode()
    def decode(self, payload: Payload, height: int, width: int) -> Latents:
        """See `fixed_rate.Scheme`."""
        decoder = Decoder(payload)
        shape = (self._hyper_latents, *_hyper_grid(height, width))
        hyper = decoder.decode(self._hyper_tables, channels(shape)).reshape(shape)
        indices = self.scale_indices(hyper)
        symbols = decoder.decode(self._scale_tables, indices.ravel()).reshape(indices.shape)
        decoder.finish()
        return symbols, hyper, _after(self._means, self._known(hyper)).numpy()

    @torch.inference_mode()
    def synthesise(self, latents: Latents, height: int, width: int) -> NDArray[np.uint8]:
        """See `fixed_rate.Scheme`."""
        symbols, _, means = (torch.from_numpy(part) for part in latents)
        y = symbols.float().add_(means, alpha=2.0**-FRACTION_BITS)
        return self._transforms.synthesise(y, height, width)

    @torch.inference_mode()
    def scale_indices(self, hyper: Integers) -> NDArray[np.uint8]:
        """The table of each latent, ``[C, h/16, w/16]``, by integers alone."""
        x = _after(self._scales, self._known(hyper))
        found: NDArray[np.uint8] = torch.searchsorted(self._thresholds, x).to(torch.uint8).numpy()
        return found

    def _known(self, hyper: Integers) -> Tensor:
        """Hyper-latents with their medians, as the integer networks take them."""
        return fixed_point(torch.from_numpy(hyper)).add_(self._medians).clamp_(-LIMIT, LIMIT)


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


def _after(layers: list[Convolution], x: Tensor) -> Tensor:
    for layer in layers:
        x = layer(x)
    return x
