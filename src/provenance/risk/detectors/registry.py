"""Which detectors there are: the built-in ones, and any that a package adds by entry point."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points

from ...errors import UsageError
from .base import ENTRY_POINTS, Detector
from .outside import OutsideDetector

_OWN = {
    "signal": "SignalDetector",
    "text": "TextDetector",
    "faces": "FacesDetector",
    "lights": "LightsDetector",
    "objects": "ObjectsDetector",
    "identity": "IdentityDetector",
}
"""Classes of our own, each in the module of its name, in the order they run."""

TAKEN = frozenset({*_OWN, "seeds"})
"""Names that no other detector can have."""


@dataclass(frozen=True, slots=True)
class Detectors:
    """What can look, and the names of what cannot."""

    ready: tuple[Detector, ...]
    unavailable: tuple[str, ...]


def find_detectors(names: Sequence[str] | None = None) -> Detectors:
    """The detectors of these names, or all of them, in the order they run.

    Warns:
        RuntimeWarning: One cannot be loaded; says why.

    Raises:
        UsageError: There is no detector of a name.
    """
    points = _points()
    for name in names or ():
        if name not in points:
            raise UsageError(f"no detector is called {name!r}; there are {', '.join(points)}")
    ready: list[Detector] = []
    unavailable: list[str] = []
    for name, point in points.items():
        detector = _made(point) if names is None or name in names else None
        if detector is None:
            unavailable.append(name)
        else:
            ready.append(detector)
    return Detectors(tuple(ready), tuple(unavailable))


def _points() -> dict[str, EntryPoint]:
    """By name, our own first, whose names nobody takes."""
    points = {
        name: EntryPoint(name, f"{__package__}.{name}:{maker}", ENTRY_POINTS)
        for name, maker in _OWN.items()
    }
    for point in sorted(entry_points(group=ENTRY_POINTS), key=lambda point: point.name):
        if point.name not in TAKEN:
            points[point.name] = point
    return points


def _made(point: EntryPoint) -> Detector | None:
    """The detector, or None where it cannot work here."""
    try:
        detector: Detector = point.load()()
        if point.name not in _OWN:
            detector = OutsideDetector(detector, point.name)
        return detector if detector.available() else None
    except (Exception, SystemExit) as error:
        # Another package's code may fail in any way. The label then names it as missing.
        problem = f"{type(error).__name__}: {error}"
        warnings.warn(f"detector {point.name}: {problem}", RuntimeWarning, stacklevel=2)
        return None
