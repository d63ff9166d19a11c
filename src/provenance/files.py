"""Reading bounded, writing whole or not at all."""

from __future__ import annotations

import errno
import hashlib
import os
import re
import secrets
import sys
from collections.abc import Container, Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from .errors import InputError, OutputError, TooLargeError

MAX_BYTES = 2 * 1024**3
"""Largest file that is read."""

MAX_PIXELS = 100_000_000
"""Pictures with more pixels are refused unless the caller raises the limit."""

PADDED = 64
"""Sides that codecs pad to a multiple of; limits on pixels count no side as less."""

MAX_DEPTH = 64
"""Levels of folders that are walked."""

_NO_LINKS = {errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS}
"""What file systems without hard links answer."""

NO_TEXT = re.compile("[\ud800-\udfff]")
"""What Python has in the place of bytes that are no text."""

STANDARD_STREAM = Path("-")
"""The path that means standard input or standard output."""


_read_to_its_end: list[object] = [None]
"""The standard input that was read, or is."""


def read(path: Path, limit: int = MAX_BYTES) -> bytes:
    """The whole of ``path``, or of standard input for ``-``.

    Raises:
        InputError: The file is missing or cannot be read.
        TooLargeError: It holds more than ``limit`` bytes.
    """
    try:
        if path == STANDARD_STREAM:
            if sys.stdin is None:
                raise InputError("standard input: is closed; name a file")
            if sys.stdin is _read_to_its_end[0]:
                raise InputError("standard input: can be read once; name a file for the other")
            _read_to_its_end[0] = sys.stdin  # Beforehand: another thread may ask meanwhile.
            data = sys.stdin.buffer.read(limit + 1)
        else:
            with path.open("rb") as stream:
                # Asked for no more than there is: a buffer of the limit's size costs more time
                # than reading. Pipes and the like tell a size of 0.
                data = stream.read(min(os.fstat(stream.fileno()).st_size, limit) + 1)
                if len(data) <= limit:
                    data += stream.read(limit + 1 - len(data))
    except FileNotFoundError:
        raise InputError(f"{path}: no such file") from None
    except IsADirectoryError:
        raise InputError(f"{path}: is a folder, not a file") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from error
    if len(data) > limit:
        raise TooLargeError(f"{path}: larger than {limit:,} bytes, which is the limit")
    return data


def is_folder(path: Path) -> bool:
    """Whether it is one; where nobody may know, reading it tells why."""
    try:
        return path.is_dir()
    except OSError:
        return False


def walk(
    paths: Iterable[Path],
    suffixes: Container[str],
    companion: str | None = None,
    accompanied: Container[str] = (),
) -> Iterator[tuple[Path, InputError | None]]:
    """Files by name, and those in folders, to any depth, sorted by name.

    A file that is named is taken as it is. In folders, only files with one of ``suffixes`` are
    taken; hidden ones are left out, and symbolic links are not followed.

    Args:
        suffixes: in lower case, with their dots.
        companion: files whose name with this added is a file beside them are taken, too.
        accompanied: suffixes of files that are taken where ``companion`` in the place of their
            suffix is a file beside them.

    Yields:
        A path, and what is wrong with it where it is a folder that cannot be read, that is nested
        too deep, or that holds no such file; the rest goes on.
    """
    for path in paths:
        if not is_folder(path):
            yield path, None
            continue
        found = False
        for entry in _walk(path, suffixes, companion, accompanied, 0):
            found = True
            yield entry
        if not found:
            yield path, InputError(f"{path}: no pictures in this folder")


def _walk(
    folder: Path,
    suffixes: Container[str],
    companion: str | None,
    accompanied: Container[str],
    depth: int,
) -> Iterator[tuple[Path, InputError | None]]:
    if depth > MAX_DEPTH:
        yield folder, TooLargeError(f"{folder}: folders are nested more than {MAX_DEPTH} deep")
        return
    try:
        with os.scandir(folder) as listed:
            entries = sorted(
                (entry for entry in listed if not entry.name.startswith(".")),
                key=lambda entry: entry.name,
            )
    except OSError as error:
        yield folder, InputError(f"{folder}: cannot be read: {error.strerror}")
        return
    names = {entry.name for entry in entries}
    for entry in entries:
        path = folder / entry.name
        suffix = path.suffix.lower()
        beside = [] if companion is None else [entry.name + companion]
        if companion is not None and suffix in accompanied:
            beside.append(path.stem + companion)
        if entry.is_dir(follow_symlinks=False):
            yield from _walk(path, suffixes, companion, accompanied, depth + 1)
        elif not entry.is_file(follow_symlinks=False):
            continue
        elif suffix in suffixes or not names.isdisjoint(beside):
            yield path, None


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
    if path.exists() and not path.is_file():
        raise OutputError(f"{path}: is a device or a pipe; use -o - and lead the output there")
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
        try:
            sys.stdout.buffer.write(data)
            sys.stdout.buffer.flush()
        except BrokenPipeError:
            raise
        except OSError as error:
            raise OutputError(f"standard output: cannot be written: {error.strerror}") from error
        return
    aside = path.parent / f".provenance-{secrets.token_hex(8)}"
    try:
        with open(aside, "xb", opener=lambda name, flags: os.open(name, flags, mode)) as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        if force:
            aside.replace(path)
        else:
            _appear(path, aside)
    except FileExistsError:
        raise OutputError(f"{path}: exists already; use --force to replace it") from None
    except OSError as error:
        raise OutputError(f"{path}: cannot be written: {error.strerror}") from error
    finally:
        with suppress(OSError):
            aside.unlink()


def make_folder(path: Path) -> None:
    """Make a folder, and those it lies in, where it is not there.

    Raises:
        OutputError: It cannot be made.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{path}: cannot be made: {error.strerror}") from error


def _appear(path: Path, aside: Path) -> None:
    """Give a finished file its name, unless that is taken by now."""
    try:
        path.hardlink_to(aside)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        # Memory cards know one name for a file: it is reserved before it is given.
        path.touch(exist_ok=False)
        try:
            aside.replace(path)
        except OSError:
            path.unlink()
            raise


def shown(path: Path | str) -> str:
    """A path as people and JSON can read it: names on disk need not be text."""
    return NO_TEXT.sub("\N{REPLACEMENT CHARACTER}", str(path))


def counted_pixels(width: int, height: int) -> int:
    """Pixels of a picture, as limits count them."""
    return max(width, PADDED) * max(height, PADDED)


def printable(text: str) -> str:
    """Without control characters: what strangers wrote must not steer what shows it."""
    return "".join(c if c.isprintable() or c == "\n" else "\N{REPLACEMENT CHARACTER}" for c in text)


def one_line(text: str) -> str:
    """As `printable`, without line breaks: a name must not look like what is said of another."""
    return printable(text).replace("\n", "\N{REPLACEMENT CHARACTER}")


def sha256(data: bytes) -> str:
    """SHA-256 of ``data`` in lower-case hexadecimal."""
    return hashlib.sha256(data).hexdigest()
