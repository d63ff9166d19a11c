"""Published weights: state dicts of PyTorch, many with the key names of CompressAI.

A stranger's file is read so that it can neither run code nor take memory beyond its own size:
unpickling is PyTorch's restricted one, archives must not be compressed, and names, shapes, types
and values of all tensors are checked before anything is computed with them.
"""

from __future__ import annotations

import argparse
import io
import pickle
import re
import tempfile
import warnings
import zipfile
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ...errors import InputError
from . import tables

MAX_CHANNELS = 1024
"""Published networks have up to 320."""

FILTERS = (1, 3, 3, 3, 3, 1)
"""Widths within the network of a learned density."""

State = Mapping[str, Tensor]
Shapes = dict[str, tuple[int, ...]]

_BOTTLENECK = "entropy_bottleneck"
_LONGEST_WORD = 64
_PEDESTAL = 2.0**-36
_MIN_BETA = 1e-6
UNUSED = re.compile(
    r".*\.(pedestal|bound)|entropy_bottleneck\.(_offset|_quantized_cdf|_cdf_length|target)"
    r"|(gaussian_conditional|args)\..*|train_[a-z_]+|loss_fn_vgg\..*"
)
"""What only training needs, constants, and tables that are made anew here."""

_AVERAGED = "ema_model."
"""What averaged weights are called beside those of the last step; they are the better ones."""

_OLD_LISTS = {"_matrices": "_matrix", "_biases": "_bias", "_factors": "_factor"}


def load(data: bytes, name: str) -> dict[str, Tensor]:
    """The state dict in a file saved by PyTorch, or in one of safetensors.

    Settings of a checkpoint that has ``args``, be they a dictionary or a namespace, are among the
    tensors as ``args.NAME``: truth values, numbers, and short words in bytes of UTF-8.

    Args:
        name: of the file, for errors.

    Raises:
        InputError: It is neither, or holds anything but tensors.
    """
    try:
        loaded = _unpickled(data)
    except pickle.UnpicklingError as error:
        # Without PyTorch's message, which tells how to run the code in the file.
        raise InputError(
            f"{name}: not weights that can be read safely: holds more than tensors"
        ) from error
    except Exception as error:
        # Hostile files make the readers raise anything, but no more than that.
        reason = str(error).strip().splitlines() or [type(error).__name__]
        raise InputError(f"{name}: not weights that can be read safely: {reason[0]}") from error
    told = _settings(loaded)
    for key in ("state_dict", "network", "ema", "model", "model_state_dict"):
        if isinstance(loaded, dict) and isinstance(loaded.get(key), dict):
            loaded = loaded[key]
    if not isinstance(loaded, dict) or not loaded:
        raise InputError(f"{name}: not a state dict; save the model's `state_dict()`")
    state = {}
    for key, value in loaded.items():
        if not isinstance(key, str) or not isinstance(value, Tensor):
            raise InputError(f"{name}: holds something else than tensors by name")
        state[_today(key)] = value
    averaged = [key for key in state if key.startswith(_AVERAGED)]
    return {key.removeprefix(_AVERAGED): state[key] for key in averaged} or (state | told)


def text(setting: Tensor) -> str:
    """The words of a setting that `load` gave."""
    return bytes(setting.flatten().to(torch.uint8).tolist()).decode("utf-8", "replace")


def sizes(state: State, name: str) -> tuple[int, int]:
    """N and M: channels within the transforms, and of the latents.

    Raises:
        InputError: They cannot be told, or are too many.
    """
    try:
        n, m = (state[f"g_a.{layer}.weight"].shape[0] for layer in (0, 6))
    except (KeyError, IndexError):
        raise InputError(
            f"{name}: no g_a.0.weight and g_a.6.weight of the published form"
        ) from None
    if not (1 <= n <= MAX_CHANNELS and 1 <= m <= MAX_CHANNELS):
        raise InputError(f"{name}: {n} and {m} channels; up to {MAX_CHANNELS} are allowed")
    return n, m


def check(state: State, shapes: Shapes, name: str, unused: re.Pattern[str] = UNUSED) -> None:
    """Compare names and shapes of tensors with those expected, and look at their values.

    Args:
        unused: names of tensors that may be there besides.

    Raises:
        InputError: They are other ones; the first one is named.
    """
    for key, shape in shapes.items():
        if key not in state:
            raise InputError(f"{name}: {key} is missing")
        value = state[key]
        if value.layout is not torch.strided or value.device.type != "cpu" or value.is_quantized:
            raise InputError(f"{name}: {key} is not an ordinary tensor")
        if value.dtype not in (torch.float32, torch.float64, torch.float16, torch.bfloat16):
            raise InputError(f"{name}: {key} holds {value.dtype}, not floats")
        if tuple(value.shape) != shape:
            found = "x".join(map(str, value.shape)) or "a single number"
            raise InputError(f"{name}: {key} is {found}, not {'x'.join(map(str, shape))}")
        if not bool(torch.isfinite(value).all()):
            raise InputError(f"{name}: {key} holds numbers that are not finite")
    for key, value in state.items():
        if key not in shapes and not unused.fullmatch(key):
            raise InputError(f"{name}: {key} belongs to another kind of network")
        if key.endswith(".pedestal") and (value.numel() != 1 or value.item() != _PEDESTAL):
            raise InputError(f"{name}: {key} is not the one that was published")


def transform_shapes(n: int, m: int) -> Shapes:
    """Tensors of analysis ``g_a`` and synthesis ``g_s``."""
    shapes: Shapes = {}
    widths = {"g_a": (3, n, n, n, m), "g_s": (m, n, n, n, 3)}
    for part, through in widths.items():
        for index, (a, b) in enumerate(pairwise(through)):
            conv = f"{part}.{2 * index}"
            shapes[f"{conv}.weight"] = (b, a, 5, 5) if part == "g_a" else (a, b, 5, 5)
            shapes[f"{conv}.bias"] = (b,)
            if index < 3:
                shapes[f"{part}.{2 * index + 1}.beta"] = (b,)
                shapes[f"{part}.{2 * index + 1}.gamma"] = (b, b)
    return shapes


def density_shapes(channels: int) -> Shapes:
    """Tensors of the learned density, ``entropy_bottleneck``."""
    shapes: Shapes = {f"{_BOTTLENECK}.quantiles": (channels, 1, 3)}
    for index, (a, b) in enumerate(pairwise(FILTERS)):
        shapes[f"{_BOTTLENECK}._matrix{index}"] = (channels, b, a)
        shapes[f"{_BOTTLENECK}._bias{index}"] = (channels, b, 1)
        if index < len(FILTERS) - 2:
            shapes[f"{_BOTTLENECK}._factor{index}"] = (channels, b, 1)
    return shapes


def transforms(state: State) -> dict[str, Tensor]:
    """The state of `transforms.Transforms`: GDN's parameters as they are used."""
    result = {}
    for ours, theirs in (("analysis", "g_a"), ("synthesis", "g_s")):
        for key in sorted(key for key in state if key.startswith(f"{theirs}.")):
            value = state[key].detach().float()
            if key.endswith(".beta"):
                value = _non_negative(value, _MIN_BETA)
            elif key.endswith(".gamma"):
                value = _non_negative(value, 0.0)
            elif not key.endswith((".weight", ".bias")):
                continue
            result[ours + key.removeprefix(theirs)] = value.contiguous()
    return result


def density(state: State, name: str) -> tuple[Tensor, dict[str, Tensor]]:
    """Medians, float32 ``[channels]``, and the tables of what is left without them.

    Args:
        name: that the tables get.
    """
    medians = state[f"{_BOTTLENECK}.quantiles"].detach().float()[:, 0, 1].contiguous()
    layers = range(len(FILTERS) - 1)

    def parameters(kind: str, count: int) -> list[NDArray[np.float32]]:
        found = (state[f"{_BOTTLENECK}.{kind}{index}"] for index in layers[:count])
        return [value.detach().float().numpy() for value in found]

    matrices = parameters("_matrix", len(layers))
    biases = parameters("_bias", len(layers))
    factors = parameters("_factor", len(layers) - 1)
    made = [
        tables.learned(
            tables.density(
                [matrix[channel] for matrix in matrices],
                [bias[channel, :, 0] for bias in biases],
                [factor[channel, :, 0] for factor in factors],
                float(median),
            )
        )
        for channel, median in enumerate(medians)
    ]
    return medians, tables.packed(name, made)


def _non_negative(value: Tensor, minimum: float) -> Tensor:
    """Undo the parametrisation by square roots that keeps parameters from going negative."""
    bound = float((minimum + _PEDESTAL) ** 0.5)
    return value.clamp_min(bound).square() - _PEDESTAL


def _unpickled(data: bytes) -> object:
    # The header of safetensors follows eight bytes of any value.
    if data[8:9] != b"{":
        # A namespace holds names and values, no code.
        with (
            warnings.catch_warnings(),
            torch.serialization.safe_globals([argparse.Namespace]),
        ):
            warnings.simplefilter("ignore")
            return _torch_load(data)
    from safetensors.torch import load as load_safetensors

    return load_safetensors(data)


def _settings(loaded: object) -> dict[str, Tensor]:
    args = loaded.get("args") if isinstance(loaded, dict) else None
    if isinstance(args, argparse.Namespace):
        args = vars(args)
    found = {}
    for key, value in args.items() if isinstance(args, dict) else ():
        if isinstance(value, bool | float) or (isinstance(value, int) and abs(value) < 2**63):
            found[f"args.{key}"] = torch.tensor(value)
        elif isinstance(value, str):
            letters = value.encode()[:_LONGEST_WORD]
            found[f"args.{key}"] = torch.tensor(list(letters), dtype=torch.uint8)
    return found


def _torch_load(data: bytes) -> object:
    if data[:1] == b"\x80":
        return torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
    if data[:4] != b"PK\x03\x04":
        raise ValueError("neither PyTorch nor safetensors wrote it")
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        if not any(entry.filename.endswith("/data.pkl") for entry in archive.infolist()):
            raise ValueError("an archive that PyTorch did not write")
        if any(entry.compress_type != zipfile.ZIP_STORED for entry in archive.infolist()):
            raise ValueError("the archive is compressed")
    with tempfile.TemporaryDirectory() as folder:
        # A mapped file is what keeps a tensor that claims more than there is within its bounds.
        path = Path(folder) / "weights"
        path.write_bytes(data)
        loaded: object = torch.load(path, map_location="cpu", weights_only=True, mmap=True)
        return loaded


def _today(key: str) -> str:
    """The name that CompressAI gives a tensor today: it had others, and so does DataParallel."""
    key = key.removeprefix("module.")
    for old, new in _OLD_LISTS.items():
        key = re.sub(rf"^{_BOTTLENECK}\.{old}\.(\d)$", rf"{_BOTTLENECK}.{new}\1", key)
    return key
