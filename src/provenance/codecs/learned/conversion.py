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
from ..added import METADATA
from . import factorized, published, scale_hyperprior
from .fixed_rate import Scheme


class _Scheme(NamedTuple):
    shapes: Callable[[int, int], published.Shapes]
    convert: Callable[[published.State], dict[str, Tensor]]
    build: Callable[[Mapping[str, Tensor]], Scheme]


SCHEMES = {
    "factorized": _Scheme(factorized.shapes, factorized.convert, factorized.Factorized),
    "hyperprior": _Scheme(
        scale_hyperprior.shapes, scale_hyperprior.convert, scale_hyperprior.Hyperprior
    ),
}


def converted(data: bytes, name: str) -> bytes:
    """The file of our own for a published one.

    Args:
        name: of the published file, for errors.

    Raises:
        InputError: It does not hold the weights of a scheme that is known here.
    """
    state = published.load(data, name)
    scheme = "hyperprior" if any(key.startswith("h_s.") for key in state) else "factorized"
    n, m = published.sizes(state, name)
    published.check(state, SCHEMES[scheme].shapes(n, m), name)
    try:
        tensors = SCHEMES[scheme].convert(state)
    except ValueError as error:
        raise InputError(f"{name}: {error}") from error
    about = json.dumps({"scheme": scheme, "source": hash_of(data)}, sort_keys=True)
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
