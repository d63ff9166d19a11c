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
    redact_evidence: bool = False,
    timing: dict[str, float] | None = None,
) -> Risk:
    """Find where a reconstruction may mean something else than its original.

    Args:
        original, reconstruction: uint8 [h, w, 3], sRGB, equal sizes from 1x1 up.
        detectors: names of those to run; None runs every one that is installed.
        redact_evidence: quote nothing that stands in the picture, neither in evidence nor in
            sentences.
        timing: receives the seconds that each detector took, by its name.

    Raises:
        InputError: The arrays are no pictures, or not of one size.
        UsageError: A detector of that name does not exist.
    """
    for role, pixels in (("original", original), ("reconstruction", reconstruction)):
        if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] != 3 or not pixels.size:
            raise InputError(
                f"{role}: expected uint8 [height, width, 3], got {pixels.dtype} "
                f"{list(pixels.shape)}; convert it to 8-bit sRGB"
            )
    height, width = original.shape[:2]
    if reconstruction.shape != original.shape:
        raise InputError(
            f"original is {width}x{height} and reconstruction is "
            f"{reconstruction.shape[1]}x{reconstruction.shape[0]}; compare pictures of one size"
        )
    chosen = find_detectors(detectors)
    pair = Pair(original, reconstruction)
    found: list[Finding] = []
    identical = np.array_equal(original, reconstruction)
    for detector in chosen.ready:
        begin = time.perf_counter()
        if not identical:
            found += detector.find(pair)
        if timing is not None:
            timing[detector.name] = time.perf_counter() - begin
    findings = ranked(found)
    if redact_evidence:
        findings = tuple(redacted(finding, width, height) for finding in findings)
    total = score([weight(finding) for finding in findings])
    return Risk(
        score=total,
        level=level_of(total),
        affected_area=affected_area([finding.box for finding in findings], width, height),
        high_impact=is_high_impact(findings),
        by_type=score_by_type(findings),
        findings=tuple(
            replace(finding, polygon=finding.polygon or outline(pair.signals, finding.box))
            for finding in reported(merged(findings))
        ),
        assessor=Assessor(
            version=VERSION,
            calibration=CALIBRATION,
            detectors=tuple(detector.name for detector in chosen.ready),
            unavailable=chosen.unavailable,
        ),
    )
