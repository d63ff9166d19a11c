"""The two pictures that are compared, and what is measured about them once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast

import numpy as np
import numpy.typing as npt

from .signals import Signals, measure_pair

_Found = TypeVar("_Found")


@dataclass(frozen=True)
class Pair:
    """An original and its reconstruction, uint8 [h, w, 3] each, sRGB, equal sizes.

    Nobody can write into them here: others look at them, too.
    """

    original: npt.NDArray[np.uint8]
    reconstruction: npt.NDArray[np.uint8]
    _known: dict[Callable[..., Any], Any] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def __post_init__(self) -> None:
        for side in ("original", "reconstruction"):
            pixels = getattr(self, side).view()
            pixels.flags.writeable = False
            object.__setattr__(self, side, pixels)

    @property
    def signals(self) -> Signals:
        """Maps of what changed; computed when first asked for."""
        return self.once(_signals)

    def once(self, find: Callable[[Pair], _Found]) -> _Found:
        """What a function finds in this pair, found for the first detector that asks."""
        if find not in self._known:
            self._known[find] = find(self)
        return cast(_Found, self._known[find])


def _signals(pair: Pair) -> Signals:
    return measure_pair(pair.original, pair.reconstruction)
