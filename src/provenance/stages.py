"""Where the time goes: named stages, timed and announced."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager


class Stages:
    """Times the stages of one job.

    Args:
        announce: called with each stage's name when it begins; a progress display, say.
    """

    def __init__(self, announce: Callable[[str], None] | None = None) -> None:
        self._announce = announce
        self.seconds: dict[str, float] = {}
        """Wall-clock seconds by stage, in order of their beginning."""

    @contextmanager
    def __call__(self, name: str) -> Iterator[None]:
        if self._announce:
            self._announce(name)
        began = time.perf_counter()
        try:
            yield
        finally:
            self._add(name, time.perf_counter() - began)

    def divide(self, name: str, parts: Mapping[str, float]) -> None:
        """Replace a stage that is over by its parts, named ``stage: part``.

        Args:
            parts: seconds of each; what they lack to the whole stays under the stage's own name.
        """
        rest = self.seconds.pop(name) - sum(parts.values())
        for part, seconds in parts.items():
            self._add(f"{name}: {part}", seconds)
        self._add(name, max(0.0, rest))

    def _add(self, name: str, seconds: float) -> None:
        self.seconds[name] = self.seconds.get(name, 0.0) + seconds
