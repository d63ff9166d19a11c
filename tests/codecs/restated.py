"""The published layers, restated plainly, and state dicts with the public key names and shapes.

After CompressAI's `bmshj2018-factorized` and `bmshj2018-hyperprior`, and after the educational code
of Minnen and Singh for `charm`, for comparison with ours, with none of our code.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

State = dict[str, Tensor]
PEDESTAL = 2.0**-36


def factorized_state(n: int, m: int, seed: int = 0) -> State:
    """Random weights that make latents of some size: not trained, but of the public form."""
    g = torch.Generator().manual_seed(seed)
    return {**_transforms(n, m, g), **_density(m, g)}


def hyperprior_state(n: int, m: int, seed: int = 0) -> State:
    """As `factorized_state`, with the density on the hyper-latents, and hyper-transforms."""
    g = torch.Generator().manual_seed(seed)
    state = {**_transforms(n, m, g), **_density(n, g)}
    shapes = {
        "h_a": ((n, m, 3, 3), (n, n, 5, 5), (n, n, 5, 5)),
        "h_s": ((n, n, 5, 5), (n, n, 5, 5), (m, n, 3, 3)),
    }
    for part, weights in shapes.items():
        for layer, shape in zip((0, 2, 4), weights, strict=True):
            fan = shape[1] * shape[2] ** 2 / (4 if part == "h_s" and layer < 4 else 1)
            state[f"{part}.{layer}.weight"] = 1.4 * _random(g, *shape) / fan**0.5
            state[f"{part}.{layer}.bias"] = 0.1 * _random(g, shape[0])
    state["gaussian_conditional.scale_table"] = torch.zeros(64)
    state["gaussian_conditional._quantized_cdf"] = torch.zeros((64, 9), dtype=torch.int32)
    return state


def charm_state(n: int, m: int, seed: int = 0) -> State:
    """As `factorized_state`, with three slices, of which the first tells the others."""
    g = torch.Generator().manual_seed(seed)
    side, features, size = n // 2, n // 2 + 1, m // 3
    state = {**_transforms(n, m, g), **_density(side, g)}
    shapes: dict[str, tuple[int, ...]] = {
        "h_a.0": (n, m, 3, 3),
        "h_a.2": (n, n, 5, 5),
        "h_a.4": (side, n, 5, 5),
    }
    for part in ("h_mean_s", "h_scale_s"):
        shapes[f"{part}.0"] = (side, side, 5, 5)
        shapes[f"{part}.2"] = (side, n, 5, 5)
        shapes[f"{part}.4"] = (features, n, 3, 3)
    for index in range(3):
        reach = features + size * min(index, 1)
        for part, inputs in zip(CHARM, (reach, reach, reach + size), strict=True):
            shapes[f"{part}.{index}.0"] = (9, inputs, 5, 5)
            shapes[f"{part}.{index}.2"] = (8, 9, 3, 3)
            shapes[f"{part}.{index}.4"] = (size, 8, 1, 1)
    for key, shape in shapes.items():
        up = key.startswith(("h_mean_s", "h_scale_s")) and not key.endswith(".4")
        outputs, inputs = (shape[1], shape[0]) if up else shape[:2]
        fan = inputs * shape[2] ** 2 / (4 if up else 1)
        state[f"{key}.weight"] = 1.4 * _random(g, *shape) / fan**0.5
        state[f"{key}.bias"] = 0.1 * _random(g, outputs)
    for index in range(3):
        # Indices of scales, about the middle of the 64.
        state[f"cc_scale_transforms.{index}.4.bias"] += 38
    return state


CHARM = ("cc_mean_transforms", "cc_scale_transforms", "lrp_transforms")


def charm_slices(state: State, y: Tensor, z: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Symbols, means, indices of scales and decoded latents, for latents and hyper-latents."""

    def features(part: str) -> Tensor:
        s = torch.relu(_up(state, f"{part}.0", z))
        s = torch.relu(_up(state, f"{part}.2", s))
        return torch.relu(_down(state, f"{part}.4", s, 1))

    def row(name: str, *parts: Tensor) -> Tensor:
        x = torch.relu(_down(state, f"{name}.0", torch.cat(parts, 1), 1))
        return _down(state, f"{name}.4", torch.relu(_down(state, f"{name}.2", x, 1)), 1)

    means, scales = features("h_mean_s"), features("h_scale_s")
    found: list[tuple[Tensor, ...]] = []
    known: list[Tensor] = []
    for index, part in enumerate(y.chunk(3, 1)):
        before = known[: min(index, 1)]
        mean = row(f"cc_mean_transforms.{index}", means, *before)
        level = row(f"cc_scale_transforms.{index}", scales, *before)
        symbols = torch.round(part - mean)
        value = symbols + mean
        residual = row(f"lrp_transforms.{index}", means, *before, value)
        known.append(value + 0.5 * torch.tanh(residual))
        found.append((symbols, mean, level))
    symbols, mean, level = (torch.cat(parts, 1) for parts in zip(*found, strict=True))
    return symbols, mean, level, torch.cat(known, 1)


def hyper_analysis(state: State, y: Tensor) -> Tensor:
    """``h_a``; for `bmshj2018-hyperprior` of the magnitudes of latents."""
    z = torch.relu(_down(state, "h_a.0", y, 1))
    z = torch.relu(_down(state, "h_a.2", z))
    return _down(state, "h_a.4", z)


def hyper_synthesis(state: State, z: Tensor) -> Tensor:
    """``h_s``: the scales."""
    s = torch.relu(_up(state, "h_s.0", z))
    s = torch.relu(_up(state, "h_s.2", s))
    return torch.relu(_down(state, "h_s.4", s, 1))


def gaussian_bits(values: Tensor, scales: Tensor) -> float:
    """Bits of rounded normal variables with these scales, at least 0.11."""
    scales, distance = scales.double().clamp_min(0.11), values.double().abs()
    upper = torch.special.ndtr((0.5 - distance) / scales)
    likelihood = upper - torch.special.ndtr((-0.5 - distance) / scales)
    return float(-likelihood.clamp_min(1e-9).log2().sum())


def analysis(state: State, x: Tensor) -> Tensor:
    """``g_a`` of ``[1, 3, h, w]`` from 0 to 1."""
    for layer in range(0, 7, 2):
        x = _down(state, f"g_a.{layer}", x)
        if layer < 6:
            x = x * torch.rsqrt(_norm(state, f"g_a.{layer + 1}", x))
    return x


def synthesis(state: State, y: Tensor) -> Tensor:
    """``g_s``, as long as the decoder does not clamp it."""
    for layer in range(0, 7, 2):
        y = _up(state, f"g_s.{layer}", y)
        if layer < 6:
            y = y * torch.sqrt(_norm(state, f"g_s.{layer + 1}", y))
    return y


def medians(state: State) -> Tensor:
    """``[1, channels, 1, 1]``."""
    return state["entropy_bottleneck.quantiles"][:, :, 1:2].permute(1, 0, 2)[..., None]


def quantised(state: State, y: Tensor) -> Tensor:
    """What the bottleneck lets through when it is not training."""
    return torch.round(y - medians(state)) + medians(state)


def density(state: State, values: Tensor) -> Tensor:
    """Likelihood of ``values`` ``[1, channels, h, w]``, already quantised."""
    flat = values.double().transpose(0, 1).reshape(values.shape[1], 1, -1)
    upper, lower = (torch.sigmoid(_logits(state, flat + half)) for half in (0.5, -0.5))
    return (upper - lower).reshape(values.shape[1], *values.shape[2:])[None]


def _logits(state: State, values: Tensor) -> Tensor:
    for i in range(5):
        matrix, bias = (state[f"entropy_bottleneck._{k}{i}"].double() for k in ("matrix", "bias"))
        values = F.softplus(matrix) @ values + bias
        if i < 4:
            factor = state[f"entropy_bottleneck._factor{i}"].double()
            values = values + torch.tanh(factor) * torch.tanh(values)
    return values


def _norm(state: State, name: str, x: Tensor) -> Tensor:
    beta = state[f"{name}.beta"].clamp_min((1e-6 + PEDESTAL) ** 0.5) ** 2 - PEDESTAL
    gamma = state[f"{name}.gamma"].clamp_min(PEDESTAL**0.5) ** 2 - PEDESTAL
    return F.conv2d(x**2, gamma[:, :, None, None], beta)


def _down(state: State, name: str, x: Tensor, stride: int = 2) -> Tensor:
    weight = state[f"{name}.weight"]
    padding = weight.shape[-1] // 2
    return F.conv2d(x, weight, state[f"{name}.bias"], stride=stride, padding=padding)


def _up(state: State, name: str, x: Tensor) -> Tensor:
    weight, bias = state[f"{name}.weight"], state[f"{name}.bias"]
    return F.conv_transpose2d(x, weight, bias, stride=2, padding=2, output_padding=1)


def _transforms(n: int, m: int, g: torch.Generator) -> State:
    state: State = {}
    for part, widths in (("g_a", (3, n, n, n, m)), ("g_s", (m, n, n, n, 3))):
        for i in range(4):
            a, b = widths[i], widths[i + 1]
            shape = (b, a, 5, 5) if part == "g_a" else (a, b, 5, 5)
            gain = 3.0 if part == "g_a" else 0.5
            state[f"{part}.{2 * i}.weight"] = gain * _random(g, *shape) / (a * 25) ** 0.5
            state[f"{part}.{2 * i}.bias"] = 0.1 * _random(g, b)
            if i < 3:
                name = f"{part}.{2 * i + 1}"
                # Some below the bound, as training leaves them.
                state[f"{name}.beta"] = 1 + 0.3 * _random(g, b)
                state[f"{name}.gamma"] = 0.1 * _random(g, b, b) + 0.3 * torch.eye(b)
                for reparam in ("beta", "gamma"):
                    base = f"{name}.{reparam}_reparam"
                    state[f"{base}.pedestal"] = torch.tensor([PEDESTAL])
                    state[f"{base}.lower_bound.bound"] = torch.tensor([PEDESTAL**0.5])
    return state


def _density(channels: int, g: torch.Generator) -> State:
    name = "entropy_bottleneck"
    widths = (1, 3, 3, 3, 3, 1)
    state: State = {
        f"{name}.target": torch.tensor([-21.4, 0.0, 21.4]),
        f"{name}.quantiles": torch.tensor([-10.0, 0.0, 10.0]) + 0.4 * _random(g, channels, 1, 1),
        f"{name}._offset": torch.zeros(channels, dtype=torch.int32),
        f"{name}._quantized_cdf": torch.zeros(channels, 40, dtype=torch.int32),
        f"{name}._cdf_length": torch.full((channels,), 40, dtype=torch.int32),
        f"{name}.likelihood_lower_bound.bound": torch.tensor([1e-9]),
    }
    for i in range(5):
        a, b = widths[i], widths[i + 1]
        start = torch.log(torch.expm1(torch.tensor(10 ** (-1 / 5) / b)))
        state[f"{name}._matrix{i}"] = start + 0.1 * _random(g, channels, b, a)
        state[f"{name}._bias{i}"] = torch.rand((channels, b, 1), generator=g) - 0.5
        if i < 4:
            state[f"{name}._factor{i}"] = 0.2 * _random(g, channels, b, 1)
    return state


def _random(g: torch.Generator, *shape: int) -> Tensor:
    return torch.randn(shape, generator=g)
