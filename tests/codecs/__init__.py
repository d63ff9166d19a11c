"""Tests of the codecs."""

from __future__ import annotations

from pathlib import Path

from provenance import codecs
from provenance.codecs.schemes import SCHEMES

SHIPPED = (codecs.DEFAULT, *SCHEMES)
"""Codecs whose weights come with the package."""

TINY = {path.stem: path for path in (Path(__file__).parent / "tiny").glob("*.safetensors")}
"""Untrained weights with few channels, by scheme: of those that take long with their own."""
