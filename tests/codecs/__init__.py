"""Tests of the codecs."""

from __future__ import annotations

from provenance import codecs
from provenance.codecs.schemes import SCHEMES

SHIPPED = (codecs.DEFAULT, *(name for name, facts in SCHEMES.items() if facts.small))
"""Codecs whose weights come with the package."""
