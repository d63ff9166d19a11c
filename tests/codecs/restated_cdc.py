"""The published layers of CDC, restated plainly, and state dicts with the public names and shapes.

After `ResnetCompressor`, `Unet` and `GaussianDiffusion` of its authors' x-parametrised variant, for
comparison with ours, with none of our code.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional as F

State = dict[str, Tensor]
COMPRESSOR, DENOISER = "context_fn", "denoise_fn"


def state(dim: int = 8, levels: int = 6, hyper: int = 16, seed: int = 0) -> State:
    """Random weights of the public form; ``dim`` is 64, ``levels`` 6 in the published ones."""
    g = torch.Generator().manual_seed(seed)
    made: State = {}

    def conv(name: str, a: int, b: int, size: int, *, bias: bool = True, gain: float = 1.0) -> None:
        made[f"{name}.weight"] = gain * _random(g, b, a, size, size) / (a * size**2) ** 0.5
        if bias:
            made[f"{name}.bias"] = 0.1 * _random(g, b)

    def deconv(name: str, a: int, b: int, size: int) -> None:
        made[f"{name}.weight"] = _random(g, a, b, size, size) / (a * size**2 / 4) ** 0.5
        made[f"{name}.bias"] = 0.1 * _random(g, b)

    def norm(name: str, channels: int) -> None:
        made[f"{name}.g"] = 0.5 + 0.2 * _random(g, 1, channels, 1, 1)
        made[f"{name}.b"] = 0.1 * _random(g, 1, channels, 1, 1)

    def block(name: str, a: int, b: int, *, time: bool, size: int = 3) -> None:
        if time:
            linear(f"{name}.mlp.1", dim, b)
        for part, inputs, width in (("block1", a, size), ("block2", b, 3)):
            conv(f"{name}.{part}.block.0", inputs, b, width)
            norm(f"{name}.{part}.block.1", b)
        if a != b:
            conv(f"{name}.res_conv", a, b, 1)

    def linear(name: str, a: int, b: int) -> None:
        made[f"{name}.weight"] = _random(g, b, a) / a**0.5
        made[f"{name}.bias"] = 0.1 * _random(g, b)

    def attention(name: str, channels: int) -> None:
        norm(f"{name}.fn.norm", channels)
        conv(f"{name}.fn.fn.to_qkv", channels, 3 * channels, 1, bias=False)
        conv(f"{name}.fn.fn.to_out", channels, channels, 1)

    enc = [3, dim, 2 * dim, 3 * dim, 4 * dim]
    for i in range(4):
        block(f"{COMPRESSOR}.enc.{i}.0", enc[i], enc[i + 1], time=False, size=3 if i else 7)
        gain = 6.0 if i == 3 else 1.0
        conv(f"{COMPRESSOR}.enc.{i}.1.conv", enc[i + 1], enc[i + 1], 3, gain=gain)
    dec = [4 * dim, 3 * dim, 2 * dim, dim, dim]
    for i in range(4):
        middle = dec[i + 1] if i < 3 else dec[i]
        block(f"{COMPRESSOR}.dec.{i}.0", dec[i], middle, time=False)
        deconv(f"{COMPRESSOR}.dec.{i}.1.conv", middle, dec[i + 1], 4)
    conv(f"{COMPRESSOR}.hyper_enc.0.0", 4 * dim, hyper, 3)
    for i in (1, 2):
        conv(f"{COMPRESSOR}.hyper_enc.{i}.0", hyper, hyper, 5, gain=2.0)
        deconv(f"{COMPRESSOR}.hyper_dec.{i - 1}.0", hyper, hyper, 5)
    conv(f"{COMPRESSOR}.hyper_dec.2.0", hyper, 8 * dim, 3)
    widths = (1, 3, 3, 3, 1)
    prior = f"{COMPRESSOR}.prior"
    for i in range(4):
        a, b = widths[i], widths[i + 1]
        start = math.log(math.expm1(10 ** (-1 / 4) / b))
        made[f"{prior}.affine.{i}.weight"] = start + 0.1 * _random(g, hyper, 1, 1, a, b)
        made[f"{prior}.affine.{i}.bias"] = 0.3 * _random(g, hyper, 1, 1, 1, b)
        if i < 3:
            made[f"{prior}.a.{i}"] = 0.2 * _random(g, hyper, 1, 1, 1, b)
    made[f"{prior}._medians"] = 0.4 * _random(g, 1, hyper, 1, 1)

    u = [3, *(dim * k for k in range(1, levels + 1))]
    context = [dim, dim, 2 * dim, 3 * dim]
    linear(f"{DENOISER}.time_mlp.0", 1, 4 * dim)
    linear(f"{DENOISER}.time_mlp.2", 4 * dim, dim)
    for i in range(levels):
        more = context[i] if i < 4 else 0
        block(f"{DENOISER}.downs.{i}.0", u[i] + more, u[i + 1], time=True, size=3 if i else 7)
        block(f"{DENOISER}.downs.{i}.1", u[i + 1], u[i + 1], time=True)
        attention(f"{DENOISER}.downs.{i}.2", u[i + 1])
        if i < levels - 1:
            conv(f"{DENOISER}.downs.{i}.3.conv", u[i + 1], u[i + 1], 3)
    for i in (1, 2):
        block(f"{DENOISER}.mid_block{i}", u[-1], u[-1], time=True)
    attention(f"{DENOISER}.mid_attn", u[-1])
    for i in range(levels - 1):
        a, b = u[levels - i], u[levels - 1 - i]
        block(f"{DENOISER}.ups.{i}.0", 2 * a, b, time=True)
        block(f"{DENOISER}.ups.{i}.1", b, b, time=True)
        attention(f"{DENOISER}.ups.{i}.2", b)
        deconv(f"{DENOISER}.ups.{i}.3.conv", b, b, 4)
    norm(f"{DENOISER}.final_conv.0", dim)
    conv(f"{DENOISER}.final_conv.1", dim, 3, 7, gain=0.3)
    return made


def checkpoint(of: State, last: State) -> dict[str, object]:
    """As the training of its authors saves it: averaged weights beside those of the last step."""
    extra = {"train_betas": torch.zeros(8193), "train_snr": torch.ones(8193)}
    extra["loss_fn_vgg.net.slice1.0.weight"] = torch.zeros(64, 3, 3, 3)
    ema = {f"online_model.{key}": value for key, value in {**last, **extra}.items()}
    ema |= {f"ema_model.{key}": value for key, value in {**of, **extra}.items()}
    ema |= {"initted": torch.tensor(data=True), "step": torch.tensor(7)}
    return {"step": 7, "model": {**last, **extra}, "ema": ema}


def analysis(s: State, x: Tensor) -> Tensor:
    """Latents of ``[1, 3, h, w]`` from -1 to 1."""
    for i in range(4):
        x = _block(s, f"{COMPRESSOR}.enc.{i}.0", x)
        x = _conv(s, f"{COMPRESSOR}.enc.{i}.1.conv", x, 2)
    return x


def hyper_analysis(s: State, y: Tensor) -> Tensor:
    y = F.leaky_relu(_conv(s, f"{COMPRESSOR}.hyper_enc.0.0", y), 0.2)
    y = F.leaky_relu(_conv(s, f"{COMPRESSOR}.hyper_enc.1.0", y, 2), 0.2)
    return _conv(s, f"{COMPRESSOR}.hyper_enc.2.0", y, 2)


def hyper_synthesis(s: State, z: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and scale."""
    for i in (0, 1):
        name = f"{COMPRESSOR}.hyper_dec.{i}.0"
        weight, bias = s[f"{name}.weight"], s[f"{name}.bias"]
        z = F.leaky_relu(F.conv_transpose2d(z, weight, bias, 2, 2, output_padding=1), 0.2)
    mean, scale = _conv(s, f"{COMPRESSOR}.hyper_dec.2.0", z).chunk(2, 1)
    return mean, scale.clamp_min(0.1)


def density(s: State, z: Tensor) -> Tensor:
    """Likelihood of each of ``[1, channels, h, w]``."""

    def cumulative(x: Tensor) -> Tensor:
        x = x.double().transpose(0, 1)[..., None]
        for i in range(4):
            name = f"{COMPRESSOR}.prior.affine.{i}"
            x = x @ F.softplus(s[f"{name}.weight"].double()) + s[f"{name}.bias"].double()
            if i < 3:
                x = x + torch.tanh(s[f"{COMPRESSOR}.prior.a.{i}"].double()) * torch.tanh(x)
        return torch.sigmoid(x)[..., 0].transpose(0, 1)

    return cumulative(z + 0.5) - cumulative(z - 0.5)


def context(s: State, y: Tensor) -> list[Tensor]:
    found = []
    for i in range(4):
        y = _block(s, f"{COMPRESSOR}.dec.{i}.0", y)
        name = f"{COMPRESSOR}.dec.{i}.1.conv"
        y = F.conv_transpose2d(y, s[f"{name}.weight"], s[f"{name}.bias"], 2, 1)
        found.append(y)
    return found[::-1]


def denoised(s: State, x: Tensor, time: float, seen: list[Tensor]) -> Tensor:
    """``Unet.forward`` with its time embedding "01"."""
    name = f"{DENOISER}.time_mlp"
    t = F.linear(torch.full((1, 1), time), s[f"{name}.0.weight"], s[f"{name}.0.bias"])
    t = F.linear(F.gelu(t), s[f"{name}.2.weight"], s[f"{name}.2.bias"])
    kept = []
    levels = sum(key.endswith(".0.block1.block.0.weight") and ".downs." in key for key in s)
    for i in range(levels):
        name = f"{DENOISER}.downs.{i}"
        x = torch.cat((x, seen[i]), 1) if i < 4 else x
        x = _block(s, f"{name}.1", _block(s, f"{name}.0", x, t), t)
        x = _attention(s, f"{name}.2", x)
        kept.append(x)
        x = _conv(s, f"{name}.3.conv", x, 2) if i < levels - 1 else x
    x = _block(s, f"{DENOISER}.mid_block1", x, t)
    x = _block(s, f"{DENOISER}.mid_block2", _attention(s, f"{DENOISER}.mid_attn", x), t)
    for i in range(levels - 1):
        name = f"{DENOISER}.ups.{i}"
        x = torch.cat((x, kept.pop()), 1)
        x = _attention(s, f"{name}.2", _block(s, f"{name}.1", _block(s, f"{name}.0", x, t), t))
        x = F.conv_transpose2d(x, s[f"{name}.3.conv.weight"], s[f"{name}.3.conv.bias"], 2, 1)
    return _conv(s, f"{DENOISER}.final_conv.1", _norm(s, f"{DENOISER}.final_conv.0", x))


def sampled(s: State, start: Tensor, steps: int, seen: list[Tensor]) -> Tensor:
    """``p_sample_loop`` of the cosine schedule, clipped, without noise in the steps."""
    total = 8193
    place = torch.linspace(0, total + 1, total + 1, dtype=torch.float64) / (total + 1)
    share = torch.cos((place + 0.008) / 1.008 * math.pi / 2) ** 2
    share = share / share[0]
    alphas = torch.cumprod(1 - (1 - share[1:] / share[:-1]).clamp(0, 0.999), 0).float()
    index = torch.linspace(0, total - 1, steps).long() if steps > 1 else torch.tensor([total - 1])
    now = alphas[index]
    before = F.pad(now[:-1], (1, 0), value=1.0)
    x = start
    for i in reversed(range(steps)):
        x0 = denoised(s, x, float(index[i]) / total, seen).clamp(-1, 1)
        noise = ((1 / now[i]).sqrt() * x - x0) / (1 / now[i] - 1).sqrt()
        x = before[i].sqrt() * x0 + (1 - before[i]).sqrt() * noise
    return x


def _block(s: State, name: str, x: Tensor, t: Tensor | None = None) -> Tensor:
    h = F.relu(_norm(s, f"{name}.block1.block.1", _conv(s, f"{name}.block1.block.0", x)))
    if t is not None:
        more = F.linear(F.leaky_relu(t, 0.2), s[f"{name}.mlp.1.weight"], s[f"{name}.mlp.1.bias"])
        h = h + more[:, :, None, None]
    h = F.relu(_norm(s, f"{name}.block2.block.1", _conv(s, f"{name}.block2.block.0", h)))
    return h + (_conv(s, f"{name}.res_conv", x) if f"{name}.res_conv.weight" in s else x)


def _attention(s: State, name: str, x: Tensor) -> Tensor:
    _, c, h, w = x.shape
    qkv = F.conv2d(_norm(s, f"{name}.fn.norm", x), s[f"{name}.fn.fn.to_qkv.weight"])
    q, k, v = (part.reshape(c, h * w) for part in qkv[0].chunk(3))
    summary = torch.einsum("dn,en->de", k.softmax(-1), v)
    out = torch.einsum("de,dn->en", summary, q * c**-0.5).reshape(1, c, h, w)
    return x + _conv(s, f"{name}.fn.fn.to_out", out)


def _norm(s: State, name: str, x: Tensor) -> Tensor:
    mean = x.mean(1, keepdim=True)
    var = x.var(1, unbiased=False, keepdim=True)
    return (x - mean) / (var + 1e-5).sqrt() * s[f"{name}.g"] + s[f"{name}.b"]


def _conv(s: State, name: str, x: Tensor, stride: int = 1) -> Tensor:
    weight = s[f"{name}.weight"]
    return F.conv2d(x, weight, s[f"{name}.bias"], stride, weight.shape[-1] // 2)


def _random(g: torch.Generator, *shape: int) -> Tensor:
    return torch.randn(shape, generator=g)
