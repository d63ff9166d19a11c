"""Faces that vanished, appeared, or are no longer as they were.

Faces are found in both pictures. Each is looked at in the original, in the reconstruction and,
slightly harmed, in the original again: what that changes is the networks' noise, and is subtracted.
Who somebody looks like, `identity` compares.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ...labels import Finding
from ...taxonomy import Symbol, Type
from ..calibration import (
    EYE_CLOSED,
    EYE_STRUCTURE,
    FACE_MOVED,
    FACE_STRUCTURE,
    GAZE,
    IRIS,
    MIN_PROBABILITY,
    SKIN,
)
from ..pair import Pair
from ..places import Box, whereabouts, whole_pixels
from ..scoring import deceptiveness
from . import facial
from .facial import Face, find_faces, same_face
from .features import EyeChange, FaceChange, compare_features

Corners = tuple[float, float, float, float]

MIN_SCORE = 0.6
"""Of the face detector, from which a face is compared."""
ANY_SCORE = 0.3
"""Score above which the other picture may still show a face there."""
PRESENT, ABSENT = 0.7, 0.2
"""Of the mesh network: presence from which there is a face, and below which there is none."""
MIN_SIDE_PX = 14.0
"""Side of the smallest face that is compared."""
MIN_EYE_PX = 8.0
"""Width of the smallest eye that is compared apart from its face."""
WHOLE = 0.5
"""Probability of a face from which it is reported as one, though its eyes changed more."""
ALONE = 3.0
"""Unless an eye lost this many times as much structure as the face did."""
CHANGED_AT_ALL = 0.25
"""Change within a face, below which it is not compared: nothing visible is different."""
MAX_FACES = 24
"""The largest are compared; a crowd would take minutes."""
JITTER = 2.0
"""How often the change that perturbing makes is subtracted."""
UNLIKE = 0.6
"""Structure lost above which features cannot be followed any more."""
CLOSED = 0.14
"""Gap between the lids over the width of the eye, below which it is shut."""


@dataclass(frozen=True, slots=True)
class Aspect:
    """One way in which a face or an eye may have changed."""

    name: str
    probability: float
    kind: Type | None
    """Its type; None where the signals tell."""


class FacesDetector:
    """Compares faces and their eyes."""

    name = "faces"

    def available(self) -> bool:
        """Whether the networks are there."""
        return facial.available()

    def find(self, pair: Pair) -> Sequence[Finding]:
        """For each face that changed, itself or, where they changed more, its eyes."""
        before, after = pair.once(faces_of)
        findings: list[Finding] = []
        for face in worth_comparing(before):
            if not changed_at_all(pair, face):
                continue
            change = compare_features(pair.original, pair.reconstruction, face)
            if change.presence < PRESENT:
                continue
            gone = change.presence_after < ABSENT and not _any_at(after, face)
            findings += self._lost(pair, change) if gone else self._changed(pair, change)
        for face in worth_comparing(after):
            if _any_at(before, face) or not changed_at_all(pair, face):
                continue
            change = compare_features(pair.reconstruction, pair.original, face)
            if change.presence >= PRESENT and change.presence_after < ABSENT:
                findings += self._lost(pair, change, appeared=True)
        return [finding for finding in findings if finding.probability >= MIN_PROBABILITY]

    def _lost(self, pair: Pair, change: FaceChange, *, appeared: bool = False) -> list[Finding]:
        where = whereabouts(_box(change.box, pair), *pair.original.shape[1::-1])
        if appeared:
            sentence = f"A face has appeared {where}."
        else:
            sentence = f"A face {where} can no longer be made out as one."
        aspect = Aspect("presence", FACE_STRUCTURE(_structure(change)), None)
        presences = (change.presence, change.presence_after)
        first, second = presences[::-1] if appeared else presences
        evidence = {
            "presence_before": round(first, 2),
            "presence_after": round(second, 2),
            **_face_evidence(change),
        }
        if appeared:  # It was measured the other way round.
            evidence["skin_lightness_shift_oklab"] *= -1
        return [self._finding(pair, change.box, Symbol.FACE, [aspect], evidence, sentence)]

    def _changed(self, pair: Pair, change: FaceChange) -> list[Finding]:
        aspects = _face_aspects(pair, change)
        face = max(aspects, key=lambda aspect: aspect.probability)
        eyes = [(eye, _eye_aspects(eye)) for eye in change.eyes if eye.width >= MIN_EYE_PX]
        worse = [
            (eye, parts)
            for eye, parts in eyes
            if max(part.probability for part in parts) > face.probability
            and (face.probability < WHOLE or _structure(eye) > ALONE * _structure(change))
        ]
        where = whereabouts(_box(change.box, pair), *pair.original.shape[1::-1])
        if not worse:
            sentence = _face_sentence(face, change, where)
            evidence = _face_evidence(change)
            return [self._finding(pair, change.box, Symbol.FACE, aspects, evidence, sentence)]
        return [
            self._finding(
                pair,
                eye.box,
                Symbol.EYE,
                parts,
                _eye_evidence(eye),
                _eye_sentence(eye, parts, where),
            )
            for eye, parts in worse
        ]

    def _finding(
        self,
        pair: Pair,
        corners: Corners,
        symbol: Symbol,
        aspects: Sequence[Aspect],
        evidence: Mapping[str, float],
        sentence: str,
    ) -> Finding:
        box = _box(corners, pair)
        seen = pair.signals.measure(box)
        return Finding(
            box=box,
            types=_types(aspects, seen.types),
            symbol=str(symbol),
            probability=max(aspect.probability for aspect in aspects),
            deceptiveness=deceptiveness(seen.crispness),
            detector=self.name,
            evidence=evidence,
            sentence=sentence,
        )


def _face_aspects(pair: Pair, change: FaceChange) -> list[Aspect]:
    moved = max(_beyond(change.moved[name], change.moved_jitter[name]) for name in change.moved)
    if change.presence_after < PRESENT or change.structure_lost > UNLIKE:
        # Points of what is no longer that face lie anywhere.
        moved = 0.0
    # A change of tone that the whole picture shares is not one of the skin: the lesser counts.
    local = pair.signals.shift[pair.signals.cells(_box(_inner(change.box), pair))]
    local_shift = float(np.linalg.norm(np.median(local.reshape(-1, 3), axis=0)))
    skin = min(local_shift, _beyond(math.hypot(*change.skin_shift), change.skin_jitter))
    # Features that can no longer be made out have vanished, which to the taxonomy is amplitude.
    vanished = change.presence_after < ABSENT
    kind = Type.AMPLITUDE if vanished else None
    return [
        Aspect("structure", FACE_STRUCTURE(_structure(change)), kind),
        Aspect("moved", FACE_MOVED(moved), Type.GEOMETRY),
        Aspect("skin", SKIN(skin), Type.AMPLITUDE),
    ]


def _eye_aspects(eye: EyeChange) -> list[Aspect]:
    lids = _beyond(abs(eye.openness[1] - eye.openness[0]), eye.openness_jitter)
    gaze = _beyond(math.dist(*eye.gaze), eye.gaze_jitter)
    iris = _beyond(eye.iris_shift, eye.iris_jitter)
    # Of an eye that is shut there is no gaze and no iris.
    open_ = min(eye.openness) >= CLOSED
    return [
        Aspect("structure", EYE_STRUCTURE(_structure(eye) * eye.width), None),
        Aspect("lids", EYE_CLOSED(lids), Type.SHAPE),
        Aspect("gaze", GAZE(gaze) if open_ else 0.0, Type.GEOMETRY),
        Aspect("iris", IRIS(iris) if open_ else 0.0, Type.AMPLITUDE),
    ]


def _structure(change: FaceChange | EyeChange) -> float:
    return _beyond(change.structure_lost, change.structure_jitter)


def _beyond(measure: float, jitter: float) -> float:
    return max(0.0, measure - JITTER * max(0.0, jitter))


def _types(aspects: Sequence[Aspect], structure: Mapping[str, float]) -> dict[str, float]:
    """Shares: each aspect counts for its type as much as it is likely.

    Args:
        structure: shares of what has no type of its own.
    """
    shares = {str(kind): 0.0 for kind in Type}
    for aspect in aspects:
        for kind in Type:
            share = structure[str(kind)] if aspect.kind is None else float(aspect.kind is kind)
            shares[str(kind)] += share * aspect.probability
    total = sum(shares.values())
    return {kind: share / total for kind, share in shares.items()} if total > 0 else dict(structure)


def _face_evidence(change: FaceChange) -> dict[str, float]:
    part = max(change.moved, key=lambda name: change.moved[name])
    return {
        "structure_left_over": round(change.structure_lost, 2),
        "displacement_px": round(change.moved[part] * change.eye_distance, 1),
        "displacement_of_eye_distance": round(change.moved[part], 3),
        "skin_shift_oklab": round(math.hypot(*change.skin_shift), 1),
        "skin_lightness_shift_oklab": round(change.skin_shift[0], 1),
        "eye_distance_px": round(change.eye_distance, 1),
    }


def _eye_evidence(eye: EyeChange) -> dict[str, float]:
    return {
        "structure_left_over": round(eye.structure_lost, 2),
        "eye_width_px": round(eye.width, 1),
        "openness_before": round(eye.openness[0], 2),
        "openness_after": round(eye.openness[1], 2),
        "gaze_shift_of_eye_width": round(math.dist(*eye.gaze), 2),
        "iris_shift_oklab": round(eye.iris_shift, 1),
    }


def _face_sentence(aspect: Aspect, change: FaceChange, where: str) -> str:
    if aspect.name == "moved":
        part = max(
            change.moved,
            key=lambda name: _beyond(change.moved[name], change.moved_jitter[name]),
        )
        pixels = change.moved[part] * change.eye_distance
        verb = "have" if part == "brows" else "has"
        return f"The {part} of a face {where} {verb} moved by about {max(1, round(pixels))} pixels."
    if aspect.name == "skin":
        lightness = change.skin_shift[0]
        if abs(lightness) > 0.7 * math.hypot(*change.skin_shift):
            return f"The skin of a face {where} is {'lighter' if lightness > 0 else 'darker'}."
        return f"The skin of a face {where} has another colour."
    if change.presence_after < ABSENT:
        return f"The features of a face {where} can no longer be made out."
    return f"A face {where} has other features than it had."


def _eye_sentence(eye: EyeChange, aspects: Sequence[Aspect], where: str) -> str:
    shut = [value < CLOSED for value in eye.openness]
    likely = {aspect.name: aspect.probability for aspect in aspects}
    if likely.get("lids", 0.0) >= 0.5 and shut[0] != shut[1]:
        return f"An eye of a face {where} is {'closed or gone' if shut[1] else 'open'} now."
    worst = max(likely, key=lambda name: likely[name])
    fates = {
        "lids": "is open wider" if eye.openness[1] > eye.openness[0] else "is narrower",
        "gaze": "looks elsewhere",
        "iris": "has another colour or brightness",
        "structure": "no longer looks as it did",
    }
    return f"An eye of a face {where} {fates[worst]}."


def faces_of(pair: Pair) -> tuple[list[Face], list[Face]]:
    """What may be a face in the original, and in the reconstruction."""
    return find_faces(pair.original, ANY_SCORE), find_faces(pair.reconstruction, ANY_SCORE)


def worth_comparing(faces: Sequence[Face]) -> list[Face]:
    """Those worth comparing, the largest first."""
    sure = [face for face in faces if face.score >= MIN_SCORE and face.side >= MIN_SIDE_PX]
    return sorted(sure, key=lambda face: -face.side)[:MAX_FACES]


def _any_at(faces: Sequence[Face], face: Face) -> bool:
    return any(same_face(face, other) for other in faces)


def changed_at_all(pair: Pair, face: Face) -> bool:
    """Whether anything of a face is visibly different."""
    cells = pair.signals.cells(face_box(pair, face))
    return float(np.quantile(pair.signals.change[cells], 0.98)) > CHANGED_AT_ALL


def face_box(pair: Pair, face: Face) -> Box:
    """From brow to chin, whole pixels within the picture."""
    half = face.side / 2
    return _box((face.x - half, face.y - half, face.x + half, face.y + half), pair)


def _inner(corners: Corners) -> Corners:
    """The middle half of a box, which in a face is skin."""
    left, top, right, bottom = corners
    across, down = (right - left) / 4, (bottom - top) / 4
    return left + across, top + down, right - across, bottom - down


def _box(corners: Corners, pair: Pair) -> Box:
    """Whole pixels within the picture; at least one."""
    return whole_pixels(corners, *pair.original.shape[1::-1])
