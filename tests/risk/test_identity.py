"""Who a face looks like, by the networks of the extra ``identity``."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from provenance.risk import assess
from provenance.risk.detectors.facial import Face, find_faces
from provenance.risk.detectors.identity import IdentityDetector, describe

Pixels = npt.NDArray[np.uint8]


def largest(pixels: Pixels) -> Face:
    return max(find_faces(pixels, 0.6), key=lambda face: face.side)


@pytest.fixture(scope="module")
def portrait(photo: Callable[[str], Pixels]) -> Pixels:
    return np.ascontiguousarray(photo("faces/portrait-2.jpg")[:, 500:1500])


@pytest.fixture(scope="module")
def swapped(portrait: Pixels, photo: Callable[[str], Pixels]) -> Pixels:
    """Another person's face, where the first one's was."""
    other = photo("faces/portrait-1.jpg")
    first, second = largest(portrait), largest(other)
    scale = first.side / second.side
    moved = np.array(
        [[scale, 0, first.x - scale * second.x], [0, scale, first.y - scale * second.y]]
    )
    height, width = portrait.shape[:2]
    shown = cv2.warpAffine(other, moved, (width, height), flags=cv2.INTER_AREA)
    y, x = np.mgrid[:height, :width]
    away = np.hypot(x - first.x, y - first.y) / first.side
    weight = np.clip((0.75 - away) / 0.15, 0, 1)[..., None]
    blended: Pixels = np.rint(weight * shown + (1 - weight) * portrait).astype(np.uint8)
    return blended


def test_another_persons_face_is_found(portrait: Pixels, swapped: Pixels) -> None:
    found = assess(portrait, swapped, detectors=["identity"])
    (finding,) = found.findings
    assert finding.symbol == "face" and finding.probability > 0.5
    assert finding.evidence["identity_distance"] > 0.6
    assert finding.sentence == "A face in the middle looks like somebody else." or (
        finding.sentence.startswith("A face at the ")
    )
    face = largest(portrait)
    x, y, width, height = finding.box
    assert x < face.x < x + width and y < face.y < y + height
    # Faces and identity speak of one face: it counts once.
    assert len(assess(portrait, swapped, detectors=["faces", "identity"]).findings) == 1


def test_what_keeps_the_person_is_none(
    portrait: Pixels, jpeg: Callable[[Pixels, int], Pixels]
) -> None:
    darker: Pixels = (portrait * 0.8).astype(np.uint8)
    blurred = np.asarray(cv2.GaussianBlur(portrait, (0, 0), 2.0), np.uint8)
    for changed in (jpeg(portrait, 30), darker, blurred):
        assert not assess(portrait, changed, detectors=["identity"]).findings
    gone = portrait.copy()
    face = largest(portrait)
    half = int(0.8 * face.side)
    gone[int(face.y) - half : int(face.y) + half, int(face.x) - half : int(face.x) + half] = 128
    assert not assess(portrait, gone, detectors=["identity"]).findings


def test_a_generative_codecs_face_is_somebody_elses(photo: Callable[[str], Pixels]) -> None:
    original = photo("kodak/kodim18.png")
    found = assess(original, photo("pairs/diffeic-kodak/kodim18-lambda16.webp"))
    assert "identity" in found.assessor.detectors
    distances = [finding.evidence.get("identity_distance", 0) for finding in found.findings]
    assert max(distances) > 0.6


def test_two_photos_of_one_person_are_near(photo: Callable[[str], Pixels]) -> None:
    pictures = [photo(f"faces/portrait-{name}.jpg") for name in ("2", "2b", "1")]
    one, again, other = (describe(pixels, largest(pixels)) for pixels in pictures)
    assert np.linalg.norm(one - again) < 0.6 < np.linalg.norm(one - other)


def test_it_is_there_with_the_extra() -> None:
    assert IdentityDetector().available()
