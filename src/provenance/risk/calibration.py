"""Constants that were fitted, and what they were fitted on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .signals import Measurement

VERSION = "12"

CALIBRATION = (
    "Regions: fitted to places in 159 pictures, 12 by a diffusion codec (DiffEIC), 147 by msh-5, "
    "hific, JPEG, WebP and AVIF, each judged once by a program (an AI model), not by people, and "
    "to harmless changes of 59 photos. Types: planted changes and 458 such places. Text: 140 "
    "readings and 90 lines by six codecs, judged likewise, and blind. Lights: 80 spots on DiffEIC; "
    "objects: 106 findings. Faces: 122 faces, eyes: 256, by six codecs, of 5 photos, judged "
    "likewise."
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


@dataclass(frozen=True, slots=True)
class Standout:
    """A logistic curve over how much a place changed, and how much of the picture did, times the
    probability that the change is seen at all."""

    level: float
    peak: float
    """Per unit of the natural logarithm of the largest change."""
    crisp: float
    """Per unit of the natural logarithm of crispness; negative: blur loses what was there."""
    size: float
    """Per unit of the natural logarithm of its size; negative: what changed in a small place is a
    thing, what changed in a wide one is texture."""
    redrawn: float
    """Per unit of the structure left over in the whole picture; negative: where texture was drawn
    anew everywhere, a place that changed says less."""
    all_redrawn: float
    """The same, from which everything was: more of it says no more."""
    edge: float
    """For places at the edge of the picture, which nobody describes; negative."""
    visible: Curve
    """Probability that it is seen, by the largest change."""

    def __call__(self, seen: Measurement) -> float:
        """Probability, 0 to 1."""
        score = self.level + self.peak * np.log(seen.peak + 0.05)
        score += self.crisp * np.log(seen.crispness) + self.size * np.log(seen.size)
        score += self.redrawn * min(seen.redrawn, self.all_redrawn) + self.edge * seen.at_edge
        return float(1 / (1 + np.exp(-score))) * self.visible(seen.peak)


REGION = Standout(
    level=2.2,
    peak=0.76,
    crisp=-3.6,
    size=-1.05,
    redrawn=-14.8,
    all_redrawn=0.1,
    edge=-2.4,
    visible=Curve(middle=1.4, slope=6.0),
)
"""Probability that a region is described differently.

Fitted (ridge logistic regression, its terms chosen by cross-validation over photos) to 1,191
places of the development part: those in 12 pictures by DiffEIC, a diffusion codec, at its best and
middle rate, and in 147 by msh-5 (both decoders), hific, JPEG, WebP and AVIF at low rates, each
judged once by a program (an AI model), not by people; to 72 less likely ones, drawn at random; and
to places in JPEG 50, 75 and 90, WebP 75, AVIF 60, msh-5 at 50 and 75, and slight blur of 59 photos,
which count as wrong. `edge` was set afterwards, as few places at the edge had been judged; and
`visible` before, where the largest change by JPEG 75 and better, .4 to .9 and rarely 1.4, goes over
into that of places which were judged to be described differently, 1.2 to 3."""
RECOLOURED = Curve(middle=20.0, slope=8.0)
"""The same by the change of its colour alone, CIEDE2000, whatever else changed.

Set on the development part: codecs at low rates seldom change a place by more than 15, and then
half of these places were judged to be described differently; JPEG 50 and better change none of 59
photos by more than 6."""
MIN_PLACE = 0.3
"""Less likely regions are not reported: there are many, and four of five are wrong."""

TEXT_VISIBLE = Curve(middle=0.67, slope=4.0)
"""Probability that a change of reading comes from the pixels and not from the reader, by
`Measurement.change` in the box of the changed characters, times a power of their number: a reader
that errs takes one letter for another rather than several.

Fitted with `LETTERS` to 140 changes of the development part by msh-5 (both decoders), hific, JPEG,
WebP and AVIF, and by JPEG 75, WebP 75 and AVIF 60, which count as unchanged. A program (an AI
model) judged the others: it wrote down what the reconstruction says before it saw the original.
How sure the reader is of what stood there or stands there now tells nothing more."""
LETTERS = 0.35
"""The power of their number."""

READABLE = 0.6
"""Confidence from which a new reading is believed. Below it the text is taken to be destroyed."""
ILLEGIBLE = 0.6
"""How much text that is visibly destroyed counts against text that is legible and wrong."""
LEGIBLE = 0.5
"""Deceptiveness from which changed text counts as legible."""

STROKES = Curve(middle=0.32, slope=5.0)
"""Probability that a line which cannot be read is no longer the same, by how much the correlation
of its strokes lacks to 1.

Fitted with `FAINT` to 56 lines of the development part by the same codecs, 75 % of them right, and
to 17 that msh-5 at 50 and 75 and JPEG 75 left in photos of both parts, some five of them right;
doubtful ones count in part. The middle was .35 so, and is .29 by 90 lines judged blind, as readings
were: it is set between the two. Letters of 5 to 12 px lack .1 to .34 in JPEG 75 and remain what
they were."""
FAINT = 5.0
"""Power of the share of that lack which JPEG 65 causes as well, by which it says less."""

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

VANISHED = Curve(middle=0.85, slope=2.3)
"""Probability that an object which stood out is described differently, by the share of its contrast
that it lost, less what slight blur and JPEG take (`detectors.figures`).

Fitted to 106 findings, at most three in a picture, in 39 pictures by DiffEIC (three rates) of 16
photos of the development part, judged once by a program (an AI model), not by people: 28 right, 40
doubtful, 38 wrong. Doubtful ones counted as wrong; counted half, the middle would be .55."""

FACE_STRUCTURE = Curve(middle=0.031, slope=8.0)
"""Probability that a face is described differently, by how much the correlation of its fine
lightness lacks to 1, less the noise (`detectors.features`).

Fitted (logistic regression) to 122 faces of 33 to 203 px in 5 photos of the development part, as
msh-5 (both decoders), hific, JPEG, WebP and AVIF left them: 76 at low rates, judged once by a
program (an AI model), and 46 by JPEG 50, WebP 75 and AVIF 60, which count as unchanged. JPEG 75
loses nothing beyond the noise. Then made steeper, twice, since all faces were right that were
reported among pictures of that part: 49, at a mean probability of .91 before the second time and
.96 after it.

The other curves of faces and eyes are set by hand, above what ordinary codecs do at good quality
(JPEG 75, WebP 75, AVIF 60) and on planted changes."""
FACE_MOVED = Curve(middle=0.12, slope=3.0)
"""The same, by how far a feature moved over the distance between the eyes, less the noise."""
SKIN = Curve(middle=6.0, slope=4.0)
"""The same, by the colour shift of the skin, OKLab times 100, less the noise."""
EYE_STRUCTURE = Curve(middle=0.3, slope=3.2)
"""The same of an eye, by what its correlation lacks, times its width in pixels: of what is larger,
one sees more.

Fitted (logistic regression) to 256 eyes, 8 to 36 px wide, of the development part: at low rates by
the same codecs, and as JPEG 30, 50 and 75, WebP 30 and 75, AVIF 45 and 60 left them. Those that
lost .01 and more beyond the noise were judged once by a program (an AI model), doubtful ones
counting in part; the rest counts as unchanged. Then made steeper half way to what the 96 eyes say
that were found in pictures at low rates alone, where 84 % were right."""
EYE_CLOSED = Curve(middle=0.12, slope=4.0)
"""By the change of the gap between the lids over the width of the eye, less the noise."""
GAZE = Curve(middle=0.12, slope=4.0)
"""By how far the iris moved over the width of the eye, less the noise."""
IRIS = Curve(middle=14.0, slope=4.0)
"""By the colour shift of the iris, OKLab times 100, less the noise."""

IDENTITY = Curve(middle=0.6, slope=8.0)
"""Probability that a face is taken for another person's, by the distance in the network's space.

The middle is what its author calls the limit of one person; nothing was fitted. JPEG 20 moves
faces of 59 to 413 px by .10 to .35, JPEG 10 by .17 to .41; DiffEIC moved the one face of some size
among its pairs, 59 px, by .63 to .78."""

WEIGHT_SYMBOL = 1.0
WEIGHT_OTHER = 0.5
"""How much a finding counts towards the score of the picture."""

WORST = 3
"""How many of the worst findings make the score."""

MIN_PROBABILITY = 0.15
"""Less likely findings are not reported."""
MAX_FINDINGS = 20
"""The label travels inside files; what is beyond this still counts in the scores."""
