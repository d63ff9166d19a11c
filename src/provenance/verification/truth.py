"""Step 13: what the label claims, beside what was really lost."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .. import imaging
from ..files import sha256
from ..labels import Label
from .steps import Steps

TOLERANCE = 0.05
"""By how much a claimed score may be lower than what is measured here: detectors of another
version, and what a second format adds."""

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
) -> bool | None:
    """Assess again, with every detector that is here, and compare with the claimed risk.

    The original may be the one of the last compression or, where the label tells of several, that
    of an earlier one: the risk that is claimed from there on is compared.

    Args:
        shown: uint8 [height, width, 3], the picture that the file holds; None if it holds none.
        marks: places that the signer says a visible mark was drawn into.

    Returns:
        Whether the label is true; None where there is nothing to compare.

    Raises:
        InputError: The original is no image, or beyond ``max_pixels``.
    """
    from ..risk import assess

    photo = imaging.load(original.data, original.name, max_pixels=max_pixels)
    if label is None:
        steps.skipped(_STEP, "no label to compare with it")
        return None
    if shown is None:
        steps.skipped(_STEP, "the file holds no picture to compare with it")
        return None
    digest = sha256(original.data)
    claimed = _claimed(label, digest)
    if claimed is None:
        named = label.original.sha256
        return steps.failed(
            _STEP, f"not the one that the label names: SHA-256 {digest[:12]}…, not {named[:12]}…"
        )
    if photo.pixels.shape != shown.shape:
        sizes = f"{photo.width}x{photo.height}, the picture {shown.shape[1]}x{shown.shape[0]}"
        return steps.failed(_STEP, f"of another size: {sizes}")
    found = assess(photo.pixels, _without(shown, photo.pixels, marks)).score
    beside = f"claims {claimed:.2f}, measured again {found:.2f}"
    return steps.check(
        _STEP,
        found <= claimed + TOLERANCE,
        f"the label does not understate its risk: {beside}",
        f"the label understates its risk: {beside}",
    )


def _claimed(label: Label, digest: str) -> float | None:
    """The score that the label claims from an original on; None where it does not name it."""
    names = [step.original_sha256 for step in label.history] or [label.original.sha256]
    if digest not in names:
        return None
    since = label.history[names.index(digest) :]
    together = 1 - math.prod(1 - step.score for step in since) if since else 1.0
    # People read the label's own score, whatever its steps add up to.
    return min(label.risk.score, together)


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
