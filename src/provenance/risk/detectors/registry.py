"""Which detectors there are: the built-in ones, and any that a package adds by entry point."""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points

from ...errors import UsageError
from .base import BUILT_IN, ENTRY_POINTS, Detector


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
        UsageError: A name that no detector and no expected one has.
    """
    makers = _makers()
    known = list(makers)
    for name in names or ():
        if name not in known:
            raise UsageError(f"no detector is called {name!r}; there are {', '.join(known)}")
    ready: list[Detector] = []
    unavailable: list[str] = []
    for name in known:
        detector = _made(name, makers[name]) if names is None or name in names else None
        if detector is None:
            unavailable.append(name)
        else:
            ready.append(detector)
    return Detectors(tuple(ready), tuple(unavailable))


def _makers() -> dict[str, Callable[[], Detector]]:
    makers: dict[str, Callable[[], Detector]] = {
        "signal": _signal,
        "text": _text,
        "faces": _faces,
        "lights": _lights,
        "objects": _objects,
        "identity": _identity,
    }
    for point in sorted(entry_points(group=ENTRY_POINTS), key=lambda point: point.name):
        if point.name not in BUILT_IN:
            makers[point.name] = functools.partial(_load, point)
    return makers


def _load(point: EntryPoint) -> Detector:
    from .outside import OutsideDetector

    return OutsideDetector(point.load()(), point.name)


def _made(name: str, maker: Callable[[], Detector]) -> Detector | None:
    """The detector, or None where it cannot work here."""
    try:
        detector = maker()
        return detector if detector.available() else None
    except (Exception, SystemExit) as error:
        # Another package's code may fail in any way. The label then names it as missing.
        problem = f"{type(error).__name__}: {error}"
        warnings.warn(f"detector {name}: {problem}", RuntimeWarning, stacklevel=2)
        return None


def _signal() -> Detector:
    from .signal import SignalDetector

    return SignalDetector()


def _text() -> Detector:
    from .text import TextDetector

    return TextDetector()


def _faces() -> Detector:
    from .faces import FacesDetector

    return FacesDetector()


def _lights() -> Detector:
    from .lights import LightsDetector

    return LightsDetector()


def _objects() -> Detector:
    from .objects import ObjectsDetector

    return ObjectsDetector()


def _identity() -> Detector:
    from .identity import IdentityDetector

    return IdentityDetector()
