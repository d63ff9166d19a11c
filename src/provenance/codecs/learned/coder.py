"""Pixels to latents to payload and back, tile by tile, with one loaded model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ...errors import ModelError
from ..entropy import Decoder, Part, Payload, Tables, channels, encode
from .context import STEPS, places
from .entropy_model import HYPER_TILE, EntropyModel
from .hyperprior import HYPER_STRIDE, LEVELS, STRIDE, MeanScaleHyperprior
from .tiling import Region, for_each_tile, give_back
from .transforms import PixelTransforms

INTEGER_PARTS = ("hyper_synthesis", "prediction", "contexts", "prior")
"""Parts of the network that coding replaces by integers: by `EntropyModel` and by tables."""

Integers = NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Latents:
    """What the payload holds, and the means that complete it."""

    hyper: Integers
    """``[hyper_latents, h/64, w/64]``."""
    residuals: Integers
    """``[latents, h/16, w/16]``: latents less their means."""
    means: Tensor
    """As ``residuals``, float32, exact multiples of ``2**-10``."""
    scales: NDArray[np.uint8]
    """As ``residuals``: index of the table that codes each one."""

    def serialise(self) -> Iterator[memoryview[Any]]:
        """The integers as bytes, for a digest."""
        for integers in (self.hyper, self.residuals):
            yield np.ascontiguousarray(integers, "<i4").data


class Coder:
    """The network with its integer twin and tables; made by `Coder.load`."""

    def __init__(self, tensors: Mapping[str, Tensor]) -> None:
        with torch.random.fork_rng(devices=[]):
            network = MeanScaleHyperprior()
        self._entropy_model = EntropyModel(network, tensors)
        self._scale_tables = _tables(tensors, "scale_tables")
        self._hyper_tables = _tables(tensors, "hyper_tables")
        for name in INTEGER_PARTS:
            setattr(network, name, nn.Identity())
        state = {name: tensors[name].float() for name in network.state_dict()}
        network.load_state_dict(state, assign=True)
        self._network = network.eval().requires_grad_(False)
        self._transforms = PixelTransforms(network)

    @classmethod
    def load(cls, path: Path) -> Coder:
        """Load a weights file written by `provenance.training.export`.

        Raises:
            ModelError: It is missing or not such a file.
        """
        from safetensors.torch import load_file

        try:
            return cls(load_file(path))
        except (OSError, KeyError, ValueError, RuntimeError) as error:
            raise ModelError(f"{path}: not a model of this codec: {error}") from error

    @torch.inference_mode()
    def analyse(self, pixels: NDArray[np.uint8]) -> Tensor:
        """The analysis transform of ``[h, w, 3]`` RGB: ``[latents, h/16, w/16]`` float32."""
        height, width = (_padded(side) // STRIDE for side in pixels.shape[:2])
        analysed = self._transforms.analyse(pixels, height, width)
        give_back()
        return analysed

    @torch.inference_mode()
    def quantise(self, analysed: Tensor, quality: float) -> Latents:
        """Latents at ``quality`` 1 to 100 of what `analyse` gave."""
        gain = self._gains(quality)[0]
        hyper = self._hyper_analysis(analysed, gain).round_().to(torch.int32).numpy()
        give_back()

        def code(step: int, means: Tensor, _: NDArray[np.uint8]) -> Integers:
            found = []
            for place in places(step):
                residuals = analysed[place] * gain[place[0]] - means[place]
                found.append(residuals.round_().to(torch.int32).flatten())
            return torch.cat(found).numpy()

        return Latents(hyper, *self._entropy_model.follow(hyper, code))

    def encode(self, latents: Latents) -> Payload:
        """Entropy-code latents."""

        def parts() -> Iterator[Part]:
            for step in reversed(range(STEPS)):
                scales, residuals = (_gather(a, step) for a in (latents.scales, latents.residuals))
                yield Part(self._scale_tables, scales, residuals)
            hyper = latents.hyper
            yield Part(self._hyper_tables, channels(hyper.shape), hyper.ravel())

        return encode(parts())

    @torch.inference_mode()
    def decode(self, words: bytes, escapes: bytes, height: int, width: int) -> Latents:
        """Latents of a picture of that size.

        Raises:
            BitstreamError: The payload cannot be one of ours.
        """
        decoder = Decoder(Payload(words, escapes))
        rows, columns = _padded(height), _padded(width)
        shape = (self._network.hyper_latents, rows // HYPER_STRIDE, columns // HYPER_STRIDE)
        hyper = decoder.decode(self._hyper_tables, channels(shape)).reshape(shape)

        def code(step: int, _: Tensor, scales: NDArray[np.uint8]) -> Integers:
            return decoder.decode(self._scale_tables, _gather(scales, step))

        latents = Latents(hyper, *self._entropy_model.follow(hyper, code))
        decoder.finish()
        return latents

    @torch.inference_mode()
    def synthesise(
        self, latents: Latents, quality: float, height: int, width: int
    ) -> NDArray[np.uint8]:
        """``[height, width, 3]`` RGB of ``latents``."""
        _, inverse_gain = self._gains(quality)
        pixels = np.empty((height, width, 3), np.uint8)
        residuals = torch.from_numpy(latents.residuals)

        def part(seen: Region) -> Tensor:
            return (seen.of(residuals) + seen.of(latents.means)).mul_(inverse_gain)

        _, rows, columns = residuals.shape
        self._transforms.synthesise(part, rows, columns, pixels)
        return pixels

    def _hyper_analysis(self, analysed: Tensor, gain: Tensor) -> Tensor:
        """``[hyper_latents, h/4, w/4]`` of what `analyse` gave, which the gain multiplies."""
        ratio = HYPER_STRIDE // STRIDE
        height, width = (side // ratio for side in analysed.shape[1:])
        z = torch.empty((self._network.hyper_latents, height, width), dtype=torch.float32)

        def work(tile: Region) -> None:
            seen = tile.grown(1, height, width)
            y = seen.times(ratio).of(analysed) * gain
            result = self._network.hyper_analysis(y[None])[0]
            z[:, tile.rows, tile.columns] = tile.within(seen).of(result)

        for_each_tile(height, width, HYPER_TILE, work)
        return z

    def _gains(self, quality: float) -> tuple[Tensor, Tensor]:
        """Gain and inverse gain, ``[latents, 1, 1]``."""
        level = torch.tensor([(quality - 1) / 99 * (LEVELS - 1)], dtype=torch.float32)
        gain, inverse_gain = self._network.gains(level)
        return gain[0], inverse_gain[0]


def _tables(tensors: Mapping[str, Tensor], name: str) -> Tables:
    parts = (tensors[f"{name}.{part}"].numpy() for part in ("first", "lengths", "frequencies"))
    return Tables(*parts)


def _gather(values: NDArray[Any], step: int) -> NDArray[Any]:
    """The elements of ``[latents, h, w]`` that ``step`` codes, ``[n]``."""
    return np.concatenate([values[place].ravel() for place in places(step)])


def _padded(side: int) -> int:
    return -(-side // HYPER_STRIDE) * HYPER_STRIDE
