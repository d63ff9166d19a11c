"""The scheme ``charm``: the channels of the latents in slices, each told by those before it.

::

    x ──analysis──► y ──hyper_analysis──► z ──round(z - median)──► symbols ──► bitstream
                    │                                                 │
                    │ slice i            mean_features ◄──────────────┴─────────► scale_features
                    │                     │                                            │
                    │                     │  ŷ₁ … ŷᵢ₋₁ (the first few)                 │
                    │                     ▼   ▼              ▼                         ▼
                    │             μᵢ ◄── means i            scales i ◄─────────────────┘
                    ▼              │                         │
           round(yᵢ - μᵢ) ◄────────┤                         ▼
                    └──► symbols ──┼──────────────────► bitstream, by scale index
                            │      ▼
                            └────► + ────► residuals i (mean_features, ŷ₁ … ŷᵢ₋₁, symbols + μᵢ)
                                   │              │ half of tanh
    x̂ ◄──synthesis── ŷ₁ … ŷₙ ◄──── + ◄────────────┘

Minnen and Singh 2020, "Channel-wise autoregressive entropy models for learned image compression":
10 slices of 32 channels, of which the first five tell the later ones; N = 192, M = 320. Any number
of slices and any widths of layers run here, as the shapes of the weights tell. All between the
symbols and ŷ is in integers, the prediction of what rounding took (``lrp``) as well: it reaches the
probabilities of later slices. The scale index is what ``cc_scale`` gives, rounded, as in the
authors' educational code, after which the tensors are named; there are no published weights in
PyTorch whose names could be taken over. A transposed 5x5 convolution is written as in
`bmshj2018-hyperprior`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ...errors import InputError, ModelError
from ..entropy import Decoder, Part, Payload, channels, encode
from . import integer_convolution, published, tables
from .fixed_rate import Integers, Latents, integers
from .gdn_transforms import STRIDE, Transforms
from .integer_convolution import NO_RELU, Row
from .integer_network import FRACTION_BITS, LIMIT, fixed_point
from .scale_hyperprior import HYPER_STRIDE, LAYERS, hyper_analysis, side_information
from .tiling import grid

KEY = "cc_mean_transforms.0.0.weight"
"""A tensor that no other scheme has."""

ONE = 1 << FRACTION_BITS

BENT = 4
"""Where a hyperbolic tangent is 1 but for less than an integer tells."""

_TRANSFORMS = ("cc_mean_transforms", "cc_scale_transforms", "lrp_transforms")
_NAMES = ("means", "scales", "residuals")
"""What the integer networks are called that are made of them."""


def check(state: published.State, name: str) -> None:
    """Whether the tensors are those of this scheme.

    Args:
        name: of their file, for errors.

    Raises:
        InputError: They are not.
    """
    published.check(state, _shapes(state, name), name)


def convert(state: published.State) -> dict[str, Tensor]:
    """All that `Charm` needs, from published tensors that were checked.

    Raises:
        ValueError: Weights are too large for integers.
    """
    result = published.transforms(state) | side_information(state) | tables.of_normals()
    for theirs, ours in (("h_mean_s", "mean_features"), ("h_scale_s", "scale_features")):
        layers = [f"{theirs}.{layer}" for layer in LAYERS]
        result |= integer_convolution.convert(state, layers, f"integer.{ours}")
    for index in range(_slices(state)):
        for theirs, ours in zip(_TRANSFORMS, _NAMES, strict=True):
            layers = [f"{theirs}.{index}.{layer}" for layer in LAYERS]
            name = f"integer.{ours}.{index}"
            result |= integer_convolution.convert(state, layers, name, doublings=0)
    result["half_tanh"] = torch.tensor(tables.half_tanh(ONE, BENT), dtype=torch.int16)
    return result


class Charm:
    """Implements `fixed_rate.Scheme`.

    Its latents are symbols ``[M, h/16, w/16]``, those of the hyper-latents ``[P, h/64, w/64]``, and
    what the symbols stand for, ``[M, h/16, w/16]`` in units of ``2**-FRACTION_BITS``.

    Args:
        tensors: what `convert` made.

    Raises:
        ModelError, KeyError, RuntimeError, ValueError: They are other ones.
    """

    def __init__(self, tensors: Mapping[str, Tensor]) -> None:
        self._transforms = Transforms.of(tensors)
        m = self._transforms.latents
        self._hyper_analysis, p = hyper_analysis(tensors, m)
        self._hyper_latents, self._medians = p, tables.medians(tensors, p)
        self._mean_features, self._scale_features = (
            Row(tensors, f"integer.{name}", p, doublings=2)
            for name in ("mean_features", "scale_features")
        )
        count = sum(key.startswith("integer.means.") for key in tensors) // 9
        if not count or m % count:
            raise ModelError(f"integer.means: not slices of {m} latents")
        self._size = m // count
        widest = tensors[f"integer.means.{count - 1}.0.weight"].shape[1]
        self._support = (widest - self._mean_features.outputs) // self._size
        self._slices = [_Slice(tensors, index, *self._widths(index)) for index in range(count)]
        bent = tensors["half_tanh"]
        if bent.shape != (BENT * ONE + 1,) or bent.dtype != torch.int16:
            raise ModelError("half_tanh: not the table of a hyperbolic tangent")
        if bool((bent < 0).any()) or bool((bent > ONE // 2).any()):
            raise ModelError("half_tanh: beyond one half")
        self._half_tanh = bent.int()
        self._hyper_tables = tables.read("hyper_tables", tensors, p)
        self._scale_tables = tables.read("scale_tables", tensors, tables.LEVELS)

    @torch.inference_mode()
    def analyse(self, pixels: NDArray[np.uint8]) -> Latents:
        """See `fixed_rate.Scheme`."""
        rows, columns = grid(pixels.shape[0], pixels.shape[1], HYPER_STRIDE)
        ratio = HYPER_STRIDE // STRIDE
        y = self._transforms.analyse(pixels, rows * ratio, columns * ratio)
        z = self._hyper_analysis(y[None])[0]
        hyper = integers(z - self._medians * 2.0**-FRACTION_BITS)
        symbols = np.empty(y.shape, np.int32)
        known = torch.empty(y.shape, dtype=torch.int32)
        features = self._mean_features(self._side(hyper))
        for index, place in self._places():
            support = features, known[: self._reach(index)]
            mean = self._slices[index].means(*support)
            symbols[place] = integers(y[place] - mean * 2.0**-FRACTION_BITS)
            known[place] = self._known(index, support, mean, symbols[place])
        return symbols, hyper, known.numpy()

    @torch.inference_mode()
    def encode(self, latents: Latents) -> Payload:
        """See `fixed_rate.Scheme`."""
        symbols, hyper, values = latents
        known = torch.from_numpy(values)
        features = self._scale_features(self._side(hyper))
        parts = [Part(self._hyper_tables, channels(hyper.shape), hyper.ravel())]
        for index, place in self._places():
            tables_of = self._tables_of(index, features, known)
            parts.append(Part(self._scale_tables, tables_of.ravel(), symbols[place].ravel()))
        # What is decoded first is encoded last.
        return encode(reversed(parts))

    @torch.inference_mode()
    def decode(self, payload: Payload, height: int, width: int) -> Latents:
        """See `fixed_rate.Scheme`."""
        decoder = Decoder(payload)
        rows, columns = grid(height, width, HYPER_STRIDE)
        shape = (self._hyper_latents, rows, columns)
        hyper = decoder.decode(self._hyper_tables, channels(shape)).reshape(shape)
        side = self._side(hyper)
        features, scale_features = self._mean_features(side), self._scale_features(side)
        symbols = np.empty((self._transforms.latents, *features.shape[1:]), np.int32)
        known = torch.empty(symbols.shape, dtype=torch.int32)
        for index, place in self._places():
            tables_of = self._tables_of(index, scale_features, known)
            found = decoder.decode(self._scale_tables, tables_of.ravel())
            symbols[place] = found.reshape(tables_of.shape)
            support = features, known[: self._reach(index)]
            mean = self._slices[index].means(*support)
            known[place] = self._known(index, support, mean, symbols[place])
        decoder.finish()
        return symbols, hyper, known.numpy()

    def synthesise(self, latents: Latents, height: int, width: int) -> NDArray[np.uint8]:
        """See `fixed_rate.Scheme`."""
        y = torch.from_numpy(latents[2]).float() * 2.0**-FRACTION_BITS
        return self._transforms.synthesise(y, height, width)

    def _widths(self, index: int) -> tuple[int, int, int]:
        """Channels that reach the networks of a slice, for means and scales, and its own."""
        reach = self._reach(index)
        return (
            self._mean_features.outputs + reach,
            self._scale_features.outputs + reach,
            self._size,
        )

    def _reach(self, index: int) -> int:
        """Channels of earlier slices that tell of the one at ``index``."""
        return min(index, self._support) * self._size

    def _places(self) -> Iterator[tuple[int, slice]]:
        """Each slice with its channels."""
        for index in range(len(self._slices)):
            yield index, slice(index * self._size, (index + 1) * self._size)

    def _side(self, hyper: Integers) -> Tensor:
        """Hyper-latents as the integer networks take them."""
        z = fixed_point(torch.from_numpy(hyper)).add_(self._medians)
        return z.clamp_(-LIMIT, LIMIT)

    def _tables_of(self, index: int, features: Tensor, known: Tensor) -> NDArray[np.uint8]:
        """The table of each symbol of a slice, by integers alone."""
        found = self._slices[index].scales(features, known[: self._reach(index)])
        found = found.add_(ONE // 2).bitwise_right_shift_(FRACTION_BITS)
        result: NDArray[np.uint8] = found.clamp_(0, tables.LEVELS - 1).to(torch.uint8).numpy()
        return result

    def _known(
        self, index: int, support: tuple[Tensor, Tensor], mean: Tensor, symbols: Integers
    ) -> Tensor:
        """What the symbols of a slice stand for, by integers alone."""
        values = fixed_point(torch.from_numpy(symbols)).add_(mean).clamp_(-LIMIT, LIMIT)
        bent = self._slices[index].residuals(*support, values)
        size = self._half_tanh[bent.abs().clamp_max_(BENT * ONE).long()]
        return values.add_(torch.where(bent < 0, -size, size)).clamp_(-LIMIT, LIMIT)


class _Slice:
    """The integer networks of one slice."""

    def __init__(
        self, tensors: Mapping[str, Tensor], index: int, means: int, scales: int, size: int
    ) -> None:
        widths = (means, scales, means + size)
        self.means, self.scales, self.residuals = (
            Row(tensors, f"integer.{name}.{index}", width, last=NO_RELU)
            for name, width in zip(_NAMES, widths, strict=True)
        )
        if not self.means.outputs == self.scales.outputs == self.residuals.outputs == size:
            raise ModelError(f"integer.means.{index}: not one value for each latent of a slice")


def _slices(state: published.State) -> int:
    return sum(key.startswith("cc_mean_transforms.") and key.endswith(".0.weight") for key in state)


def _shapes(state: published.State, name: str) -> published.Shapes:
    """Names and shapes that the tensors should have, given the widths that some of them tell."""

    def width(key: str, axis: int = 0) -> int:
        """A side of the filters of a layer."""
        found = state.get(f"{key}.weight")
        if found is None or found.ndim != 4 or not 1 <= found.shape[axis] <= published.MAX_CHANNELS:
            raise InputError(f"{name}: no {key}.weight of a usable shape")
        return found.shape[axis]

    def layer(key: str, shape: tuple[int, ...], outputs: int) -> published.Shapes:
        return {f"{key}.weight": shape, f"{key}.bias": (outputs,)}

    n, m = published.sizes(state, name)
    a, b, p = (width(f"h_a.{index}") for index in LAYERS)
    shapes = published.transform_shapes(n, m) | published.density_shapes(p)
    shapes |= layer("h_a.0", (a, m, 3, 3), a)
    shapes |= layer("h_a.2", (b, a, 5, 5), b) | layer("h_a.4", (p, b, 5, 5), p)
    features = []
    for part in ("h_mean_s", "h_scale_s"):
        first, second = (width(f"{part}.{index}", 1) for index in LAYERS[:2])
        last = width(f"{part}.4")
        shapes |= layer(f"{part}.0", (p, first, 5, 5), first)
        shapes |= layer(f"{part}.2", (first, second, 5, 5), second)
        shapes |= layer(f"{part}.4", (last, second, 3, 3), last)
        features.append(last)
    count = _slices(state)
    if m % count:
        raise InputError(f"{name}: {m} latents are not {count} slices")
    size = m // count
    support = (width(f"{_TRANSFORMS[0]}.{count - 1}.0", 1) - features[0]) // size
    for index in range(count):
        reach = min(index, support) * size
        inputs = (features[0] + reach, features[1] + reach, features[0] + reach + size)
        for part, through in zip(_TRANSFORMS, inputs, strict=True):
            for position, key in enumerate(f"{part}.{index}.{layer_}" for layer_ in LAYERS):
                outputs = size if position == len(LAYERS) - 1 else width(key)
                side = width(key, 2)
                if side not in (1, 3, 5):
                    raise InputError(f"{name}: {key}.weight has filters of {side}x{side}")
                shapes |= layer(key, (outputs, through, side, side), outputs)
                through = outputs
    return shapes
