"""Schemes of codecs that run from one file of converted weights, and such files.

The file is one of safetensors that `learned.conversion` made. Its metadata names the scheme and the
hash of the state dict it was made from. The small weights that come with the package and those that
users add are of the same form.

This file needs no torch.
"""

from __future__ import annotations

import functools
import json
import os
import re
from dataclasses import dataclass
from pathlib import Path

from ..errors import InputError, ModelError
from ..files import read, sha256


@dataclass(frozen=True, slots=True)
class SchemeFacts:
    """What is known of a scheme without its weights."""

    family: str
    """What labels call it."""
    small: str
    """Name of the small model that comes with the package, the stem of its file."""
    generative: bool = False
    """Whether the decoder invents detail that the bits do not determine."""
    steps: int | None = None
    """Steps in which the decoder draws from noise unless others are asked for; None: it does not.
    """


SCHEMES = {
    "factorized": SchemeFacts("factorized prior", "factorized-small-1"),
    "hyperprior": SchemeFacts("scale hyperprior", "hyperprior-small-1"),
    "charm": SchemeFacts(
        "channel-wise autoregressive hyperprior with latent residual prediction", "charm-small-2"
    ),
    "hific": SchemeFacts(
        "mean-scale hyperprior with a generative decoder", "hific-small-1", generative=True
    ),
    "cdc": SchemeFacts("conditional diffusion", "cdc-small-1", generative=True, steps=8),
}
"""Schemes by the name that bitstreams and labels give them."""

METADATA = "provenance"
"""Key of the metadata of a converted file: JSON with ``scheme`` and ``source``."""

SUFFIX = ".safetensors"

MAX_BYTES = 4 * 1024**3
"""Largest file of weights; HiFiC's checkpoints hold the state of their training as well."""

SHIPPED = Path(__file__).parent / "learned" / "weights"

_MAX_HEADER = 1_000_000


@dataclass(frozen=True, slots=True)
class Weights:
    """A file of converted weights, in the state in which it was found."""

    name: str
    """Of the model."""
    path: Path
    scheme: str
    """One of `SCHEMES`."""
    source: str
    """SHA-256 of the state dict."""
    state: tuple[int, int]
    """Size of the file and time of its last change."""

    @property
    def facts(self) -> SchemeFacts:
        """What is known of its scheme."""
        return SCHEMES[self.scheme]

    @property
    def sha256(self) -> str:
        """Hash of the file, which bitstreams and labels tell; made when first asked for.

        Raises:
            ModelError: The file cannot be read.
        """
        return _hash(self.path, self.state)


def small(scheme: str) -> Weights | None:
    """The small weights of that scheme that come with the package; None where there is no scheme.

    Raises:
        ModelError: They are missing or damaged.
    """
    facts = SCHEMES.get(scheme)
    if facts is None:
        return None
    path = SHIPPED / f"{facts.small}{SUFFIX}"
    found = weights(facts.small, path)
    if found is None or found.scheme != scheme:
        raise ModelError(f"{path}: not the weights of {scheme}; install provenance anew")
    return found


def weights(name: str, path: Path) -> Weights | None:
    """The weights in a file, by its header; None where it is no converted one.

    Raises:
        ModelError: It cannot be read.
    """
    try:
        with path.open("rb") as stream:
            about = metadata(stream.read(8 + _MAX_HEADER))
            status = os.fstat(stream.fileno())
    except OSError as error:
        raise ModelError(f"{path}: cannot be read: {error.strerror}") from error
    return about and Weights(name, path, *about, (status.st_size, status.st_mtime_ns))


def contents(path: Path) -> bytes:
    """The bytes of a file of weights.

    Raises:
        ModelError: They cannot be read.
    """
    try:
        return read(path, MAX_BYTES)
    except InputError as error:
        raise ModelError(str(error)) from error


def metadata(data: bytes) -> tuple[str, str] | None:
    """Scheme and source, from the start of a safetensors file; None where there are none."""
    size = int.from_bytes(data[:8], "little")
    if len(data) < 8 or size > min(_MAX_HEADER, len(data) - 8):
        return None
    try:
        about = json.loads(json.loads(data[8 : 8 + size])["__metadata__"][METADATA])
        scheme, source = about["scheme"], about["source"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    good = scheme in SCHEMES and re.fullmatch(r"[0-9a-f]{64}", str(source))
    return (str(scheme), str(source)) if good else None


@functools.lru_cache(maxsize=64)
def _hash(path: Path, state: tuple[int, int]) -> str:  # noqa: ARG001
    return sha256(contents(path))
