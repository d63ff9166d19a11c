"""People and objects that vanish into their surroundings.

What it was that stood out is not known, and need not be: a closed shape that set itself off from
its ground, and whose place now looks like the ground. Neither what changed its outline nor what
moved a little aside is meant, nor texture, which does not stand out from itself.
"""

from __future__ import annotations

from collections.abc import Sequence

from ...labels import Finding
from ...taxonomy import Type
from ..calibration import MIN_PROBABILITY, VANISHED
from ..pair import Pair
from ..places import whereabouts, whole_pixels
from ..scoring import deceptiveness
from .figures import MIN_SIDE, Figure, find_figures
from .scales import is_too_small

MAX_WORKING_PIXELS = 400_000
"""Larger pictures are shrunk to this."""
MAX_FINDINGS = 30
GONE = 0.75
"""Share of its contrast that an object has lost, from which it is called gone."""


class ObjectsDetector:
    """Compares what stood out in the original with its place in the reconstruction."""

    name = "objects"

    def available(self) -> bool:
        """Always: it needs no weights."""
        return True

    def find(self, pair: Pair) -> Sequence[Finding] | None:
        """One finding for each object that is gone, the likeliest `MAX_FINDINGS` of them.

        Pictures too small to have figures are not looked at. No finding carries the symbol flag:
        whether the thing meant anything by convention, nobody knows.
        """
        height, width = pair.original.shape[:2]
        if is_too_small(height, width, MAX_WORKING_PIXELS, MIN_SIDE):
            return None
        figures = find_figures(pair.original, pair.reconstruction, MAX_WORKING_PIXELS)
        likely = [figure for figure in figures if probability(figure) >= MIN_PROBABILITY]
        likely.sort(key=lambda figure: (-probability(figure), figure.box))
        return [self._finding(pair, figure) for figure in likely[:MAX_FINDINGS]]

    def _finding(self, pair: Pair, figure: Figure) -> Finding:
        height, width = pair.original.shape[:2]
        box = whole_pixels(figure.box, width, height)
        seen = pair.signals.measure(box)
        fate = "is gone" if figure.lost >= GONE else "has faded into what surrounds it"
        return Finding(
            box=box,
            types=_types(figure),
            symbol=None,
            probability=probability(figure),
            deceptiveness=deceptiveness(seen.crispness),
            detector=self.name,
            evidence={
                "contrast_before_oklab": round(figure.contrast, 1),
                "contrast_after_oklab": round(figure.contrast_after, 1),
                "contrast_left": round(1 - figure.lost, 2),
                "salience": round(figure.salience, 1),
            },
            sentence=f"An object that stood out {whereabouts(box, width, height)} {fate}.",
        )


def probability(figure: Figure) -> float:
    """That what stood out is described differently, or not at all."""
    return VANISHED(figure.lost - figure.jitter)


def _types(figure: Figure) -> dict[str, float]:
    """To the taxonomy, what vanishes is amplitude; what still stands out there has a shape."""
    return {
        str(Type.AMPLITUDE): figure.lost,
        str(Type.GEOMETRY): 0.0,
        str(Type.SHAPE): 1 - figure.lost,
    }
