"""Pairs of original and reconstruction that the user brings, of any codec."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ..errors import InputError

PICTURES = frozenset({".avif", ".jpeg", ".jpg", ".png", ".webp"})


@dataclass(frozen=True, slots=True)
class PairFiles:
    """An original and one reconstruction of it."""

    photo: str
    """Name of the original, by which the split goes."""
    codec: str
    """What made the reconstruction: the name of its folder."""
    setting: str
    """The part of the file name that tells one reconstruction from another; may be empty."""
    original: Path
    reconstruction: Path

    @property
    def order(self) -> float | None:
        """The number in the setting, which ranks the reconstructions of one photo."""
        digits = re.search(r"\d+(\.\d+)?", self.setting)
        return float(digits.group()) if digits else None


def find_pairs(originals: Path, reconstructions: Path) -> list[PairFiles]:
    """Match two folders by name.

    A reconstruction is called as its original, or so with ``-SETTING`` after it. Originals may end
    in ``-original``; then both may lie in one folder. Reconstructions may lie in folders within the
    folder, one for each codec.

    Raises:
        InputError: A folder is missing, or a reconstruction has no original.
    """
    for folder in (originals, reconstructions):
        if not folder.is_dir():
            raise InputError(f"{folder}: no such folder")
    inner = [path for path in sorted(reconstructions.iterdir()) if path.is_dir()]
    if inner and not any(_pictures(reconstructions)):
        return [pair for folder in inner for pair in find_pairs(originals, folder)]
    marked = [path for path in _pictures(originals) if path.stem.endswith("-original")]
    if originals.samefile(reconstructions) and not marked:
        raise InputError(f"{originals}: holds no picture whose name ends in -original")
    sources = {path.stem.removesuffix("-original"): path for path in marked or _pictures(originals)}
    pairs = []
    for path in _pictures(reconstructions):
        if path in sources.values():
            continue
        parts = path.stem.split("-")
        heads = ["-".join(parts[:count]) for count in range(len(parts), 0, -1)]
        photo = next((head for head in heads if head in sources), None)
        if photo is None:
            raise InputError(f"{path}: no original of that name in {originals}")
        setting = path.stem[len(photo) + 1 :]
        codec = reconstructions.resolve().name
        pairs.append(PairFiles(photo, codec, setting, sources[photo], path))
    if not pairs:
        raise InputError(f"{reconstructions}: holds no reconstructions")
    return pairs


def _pictures(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.iterdir()) if path.suffix.lower() in PICTURES)
