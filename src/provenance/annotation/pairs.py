"""Which pictures are looked at: two files, two folders, or a table of pairs."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from pathlib import Path

from ..errors import InputError, UsageError
from ..files import read, sha256, shown
from ..formats import OTHER_SUFFIXES, PICTURE_SUFFIXES
from .model import PictureFacts, pair_id

MAX_PAIRS = 10_000
"""Most pairs in one session."""

MAX_TABLE_BYTES = 10_000_000
"""Largest table of pairs that is read."""

MAX_NAME = 300
"""Longest name of a pair, as the schema has it."""

_PICTURES = PICTURE_SUFFIXES | OTHER_SUFFIXES
"""Of what `imaging` reads; other files in a folder are passed over."""


@dataclass(frozen=True, slots=True)
class Pair:
    """Two files that are compared."""

    name: str
    original: Path
    reconstruction: Path
    table: Path | None = None
    """The table that names them."""


@dataclass(frozen=True, slots=True)
class Identified:
    """A pair whose files were hashed."""

    pair: Pair
    original: PictureFacts
    reconstruction: PictureFacts

    @property
    def id(self) -> str:
        """16 hexadecimal digits, from the content of both files."""
        return pair_id(self.original.sha256, self.reconstruction.sha256)


def find(original: Path, reconstruction: Path | None) -> tuple[Pair, ...]:
    """The pairs that the arguments of the command name.

    Two files are one pair. Two folders are matched by file name without suffix: each picture among
    the reconstructions needs one original. A single file is a CSV table with the columns
    ``original``, ``reconstruction`` and, if wanted, ``name``; its paths are relative to it.

    Raises:
        UsageError: A file and a folder, or a folder alone.
        InputError: Something is missing, ambiguous or too much.
    """
    for path in (original, reconstruction):
        if path is not None and not path.exists():
            raise InputError(f"{path}: no such file or folder")
    if reconstruction is None:
        if original.is_dir():
            raise UsageError(f"{original}: name the folder of the reconstructions, too")
        pairs = _from_table(original)
    elif original.is_dir() != reconstruction.is_dir():
        raise UsageError("give two files, two folders, or a CSV table of pairs")
    elif original.is_dir():
        pairs = _from_folders(original, reconstruction)
    else:
        pairs = (Pair(shown(reconstruction.stem), original, reconstruction),)
    if len(pairs) > MAX_PAIRS:
        raise InputError(f"{len(pairs):,} pairs are more than the limit of {MAX_PAIRS:,}")
    return pairs


def identify(pair: Pair) -> Identified:
    """Hash both files.

    Raises:
        InputError: One cannot be read.
    """
    sides = (
        PictureFacts(_file_name(path, pair.table), sha256(read(path)))
        for path in (pair.original, pair.reconstruction)
    )
    return Identified(pair, *sides)


def _file_name(path: Path, table: Path | None) -> str:
    """The path from the folder of a table, so that files of one name differ, or the name alone."""
    if table is not None and path.is_relative_to(table.parent):
        name = path.relative_to(table.parent).as_posix()
        if len(name) <= MAX_NAME:
            return name
    return shown(path.name)


def _from_folders(originals: Path, reconstructions: Path) -> tuple[Pair, ...]:
    sources = _by_stem(originals)
    pairs = []
    for stem, path in _by_stem(reconstructions).items():
        if stem not in sources:
            raise InputError(f"{path}: no picture of that name in {originals}")
        pairs.append(Pair(shown(stem), sources[stem], path))
    if not pairs:
        raise InputError(f"{reconstructions}: holds no pictures")
    return tuple(pairs)


def _by_stem(folder: Path) -> dict[str, Path]:
    found: dict[str, Path] = {}
    for path in sorted(folder.iterdir()):
        if path.suffix.lower() in _PICTURES and path.is_file():
            if path.stem in found:
                raise InputError(f"{path}: so is {found[path.stem].name}; which one is meant?")
            found[path.stem] = path
    return found


def _from_table(table: Path) -> tuple[Pair, ...]:
    try:
        text = read(table, MAX_TABLE_BYTES).decode("utf-8-sig")
        rows = list(csv.DictReader(io.StringIO(text), strict=True))
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError(
            f"{table}: not a CSV table of pairs ({error}); for one pair name two pictures"
        ) from error
    pairs = []
    for number, row in enumerate(rows, 2):
        if not row.get("original") or not row.get("reconstruction"):
            raise InputError(f"{table}: line {number}: needs `original` and `reconstruction`")
        original, reconstruction = (
            table.parent / row[side] for side in ("original", "reconstruction")
        )
        for path in (original, reconstruction):
            if not path.is_file():
                raise InputError(f"{table}: line {number}: {path}: no such file")
        name = row.get("name") or shown(reconstruction.stem)
        if len(name) > MAX_NAME:
            raise InputError(f"{table}: line {number}: a name has at most {MAX_NAME} characters")
        pairs.append(Pair(name, original, reconstruction, table))
    if not pairs:
        raise InputError(f"{table}: holds no pairs")
    return tuple(pairs)
