"""Parts of pictures as tensors, and back."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from .tiling import Region


def cut(pixels: NDArray[np.uint8], window: Region) -> NDArray[np.uint8]:
    """``[h, w, 3]``; a window may reach past the right and lower edges, which are repeated."""
    rows = np.minimum(np.arange(window.top, window.bottom), pixels.shape[0] - 1)
    columns = np.minimum(np.arange(window.left, window.right), pixels.shape[1] - 1)
    found: NDArray[np.uint8] = pixels[rows[:, None], columns]
    return found


def seen(pixels: NDArray[np.uint8], window: Region) -> Tensor:
    """``[1, 3, h, w]``, 0 to 1, of what `cut` gives."""
    x = torch.from_numpy(cut(pixels, window)).permute(2, 0, 1)[None]
    return x.float().div_(255).contiguous(memory_format=torch.channels_last)


def fill(pixels: NDArray[np.uint8], place: Region, x: Tensor) -> None:
    """Set what lies in ``place`` to ``x``, ``[3, h, w]`` about 0 to 1, which is overwritten."""
    target = pixels[place.rows, place.columns]
    x = x.mul_(255).round_().clamp_(0, 255).nan_to_num_().to(torch.uint8).permute(1, 2, 0)
    target[...] = x[: target.shape[0], : target.shape[1]].numpy()
