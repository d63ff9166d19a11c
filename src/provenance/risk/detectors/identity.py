"""Whether a face still looks like the same person, where the extra ``identity`` is installed.

The networks are D. King's, from the package ``face_recognition_models`` (CC0): five landmarks, by
which a face is turned upright, and a residual network that puts faces of one person near each other
in 128 dimensions. They are read as files; nothing of that package is imported.
"""

from __future__ import annotations

import functools
import importlib.util
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ...labels import Finding
from ...taxonomy import Symbol
from ..calibration import IDENTITY, MIN_PROBABILITY
from ..pair import Pair
from ..places import whereabouts
from ..scoring import deceptiveness
from . import facial
from .faces import changed_at_all, face_box, faces_of, worth_comparing
from .facial import Face, same_face

Pixels = npt.NDArray[np.uint8]

PACKAGE = "face_recognition_models"
LANDMARKS = "shape_predictor_5_face_landmarks.dat"
NETWORK = "dlib_face_recognition_resnet_model_v1.dat"

MIN_SIDE_PX = 48.0
"""Side of the smallest face that is compared: below, JPEG 20 alone takes people apart."""
MAX_FACES = 8
"""The largest are compared; each costs two runs of the network."""


class IdentityDetector:
    """Compares who somebody looks like."""

    name = "identity"

    def available(self) -> bool:
        """Whether the extra is installed."""
        installed = importlib.util.find_spec("dlib") is not None
        return installed and facial.available() and _models() is not None

    def find(self, pair: Pair) -> Sequence[Finding]:
        """The faces that look like somebody else; one that is gone is none."""
        before, after = pair.once(faces_of)
        large = [face for face in worth_comparing(before) if face.side >= MIN_SIDE_PX][:MAX_FACES]
        found = []
        for face in large:
            if not changed_at_all(pair, face):
                continue
            seen = next((other for other in after if same_face(face, other)), None)
            if seen is not None:
                found.append(self._finding(pair, face, seen))
        return [finding for finding in found if finding.probability >= MIN_PROBABILITY]

    def _finding(self, pair: Pair, face: Face, seen: Face) -> Finding:
        first, second = describe(pair.original, face), describe(pair.reconstruction, seen)
        distance = float(np.linalg.norm(first - second))
        box = face_box(pair, face)
        measured = pair.signals.measure(box)
        where = whereabouts(box, *pair.original.shape[1::-1])
        return Finding(
            box=box,
            types=measured.types,
            symbol=str(Symbol.FACE),
            probability=IDENTITY(distance),
            deceptiveness=deceptiveness(measured.crispness),
            detector=self.name,
            evidence={"identity_distance": round(distance, 2), "face_side_px": round(face.side)},
            sentence=f"A face {where} looks like somebody else.",
        )


def describe(pixels: Pixels, face: Face) -> npt.NDArray[np.float64]:
    """Where a face lies in the network's space, ``[128]``.

    Args:
        pixels: uint8 [h, w, 3], sRGB.
    """
    import dlib

    landmarks, network = _loaded()
    half = face.side / 2
    corners = (face.x - half, face.y - half, face.x + half, face.y + half)
    shape = landmarks(pixels, dlib.rectangle(*(round(value) for value in corners)))
    return np.array(network(pixels, shape))


@functools.cache
def _loaded() -> tuple[Callable[..., object], Callable[..., Sequence[float]]]:
    import dlib

    folder = _models()
    assert folder is not None
    network = dlib.face_recognition_model_v1(str(folder / NETWORK))
    return dlib.shape_predictor(str(folder / LANDMARKS)), network.compute_face_descriptor


def _models() -> Path | None:
    """The folder of the networks, without running what it lies in."""
    spec = importlib.util.find_spec(PACKAGE)
    for place in (spec and spec.submodule_search_locations) or ():
        folder = Path(place) / "models"
        if all((folder / name).is_file() for name in (LANDMARKS, NETWORK)):
            return folder
    return None
