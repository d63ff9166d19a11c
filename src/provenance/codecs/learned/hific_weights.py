"""Published weights of HiFiC: names and shapes of their tensors, and what `hific.Hific` needs.

After Justin Tan's `high-fidelity-generative-compression`, whose checkpoints hold, beside others,
``model_state_dict`` and ``args``. Sizes follow from the shapes, what pixels go from and to from
``args``.
"""

from __future__ import annotations

import re
from itertools import pairwise

import torch
from torch import Tensor

from ...errors import InputError
from . import integer_convolution, published, tables
from .hific_transforms import Sizes
from .integer_network import FRACTION_BITS

NORMALISED = "args.normalize_input_image"
"""Whether pixels go from -1 to 1, and those decoded through a hyperbolic tangent."""

LIKELIHOOD = "args.likelihood_type"

MOST_BLOCKS = 64

DENSITY = "Hyperprior.hyperlatent_likelihood"
_DENSITY_WIDTHS = (1, 3, 3, 3, 1)
_HYPER = ("conv1", "conv2", "conv3")
_UNUSED = re.compile(
    r"(Discriminator|perceptual_loss)\..*|args\..*"
    r"|Hyperprior\.(hyperprior_entropy_model|prior_entropy_model|prior_density)\..*"
)
"""What trains the codec, and tables that are made anew here."""


def sizes(state: published.State, name: str) -> tuple[Sizes, int]:
    """Sizes of the transforms, and channels of the hyper-latents.

    Raises:
        InputError: They cannot be told, or are too many.
    """
    keys = [f"Encoder.conv_block{layer}.1.weight" for layer in range(1, 6)]
    keys += ["Encoder.conv_block_out.1.weight", "Generator.conv_block_init.2.weight"]
    keys += [f"Generator.upconv_block{layer}.0.bias" for layer in range(1, 5)]
    keys.append("Hyperprior.analysis_net.conv1.weight")
    found = []
    for key in keys:
        if key not in state or state[key].dim() == 0:
            raise InputError(f"{name}: no {key} of the published form")
        found.append(state[key].shape[0])
    if not all(2 <= width <= published.MAX_CHANNELS for width in found):
        raise InputError(
            f"{name}: layers of {min(found)} to {max(found)} channels; "
            f"2 to {published.MAX_CHANNELS} are allowed"
        )
    blocks = sum(f"Generator.resblock_{n}.conv1.weight" in state for n in range(MOST_BLOCKS))
    return Sizes(tuple(found[:5]), found[5], tuple(found[6:11]), blocks), found[11]


def check(state: published.State, name: str) -> None:
    """Whether the tensors are those of this scheme.

    Args:
        name: of their file, for errors.

    Raises:
        InputError: They are not.
    """
    if NORMALISED not in state:
        raise InputError(
            f"{name}: nothing tells the range of its pixels; "
            "give the whole checkpoint, with its `args`"
        )
    if LIKELIHOOD in state and published.text(state[LIKELIHOOD]) != "gaussian":
        kind = published.text(state[LIKELIHOOD])
        raise InputError(f"{name}: latents of the kind {kind!r}; only gaussian ones are known")
    published.check(state, shapes(*sizes(state, name)), name, _UNUSED)


def shapes(sizes: Sizes, hyper_latents: int) -> published.Shapes:
    """Names and shapes of the published tensors."""
    down, latents, up, blocks = sizes
    n = hyper_latents
    result: published.Shapes = {}

    def conv(key: str, weight: tuple[int, ...], outputs: int) -> None:
        result[f"{key}.weight"], result[f"{key}.bias"] = weight, (outputs,)

    def norm(key: str, channels: int) -> None:
        result[f"{key}.gamma"] = result[f"{key}.beta"] = (1, channels, 1, 1)

    for layer, (a, b) in enumerate(pairwise((3, *down)), 1):
        size = 7 if layer == 1 else 3
        conv(f"Encoder.conv_block{layer}.1", (b, a, size, size), b)
        norm(f"Encoder.conv_block{layer}.2", b)
    conv("Encoder.conv_block_out.1", (latents, down[-1], 3, 3), latents)
    norm("Generator.conv_block_init.0", latents)
    conv("Generator.conv_block_init.2", (up[0], latents, 3, 3), up[0])
    norm("Generator.conv_block_init.3", up[0])
    for block in range(blocks):
        for half in (1, 2):
            conv(f"Generator.resblock_{block}.conv{half}", (up[0], up[0], 3, 3), up[0])
            norm(f"Generator.resblock_{block}.norm{half}", up[0])
    for layer, (a, b) in enumerate(pairwise(up), 1):
        conv(f"Generator.upconv_block{layer}.0", (a, b, 3, 3), b)
        norm(f"Generator.upconv_block{layer}.1", b)
    conv("Generator.conv_block_out.1", (3, up[-1], 7, 7), 3)
    conv("Hyperprior.analysis_net.conv1", (n, latents, 3, 3), n)
    for part in ("analysis_net", "synthesis_mu", "synthesis_std"):
        conv(f"Hyperprior.{part}.conv2", (n, n, 5, 5), n)
    conv("Hyperprior.analysis_net.conv3", (n, n, 5, 5), n)
    for part in ("synthesis_mu", "synthesis_std"):
        conv(f"Hyperprior.{part}.conv1", (n, n, 5, 5), n)
        conv(f"Hyperprior.{part}.conv3", (n, latents, 3, 3), latents)
    for layer, (a, b) in enumerate(pairwise(_DENSITY_WIDTHS)):
        result[f"{DENSITY}.H_{layer}"] = (n, b, a)
        result[f"{DENSITY}.a_{layer}"] = result[f"{DENSITY}.b_{layer}"] = (n, b, 1)
    return result


def names(sizes: Sizes) -> dict[str, str]:
    """Our names of the layers of `hific_transforms` and of the hyper-analysis, to the published."""
    result = {}
    for layer in range(5):
        result[f"analysis.{4 * layer + 1}"] = f"Encoder.conv_block{layer + 1}.1"
        result[f"analysis.{4 * layer + 2}"] = f"Encoder.conv_block{layer + 1}.2"
    result["analysis.21"] = "Encoder.conv_block_out.1"
    for layer in (0, 2, 3):
        result[f"synthesis.entry.{layer}"] = f"Generator.conv_block_init.{layer}"
    for block in range(sizes.blocks):
        ours, theirs = f"synthesis.blocks.{block}.change", f"Generator.resblock_{block}"
        result |= {f"{ours}.1": f"{theirs}.conv1", f"{ours}.2": f"{theirs}.norm1"}
        result |= {f"{ours}.5": f"{theirs}.conv2", f"{ours}.6": f"{theirs}.norm2"}
    for layer in range(4):
        for part in (0, 1):
            ours = f"synthesis.exit.{3 * layer + part}"
            result[ours] = f"Generator.upconv_block{layer + 1}.{part}"
    result["synthesis.exit.13"] = "Generator.conv_block_out.1"
    for layer, key in enumerate(_HYPER):
        result[f"hyper_analysis.{2 * layer}"] = f"Hyperprior.analysis_net.{key}"
    return result


def convert(state: published.State) -> dict[str, Tensor]:
    """All that `hific.Hific` needs, from published tensors that were checked.

    Raises:
        ValueError: Weights of the hyper-syntheses are too large for integers.
    """
    found, _ = sizes(state, "")
    result = {}
    for ours, theirs in names(found).items():
        for part in ("weight", "bias", "gamma", "beta"):
            if (key := f"{theirs}.{part}") in state:
                value = state[key].detach().float()
                result[f"{ours}.{part}"] = (
                    value.flatten() if part in ("gamma", "beta") else value.contiguous()
                )
    squashed = bool(state[NORMALISED].any())
    if squashed:
        # 2 x - 1 is what the first layer gets; (tanh(x) + 1) / 2 is the sigmoid of 2 x.
        first = result["analysis.1.weight"]
        result["analysis.1.bias"] = result["analysis.1.bias"] - first.sum((1, 2, 3))
        result["analysis.1.weight"] = 2 * first
        for part in ("weight", "bias"):
            result[f"synthesis.exit.13.{part}"] = 2 * result[f"synthesis.exit.13.{part}"]
    result["squashed"] = torch.tensor(squashed)
    for ours, theirs in (("means", "synthesis_mu"), ("scales", "synthesis_std")):
        result |= _in_integers(state, ours, f"Hyperprior.{theirs}")
    medians, made = _density(state)
    scales = tables.of_normals() | tables.limits(2**FRACTION_BITS)
    return result | made | scales | {"medians": medians}


def _in_integers(state: published.State, ours: str, theirs: str) -> dict[str, Tensor]:
    """A hyper-synthesis, whose last layer is a transposed one without a stride."""
    row = {}
    for layer in _HYPER:
        weight = state[f"{theirs}.{layer}.weight"]
        row[f"{layer}.bias"] = state[f"{theirs}.{layer}.bias"]
        row[f"{layer}.weight"] = (
            weight.flip(2, 3).transpose(0, 1).contiguous() if layer == "conv3" else weight
        )
    made = integer_convolution.convert(row, _HYPER)
    return {f"{ours}.{key}": value for key, value in made.items()}


def _density(state: published.State) -> tuple[Tensor, dict[str, Tensor]]:
    """Medians in units of ``2**-FRACTION_BITS``, and the tables of what is left without them."""
    layers = range(len(_DENSITY_WIDTHS) - 1)
    parts = {
        kind: [state[f"{DENSITY}.{kind}_{layer}"].detach().float().numpy() for layer in layers]
        for kind in "Hab"
    }
    medians, made = [], []
    for channel in range(len(parts["H"][0])):
        matrices = [matrix[channel] for matrix in parts["H"]]
        biases = [bias[channel, :, 0] for bias in parts["b"]]
        factors = [factor[channel, :, 0] for factor in parts["a"]]
        median = tables.median(tables.density(matrices, biases, factors, 0), FRACTION_BITS)
        origin = median * 2.0**-FRACTION_BITS
        medians.append(median)
        made.append(tables.learned(tables.density(matrices, biases, factors, origin)))
    return torch.tensor(medians, dtype=torch.int32), tables.packed("hyper_tables", made)
