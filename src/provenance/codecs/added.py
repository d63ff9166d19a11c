"""Codecs that the user added: one file of converted weights each, in the configuration folder."""

from __future__ import annotations

import re
from pathlib import Path

from ..config import home
from ..errors import InputError, ModelError, OutputError, UsageError
from ..files import make_folder, read, sha256, write
from . import schemes
from .schemes import MAX_BYTES, SUFFIX, Weights

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")


def names() -> list[str]:
    """Names of all added codecs."""
    found = folder().glob(f"*{SUFFIX}")
    return sorted(path.stem for path in found if _NAME.fullmatch(path.stem))


def folder() -> Path:
    """Where the converted weights lie; it need not exist."""
    return home() / "codecs"


def get(name: str) -> Weights:
    """The codec of that name.

    Raises:
        ModelError: Its file is missing or damaged.
    """
    path = folder() / f"{name}{SUFFIX}"
    found = schemes.weights(name, path)
    if found is None:
        raise ModelError(
            f"{path}: not weights made by `codecs add`; "
            f"use `provenance codecs remove {name}` and add them anew"
        )
    return found


def add(name: str, weights: Path, expected: str | None, taken: list[str]) -> Weights:
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
    target = folder() / f"{name}{SUFFIX}"
    if name in taken or target.exists():
        raise OutputError(f"{name}: there is such a codec already; choose another name")
    data = read(weights, MAX_BYTES)
    found = sha256(data)
    if expected is not None and found != expected.lower():
        raise InputError(f"{weights}: its SHA-256 is {found}, not the one expected")

    from .learned.conversion import converted
    from .learned.fixed_rate import try_out

    about = schemes.metadata(data)
    if about is None:
        data = converted(data, str(weights))
        about = schemes.metadata(data)
        assert about is not None
    try_out(data, str(weights), about[0])
    make_folder(target.parent)
    write(target, data)
    return get(name)


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
        (folder() / f"{name}{SUFFIX}").unlink()
    except OSError as error:
        raise OutputError(f"{name}: cannot be removed: {error.strerror}") from error
