"""Places that stand out in the signal maps, whatever they show."""

from __future__ import annotations

from collections.abc import Sequence

from ...labels import Finding
from ...taxonomy import Type, main_type
from ..calibration import MIN_PLACE, RECOLOURED, REGION
from ..pair import Pair
from ..places import Box, whereabouts
from ..scoring import deceptiveness
from ..signals import Measurement
from ..signals.maps import change_of_part
from ..signals.regions import Region, regions
from .perturbation import recompressed_within

THRESHOLD = 0.3
"""Mean change at some scale from which a place is measured."""
HARMLESS_QUALITY = 75
BEYOND_HARMLESS = 1.4
"""What JPEG of that quality does to a place, times this, is what any codec may do to it.

It changes stars in a night sky or the outlines of pure colours as much as codecs at low rates
change other places. Of 2,133 places in the judged pictures of both parts none is left out for
it."""
SURROUND_CELLS = 32
"""Of a place, that mask it, when it is looked at alone."""
VANISHED = 0.5
"""Contrast ratio below which something is said to have faded or vanished."""


class SignalDetector:
    """Findings from amplitude, geometry and shape alone; never carries the symbol flag."""

    name = "signal"

    def available(self) -> bool:
        """Always: it needs no weights."""
        return True

    def find(self, pair: Pair) -> Sequence[Finding]:
        """The regions whose change is at all likely to be described differently."""
        signals = pair.signals
        findings = []
        for region in regions(signals.change, THRESHOLD):
            box = _box(region, signals.cell_px, signals.width, signals.height)
            seen = signals.measure(box)
            recoloured = RECOLOURED(seen.colour_difference)
            probability = max(REGION(seen), recoloured)
            if probability < MIN_PLACE:
                continue
            if recoloured < MIN_PLACE and seen.peak < BEYOND_HARMLESS * _harmless(pair, box):
                continue
            seen = signals.measure(box, follow=True)
            findings.append(
                Finding(
                    box=box,
                    types=seen.types,
                    symbol=None,
                    probability=probability,
                    deceptiveness=deceptiveness(seen.crispness),
                    detector=self.name,
                    evidence=evidence(seen),
                    sentence=_sentence(seen, whereabouts(box, signals.width, signals.height)),
                )
            )
        return findings


def _harmless(pair: Pair, box: Box) -> float:
    """The largest change, as `Measurement.peak`, that JPEG makes to a place of the original."""
    signals = pair.signals
    margin = SURROUND_CELLS * signals.cell_px
    left, top = max(0, box[0] - margin), max(0, box[1] - margin)
    right = min(signals.width, box[0] + box[2] + margin)
    bottom = min(signals.height, box[1] + box[3] + margin)
    around = left, top, right - left, bottom - top
    coded, (left, top) = recompressed_within(pair.original, around, HARMLESS_QUALITY)
    original = pair.original[top : top + coded.shape[0], left : left + coded.shape[1]]
    change = change_of_part(original, coded, signals.cell_px)
    x, y = (box[0] - left) // signals.cell_px, (box[1] - top) // signals.cell_px
    width, height = (-(-side // signals.cell_px) for side in box[2:])
    return float(change[y : y + height, x : x + width].max())


def evidence(seen: Measurement) -> dict[str, float]:
    """The numbers behind a finding, rounded; those that tell something of its main type."""
    numbers = {
        "change": round(seen.change, 2),
        "contrast_ratio": round(seen.contrast_ratio, 2),
        "colour_shift_oklab": round(seen.colour_shift, 1),
        "colour_shift_ciede2000": round(seen.colour_difference, 1),
        "structure_left_over": round(seen.structure_left_over, 2),
    }
    kind = main_type(seen.types)
    if kind == Type.AMPLITUDE:
        numbers["lightness_shift_oklab"] = round(seen.lightness_shift, 1)
    else:
        numbers["displacement_px"] = round(seen.displacement_px, 1)
        numbers["displacement_percent"] = round(seen.displacement_percent, 1)
    return numbers


def _box(region: Region, cell_px: int, width: int, height: int) -> Box:
    left, top = region.left * cell_px, region.top * cell_px
    return (
        left,
        top,
        min(region.width * cell_px, width - left),
        min(region.height * cell_px, height - top),
    )


def _sentence(seen: Measurement, where: str) -> str:
    kind = main_type(seen.types)
    if kind == Type.GEOMETRY:
        return f"Something {where} has moved or bent by about {seen.displacement_px:.0f} pixels."
    if kind == Type.SHAPE:
        return f"Something {where} has another shape than it had."
    shifts = {
        "is lighter than it was": seen.lightness_shift,
        "is darker than it was": -seen.lightness_shift,
        "has more colour than it had": seen.saturation_shift,
        "has less colour than it had": -seen.saturation_shift,
    }
    strongest = max(shifts, key=lambda name: shifts[name])
    if seen.contrast_ratio < VANISHED:
        return f"Something {where} has faded or vanished."
    if shifts[strongest] > 0.5 * seen.colour_shift:
        return f"Something {where} {strongest}."
    if seen.contrast_ratio > 1.4:
        return f"Something {where} stands out more than it did."
    return f"Something {where} has another colour or contrast than it had."
