"""Local displacement, by dense inverse search (T. Kroeger et al. 2016)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from .pyramid import resize, smooth, squared

FloatArray = npt.NDArray[np.float32]

FLOW_SIGMA_PX = 4.0
"""Smoothing of the flow: objects move as a whole; what moves pixel by pixel is new structure."""
MAX_DISPLACEMENT_PX = 12.0
"""Longer matches are found in unlike things."""


def displacement(original: FloatArray, reconstruction: FloatArray) -> FloatArray:
    """Where each pixel of the original went, and zero where knowing it explains nothing.

    Args:
        original, reconstruction: float32 [h, w], OKLab lightness times 100.

    Returns:
        float32 [h, w, 2]: x and y displacement in pixels.
    """
    import cv2

    search = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_FAST)
    flow = search.calc(_grey(original), _grey(reconstruction), None)
    flow = smooth(flow, FLOW_SIGMA_PX)
    flow[squared(flow) > MAX_DISPLACEMENT_PX**2] = 0
    before = smooth(np.square(original - reconstruction), FLOW_SIGMA_PX)
    after = smooth(np.square(original - warp_back(reconstruction, flow)), FLOW_SIGMA_PX)
    helps = (after < 0.7 * before).astype(np.float32)
    result: FloatArray = flow * smooth(helps, 2.0)[..., None]
    return result


def warp_back(values: FloatArray, flow: FloatArray) -> FloatArray:
    """``values`` [h, w] or [h, w, c] sampled where the flow says each pixel went."""
    import cv2

    height, width = flow.shape[:2]
    x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    warped: FloatArray = cv2.remap(
        values,
        x + flow[..., 0],
        y + flow[..., 1],
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return warped


def to_grid(flow: FloatArray, shape: tuple[int, int]) -> FloatArray:
    """Length of the displacement on a coarser grid, in pixels of the flow's own size."""
    return resize(np.sqrt(squared(flow)), shape)


def _grey(lightness: FloatArray) -> npt.NDArray[np.uint8]:
    grey: npt.NDArray[np.uint8] = np.clip(lightness * 2.55, 0, 255).astype(np.uint8)
    return grey
