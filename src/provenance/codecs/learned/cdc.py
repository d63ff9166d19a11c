"""The scheme ``cdc``: latents tell a diffusion model what picture to draw out of noise.

::

    x ──enc──► y ──round(y - mean)───────────────────► symbols ──► bitstream
               │              ▲                          ▲  │
           hyper_enc          │              scale index │  │
               ▼              │                          │  │
               z ─round(z - median)─► symbols ─► hyper_dec (integers)
                                         │            │     │
                                     bitstream       mean ──+
                                                            ▼
    noise(seed) ──┐                          context ◄─dec─ ŷ
                  ▼                             ▼
                  x_t ──► denoiser(x_t, t, context) ──► x̂0, as often as there are steps

Yang and Mandt 2023, "Lossy image compression with conditional diffusion models", the variant that
predicts the picture itself, in the form in which its authors publish weights. The bits determine
``ŷ``; what they leave open is drawn, and another seed draws something else. Networks are in
`cdc_network`, sampling is in `diffusion`.

The denoiser's attention sees all that it is given, so its picture depends on how much that is: a
picture is drawn in windows of one size, which overlap and are blended. Memory so does not grow with
the picture.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ...errors import InputError, ModelError
from ..bitstream import Sampling
from ..entropy import Payload
from . import diffusion, integer_convolution, published, tables
from .cdc_network import SCALES, SLOPE, STRIDE, Networks, Widths
from .fixed_rate import Integers, Latents, integers
from .integer_convolution import NO_RELU, Row
from .integer_network import FRACTION_BITS
from .pixels import cut
from .side_information import Indices, SideInformation
from .tiling import Region, for_each_tile, grid

HYPER_STRIDE = 64
"""Pixels per hyper-latent."""

TILE = 24
"""Side of a tile in latents, 384 px."""

REACH = 3
"""Latents that analysis sees beyond its own: 47 px."""

MARGIN = 4
"""Latents that a window of the denoiser has beyond its tile; neighbours are blended there."""

_BLEND_BITS = 16
_HYPER_DEC = tuple(f"context_fn.hyper_dec.{layer}.0" for layer in range(3))
_PRIOR = "context_fn.prior"
_FILTERS = (1, 3, 3, 3, 1)
"""Widths within the network of the learned density."""

_SIZES = (5, 6)
"""Of the denoiser: each halving needs an even side, and windows begin and end at even latents."""


def check(state: published.State, name: str) -> None:
    """Whether the tensors are those of this scheme.

    Args:
        name: of their file, for errors.

    Raises:
        InputError: They are not.
    """
    try:
        widths = Widths.of(state)
    except (KeyError, IndexError) as error:
        raise InputError(f"{name}: {error.args[0]} is missing; not the weights of cdc") from None
    every = (*widths.enc, *widths.dec, widths.hyper, *widths.denoiser)
    if not 1 <= min(every) <= max(every) <= published.MAX_CHANNELS:
        raise InputError(f"{name}: up to {published.MAX_CHANNELS} channels are allowed")
    if len(widths.enc) != SCALES or len(widths.denoiser) not in _SIZES:
        raise InputError(f"{name}: not the sizes of the published networks")
    with torch.device("meta"):
        shapes = {key: tuple(v.shape) for key, v in Networks(widths).state_dict().items()}
    published.check(state, shapes | _coding_shapes(widths), name)


def convert(state: published.State) -> dict[str, Tensor]:
    """All that `Cdc` needs, from published tensors that were checked.

    Raises:
        ValueError: Weights of the hyper-synthesis are too large for integers.
    """
    with torch.device("meta"):
        kept = Networks(Widths.of(state)).state_dict()
    result = {key: state[key].detach().float().contiguous() for key in kept}
    result |= integer_convolution.convert(state, _HYPER_DEC)
    medians = state[f"{_PRIOR}._medians"].detach().double().flatten()
    # In the precision of the integer network, so that encoder and decoder mean the same.
    medians = torch.round(medians * 2**FRACTION_BITS)
    result["medians"] = medians.to(torch.int32)
    made = []
    for channel, median in enumerate((medians / 2**FRACTION_BITS).tolist()):
        parts = [
            [state[f"{_PRIOR}.affine.{i}.{part}"][channel].detach().float() for i in range(4)]
            for part in ("weight", "bias")
        ]
        factors = [state[f"{_PRIOR}.a.{i}"][channel].detach().float() for i in range(3)]
        made.append(
            tables.learned(
                tables.density(
                    [weight[0, 0].T.numpy() for weight in parts[0]],
                    [bias.flatten().numpy() for bias in parts[1]],
                    [factor.flatten().numpy() for factor in factors],
                    median,
                )
            )
        )
    result |= tables.of_normals() | tables.limits(2**FRACTION_BITS)
    return result | tables.packed("hyper_tables", made)


class Cdc:
    """Implements `fixed_rate.Scheme`; its latents are symbols and those of the hyper-latents.

    Args:
        tensors: what `convert` made.

    Raises:
        ModelError, KeyError, RuntimeError, ValueError: They are other ones.
    """

    def __init__(self, tensors: Mapping[str, Tensor]) -> None:
        widths = Widths.of(tensors)
        self._networks = Networks.of(tensors)
        self._latents, n = widths.enc[-1], widths.hyper
        self._hyper_synthesis = Row(tensors, "integer", n, doublings=2, between=SLOPE, last=NO_RELU)
        if self._hyper_synthesis.outputs != 2 * self._latents:
            raise ModelError("integer: not one mean and one scale for each latent")
        self._side = SideInformation(tensors, n)

    @torch.inference_mode()
    def analyse(self, pixels: NDArray[np.uint8]) -> Latents:
        """See `fixed_rate.Scheme`; ``[M, h/16, w/16]`` and ``[N, h/64, w/64]``."""
        y = self.latents(pixels)
        z = self._networks.context_fn.hyper_analyse(y[None])[0]
        hyper = self._side.rounded(z)
        means, _ = self._entropy_parameters(hyper)
        return integers(y - means), hyper

    def latents(self, pixels: NDArray[np.uint8]) -> Tensor:
        """Float32 ``[M, h/16, w/16]`` before anything is rounded; edges are repeated."""
        rows, columns = _covering(*pixels.shape[:2])
        y = torch.empty((self._latents, rows, columns), dtype=torch.float32)

        def work(tile: Region) -> None:
            seen = tile.grown(REACH, rows, columns)
            x = _normalised(pixels, seen.times(STRIDE))
            tile.of(y).copy_(tile.within(seen).of(self._networks.context_fn.analyse(x)[0]))

        for_each_tile(rows, columns, TILE, work)
        return y

    def encode(self, latents: Latents) -> Payload:
        """See `fixed_rate.Scheme`."""
        symbols, hyper = latents
        return self._side.encode(symbols, hyper, self._entropy_parameters(hyper)[1])

    def decode(self, payload: Payload, height: int, width: int) -> Latents:
        """See `fixed_rate.Scheme`."""
        size = grid(height, width, HYPER_STRIDE)
        return self._side.decode(payload, size, lambda hyper: self._entropy_parameters(hyper)[1])

    @torch.inference_mode()
    def synthesise(
        self, latents: Latents, height: int, width: int, sampling: Sampling | None = None
    ) -> NDArray[np.uint8]:
        """See `fixed_rate.Scheme`; without ``sampling`` one step from the noise of seed 0."""
        sampling = sampling or Sampling(1, 0)
        symbols, hyper = latents
        y = torch.from_numpy(symbols) + self._entropy_parameters(hyper)[0]
        rows, columns = y.shape[1:]
        noise = diffusion.noise(sampling.seed, rows * STRIDE, columns * STRIDE)
        # Sums in integers: whichever window comes first, they are the same.
        sums = np.zeros((3, rows * STRIDE, columns * STRIDE), np.int32)
        adding = threading.Lock()

        def work(tile: Region) -> None:
            seen = tile.grown(MARGIN, rows, columns)
            drawn = self.drawn(seen.of(y), seen.times(STRIDE), noise, sampling.steps)
            weights = _ramp(tile.top, tile.bottom, rows)[:, None] * _ramp(
                tile.left, tile.right, columns
            )
            part = np.rint(drawn * (weights * 2**_BLEND_BITS)).astype(np.int32)
            place = seen.times(STRIDE)
            with adding:
                sums[:, place.rows, place.columns] += part

        for_each_tile(rows, columns, TILE, work)
        levels = (sums[:, :height, :width] * (127.5 / 2**_BLEND_BITS) + 127.5).round()
        return np.ascontiguousarray(levels.clip(0, 255).astype(np.uint8).transpose(1, 2, 0))

    def drawn(
        self, latents: Tensor, place: Region, noise: NDArray[np.int16], steps: int
    ) -> NDArray[np.float32]:
        """One window, ``[3, h, w]``, -1 to 1.

        Args:
            latents: of the window.
            place: the window in pixels, for its part of the noise.
        """
        context = self._networks.context_fn.context(latents[None])
        part = np.ascontiguousarray(noise[:, place.rows, place.columns])
        start = torch.from_numpy(part).float().mul_(2.0**-diffusion.NOISE_BITS)[None]

        def expected(x: Tensor, time: float) -> Tensor:
            found: Tensor = self._networks.denoise_fn(x, x.new_full((1, 1), time), context)
            return found

        found = diffusion.sample(expected, start, steps)[0]
        result: NDArray[np.float32] = found.nan_to_num_().numpy()
        return result

    @torch.inference_mode()
    def _entropy_parameters(self, hyper: Integers) -> tuple[Tensor, Indices]:
        """The mean, exact in float32, and the table of each latent, by integers alone."""
        means, scales = self._hyper_synthesis(self._side.known(hyper)).chunk(2)
        return means.float() * 2.0**-FRACTION_BITS, self._side.indices(scales)


def _coding_shapes(widths: Widths) -> published.Shapes:
    """Tensors of hyper-synthesis and learned density."""
    n, m = widths.hyper, widths.enc[-1]
    shapes: published.Shapes = {f"{_PRIOR}._medians": (1, n, 1, 1)}
    outputs = ((n, n, 5, 5), (n, n, 5, 5), (2 * m, n, 3, 3))
    for layer, shape in zip(_HYPER_DEC, outputs, strict=True):
        shapes[f"{layer}.weight"], shapes[f"{layer}.bias"] = shape, shape[:1]
    for i, (a, b) in enumerate(pairwise(_FILTERS)):
        shapes[f"{_PRIOR}.affine.{i}.weight"] = (n, 1, 1, a, b)
        shapes[f"{_PRIOR}.affine.{i}.bias"] = (n, 1, 1, 1, b)
        if i < 3:
            shapes[f"{_PRIOR}.a.{i}"] = (n, 1, 1, 1, b)
    return shapes


def _covering(height: int, width: int) -> tuple[int, int]:
    """Rows and columns of latents."""
    rows, columns = grid(height, width, HYPER_STRIDE)
    return rows * (HYPER_STRIDE // STRIDE), columns * (HYPER_STRIDE // STRIDE)


def _normalised(pixels: NDArray[np.uint8], window: Region) -> Tensor:
    """``[1, 3, h, w]``, -1 to 1, of what `cut` gives."""
    x = torch.from_numpy(cut(pixels, window)).permute(2, 0, 1)[None]
    return x.float().div_(127.5).sub_(1).contiguous(memory_format=torch.channels_last)


def _ramp(start: int, end: int, whole: int) -> NDArray[np.float64]:
    """Weights of a window's pixels along one side; with its neighbours' they sum to 1."""
    first, last = max(0, start - MARGIN), min(whole, end + MARGIN)
    place = np.arange(first * STRIDE, last * STRIDE) + 0.5
    width = 2 * MARGIN * STRIDE
    weights = np.ones_like(place)
    if first > 0:
        weights = np.minimum(weights, (place - (start - MARGIN) * STRIDE) / width)
    if last < whole:
        weights = np.minimum(weights, ((end + MARGIN) * STRIDE - place) / width)
    return weights
