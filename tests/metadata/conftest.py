from __future__ import annotations

from pathlib import Path

import pytest

from provenance.labels import Label, parse_label

DATA = Path(__file__).parents[3] / "shared" / "data"


@pytest.fixture
def label() -> Label:
    return parse_label(Path(__file__).with_name("label.json").read_bytes())


@pytest.fixture(scope="session")
def photos() -> Path:
    return DATA
