"""Places that other drawings of the same bits show otherwise.

A decoder that draws from noise gives another picture with every seed. Where two of them mean
something else, the bits do not tell which is right, and one at least is wrong.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from ...labels import Finding
from ..merging import distinct
from ..pair import Pair
from ..places import whereabouts
from ..scoring import covered, weight
from .base import Detector

SAME_PLACE = 0.5
"""Share of either box within the other above which both are one place."""


class SeedsDetector:
    """Looks for what other seeds draw as if the picture itself were the original.

    Args:
        drawings: pictures of the same bits by other seeds, uint8 [h, w, 3], sRGB.
        looking: detectors that compare with them.
    """

    name = "seeds"

    def __init__(
        self, drawings: Sequence[npt.NDArray[np.uint8]], looking: Sequence[Detector]
    ) -> None:
        self._drawings = drawings
        self._looking = looking

    def available(self) -> bool:
        """Wherever there are drawings."""
        return bool(self._drawings)

    def find(self, pair: Pair) -> Sequence[Finding]:
        """The places where seeds differ; probabilities are means over the other seeds."""
        seen = [self._differences(Pair(pair.reconstruction, other)) for other in self._drawings]
        every = (finding for findings in seen for finding in findings)
        ordered = sorted(every, key=lambda f: (-weight(f), f.box))
        places = distinct(ordered, _is_one)
        height, width = pair.reconstruction.shape[:2]
        return [self._finding(place, seen, width, height) for place in places]

    def _differences(self, pair: Pair) -> list[Finding]:
        return [finding for detector in self._looking for finding in detector.find(pair) or ()]

    def _finding(
        self, place: Finding, seen: Sequence[Sequence[Finding]], width: int, height: int
    ) -> Finding:
        """What the other seeds say of a place, in the terms of the one that says most."""
        likeliest = [
            max((f.probability for f in findings if _is_one(f, place)), default=0.0)
            for findings in seen
        ]
        return Finding(
            box=place.box,
            types=place.types,
            symbol=place.symbol,
            probability=float(np.mean(likeliest)),
            deceptiveness=place.deceptiveness,
            detector=self.name,
            evidence={"seeds": len(seen) + 1, "differing": int(np.count_nonzero(likeliest))},
            sentence=f"Other seeds draw something else {whereabouts(place.box, width, height)}.",
        )


def _is_one(one: Finding, other: Finding) -> bool:
    """Whether two are of one thing at one place: what is sure of one is not of another."""
    return (
        one.symbol == other.symbol
        and max(covered(one.box, other.box), covered(other.box, one.box)) > SAME_PLACE
    )
