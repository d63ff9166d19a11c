"""HiFiC's published layers, restated plainly, and a state dict with the public names and shapes.

After Justin Tan's `high-fidelity-generative-compression`, for comparison with ours, with none of
our code.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

State = dict[str, Tensor]

DENSITY = "Hyperprior.hyperlatent_likelihood"
BLOCKS = 2


def hific_state(n: int, m: int, seed: int = 0, *, normalised: bool = True) -> State:
    """Random weights that make latents of some size: not trained, but of the public form.

    Args:
        n: channels of the hyper-latents.
        m: channels of the latents.
    """
    g = torch.Generator().manual_seed(seed)
    down, up = (6, 8, 10, 12, 14), (14, 12, 10, 8, 6)
    state: State = {"args.normalize_input_image": torch.tensor(normalised)}

    def conv(key: str, *shape: int, gain: float = 1.4, transposed: bool = False) -> None:
        inputs = shape[0] if transposed else shape[1]
        fan = inputs * shape[2] ** 2 / (4 if transposed else 1)
        state[f"{key}.weight"] = gain * _random(g, *shape) / fan**0.5
        state[f"{key}.bias"] = 0.1 * _random(g, shape[1] if transposed else shape[0])

    def norm(key: str, channels: int) -> None:
        state[f"{key}.gamma"] = 1 + 0.2 * _random(g, 1, channels, 1, 1)
        state[f"{key}.beta"] = 0.2 * _random(g, 1, channels, 1, 1)

    before = 3
    for layer, width in enumerate(down, 1):
        size = 7 if layer == 1 else 3
        conv(f"Encoder.conv_block{layer}.1", width, before, size, size)
        norm(f"Encoder.conv_block{layer}.2", width)
        before = width
    conv("Encoder.conv_block_out.1", m, before, 3, 3, gain=3.0)
    norm("Generator.conv_block_init.0", m)
    conv("Generator.conv_block_init.2", up[0], m, 3, 3)
    norm("Generator.conv_block_init.3", up[0])
    for block in range(BLOCKS):
        for half in (1, 2):
            conv(f"Generator.resblock_{block}.conv{half}", up[0], up[0], 3, 3)
            norm(f"Generator.resblock_{block}.norm{half}", up[0])
    for layer in range(1, 5):
        conv(f"Generator.upconv_block{layer}.0", up[layer - 1], up[layer], 3, 3, transposed=True)
        norm(f"Generator.upconv_block{layer}.1", up[layer])
    conv("Generator.conv_block_out.1", 3, up[4], 7, 7, gain=0.3)
    conv("Hyperprior.analysis_net.conv1", n, m, 3, 3)
    conv("Hyperprior.analysis_net.conv2", n, n, 5, 5)
    conv("Hyperprior.analysis_net.conv3", n, n, 5, 5)
    for part in ("synthesis_mu", "synthesis_std"):
        conv(f"Hyperprior.{part}.conv1", n, n, 5, 5, transposed=True)
        conv(f"Hyperprior.{part}.conv2", n, n, 5, 5, transposed=True)
        conv(f"Hyperprior.{part}.conv3", n, m, 3, 3, transposed=True)
    state["Hyperprior.synthesis_std.conv3.bias"] += 1.5
    widths = (1, 3, 3, 3, 1)
    for k in range(4):
        a, b = widths[k], widths[k + 1]
        start = torch.log(torch.expm1(torch.tensor(10 ** (-1 / 4) / b)))
        state[f"{DENSITY}.H_{k}"] = start + 0.1 * _random(g, n, b, a)
        state[f"{DENSITY}.a_{k}"] = 0.2 * _random(g, n, b, 1)
        state[f"{DENSITY}.b_{k}"] = torch.rand((n, b, 1), generator=g) - 0.5
    state["Discriminator.conv1.weight_orig"] = torch.zeros(4, 3, 4, 4)
    state["perceptual_loss.model.net.lin0.model.1.weight"] = torch.zeros(1, 4, 1, 1)
    return state


def analysis(state: State, x: Tensor) -> Tensor:
    """The encoder, of ``[1, 3, h, w]`` from 0 to 1."""
    if state["args.normalize_input_image"]:
        x = 2 * x - 1
    for layer in range(1, 6):
        padding = (3, 3, 3, 3) if layer == 1 else (0, 1, 1, 0)
        x = F.pad(x, padding, mode="reflect")
        x = _conv(state, f"Encoder.conv_block{layer}.1", x, 1 if layer == 1 else 2)
        x = torch.relu(_norm(state, f"Encoder.conv_block{layer}.2", x))
    return _conv(state, "Encoder.conv_block_out.1", F.pad(x, (1, 1, 1, 1), mode="reflect"))


def generator(state: State, y: Tensor) -> Tensor:
    """Pixels from 0 to 1, or about so."""
    name = "Generator.conv_block_init"
    head = F.pad(_norm(state, f"{name}.0", y), (1, 1, 1, 1), mode="reflect")
    head = _norm(state, f"{name}.3", _conv(state, f"{name}.2", head))
    x = head
    for block in range(BLOCKS):
        name = f"Generator.resblock_{block}"
        change = _conv(state, f"{name}.conv1", F.pad(x, (1, 1, 1, 1), mode="reflect"))
        change = torch.relu(_norm(state, f"{name}.norm1", change))
        change = _conv(state, f"{name}.conv2", F.pad(change, (1, 1, 1, 1), mode="reflect"))
        x = x + _norm(state, f"{name}.norm2", change)
    x = x + head
    for layer in range(1, 5):
        x = _up(state, f"Generator.upconv_block{layer}.0", x, 1)
        x = torch.relu(_norm(state, f"Generator.upconv_block{layer}.1", x))
    x = _conv(state, "Generator.conv_block_out.1", F.pad(x, (3, 3, 3, 3), mode="reflect"))
    return (torch.tanh(x) + 1) / 2 if state["args.normalize_input_image"] else x


def hyper_analysis(state: State, y: Tensor) -> Tensor:
    """Hyper-latents of latents."""
    name = "Hyperprior.analysis_net"
    z = torch.relu(_conv(state, f"{name}.conv1", F.pad(y, (1, 1, 1, 1))))
    z = torch.relu(_conv(state, f"{name}.conv2", F.pad(z, (2, 2, 2, 2), mode="reflect"), 2))
    return _conv(state, f"{name}.conv3", F.pad(z, (2, 2, 2, 2), mode="reflect"), 2)


def hyper_synthesis(state: State, part: str, z: Tensor) -> Tensor:
    """Means (``mu``) or scales (``std``) of the latents, the latter before their bound."""
    name = f"Hyperprior.synthesis_{part}"
    s = torch.relu(_up(state, f"{name}.conv1", z, 2))
    s = torch.relu(_up(state, f"{name}.conv2", s, 2))
    weight, bias = state[f"{name}.conv3.weight"], state[f"{name}.conv3.bias"]
    return F.conv_transpose2d(s, weight, bias, padding=1)


def medians(state: State) -> Tensor:
    """Where the cumulative distribution is a half, ``[1, channels, 1, 1]``."""
    low = torch.full((len(state[f"{DENSITY}.H_0"]), 1, 1), -100.0, dtype=torch.float64)
    high = -low
    for _ in range(60):
        middle = (low + high) / 2
        below = _logits(state, middle) < 0
        low, high = torch.where(below, middle, low), torch.where(below, high, middle)
    return high.reshape(1, -1, 1, 1)


def density(state: State, values: Tensor) -> Tensor:
    """Likelihood of ``values`` ``[1, channels, h, w]``, already quantised."""
    flat = values.double().transpose(0, 1).reshape(values.shape[1], 1, -1)
    upper, lower = (torch.sigmoid(_logits(state, flat + half)) for half in (0.5, -0.5))
    return (upper - lower).reshape(values.shape[1], *values.shape[2:])[None]


def _logits(state: State, values: Tensor) -> Tensor:
    for k in range(4):
        matrix, factor, bias = (state[f"{DENSITY}.{kind}_{k}"].double() for kind in "Hab")
        values = F.softplus(matrix) @ values + bias
        values = values + torch.tanh(factor) * torch.tanh(values)
    return values


def _norm(state: State, name: str, x: Tensor) -> Tensor:
    mean, variance = x.mean(1, keepdim=True), x.var(1, keepdim=True)
    x = (x - mean) * torch.rsqrt(variance + 1e-3)
    return state[f"{name}.gamma"] * x + state[f"{name}.beta"]


def _conv(state: State, name: str, x: Tensor, stride: int = 1) -> Tensor:
    return F.conv2d(x, state[f"{name}.weight"], state[f"{name}.bias"], stride=stride)


def _up(state: State, name: str, x: Tensor, padding: int) -> Tensor:
    weight, bias = state[f"{name}.weight"], state[f"{name}.bias"]
    return F.conv_transpose2d(x, weight, bias, stride=2, padding=padding, output_padding=1)


def _random(g: torch.Generator, *shape: int) -> Tensor:
    return torch.randn(shape, generator=g)
