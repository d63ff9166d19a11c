"""Constants that were fitted, and what they were fitted on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

VERSION = "1"

CALIBRATION = (
    "Regions: set by hand near fits to 284 places in 15 photos from one diffusion codec (DiffEIC, "
    "three rates), each judged once by a program (an AI model), not by people. Too high at that "
    "codec's best rate; other codecs were not judged. Types: planted changes. Text: set by hand on "
    "JPEG and on swapped digits. Lights: 80 spots on the same codec, judged likewise. Faces: set "
    "by hand on 3 photos from the same codec and on planted changes."
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


REGION = Curve(middle=4.2, slope=1.7)
"""Probability that a region is described differently, by `Measurement.change`.

Of the judged places, doubtful ones counted half, .13 were described differently at a change of 1
to 1.5, .25 at 1.5 to 3, .40 at 3 to 4, .70 at 4 to 6 and .86 above. A steeper curve fits the upper
end better and calls pictures safe whose small things, eyes and all, are visibly spoilt."""

TEXT_VISIBLE = Curve(middle=0.8, slope=3.0)
"""Probability that a change of reading comes from the pixels and not from the reader, by
`Measurement.change` in the box of the changed characters."""

READABLE = 0.6
"""Confidence from which a new reading is believed. Below it the text is taken to be destroyed."""
ILLEGIBLE = 0.6
"""How much destroyed text counts against text that is legible and wrong."""

STROKES = Curve(middle=0.42, slope=6.0)
"""Probability that a line which cannot be read is no longer the same, by how much the correlation
of its strokes lacks to 1. Set by hand on letters of 5 to 12 px in five photos. They lack .1 to .34
in JPEG q75 and remain what they were, .4 to .6 in JPEG q5 to q20 and cannot be made out."""
STROKES_WEIGHT = 0.6
"""How much lost strokes count against words that read otherwise: nobody knows what they said."""

LONE_LETTER = 0.5
"""How much a line of one letter counts: readers also see those in bars and branches."""

LIGHTS = Curve(middle=0.64, slope=3.4)
"""Probability that a small thing that stands out is described differently, by the change of its
contrast to its surround over that contrast, less what JPEG does to it (`detectors.spots`).

Developed on 80 spots, drawn at random, of photos with odd numbers, as DiffEIC reconstructed them,
judged once by a program (an AI model), not by people. Doubtful ones counted half, .73 were
described differently at a change of .8 and above, .53 at .5 to .8 and .17 below. On photos with
even numbers, of 50 findings without the symbol that were judged likewise, 25 were right, 20
doubtful and 5 wrong, at a mean probability of .50. Lights proper are too few there to say
anything."""
LIGHTS_BUSY = 0.65
"""How much a spot counts that is one among others like it."""

FACE_STRUCTURE = Curve(middle=0.2, slope=3.0)
"""Probability that a face is described differently, by how much the correlation of its fine
lightness lacks to 1, less the noise (`detectors.features`).

All curves of faces and eyes are set by hand: above what ordinary codecs do at good quality (JPEG
75, WebP 75, AVIF 60: structure at most .05 before the noise is subtracted) and below what the
reconstructions of three photos by DiffEIC show (.22 to .95), each described differently in the
judgement of a program (an AI model). There are too few real miscompressed faces here to fit
more."""
FACE_MOVED = Curve(middle=0.12, slope=3.0)
"""The same, by how far a feature moved over the distance between the eyes, less the noise."""
SKIN = Curve(middle=6.0, slope=4.0)
"""The same, by the colour shift of the skin, OKLab times 100, less the noise."""
EYE_STRUCTURE = Curve(middle=0.3, slope=3.0)
EYE_CLOSED = Curve(middle=0.12, slope=4.0)
"""By the change of the gap between the lids over the width of the eye, less the noise."""
GAZE = Curve(middle=0.12, slope=4.0)
"""By how far the iris moved over the width of the eye, less the noise."""
IRIS = Curve(middle=14.0, slope=4.0)
"""By the colour shift of the iris, OKLab times 100, less the noise."""

WEIGHT_SYMBOL = 1.0
WEIGHT_OTHER = 0.6
"""How much a finding counts towards the score of the picture."""

WORST = 3
"""How many of the worst findings make the score."""

MIN_PROBABILITY = 0.15
"""Less likely findings are not reported."""
MAX_FINDINGS = 20
"""The label travels inside files; what is beyond this still counts in the scores."""
