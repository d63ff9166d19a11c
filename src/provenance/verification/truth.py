"""Step 13: what the label claims, beside what was really lost."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .. import imaging
from ..files import sha256
from ..labels import Label, Risk
from ..sources import loaded
from .steps import Steps

TOLERANCE = 0.05
"""By how much a claimed score may be lower than what is measured here: detectors of another
version, and what a second format adds."""

ROUNDING = 0.01
"""By how much a score may be lower than what its steps add up to."""

MARK_SHARE = 0.004
LEAST_MARK = 400
"""Largest visible mark that is left out of the comparison: this share of the picture, or so many
pixels. Without a bound, a signer could declare whatever was lost to be a mark."""

Box = tuple[int, int, int, int]

_STEP = "original"


@dataclass(frozen=True, slots=True)
class Original:
    """The photo that a file is said to be made from."""

    name: str
    """What messages call it."""
    data: bytes


def check(
    original: Original,
    label: Label | None,
    shown: NDArray[np.uint8] | None,
    marks: Iterable[Box],
    max_pixels: int,
    steps: Steps,
) -> tuple[bool | None, Risk | None]:
    """Assess again, with every detector that is here, and compare with the claimed risk.

    The original may be the one of the last compression or, where the label tells of several, that
    of an earlier one: the risk that is claimed from there on is compared. Against another file
    than the label names nothing is proven, so the step fails and the truth stays unknown; and so
    it does where more was lost since an earlier original than the steps tell each by itself.

    Args:
        shown: uint8 [height, width, 3], the picture that the file holds, on white; None if it
            holds none.
        marks: places that the signer says a visible mark was drawn into.

    Returns:
        Whether the label is true, None where that is not known; and what was measured, if
        anything could be. What the label does not quote, this does not quote either.

    Raises:
        InputError: The original is no image, or beyond ``max_pixels``.
    """
    from ..risk import assess

    photo = loaded(original.data, original.name, max_pixels)
    before = imaging.laid_on_white(photo.pixels, photo.alpha)
    if shown is None:
        steps.skipped(_STEP, "the file holds no picture to compare with it")
        return None, None
    if before.shape != shown.shape:
        sizes = (
            f"{before.shape[1]}x{before.shape[0]}, the picture {shown.shape[1]}x{shown.shape[0]}"
        )
        steps.failed(_STEP, f"of another size: {sizes}; give the original of this very picture")
        return None, None
    redacted = label is not None and any(f.evidence.get("redacted") for f in label.risk.findings)
    measured = assess(before, _without(shown, before, marks), redact_evidence=redacted)
    if label is None:
        steps.skipped(_STEP, f"no label to compare with it; measured {measured.score:.2f}")
        return None, measured
    digest = sha256(original.data)
    together = _together(label, digest)
    if together is None:
        named = label.original.sha256
        steps.failed(
            _STEP,
            f"another file than the label names: SHA-256 {digest[:12]}…, not {named[:12]}…; "
            f"measured {measured.score:.2f}",
        )
        return None, measured
    # People read the label's own score, whatever its steps add up to.
    claimed = min(label.risk.score, together)
    beside = f"claims {claimed:.2f}, measured again {measured.score:.2f}"
    is_earlier = bool(label.history) and label.history[-1].original_sha256 != digest
    if is_earlier and claimed > together - ROUNDING and measured.score > claimed + TOLERANCE:
        # What no step lost visibly can be visible in all.
        steps.failed(_STEP, f"more was lost since that original than the steps add up to: {beside}")
        return None, measured
    true = steps.check(
        _STEP,
        measured.score <= claimed + TOLERANCE,
        f"the label does not understate its risk: {beside}",
        f"the label understates its risk: {beside}",
    )
    return true, measured


def _together(label: Label, digest: str) -> float | None:
    """What the steps from an original on add up to; None where the label does not name it."""
    names = [step.original_sha256 for step in label.history] or [label.original.sha256]
    if digest not in names:
        return None
    since = label.history[names.index(digest) :]
    return 1 - math.prod(1 - step.score for step in since) if since else 1.0


def _without(
    shown: NDArray[np.uint8], original: NDArray[np.uint8], marks: Iterable[Box]
) -> NDArray[np.uint8]:
    """``shown`` with small marks replaced by what was there before."""
    bare = shown.copy()
    largest = max(LEAST_MARK, MARK_SHARE * shown.shape[0] * shown.shape[1])
    for x, y, width, height in marks:
        if min(x, y) >= 0 and 0 < width * height <= largest:
            place = np.s_[y : y + height, x : x + width]
            bare[place] = original[place]
            largest -= width * height
    return bare
