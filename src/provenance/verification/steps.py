"""Steps, collected in their order."""

from __future__ import annotations

from .report import Outcome, Step


class Steps:
    """Numbers the steps as they come; each call adds one and tells whether it did not fail."""

    def __init__(self) -> None:
        self.done: list[Step] = []

    def passed(self, name: str, detail: str) -> bool:
        """What was checked is as it should be."""
        return self._add(name, Outcome.PASSED, detail)

    def failed(self, name: str, detail: str) -> bool:
        """What was checked is not as it should be."""
        return self._add(name, Outcome.FAILED, detail)

    def skipped(self, name: str, detail: str) -> bool:
        """There was nothing to check, or nobody asked, or an earlier step left nothing to check."""
        return self._add(name, Outcome.SKIPPED, detail)

    def check(self, name: str, good: bool, detail: str, problem: str) -> bool:
        """``detail`` where it is good, ``problem`` where it is not."""
        return self.passed(name, detail) if good else self.failed(name, problem)

    def _add(self, name: str, outcome: Outcome, detail: str) -> bool:
        self.done.append(Step(len(self.done) + 1, name, outcome, detail))
        return outcome is not Outcome.FAILED
