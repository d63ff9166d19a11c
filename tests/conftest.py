"""What all tests share: real photos, and a configuration folder of their own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="session")
def data() -> Path:
    """Photos, codec pairs and scene text; beside the project, not in it."""
    return ROOT.parent / "shared" / "data"


@pytest.fixture(scope="session")
def astronaut() -> Path:
    """The example photo: 512x512, with a face and text."""
    return ROOT / "examples" / "astronaut.png"


@pytest.fixture(scope="session", autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A configuration folder that is not the user's."""
    folder = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PROVENANCE_HOME", str(folder))
        for name in ("SIGNER", "CERTIFICATE", "PASSWORD", "PASSWORD_FILE", "TIMESTAMP"):
            patch.delenv(f"PROVENANCE_{name}", raising=False)
        yield folder
