"""Faces and eyes that vanish, appear or are no longer as they were."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from provenance.labels import Finding
from provenance.risk import assess
from provenance.risk.detectors import facial
from provenance.risk.detectors.facial import Face, find_faces, mesh_points, square_of

Pixels = npt.NDArray[np.uint8]
Points = npt.NDArray[np.float32]
Photo = Callable[[str], Pixels]
Jpeg = Callable[[Pixels, int], Pixels]
Box = tuple[int, int, int, int]


@dataclasses.dataclass(frozen=True)
class Portrait:
    """A photo with one face that is well seen, and where its features lie."""

    pixels: Pixels
    face: Face
    points: Points

    def eye(self) -> tuple[Points, float]:
        """Centre and width of the eye on the left."""
        outer, inner = self.points[[33, 133]]
        centre: Points = self.points[[33, 133, 159, 145]].mean(axis=0)
        return centre, float(np.linalg.norm(outer - inner))


def portrait_of(pixels: Pixels) -> Portrait:
    face = find_faces(pixels, 0.6)[0]
    square = square_of(face)
    points, _presence = mesh_points([square.cut(pixels, 192)])
    return Portrait(pixels, face, square.to_picture(points[0], 192))


@pytest.fixture(scope="session")
def woman(photo: Photo) -> Portrait:
    """A face of 59 px, eyes of 10 px."""
    return portrait_of(photo("kodak/kodim18.png"))


@pytest.fixture(scope="session")
def president(photo: Photo) -> Portrait:
    """A face of 165 px, eyes of 26 px."""
    pixels = photo("faces/portrait-1.jpg")
    return portrait_of(
        np.asarray(cv2.resize(pixels, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA), np.uint8)
    )


def faces(original: Pixels, reconstruction: Pixels) -> tuple[Finding, ...]:
    return assess(original, reconstruction, detectors=["faces"]).findings


def inside(box: Box, portrait: Portrait) -> bool:
    """Whether a box's middle lies within the face."""
    face = portrait.face
    x, y = box[0] + box[2] / 2 - face.x, box[1] + box[3] / 2 - face.y
    return max(abs(x), abs(y)) < face.side


def blended(
    below: Pixels, above: npt.NDArray[np.floating], mask: npt.NDArray[np.floating]
) -> Pixels:
    mixed: Pixels = (
        (below * (1 - mask[..., None]) + above * mask[..., None]).round().astype(np.uint8)
    )
    return mixed


def oval(shape: tuple[int, ...], centre: Points, rx: float, ry: float) -> Points:
    y, x = np.mgrid[: shape[0], : shape[1]]
    mask: Points = np.clip(
        1.6 - ((x - centre[0]) / rx) ** 2 - ((y - centre[1]) / ry) ** 2, 0, 1
    ).astype(np.float32)
    return mask


def hull(portrait: Portrait) -> Points:
    mask = np.zeros(portrait.pixels.shape[:2], np.uint8)
    cv2.fillConvexPoly(mask, cv2.convexHull(portrait.points.astype(np.int32)), (255,))
    soft = cv2.GaussianBlur(mask, (0, 0), 0.04 * portrait.face.side)
    return np.asarray(soft, dtype=np.float32) / np.float32(255)


def without_eye(portrait: Portrait) -> Pixels:
    (x, y), width = portrait.eye()
    mask = np.zeros(portrait.pixels.shape[:2], np.uint8)
    cv2.ellipse(mask, (int(x), int(y)), (int(0.7 * width), int(0.4 * width)), 0, 0, 360, (255,), -1)
    return np.asarray(cv2.inpaint(portrait.pixels, mask, 3, cv2.INPAINT_TELEA), np.uint8)


def with_shut_eye(portrait: Portrait) -> Pixels:
    """The lid drawn down: skin from above the eye over the eye."""
    centre, width = portrait.eye()
    lid = np.roll(portrait.pixels, round(0.45 * width), axis=0).astype(np.float32)
    return blended(
        portrait.pixels, lid, oval(portrait.pixels.shape, centre, 0.6 * width, 0.28 * width)
    )


def with_moved_mouth(portrait: Portrait, share: float) -> Pixels:
    """The mouth moved down by a share of the distance between the eyes."""
    points, shape = portrait.points, portrait.pixels.shape
    centre = points[[13, 14]].mean(axis=0)
    width = float(np.linalg.norm(points[61] - points[291]))
    apart = points[[33, 133]].mean(axis=0) - points[[263, 362]].mean(axis=0)
    y, x = np.mgrid[: shape[0], : shape[1]].astype(np.float32)
    push = np.exp(
        -(((x - centre[0]) / (0.8 * width)) ** 2) - ((y - centre[1]) / (0.6 * width)) ** 2
    )
    step = (share * float(np.linalg.norm(apart)) * push).astype(np.float32)
    return np.asarray(cv2.remap(portrait.pixels, x, y - step, cv2.INTER_LINEAR), np.uint8)


def with_face_of(portrait: Portrait, other: Portrait) -> Pixels:
    """Another face laid over this one, in its place, size and mean colour."""
    matrix, _used = cv2.estimateAffinePartial2D(other.points, portrait.points)
    size = portrait.pixels.shape[1::-1]
    laid = cv2.warpAffine(other.pixels, matrix, size, flags=cv2.INTER_AREA).astype(np.float32)
    mask = hull(portrait)
    core = mask > 0.9
    laid += portrait.pixels[core].mean(axis=0) - laid[core].mean(axis=0)
    return blended(portrait.pixels, np.clip(laid, 0, 255), mask)


def test_the_weights_are_in_the_package() -> None:
    assert facial.available()
    assert "Apache" in (Path(facial.WEIGHTS) / "LICENSE-Apache-2.0.txt").read_text()


def test_faces_of_all_sizes_are_found(photo: Photo) -> None:
    crew = find_faces(photo("kodak/kodim14.png"), 0.6)
    assert len(crew) >= 4
    assert all(12 < face.side < 30 for face in crew)
    (large,) = find_faces(photo("kodak/kodim04.png"), 0.6)
    assert large.side > 250
    assert large.eyes[0][0] < large.eyes[1][0]


def test_an_eye_that_is_gone_is_found(woman: Portrait, president: Portrait) -> None:
    for portrait in (woman, president):
        (found,) = faces(portrait.pixels, without_eye(portrait))
        assert found.symbol == "eye"
        assert found.probability > 0.6
        x, y, width, height = found.box
        centre, _width = portrait.eye()
        assert x <= centre[0] <= x + width
        assert y <= centre[1] <= y + height


def test_an_eye_that_a_codec_smeared_is_found(photo: Photo) -> None:
    original = np.ascontiguousarray(photo("kodak/kodim15.png")[::2, ::2])
    smeared = original.copy()
    smeared[62:102, 222:282] = cv2.GaussianBlur(original[62:102, 222:282], (0, 0), 5)
    found = [finding for finding in faces(original, smeared) if finding.symbol == "eye"]
    assert found
    assert found[0].probability > 0.5
    assert 222 < found[0].box[0] + found[0].box[2] / 2 < 282


def test_an_eye_that_closed_is_found(woman: Portrait) -> None:
    found = faces(woman.pixels, with_shut_eye(woman))[0]
    assert found.symbol == "eye"
    assert found.probability > 0.6
    assert found.evidence["openness_after"] < 0.7 * found.evidence["openness_before"]


def test_a_mouth_that_moved_is_found(president: Portrait) -> None:
    found = faces(president.pixels, with_moved_mouth(president, 0.25))[0]
    assert found.symbol == "face"
    assert found.probability > 0.5
    assert max(found.types, key=lambda kind: found.types[kind]) == "geometry"
    assert found.evidence["displacement_of_eye_distance"] > 0.1
    assert faces(president.pixels, with_moved_mouth(president, 0.01)) == ()


@pytest.mark.parametrize(("factor", "word"), [(0.7, "darker"), (1.35, "lighter")])
def test_skin_of_another_colour_is_found(woman: Portrait, factor: float, word: str) -> None:
    other = np.clip(woman.pixels * factor, 0, 255)
    (found,) = faces(woman.pixels, blended(woman.pixels, other, hull(woman)))
    assert found.symbol == "face"
    assert found.types["amplitude"] > 0.8
    assert found.sentence.endswith(f"is {word}.")


def test_a_tone_that_the_whole_picture_shares_is_no_matter_of_skin(woman: Portrait) -> None:
    darker = (woman.pixels * 0.8).round().astype(np.uint8)
    assert faces(woman.pixels, darker) == ()


def test_another_face_is_found(woman: Portrait, president: Portrait) -> None:
    found = faces(woman.pixels, with_face_of(woman, president))[0]
    assert found.symbol == "face"
    assert found.probability > 0.8
    assert found.deceptiveness > 0.5
    assert inside(found.box, woman)


def test_a_face_that_vanished_and_one_that_appeared_are_found(president: Portrait) -> None:
    size = 0.25 * president.face.side
    bare = cv2.GaussianBlur(president.pixels, (0, 0), size).astype(np.float32)
    without = blended(president.pixels, bare, hull(president))
    (gone,) = faces(president.pixels, without)
    assert gone.sentence == "A face at the top can no longer be made out as one."
    assert gone.probability > 0.6
    (come,) = faces(without, president.pixels)
    assert come.sentence == "A face has appeared at the top."
    assert {gone.symbol, come.symbol} == {"face"}
    assert inside(gone.box, president)


def test_features_that_can_no_longer_be_made_out_are_amplitude(photo: Photo) -> None:
    original = photo("kodak/kodim12.png")
    smeared = original.copy()
    smeared[110:155, 255:300] = cv2.GaussianBlur(original[110:155, 255:300], (0, 0), 3)
    found = faces(original, smeared)[0]
    assert found.sentence == "The features of a face at the top can no longer be made out."
    assert found.types["amplitude"] > 0.5


@pytest.mark.parametrize("name", ["kodak/kodim18.png", "kodak/kodim14.png", "text/curved-1.jpg"])
@pytest.mark.parametrize("quality", [75, 90])
def test_faces_kept_by_jpeg_are_silent(photo: Photo, jpeg: Jpeg, name: str, quality: int) -> None:
    original = photo(name)
    assert find_faces(original, 0.6)
    assert faces(original, jpeg(original, quality)) == ()


def test_a_face_that_a_generative_codec_made_anew_is_found(photo: Photo) -> None:
    original = photo("kodak/kodim18.png")
    worst, best = (
        faces(original, photo(f"pairs/diffeic-kodak/kodim18-lambda{rate}.webp"))[0]
        for rate in (16, 1)
    )
    assert worst.symbol == "face"
    assert worst.probability > best.probability > 0.8


def test_pictures_without_faces_are_silent(lighthouse: Pixels) -> None:
    assert faces(lighthouse, 255 - lighthouse) == ()
    assert faces(lighthouse[:9, :7], 255 - lighthouse[:9, :7]) == ()
