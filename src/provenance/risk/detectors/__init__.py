"""Detectors: each looks for one kind of miscompression behind one protocol."""

from .base import ENTRY_POINTS, Detector
from .registry import EXPECTED, Detectors, find_detectors

__all__ = ["ENTRY_POINTS", "EXPECTED", "Detector", "Detectors", "find_detectors"]
