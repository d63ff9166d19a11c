"""A compressed photo, and what liars would make of it."""

from __future__ import annotations

from pathlib import Path

import pytest

import provenance


@pytest.fixture(scope="session")
def compressed(astronaut: Path) -> provenance.Labelled:
    return provenance.compress(astronaut, quality=20)
