"""Codecs that the user added: one file of converted weights each, in the configuration folder."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

from ..config import home
from ..errors import InputError, ModelError, OutputError, UsageError
from ..files import read, sha256, write

SCHEMES = ("factorized", "hyperprior")
"""What published weights may be of; bitstreams and labels name the scheme."""

METADATA = "provenance"
"""Key of the metadata of a converted file: JSON with ``scheme`` and ``source``."""

MAX_BYTES = 512 * 1024**2
"""Largest file of weights."""

_MAX_HEADER = 1_000_000
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_SUFFIX = ".safetensors"


@dataclass(frozen=True, slots=True)
class Added:
    """Weights that were added under a name."""

    name: str
    path: Path
    scheme: str
    """One of `SCHEMES`."""
    source: str
    """SHA-256 of the published file."""
    sha256: str
    """That of the converted file, which bitstreams and labels tell."""


def names() -> list[str]:
    """Names of all added codecs."""
    found = folder().glob(f"*{_SUFFIX}")
    return sorted(path.stem for path in found if _NAME.fullmatch(path.stem))


def folder() -> Path:
    """Where the converted weights lie; it need not exist."""
    return home() / "codecs"


def get(name: str) -> Added:
    """The codec of that name.

    Raises:
        ModelError: Its file is missing or damaged.
    """
    path = folder() / f"{name}{_SUFFIX}"
    return _described(name, path, contents(path))


def contents(path: Path) -> bytes:
    """The bytes of a file of weights.

    Raises:
        ModelError: They cannot be read.
    """
    try:
        return read(path, MAX_BYTES)
    except InputError as error:
        raise ModelError(str(error)) from error


def add(name: str, weights: Path, expected: str | None, taken: list[str]) -> Added:
    """Convert published weights, try them, and keep them under ``name``.

    Args:
        weights: a published file, or one that was converted elsewhere, which is taken as it is.
        expected: SHA-256 that the file must have.
        taken: names of all other codecs.

    Raises:
        UsageError: No good name, or no hash.
        InputError: The file is missing, has another hash, or holds no weights of a known scheme.
        ModelError: The weights do not work.
        OutputError: The name is taken, or the folder cannot be written.
    """
    if not _NAME.fullmatch(name):
        raise UsageError(f"{name}: a name has up to 64 of a-z, 0-9, dot, dash and underscore")
    if expected is not None and not re.fullmatch(r"[0-9a-fA-F]{64}", expected):
        raise UsageError("--sha256: give the 64 hexadecimal digits of a SHA-256")
    target = folder() / f"{name}{_SUFFIX}"
    if name in taken or target.exists():
        raise OutputError(f"{name}: there is such a codec already; choose another name")
    data = read(weights, MAX_BYTES)
    found = sha256(data)
    if expected is not None and found != expected.lower():
        raise InputError(f"{weights}: its SHA-256 is {found}, not the one expected")

    from .learned.conversion import converted
    from .learned.fixed_rate import try_out

    if _metadata(data) is None:
        data = converted(data, str(weights))
    added = _described(name, target, data, weights)
    try_out(data, str(weights), added.scheme)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{target.parent}: cannot be made: {error.strerror}") from error
    write(target, data)
    return added


def remove(name: str) -> None:
    """Forget an added codec.

    Raises:
        InputError: There is none of that name.
        OutputError: Its file cannot be removed.
    """
    if name not in names():
        raise InputError(
            f"{name}: no codec that was added; there are {', '.join(names()) or 'none'}"
        )
    try:
        (folder() / f"{name}{_SUFFIX}").unlink()
    except OSError as error:
        raise OutputError(f"{name}: cannot be removed: {error.strerror}") from error


def _described(name: str, path: Path, data: bytes, shown: Path | None = None) -> Added:
    about = _metadata(data)
    if about is None:
        raise ModelError(
            f"{shown or path}: not weights made by `codecs add`; "
            f"use `provenance codecs remove {name}` and add them anew"
        )
    return Added(name, path, *about, sha256(data))


def _metadata(data: bytes) -> tuple[str, str] | None:
    """Scheme and source, from the header of a safetensors file; None where there are none."""
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
