"""Constants that were fitted, and what they were fitted on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

VERSION = "1"

CALIBRATION = (
    "Regions: curve set by hand between fits to 284 places in 15 photos, as a diffusion codec "
    "(DiffEIC, three rates) reconstructed them, each judged once from small crops by an AI model, "
    "not by people; doubtful ones count half. It is too high where that codec's rate is best. "
    "Types: planted changes. Text: set by hand on JPEG of photos with text and on digits swapped "
    "in photos. Other codecs were not used."
)


@dataclass(frozen=True, slots=True)
class Curve:
    """A logistic curve over the logarithm of a measure."""

    middle: float
    """Measure at which the probability is one half."""
    slope: float
    """Per unit of the natural logarithm."""

    def __call__(self, measure: float) -> float:
        """Probability, 0 to 1; 0 for no measure at all."""
        if measure <= 0:
            return 0.0
        return float(1 / (1 + np.exp(-self.slope * np.log(measure / self.middle))))


REGION = Curve(middle=4.3, slope=2.0)
"""Probability that a region is described differently, by `Measurement.change`."""

TEXT_VISIBLE = Curve(middle=0.8, slope=3.0)
"""Probability that a change of reading comes from the pixels and not from the reader, by
`Measurement.change` in the box of the changed characters."""

READABLE = 0.6
"""Confidence from which a new reading is believed. Below it the text is taken to be destroyed."""
ILLEGIBLE = 0.6
"""How much destroyed text counts against text that is legible and wrong."""

LONE_LETTER = 0.5
"""How much a line of one letter counts: readers also see those in bars and branches."""

WEIGHT_SYMBOL = 1.0
WEIGHT_OTHER = 0.6
"""How much a finding counts towards the score of the picture."""

WORST = 3
"""How many of the worst findings make the score."""

MIN_PROBABILITY = 0.2
"""Less likely findings are not reported."""
MAX_FINDINGS = 50
