"""The risk of miscompression in one picture."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from ..errors import InputError
from ..labels import Assessor, Finding, Risk
from ..taxonomy import level_of
from .calibration import CALIBRATION, VERSION
from .detectors import find_detectors
from .detectors.seeds import SeedsDetector
from .merging import merged
from .pair import Pair
from .redaction import redacted
from .scoring import (
    affected_area,
    is_high_impact,
    ranked,
    reported,
    score,
    score_by_type,
    weight,
)
from .signals.outline import outline


def assess(
    original: npt.NDArray[np.uint8],
    reconstruction: npt.NDArray[np.uint8],
    *,
    detectors: Sequence[str] | None = None,
    drawings: Sequence[npt.NDArray[np.uint8]] = (),
    redact_evidence: bool = False,
    timing: dict[str, float] | None = None,
) -> Risk:
    """Find where a reconstruction may mean something else than its original.

    Args:
        original, reconstruction: uint8 [h, w, 3], sRGB, equal sizes from 1x1 up.
        detectors: names of those to run; None runs every one that is installed.
        drawings: what a decoder that draws from noise makes of the same bits with other seeds, each
            like ``reconstruction``; where they mean something else is a finding, too.
        redact_evidence: quote nothing that stands in the picture, neither in evidence nor in
            sentences.
        timing: receives the seconds that each detector took, by its name.

    Raises:
        InputError: The arrays are no pictures, or not of one size, or a detector from outside
            fails or finds what cannot be.
        UsageError: A detector of that name does not exist.
    """
    _check(original, "original", original)
    _check(reconstruction, "reconstruction", original)
    for drawing in drawings:
        _check(drawing, "drawing", original)
    height, width = original.shape[:2]
    chosen = find_detectors(detectors)
    looking = chosen.ready
    if drawings:
        looking = (*looking, SeedsDetector(drawings, looking))
    pair = Pair(original, reconstruction)
    found: list[Finding] = []
    ran: list[str] = []
    identical = np.array_equal(original, reconstruction)
    for detector in looking:
        begin = time.perf_counter()
        findings = () if identical else detector.find(pair)
        if findings is not None:
            ran.append(detector.name)
            found += findings
        if timing is not None:
            timing[detector.name] = time.perf_counter() - begin
    findings = ranked(found)
    if redact_evidence:
        findings = tuple(redacted(finding, width, height) for finding in findings)
    places = merged(findings)
    total = score([weight(place) for place in places])
    return Risk(
        score=total,
        level=level_of(total),
        affected_area=affected_area([finding.box for finding in findings], width, height),
        high_impact=is_high_impact(findings),
        by_type=score_by_type(places),
        findings=tuple(
            replace(finding, polygon=finding.polygon or outline(pair.signals, finding.box))
            for finding in reported(places)
        ),
        assessor=Assessor(
            version=VERSION,
            calibration=CALIBRATION,
            detectors=tuple(ran),
            unavailable=(*chosen.unavailable, *(d.name for d in looking if d.name not in ran)),
        ),
    )


def _check(pixels: npt.NDArray[np.uint8], role: str, original: npt.NDArray[np.uint8]) -> None:
    """Whether this is a picture of the original's size."""
    if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] != 3 or not pixels.size:
        raise InputError(
            f"{role}: expected uint8 [height, width, 3], got {pixels.dtype} "
            f"{list(pixels.shape)}; convert it to 8-bit sRGB"
        )
    if pixels.shape != original.shape:
        raise InputError(
            f"original is {original.shape[1]}x{original.shape[0]} and {role} is "
            f"{pixels.shape[1]}x{pixels.shape[0]}; compare pictures of one size"
        )
