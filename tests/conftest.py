"""What all tests share: real photos, and a configuration folder of their own."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

ROOT = Path(__file__).parents[1]


def pytest_configure() -> None:
    """Give each of several workers a core: threads that share them mostly wait for each other."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "")
    if worker and hasattr(os, "sched_setaffinity"):
        cores = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, {cores[int(worker.removeprefix("gw")) % len(cores)]})


@pytest.fixture(scope="session")
def data() -> Path:
    """Photos, codec pairs and scene text; beside the project, not in it."""
    return ROOT.parent / "shared" / "data"


@pytest.fixture(scope="session")
def astronaut() -> Path:
    """The example photo: 512x512, with a face and text."""
    return ROOT / "examples" / "astronaut.png"


@pytest.fixture(scope="session")
def detail(astronaut: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A part of it, 96x96 without anything to find: for tests to which the picture is all one."""
    path = tmp_path_factory.mktemp("detail") / "detail.png"
    with Image.open(astronaut) as image:
        image.convert("RGB").crop((8, 8, 104, 104)).save(path)
    return path


@pytest.fixture(scope="session", autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A configuration folder that is not the user's."""
    folder = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PROVENANCE_HOME", str(folder))
        for name in ("SIGNER", "CERTIFICATE", "PASSWORD", "PASSWORD_FILE", "TIMESTAMP"):
            patch.delenv(f"PROVENANCE_{name}", raising=False)
        yield folder
