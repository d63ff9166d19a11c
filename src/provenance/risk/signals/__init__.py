"""What differs between two pictures, split by the taxonomy's types; arrays in, arrays out."""

from .maps import Measurement, Signals, measure_pair

__all__ = ["Measurement", "Signals", "measure_pair"]
