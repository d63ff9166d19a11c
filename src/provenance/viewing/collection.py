"""The files that a page shows: those of a folder, and those that were dropped onto it.

Nothing is written: what is dropped stays in memory, within bounds, until the program ends.
"""

from __future__ import annotations

import functools
import io
import secrets
import threading
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from .. import imaging, sources
from ..credentials import default_trust
from ..errors import ImageError, InputError, TooLargeError
from ..examination import examine
from ..files import MAX_PIXELS, one_line, read
from ..imaging import Photo
from ..verification import verify
from ..viewer import report
from .summary import Summary, summary

MAX_FILES = 5_000
"""Most pictures of folders."""

MAX_DROPPED = 200
"""Most files that are dropped onto the page."""

MAX_DROPPED_BYTES = 100 * 1024**2
"""Largest file that is dropped."""

MAX_KEPT_BYTES = 512 * 1024**2
"""Of all files that were dropped."""

THUMBNAIL_SIDE = 480
"""Longest side of the thumbnails, px: sharp on fine screens."""

LONGEST_SIDE = 8_192
"""Longest side of pictures that are compared, px; larger ones are made smaller."""


@dataclass(frozen=True, slots=True)
class Item:
    """A file: on disk or dropped."""

    id: str
    """16 hexadecimal digits, by chance; the page knows no paths."""
    name: str
    """For people: the path within its folder, or what the browser called it."""
    path: Path | None
    within: Path | None
    """The folder that the file must not lie outside of; None where the user named the file."""
    data: bytes | None


Mark = tuple[tuple[str, int, int], ...]
"""Of a file on disk and the manifests beside it: name, when it was changed, ns, and bytes."""

Version = tuple[str, Mark]
"""An item's identifier, and which state of it: what was found out is kept by that, so that a file
that was removed is not kept with it."""


class Collection:
    """Files by their identifiers.

    Args:
        paths: files and folders. Folders are searched all the way down for pictures, by suffix;
            hidden files and symbolic links are passed over.

    Raises:
        InputError: A path is missing, or folders hold more than `MAX_FILES` pictures.
    """

    def __init__(self, paths: Iterable[Path] = (), *, max_pixels: int = MAX_PIXELS) -> None:
        self.items: dict[str, Item] = {}
        self._max_pixels = max_pixels
        # Pictures are large: one at a time.
        self._turn = threading.RLock()
        self._summaries = functools.lru_cache(MAX_FILES)(self._summary)
        self._thumbnails = functools.lru_cache(MAX_FILES)(self._thumbnail)
        self._pictures = functools.lru_cache(4)(self._picture)
        self._reports = functools.lru_cache(8)(self._report)
        self.problems: list[str] = []
        """Folders that could not be read, or hold no pictures."""
        for path in paths:
            self._take(path)

    def _take(self, path: Path) -> None:
        if not path.exists():
            raise InputError(f"{path}: no such file or folder")
        root = path.resolve() if path.is_dir() else None
        for found, problem in sources.pictures([root or path]):
            if problem is not None:
                self.problems.append(str(problem))
                continue
            if len(self.items) >= MAX_FILES:
                raise InputError(f"{path}: more than {MAX_FILES:,} pictures; name a part of it")
            name = one_line(str(found.relative_to(root)) if root else found.name)
            self._keep(Item(secrets.token_hex(8), name, found, root, None))

    def add(self, name: str, data: bytes) -> Item:
        """Keep a file that was dropped.

        Args:
            name: what the browser calls it; shown, and never used as a path.

        Raises:
            TooLargeError: It, or all of them together, are more than is kept.
        """
        shown = one_line(name.replace("\\", "/").rpartition("/")[2])[-200:] or "file"
        if len(data) > MAX_DROPPED_BYTES:
            raise TooLargeError(f"{shown}: larger than {MAX_DROPPED_BYTES:,} bytes, the limit")
        with self._turn:
            sizes = [len(item.data) for item in self.items.values() if item.data is not None]
            if len(sizes) >= MAX_DROPPED:
                raise TooLargeError(f"{shown}: there are {MAX_DROPPED} dropped files already")
            if sum(sizes) + len(data) > MAX_KEPT_BYTES:
                raise TooLargeError(
                    f"{shown}: dropped files would take more than {MAX_KEPT_BYTES:,} bytes; "
                    "remove some first"
                )
            return self._keep(Item(secrets.token_hex(8), shown, None, None, data))

    def remove(self, item_id: str) -> None:
        """Show a file no longer; on disk it stays."""
        with self._turn:
            self.items.pop(item_id, None)

    def summary(self, item_id: str) -> Summary:
        """What the overview tells of a file.

        Raises:
            InputError: It cannot be read any more.
        """
        with self._turn:
            return self._summaries(*self._present(item_id))

    def thumbnail(self, item_id: str) -> bytes:
        """A small WebP: of the preview, where there is one.

        Raises:
            ProvenanceError: There is no picture.
        """
        with self._turn:
            return self._thumbnails(*self._present(item_id))

    def picture(self, item_id: str) -> bytes:
        """The full picture as PNG, decoded where it is a neural one.

        Raises:
            ProvenanceError: There is none, or its model is not installed.
        """
        with self._turn:
            return self._pictures(*self._present(item_id))

    def report(self, item_id: str, language: str, original_id: str | None = None) -> str:
        """The report on a file, as HTML.

        Args:
            original_id: the file to compare it with.

        Raises:
            ProvenanceError: A file cannot be read, or the two have different sizes.
            UsageError: There is no such language.
        """
        with self._turn:
            original = self._present(original_id) if original_id else None
            return self._reports(*self._present(item_id), language, original)

    def _keep(self, item: Item) -> Item:
        self.items[item.id] = item
        return item

    def _present(self, item_id: str) -> Version:
        """Which state an item is in now: nothing is told of a file that it no longer is.

        Raises:
            InputError: It is gone.
        """
        if (item := self.items.get(item_id)) is None:
            raise InputError("this file was removed from the page")
        if item.path is None:
            return item_id, ()
        beside = (path for path in sources.sidecars(item.path) if path.is_file())
        try:
            return item_id, tuple(_state(path) for path in (item.path, *beside))
        except OSError as error:
            raise InputError(f"{item.name}: cannot be read: {error.strerror}") from error

    def _summary(self, item_id: str, _: Mark) -> Summary:
        item = self.items[item_id]
        data = _read(item)
        manifest = _beside(item, data)
        return summary(verify(data, item.name, default_trust(), sidecar=manifest), len(data))

    def _thumbnail(self, item_id: str, _: Mark) -> bytes:
        item = self.items[item_id]
        data = _read(item)
        try:
            photo = imaging.load(data, item.name, max_pixels=self._max_pixels)
        except ImageError:
            photo = self._load(item)  # A compressed file may come without a preview.
        buffer = io.BytesIO()
        imaging.thumbnail(photo, THUMBNAIL_SIDE).save(buffer, "WEBP", quality=80)
        return buffer.getvalue()

    def _picture(self, item_id: str, _: Mark) -> bytes:
        # Upright already, and nobody's business where it was taken.
        photo = replace(self._load(self.items[item_id]), exif=None)
        if max(photo.width, photo.height) <= LONGEST_SIDE:
            return imaging.render(photo, "png")
        buffer = io.BytesIO()
        imaging.thumbnail(photo, LONGEST_SIDE).save(buffer, "PNG", compress_level=4)
        return buffer.getvalue()

    def _report(self, item_id: str, _: Mark, language: str, original: Version | None) -> str:
        item = self.items[item_id]
        data = _read(item)
        subject = examine(
            data,
            name=item.name,
            sidecar=_beside(item, data),
            original=_read(self.items[original[0]]) if original else None,
            max_pixels=self._max_pixels,
        )
        return report.render(subject, language=language)

    def _load(self, item: Item) -> Photo:
        return sources.loaded(_read(item), item.name, self._max_pixels)


def _state(path: Path) -> tuple[str, int, int]:
    """The name of a file, when it was changed and its size."""
    facts = path.stat()
    return path.name, facts.st_mtime_ns, facts.st_size


def _read(item: Item) -> bytes:
    """The content of a file that still is a file, where it should be.

    Raises:
        InputError: It is not, or cannot be read.
    """
    if item.data is not None:
        return item.data
    assert item.path is not None
    if item.within is not None and not _is_inside(item.path, item.within):
        raise InputError(f"{item.name}: leads out of its folder now")
    if not item.path.is_file():
        raise InputError(f"{item.name}: is no file any more")
    try:
        return read(item.path)
    except InputError as error:
        raise type(error)(str(error).replace(str(item.path), item.name)) from error


def _beside(item: Item, data: bytes) -> bytes | None:
    """A file's detached manifest."""
    return sources.beside(item.path, data) if item.path else None


def _is_inside(path: Path, folder: Path) -> bool:
    return path.resolve().is_relative_to(folder)
