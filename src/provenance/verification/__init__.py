"""Whether to believe a file: the checks, in order, and the verdicts, kept apart."""

from .report import Outcome, Report, Step
from .verify import verify

__all__ = ["Outcome", "Report", "Step", "verify"]
