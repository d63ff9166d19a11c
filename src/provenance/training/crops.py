"""Training crops: cut from photos once, into a file that training maps into memory."""

from __future__ import annotations

import zlib
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from provenance.errors import InputError

from .loop import whole

SIZE = 256

_SEED = 1
"""Of the places that are cut out, and of their order."""


def cut(folder: Path, target: Path, device: torch.device) -> Tensor:
    """Cut crops of 256 px from every photo in ``folder``, at full size and once scaled down.

    Those that were cut before are taken as they are.

    Returns:
        The crops, ``[n, 256, 256, 3]`` uint8 sRGB, mapped from ``target`` (a ``.npy`` file), or
        on the ``device`` where it is another than the processor.

    Raises:
        InputError: There are no photos of that size, a file is none, or ``target`` is damaged.
    """
    if target.exists():
        print(f"crops: those of {target}", flush=True)
    else:
        with ProcessPoolExecutor(mp_context=get_context("spawn")) as pool:
            found = pool.map(_of_file, photos(folder), chunksize=8)
            crops = [crop for of_one in found for crop in of_one]
        if not crops:
            raise InputError(f"{folder}: no photo has sides of {SIZE} px")
        order = np.random.default_rng(_SEED).permutation(len(crops))
        with whole(target) as aside, aside.open("wb") as stream:
            np.save(stream, np.stack(crops)[order])
    try:
        # Writable, but not into the file: what torch asks of arrays that it shares.
        mapped = np.load(target, mmap_mode="c")
    except (ValueError, EOFError):
        mapped = np.empty(0)
    if mapped.dtype != np.uint8 or mapped.shape[1:] != (SIZE, SIZE, 3) or not len(mapped):
        raise InputError(f"{target}: damaged; remove it, and the crops are cut anew")
    return torch.from_numpy(mapped).to(device)


def photos(folder: Path, suffix: str = "") -> list[Path]:
    """The files in a folder, in the order of their names, hidden ones left out.

    Raises:
        InputError: It is missing, or holds none.
    """
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder")
    found = sorted(
        path
        for path in folder.iterdir()
        if path.is_file() and path.name.endswith(suffix) and not path.name.startswith(".")
    )
    if not found:
        raise InputError(f"{folder}: holds no {suffix.removeprefix('.').upper() or 'photos'}")
    return found


def opened(path: Path) -> Image.Image:
    """A photo in RGB.

    Raises:
        InputError: It is none that can be read.
    """
    try:
        with Image.open(path) as image:
            return image.convert("RGB")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        reason = " ".join(str(error).split())[:120]
        raise InputError(f"{path}: not a photo that can be read: {reason}") from error


def batch(crops: Tensor, count: int, size: int, rng: np.random.Generator) -> Tensor:
    """Random crops of crops, flipped and transposed at random: ``[count, 3, size, size]``, 0..1.

    They are on the device of ``crops``, in the format channels-last.
    """
    drawn = (
        rng.integers(len(crops), size=count),
        *rng.integers(SIZE - size + 1, size=(2, count)),
        *rng.integers(2, size=(2, count)),
    )
    # In one go: a GPU would wait for many small ones.
    on_device = torch.from_numpy(np.stack(drawn)).to(crops.device)[:, :, None, None]
    index, top, left, flipped, transposed = on_device
    along = torch.arange(size, device=crops.device)
    down, across = along[:, None], along[None, :]
    row, column = (torch.where(transposed > 0, *pair) for pair in ((across, down), (down, across)))
    column = torch.where(flipped > 0, size - 1 - column, column)
    places = (index * SIZE + top + row) * SIZE + left + column
    return crops.view(-1, 3)[places].permute(0, 3, 1, 2).float().div_(255)


def _of_file(path: Path) -> list[NDArray[np.uint8]]:
    rng = np.random.default_rng((_SEED, zlib.crc32(path.name.encode())))
    photo = opened(path)
    crops = _from_photo(photo, 14, rng)
    factor = rng.uniform(0.55, 0.9)
    size = (int(photo.width * factor), int(photo.height * factor))
    return crops + _from_photo(photo.resize(size, Image.Resampling.LANCZOS), 8, rng)


def _from_photo(
    photo: Image.Image, count: int, rng: np.random.Generator
) -> list[NDArray[np.uint8]]:
    if min(photo.size) < SIZE:
        return []
    pixels = np.asarray(photo)
    return [_textured(pixels, rng) for _ in range(count)]


def _textured(pixels: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """A random crop; empty sky is drawn again up to three times."""
    for _ in range(4):
        top = int(rng.integers(pixels.shape[0] - SIZE + 1))
        left = int(rng.integers(pixels.shape[1] - SIZE + 1))
        crop = pixels[top : top + SIZE, left : left + SIZE]
        if crop.std() > 10:
            break
    return crop
