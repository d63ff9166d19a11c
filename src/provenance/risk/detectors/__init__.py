"""Detectors: each looks for one kind of miscompression behind one protocol."""

from .base import ENTRY_POINTS, Detector
from .registry import Detectors, find_detectors

__all__ = ["ENTRY_POINTS", "Detector", "Detectors", "find_detectors"]
