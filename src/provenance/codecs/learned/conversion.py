"""Published weights into a file of our own, and such a file into a codec.

The file is one of safetensors: the transforms as they are used, and the entropy model in integers.
Its metadata names the scheme and the hash of the published file. The same weights give the same
bytes on every machine, so that their hash says whether two machines understand each other.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import NamedTuple

from safetensors.torch import load as parse
from safetensors.torch import save
from torch import Tensor

from ...errors import InputError, ModelError
from ...files import sha256 as hash_of
from ..schemes import METADATA
from . import cdc, charm, factorized, hific, hific_weights, published, scale_hyperprior
from .fixed_rate import Scheme

IN_FLOATS = ("analysis.", "synthesis.", "hyper_analysis.", "context_fn.", "denoise_fn.")
"""Networks whose rounding changes pixels or an encoder's choice, but no probabilities."""


class _Scheme(NamedTuple):
    key: str
    """A tensor that tells its state dicts from those of the schemes after it."""
    check: Callable[[published.State, str], None]
    """Names, shapes and values of a state dict, whose name is for errors."""
    convert: Callable[[published.State], dict[str, Tensor]]
    build: Callable[[Mapping[str, Tensor]], Scheme]


SCHEMES = {
    "cdc": _Scheme("denoise_fn.final_conv.1.weight", cdc.check, cdc.convert, cdc.Cdc),
    "hific": _Scheme(
        "Generator.conv_block_init.2.weight",
        hific_weights.check,
        hific_weights.convert,
        hific.Hific,
    ),
    "charm": _Scheme(charm.KEY, charm.check, charm.convert, charm.Charm),
    "hyperprior": _Scheme(
        "h_s.0.weight",
        scale_hyperprior.check,
        scale_hyperprior.convert,
        scale_hyperprior.Hyperprior,
    ),
    "factorized": _Scheme(
        "g_a.0.weight", factorized.check, factorized.convert, factorized.Factorized
    ),
}
"""How each of `schemes.SCHEMES` is made of a state dict; those with more tensors come first."""


def converted(data: bytes, name: str, *, half: bool = False) -> bytes:
    """The file of our own for a published one.

    Args:
        name: of the published file, for errors.
        half: whether networks that make no probabilities are kept in float16.

    Raises:
        InputError: It does not hold the weights of a scheme that is known here.
    """
    state = published.load(data, name)
    found = next((key for key, scheme in SCHEMES.items() if scheme.key in state), None)
    if found is None:
        raise InputError(
            f"{name}: no g_a.0.weight; these are not the weights of a scheme known here: "
            f"{', '.join(sorted(SCHEMES))}"
        )
    scheme = SCHEMES[found]
    scheme.check(state, name)
    try:
        tensors = scheme.convert(state)
    except ValueError as error:
        raise InputError(f"{name}: {error}") from error
    if half:
        tensors = {
            key: value.half() if key.startswith(IN_FLOATS) else value
            for key, value in tensors.items()
        }
    about = json.dumps({"scheme": found, "source": hash_of(data)}, sort_keys=True)
    made: bytes = save(tensors, {METADATA: about})
    return made


def built(data: bytes, name: str, scheme: str) -> Scheme:
    """The codec in a file that `converted` made.

    Args:
        name: of the file, for errors.

    Raises:
        ModelError: It is no such file.
    """
    try:
        return SCHEMES[scheme].build(parse(data))
    except ModelError as error:
        raise ModelError(f"{name}: not weights made by `codecs add`: {error}") from error
    except Exception as error:
        # Files that others made: whatever is wrong with them is said in one line.
        reason = str(error).strip().splitlines() or [type(error).__name__]
        raise ModelError(f"{name}: not weights made by `codecs add`: {reason[0]}") from error
