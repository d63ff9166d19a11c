"""Findings and annotations to work with, and a pair of real pictures."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import pytest
from PIL import Image, ImageFilter

from provenance import sources
from provenance.annotation import Annotation, Finding, PairFacts, PictureFacts
from provenance.annotation.pairs import Pair, identify
from provenance.annotation.server import Server
from provenance.annotation.store import Store
from provenance.annotation.study import Study
from provenance.files import sha256
from provenance.taxonomy import Symbol, Type

SIZE = (512, 512)


def finding(
    box: tuple[int, int, int, int] = (10, 20, 30, 40),
    *types: Type,
    symbol: Symbol | None = None,
    texture: bool = False,
    words: tuple[str, str] = ("the number 14", "the number 11"),
) -> Finding:
    """One finding; a shape that counts, unless told otherwise."""
    kinds = types if types or texture else (Type.SHAPE,)
    return Finding(box, kinds, texture, symbol, *words, True)


def annotation(
    observer: str, *findings: Finding, pair: str = "photo", complete: bool = True
) -> Annotation:
    """What an observer says of a pair that exists in name only."""
    sides = (PictureFacts(f"{pair}-{s}.png", sha256(f"{pair}{s}".encode())) for s in "ab")
    now = datetime(2025, 3, 1, 12, 30, tzinfo=UTC)
    return Annotation(observer, PairFacts(pair, *SIZE, *sides), complete, findings, now, "tests 1")


class Pictures(NamedTuple):
    """Two files."""

    original: Path
    reconstruction: Path


@pytest.fixture(scope="session")
def pictures(astronaut: Path, tmp_path_factory: pytest.TempPathFactory) -> Pictures:
    """The example photo, and the same with the name tag blurred away."""
    target = tmp_path_factory.mktemp("pair") / "astronaut.png"
    with Image.open(astronaut) as photo:
        changed = photo.convert("RGB")
    tag = (270, 345, 330, 395)
    changed.paste(changed.crop(tag).filter(ImageFilter.GaussianBlur(6)), tag)
    changed.save(target)
    return Pictures(astronaut, target)


@contextmanager
def running(pairs: Sequence[Pair], folder: Path, observer: str = "anna") -> Iterator[str]:
    """The address of a server that runs in this process."""
    study = Study(
        [identify(pair) for pair in pairs],
        Store(folder, observer),
        lambda path: sources.load(path)[1],
    )
    server = Server(study)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        yield server.url
    finally:
        server.stop()
        thread.join(20)
        assert not thread.is_alive()


Save = Callable[..., Path]


@pytest.fixture
def save(tmp_path: Path) -> Save:
    """Writes annotations into a folder as the page's server does, and gives the folder."""

    def write(*annotations: Annotation) -> Path:
        folder = tmp_path / "annotations"
        for each in annotations:
            Store(folder, each.observer).put(each, None)
        return folder

    return write
