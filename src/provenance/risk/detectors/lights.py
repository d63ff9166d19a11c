"""Lights and other small things of strong colour that vanished, appeared or changed colour.

A brake light that went out is a few pixels, and means more than a lawn drawn anew. Small compact
spots that stand out by light or colour are sought in both pictures, and their contrast to their
surround is compared. What ordinary JPEG does to the same spot is subtracted: it halves the
resolution of colour, and nobody calls that a change.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from ...labels import Finding
from ...taxonomy import Symbol
from ..calibration import LIGHTS, LIGHTS_BUSY, MIN_PROBABILITY
from ..pair import Pair
from ..places import whereabouts, whole_pixels
from ..scoring import deceptiveness
from .scales import is_too_small
from .spots import MIN_SIDE, Spot, find_spots

Lab = tuple[float, float, float]

MAX_WORKING_PIXELS = 2_000_000
"""Larger pictures are shrunk to this."""
MAX_FINDINGS = 30
MIN_DIAMETER = 5.0
"""Working pixels. JPEG's chroma alone blurs what is smaller."""
MIN_CONTRAST = 15.0
MIN_ROUNDNESS = 0.4
MIN_SOLIDITY = 0.7
MIN_SALIENCE = 1.5
"""What a spot must have to be compared; see `.spots.Spot`."""
COLOURFUL = 8.0
BRIGHT = 80.0
"""Chroma, which its surround must lack, or else lightness: grey specks are not compared."""
BUSY_SALIENCE = 2.0
"""Below it a spot is one among others, such as a leaf: it counts less."""
JITTER = 1.5
"""How often the change that JPEG makes is subtracted."""
VANISHED = 0.35
"""Share of the contrast that is left, below which a spot has vanished."""
KEPT = 0.6
"""Share from which it has not faded."""
OTHER_HUE_DEG = 30.0
MIN_CHROMA = 6.0
"""Below it a colour has no hue to speak of; OKLab times 100."""

_HUES = (
    (45, "red"),
    (80, "orange"),
    (120, "yellow"),
    (200, "green"),
    (290, "blue"),
    (345, "purple"),
    (360, "red"),
)
"""Upper ends of hue angles in OKLab, degrees, and what they are called."""


class LightsDetector:
    """Compares small things that stand out; those that look like lights carry the symbol flag."""

    name = "lights"

    def available(self) -> bool:
        """Always: it needs no weights."""
        return True

    def find(self, pair: Pair) -> Sequence[Finding] | None:
        """One finding for each spot that changed, the likeliest `MAX_FINDINGS` of them.

        Pictures too small to have spots are not looked at.
        """
        height, width = pair.original.shape[:2]
        if is_too_small(height, width, MAX_WORKING_PIXELS, MIN_SIDE):
            return None
        pixel = max(1.0, (height * width / MAX_WORKING_PIXELS) ** 0.5)
        findings = [
            self._finding(pair, spot)
            for spot in find_spots(pair.original, pair.reconstruction, MAX_WORKING_PIXELS)
            if _stands_out(spot, pixel) and probability(spot) >= MIN_PROBABILITY
        ]
        return sorted(findings, key=lambda f: (-f.probability, f.box))[:MAX_FINDINGS]

    def _finding(self, pair: Pair, spot: Spot) -> Finding:
        height, width = pair.original.shape[:2]
        box = whole_pixels(spot.box, width, height)
        seen = pair.signals.measure(box)
        light = looks_like_a_light(spot)
        before, after = _before_and_after(spot)
        return Finding(
            box=box,
            types=seen.types,
            symbol=str(Symbol.LIGHT) if light else None,
            probability=probability(spot),
            deceptiveness=deceptiveness(seen.crispness),
            detector=self.name,
            evidence={
                "contrast_left": round(spot.other_contrast / spot.contrast, 2),
                "lightness_shift_oklab": round(after[0] - before[0], 1),
                "chroma_shift_oklab": round(_chroma(after) - _chroma(before), 1),
                "colour_shift_oklab": round(math.dist(before, after), 1),
                "diameter_px": round(spot.diameter, 1),
            },
            sentence=_sentence(spot, light, whereabouts(box, width, height)),
        )


def probability(spot: Spot) -> float:
    """That the spot is described differently."""
    certain = 1.0 if spot.salience >= BUSY_SALIENCE else LIGHTS_BUSY
    return certain * LIGHTS(spot.change - JITTER * spot.jitter)


def looks_like_a_light(spot: Spot) -> bool:
    """Whether a spot glows: compact, alone, and bright in the dark or of a lamp's colour."""
    if min(spot.roundness / 0.5, spot.solidity / 0.75, spot.salience / 3) < 1:
        return False
    lightness, chroma = spot.colour[0], _chroma(spot.colour)
    rise, ground = lightness - spot.surround[0], spot.surround[0]
    hue = hue_deg(spot.colour)
    glows = lightness >= 85 and rise >= 35 and ground <= 45
    # Yellow to grass green is left out: flowers and leaves in the shade have it, lamps seldom.
    lamp = hue <= 80 or hue >= 350 or 140 <= hue <= 200
    burns = chroma >= 9 and chroma - _chroma(spot.surround) >= 7 and rise >= 8 and ground <= 50
    return glows or (lamp and burns)


def hue_deg(colour: Lab) -> float:
    """Hue angle in OKLab, degrees, 0 to 360."""
    return math.degrees(math.atan2(colour[2], colour[1])) % 360


def colour_name(colour: Lab) -> str:
    """A plain word for a colour."""
    if _chroma(colour) < MIN_CHROMA:
        return "white" if colour[0] >= BRIGHT else "grey" if colour[0] >= 45 else "dark"
    return next(name for limit, name in _HUES if hue_deg(colour) <= limit)


def _stands_out(spot: Spot, pixel: float) -> bool:
    colourful = _chroma(spot.colour) >= COLOURFUL and (
        math.dist(spot.colour[1:], spot.surround[1:]) >= COLOURFUL
    )
    return (
        (colourful or spot.colour[0] >= BRIGHT)
        and spot.diameter >= MIN_DIAMETER * pixel
        and spot.contrast >= MIN_CONTRAST
        and spot.roundness >= MIN_ROUNDNESS
        and spot.solidity >= MIN_SOLIDITY
        and spot.salience >= MIN_SALIENCE
    )


def _chroma(colour: Lab) -> float:
    return math.hypot(colour[1], colour[2])


def _before_and_after(spot: Spot) -> tuple[Lab, Lab]:
    if spot.in_original:
        return spot.colour, spot.other_colour
    return spot.other_colour, spot.colour


def _sentence(spot: Spot, light: bool, where: str) -> str:
    start, noun = ("What looks like a", "light") if light else ("A", "thing")
    subject = f"{start} small {colour_name(spot.colour)} {noun} {where}"
    left = spot.other_contrast / spot.contrast
    before, after = _before_and_after(spot)
    turned = abs((hue_deg(after) - hue_deg(before) + 180) % 360 - 180)
    coloured = min(_chroma(before), _chroma(after)) >= MIN_CHROMA
    names = colour_name(before), colour_name(after)
    if coloured and turned >= OTHER_HUE_DEG and names[0] != names[1] and _still_there(spot):
        return f"{start} small {noun} {where} that was {names[0]} is {names[1]}."
    if left < VANISHED:
        return f"{subject} has {'vanished' if spot.in_original else 'appeared'}."
    if left < KEPT:
        return f"{subject} {'has faded' if spot.in_original else 'stands out more than it did'}."
    return f"{subject} has another colour or brightness than it had."


def _still_there(spot: Spot) -> bool:
    """Whether something stands out at its place in the other picture too, whatever its colour."""
    there = math.dist(spot.other_colour, spot.other_surround)
    return there > KEPT * math.dist(spot.colour, spot.surround)
