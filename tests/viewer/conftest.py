"""A subject to report on."""

from __future__ import annotations

from pathlib import Path

import pytest

from provenance import api, examine
from provenance.assembly import Labelled
from provenance.viewer.subject import Subject


@pytest.fixture(scope="session")
def coarse(astronaut: Path) -> Labelled:
    """The example photo at a quality that changes its meaning."""
    return api.compress(astronaut, quality=1)


@pytest.fixture(scope="session")
def subject(coarse: Labelled, astronaut: Path) -> Subject:
    """It, compared with its original."""
    return examine(coarse.data, name="astronaut.avif", original=astronaut)
