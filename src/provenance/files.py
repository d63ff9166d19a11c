"""Reading bounded, writing whole or not at all."""

from __future__ import annotations

import hashlib
import os
import sys
import tempfile
from pathlib import Path

from .errors import InputError, OutputError, TooLargeError

MAX_BYTES = 2 * 1024**3
"""Largest file that is read."""

MAX_PIXELS = 100_000_000
"""Pictures with more pixels are refused unless the caller raises the limit."""

STANDARD_STREAM = Path("-")
"""The path that means standard input or standard output."""


def read(path: Path, limit: int = MAX_BYTES) -> bytes:
    """The whole of ``path``, or of standard input for ``-``.

    Raises:
        InputError: The file is missing or cannot be read.
        TooLargeError: It holds more than ``limit`` bytes.
    """
    try:
        if path == STANDARD_STREAM:
            data = sys.stdin.buffer.read(limit + 1)
        else:
            with path.open("rb") as stream:
                data = stream.read(limit + 1)
    except FileNotFoundError:
        raise InputError(f"{path}: no such file") from None
    except IsADirectoryError:
        raise InputError(f"{path}: is a folder, not a file") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from error
    if len(data) > limit:
        raise TooLargeError(f"{path}: larger than {limit:,} bytes, which is the limit")
    return data


def check_output(path: Path, *, force: bool, inputs: tuple[Path, ...] = ()) -> None:
    """Refuse early what `write` would refuse after the work is done.

    Raises:
        OutputError: ``path`` exists and ``force`` is not set, is one of the inputs, is a folder,
            or lies in no existing folder.
    """
    if path == STANDARD_STREAM:
        return
    if path.is_dir():
        raise OutputError(f"{path}: is a folder; name a file")
    if any(path.exists() and source.exists() and path.samefile(source) for source in inputs):
        raise OutputError(f"{path}: is the input, which is never touched; name another output")
    if not force and os.path.lexists(path):
        raise OutputError(f"{path}: exists already; use --force to replace it")
    if not path.parent.is_dir():
        raise OutputError(f"{path}: its folder {path.parent} does not exist")
    if not os.access(path.parent, os.W_OK):
        raise OutputError(f"{path}: its folder {path.parent} is not writable")


def write(path: Path, data: bytes, *, force: bool = False, mode: int = 0o666) -> None:
    """Write ``data`` beside ``path`` and then rename it, or write to standard output for ``-``.

    Args:
        force: replace an existing file. Without it, a file that appears meanwhile is kept as well.
        mode: permissions before the process's umask is applied.

    Raises:
        OutputError: The output exists already or cannot be written; nothing is left behind.
    """
    if path == STANDARD_STREAM:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
        return
    aside = None
    try:
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        aside = Path(name)
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        aside.chmod(mode & ~_umask())
        if force:
            aside.replace(path)
        else:
            path.hardlink_to(aside)
    except FileExistsError:
        raise OutputError(f"{path}: exists already; use --force to replace it") from None
    except OSError as error:
        raise OutputError(f"{path}: cannot be written: {error.strerror}") from error
    finally:
        if aside is not None:
            aside.unlink(missing_ok=True)


def sha256(data: bytes) -> str:
    """SHA-256 of ``data`` in lower-case hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
