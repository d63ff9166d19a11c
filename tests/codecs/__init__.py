"""Tests of the codecs."""

from __future__ import annotations

from pathlib import Path

from provenance import codecs
from provenance.codecs.schemes import SCHEMES

SHIPPED = (codecs.DEFAULT, *(name for name, facts in SCHEMES.items() if facts.small))
"""Codecs whose weights come with the package."""

UNTRAINED = {
    path.stem: path
    for path in (Path(__file__).parent / "golden" / "untrained").glob("*.safetensors")
}
"""Small weights at random, by the names to add them under, of schemes that come without any."""
