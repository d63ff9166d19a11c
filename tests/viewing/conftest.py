"""Files to show, and the server that shows them."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from PIL import Image

import provenance
from provenance.viewing.collection import Collection
from provenance.viewing.server import Server


@pytest.fixture(scope="session")
def coarse(astronaut: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example photo at the lowest quality: a compressed file that warns."""
    target = tmp_path_factory.mktemp("coarse") / "coarse.avif"
    target.write_bytes(provenance.compress(astronaut, quality=1).data)
    return target


@pytest.fixture(scope="session")
def folder(astronaut: Path, coarse: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file that warns, its original, one that was tampered with, one that is no picture."""
    root = tmp_path_factory.mktemp("folder")
    (root / "desk").mkdir()
    shutil.copy(coarse, root / "desk" / "coarse.avif")
    shutil.copy(astronaut, root / "original.png")
    data = bytearray(coarse.read_bytes())
    data[len(data) // 3] ^= 1
    (root / "changed.avif").write_bytes(data)
    (root / "words.jpg").write_text("not a picture")
    (root / "notes.txt").write_text("no suffix of a picture")
    (root / ".hidden.png").write_bytes(astronaut.read_bytes())
    with Image.open(astronaut) as photo:
        photo.convert("RGB").resize((320, 200)).save(root / "small & <b>odd.png")
    return root


@contextmanager
def running(files: Collection) -> Iterator[str]:
    """The address of a server that runs in this process."""
    server = Server(files)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        yield server.url
    finally:
        server.stop()
        thread.join(20)
        assert not thread.is_alive()
