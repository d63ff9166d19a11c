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
from ..entropy import Decoder, Part, Payload, Tables, encode
from .context import STEPS, places
from .entropy_model import EntropyModel
from .hyperprior import HYPER_STRIDE, LEVELS, STRIDE, MeanScaleHyperprior
from .tiling import Span, for_each_tile

TILE = 64
"""Side of a tile in latents, 1024 px."""

OVERLAP = 6
"""Latents that a tile sees beyond its own: as far as the transforms reach, 5.25, rounded up."""

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

    def serialise(self) -> Iterator[bytes]:
        """The integers as bytes, for a digest."""
        yield self.hyper.astype("<i4").tobytes()
        yield self.residuals.astype("<i4").tobytes()


class Coder:
    """The network with its integer twin and tables; made by `Coder.load`."""

    def __init__(self, tensors: Mapping[str, Tensor]) -> None:
        with torch.device("meta"):
            network = MeanScaleHyperprior()
        self._entropy_model = EntropyModel(network, tensors)
        self._scale_tables = _tables(tensors, "scale_tables")
        self._hyper_tables = _tables(tensors, "hyper_tables")
        for name in INTEGER_PARTS:
            setattr(network, name, nn.Identity())
        state = {name: tensors[name].float() for name in network.state_dict()}
        network.load_state_dict(state, assign=True)
        self._network = network.eval().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._bfloat16 = _has_bfloat16()

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
        height, width = (_padded(side) for side in pixels.shape[:2])
        rows, columns = height // STRIDE, width // STRIDE
        y = torch.empty((self._network.latents, rows, columns), dtype=torch.float32)

        def work(row: Span, column: Span) -> None:
            seen = _edge_padded(
                pixels,
                slice(row.padded_start * STRIDE, row.padded_stop * STRIDE),
                slice(column.padded_start * STRIDE, column.padded_stop * STRIDE),
            )
            x = torch.from_numpy(seen).permute(2, 0, 1)[None].float().div_(255).sub_(0.5)
            with self._fast():
                tile = self._network.analysis(x.contiguous(memory_format=torch.channels_last))[0]
            y[:, row.inner, column.inner] = tile[:, row.cut, column.cut]

        for_each_tile(rows, columns, TILE, OVERLAP, work)
        return y

    @torch.inference_mode()
    def quantise(self, analysed: Tensor, quality: float) -> Latents:
        """Latents at ``quality`` 1 to 100 of what `analyse` gave."""
        y = analysed * self._gains(quality)[0]
        z = self._network.hyper_analysis(y[None])[0]
        hyper = z.round().to(torch.int32).numpy()

        def code(step: int, means: Tensor, _: NDArray[np.uint8]) -> Integers:
            residuals = _gather(y.numpy(), step) - _gather(means.numpy(), step)
            integers: Integers = np.rint(residuals).astype(np.int32)
            return integers

        return Latents(hyper, *self._entropy_model.follow(hyper, code))

    def encode(self, latents: Latents) -> Payload:
        """Entropy-code latents."""
        hyper = latents.hyper
        parts = [Part(self._hyper_tables, _channels(hyper.shape), hyper.ravel())]
        for step in range(STEPS):
            scales, residuals = (_gather(a, step) for a in (latents.scales, latents.residuals))
            parts.append(Part(self._scale_tables, scales, residuals))
        return encode(parts)

    @torch.inference_mode()
    def decode(self, words: bytes, escapes: bytes, height: int, width: int) -> Latents:
        """Latents of a picture of that size.

        Raises:
            BitstreamError: The payload cannot be one of ours.
        """
        decoder = Decoder(Payload(words, escapes))
        rows, columns = _padded(height), _padded(width)
        shape = (self._network.hyper_latents, rows // HYPER_STRIDE, columns // HYPER_STRIDE)
        hyper = decoder.decode(self._hyper_tables, _channels(shape)).reshape(shape)

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
        rows, columns = latents.residuals.shape[1:]
        pixels = np.empty((height, width, 3), np.uint8)
        residuals = torch.from_numpy(latents.residuals)

        def work(row: Span, column: Span) -> None:
            y = (
                residuals[:, row.padded, column.padded]
                + latents.means[:, row.padded, column.padded]
            )
            y = (y * inverse_gain)[None].contiguous(memory_format=torch.channels_last)
            with self._fast():
                x = self._network.synthesis(y)[0]
            x = x.add_(0.5).mul_(255).round_().clamp_(0, 255).to(torch.uint8).permute(1, 2, 0)
            x = x[row.scaled_cut(STRIDE), column.scaled_cut(STRIDE)]
            target = pixels[row.scaled(STRIDE), column.scaled(STRIDE)]
            target[...] = x[: target.shape[0], : target.shape[1]].numpy()

        for_each_tile(rows, columns, TILE, OVERLAP, work)
        return pixels

    def _fast(self) -> torch.autocast:
        """bfloat16 in the blocks of the pixel transforms, where this processor multiplies it.

        That loses nothing that can be measured, because the residual stream stays in float32.
        """
        return torch.autocast("cpu", torch.bfloat16, enabled=self._bfloat16)

    def _gains(self, quality: float) -> tuple[Tensor, Tensor]:
        """Gain and inverse gain, ``[latents, 1, 1]``."""
        level = torch.tensor([(quality - 1) / 99 * (LEVELS - 1)], dtype=torch.float32)
        gain, inverse_gain = self._network.gains(level)
        return gain[0], inverse_gain[0]


def _has_bfloat16() -> bool:
    """Whether this processor multiplies bfloat16 in hardware; elsewhere it would be slow."""
    checks = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
    return any(getattr(torch.cpu, check, lambda: False)() for check in checks)


def _tables(tensors: Mapping[str, Tensor], name: str) -> Tables:
    parts = (tensors[f"{name}.{part}"].numpy() for part in ("first", "lengths", "frequencies"))
    return Tables(*parts)


def _channels(shape: tuple[int, ...]) -> NDArray[np.uint8]:
    """The channel of each hyper-latent: the index of its table."""
    return np.repeat(np.arange(shape[0], dtype=np.uint8), shape[1] * shape[2])


def _gather(values: NDArray[Any], step: int) -> NDArray[Any]:
    """The elements of ``[latents, h, w]`` that ``step`` codes, ``[n]``."""
    return np.concatenate([values[place].ravel() for place in places(step)])


def _padded(side: int) -> int:
    return -(-side // HYPER_STRIDE) * HYPER_STRIDE


def _edge_padded(pixels: NDArray[np.uint8], rows: slice, columns: slice) -> NDArray[np.uint8]:
    """A window of ``pixels`` that may reach past the lower and right edge, which is repeated."""
    y = np.minimum(np.arange(rows.start, rows.stop), pixels.shape[0] - 1)
    x = np.minimum(np.arange(columns.start, columns.stop), pixels.shape[1] - 1)
    window: NDArray[np.uint8] = pixels[y[:, None], x]
    return window
