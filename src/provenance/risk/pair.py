"""The two pictures that are compared, and what is measured about them once."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .signals import Signals, measure_pair


@dataclass(frozen=True)
class Pair:
    """An original and its reconstruction, uint8 [h, w, 3] each, sRGB, equal sizes."""

    original: npt.NDArray[np.uint8]
    reconstruction: npt.NDArray[np.uint8]

    @functools.cached_property
    def signals(self) -> Signals:
        """Maps of what changed; computed when first asked for."""
        return measure_pair(self.original, self.reconstruction)
