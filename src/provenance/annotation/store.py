"""A folder of annotations: one JSON file per pair and observer."""

from __future__ import annotations

import json
import re
import threading
from pathlib import Path

from ..errors import AnnotationError, InputError, OutputError, UsageError
from ..files import make_folder, read, sha256, write
from ..labels.schema import MAX_BYTES
from .document import parse, to_json
from .model import Annotation

MAX_FILES = 100_000
"""Most annotations that are read from one folder."""

_OBSERVER = "[a-z0-9][a-z0-9_-]{0,39}"
"""A name that can be part of a file's."""


def load(folder: Path | str) -> tuple[Annotation, ...]:
    """All annotations of a folder, in the order of pair and observer.

    They are told by their names; other files, such as an export, may lie beside them.

    Raises:
        InputError: The folder is missing or holds no annotation.
        AnnotationError: A file is none, or two files speak for one observer of one pair.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder")
    named = re.compile(rf"[0-9a-f]{{16}}\.{_OBSERVER}\.json")
    paths = sorted(path for path in folder.glob("*.json") if named.fullmatch(path.name))
    if not paths:
        raise InputError(f"{folder}: holds no annotations")
    if len(paths) > MAX_FILES:
        raise InputError(f"{folder}: holds more than {MAX_FILES:,} files, which is the limit")
    found: dict[tuple[str, str], tuple[Annotation, Path]] = {}
    for path in paths:
        annotation = parse(read(path, MAX_BYTES), str(path))
        key = (annotation.pair.id, annotation.observer)
        if key in found:
            raise AnnotationError(f"{path}: same pair and observer as {found[key][1].name}")
        found[key] = annotation, path
    return tuple(annotation for _, (annotation, _) in sorted(found.items(), key=_by_key))


class Store:
    """The annotations of one observer, in a folder that others may share.

    Raises:
        UsageError: The observer's name cannot be part of a file name.
        OutputError: The folder cannot be made.
    """

    def __init__(self, folder: Path, observer: str) -> None:
        if not re.fullmatch(_OBSERVER, observer):
            raise UsageError(
                f"observer {observer!r}: use 1 to 40 small letters, digits, - or _; a code will do"
            )
        make_folder(folder)
        self.folder = folder
        self.observer = observer
        self._lock = threading.Lock()

    def get(self, pair_id: str) -> tuple[Annotation, str] | None:
        """What the observer has said of a pair, and the revision of it; None for nothing yet.

        Raises:
            AnnotationError: The file is broken, or of another pair or observer.
        """
        path = self._path(pair_id)
        if not path.exists():
            return None
        data = read(path, MAX_BYTES)
        annotation = parse(data, str(path))
        if (annotation.pair.id, annotation.observer) != (pair_id, self.observer):
            raise AnnotationError(f"{path}: is of another pair or observer than its name says")
        return annotation, _revision(data)

    def put(self, annotation: Annotation, revision: str | None) -> str:
        """Save, whole or not at all, and give the new revision.

        Args:
            revision: what the change started from, so that one window does not undo another's.

        Raises:
            ConflictError: Something else was saved meanwhile.
            AnnotationError: It could not be read again.
            OutputError: It cannot be written.
        """
        data = json.dumps(to_json(annotation), ensure_ascii=False, indent=2).encode() + b"\n"
        parse(data, "annotation")
        path = self._path(annotation.pair.id)
        with self._lock:
            present = _revision(read(path, MAX_BYTES)) if path.exists() else None
            if present != revision:
                raise ConflictError("this pair was changed in another window")
            write(path, data, force=True)
        return _revision(data)

    def _path(self, pair_id: str) -> Path:
        assert re.fullmatch(r"[0-9a-f]{16}", pair_id), pair_id
        return self.folder / f"{pair_id}.{self.observer}.json"


class ConflictError(OutputError):
    """Saved by somebody else since it was read."""


def _revision(data: bytes) -> str:
    return sha256(data)[:16]


def _by_key(item: tuple[tuple[str, str], object]) -> tuple[str, str]:
    return item[0]
