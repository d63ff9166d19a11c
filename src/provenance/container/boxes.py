"""ISO base media file format boxes (ISO/IEC 14496-12): walk them bounded, and write them."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ..errors import ContainerError

MAX_BOXES = 4096
"""Most boxes in one parent; ours hold a dozen."""


@dataclass(frozen=True, slots=True)
class Box:
    """Where one box lies in the file; ``start`` to ``end`` is its content, header excluded."""

    kind: bytes
    start: int
    end: int
    at: int = 0
    """Where its header begins."""


def walk(data: memoryview, start: int, end: int, *, top: bool = False) -> Iterator[Box]:
    """The boxes that lie one after the other from ``start`` to ``end``.

    Args:
        top: whether this is the file itself, where the last box may have size 0, "to the end"
            (14496-12, 4.2.2). Elsewhere that is refused.

    Raises:
        ContainerError: A box is cut, runs out of its parent, or there are too many.
    """
    count = 0
    while start < end:
        count += 1
        if count > MAX_BOXES:
            raise ContainerError(f"container: more than {MAX_BOXES} boxes in one place")
        if end - start < 8:
            raise ContainerError(f"container: {end - start} stray bytes at {start}")
        size, kind = struct.unpack_from(">I4s", data, start)
        header = 8
        if size == 1:
            if end - start < 16:
                raise ContainerError(f"container: box {_name(kind)} at {start} is cut")
            (size,) = struct.unpack_from(">Q", data, start + 8)
            header = 16
        elif size == 0 and top:
            size = end - start
        if size < header or size > end - start:
            raise ContainerError(
                f"container: box {_name(kind)} at {start} claims {size} bytes; "
                f"{end - start} are there"
            )
        yield Box(kind, start + header, start + size, start)
        start += size


def only(boxes: Mapping[bytes, list[Box]], kind: bytes) -> Box:
    """The one box of that kind.

    Raises:
        ContainerError: There is none, or more than one.
    """
    found = boxes.get(kind, [])
    if len(found) != 1:
        raise ContainerError(f"container: {len(found)} boxes {_name(kind)} where one belongs")
    return found[0]


def by_kind(boxes: Iterator[Box]) -> dict[bytes, list[Box]]:
    """The same boxes, gathered by their four-character code."""
    gathered: dict[bytes, list[Box]] = {}
    for box in boxes:
        gathered.setdefault(box.kind, []).append(box)
    return gathered


def box(kind: bytes, *content: bytes) -> bytes:
    """A box with its header; 64-bit size where it needs one."""
    size = 8 + sum(map(len, content))
    if size < 1 << 32:
        return b"".join((struct.pack(">I4s", size, kind), *content))
    return b"".join((struct.pack(">I4sQ", 1, kind, size + 8), *content))


def full_box(kind: bytes, version: int, flags: int, *content: bytes) -> bytes:
    """A box whose content begins with a version and flags."""
    return box(kind, struct.pack(">I", version << 24 | flags), *content)


class Cursor:
    """Reads big-endian numbers from one box and never past its end."""

    def __init__(self, data: memoryview, area: Box) -> None:
        self._data = data
        self._name = _name(area.kind)
        self.at = area.start
        self.end = area.end

    def number(self, size: int) -> int:
        """The next unsigned integer of ``size`` bytes; 0 bytes read as 0."""
        return int.from_bytes(self.take(size), "big")

    def take(self, size: int) -> bytes:
        """The next ``size`` bytes.

        Raises:
            ContainerError: The box ends before.
        """
        if size > self.end - self.at:
            raise ContainerError(f"container: box {self._name} is cut")
        self.at += size
        return bytes(self._data[self.at - size : self.at])

    def version(self, highest: int) -> tuple[int, int]:
        """Version and flags of a full box.

        Raises:
            ContainerError: A version above ``highest``, which this reader does not know.
        """
        version, flags = self.number(1), self.number(3)
        if version > highest:
            raise ContainerError(f"container: box {self._name} has unknown version {version}")
        return version, flags

    def text(self) -> str:
        """The next NUL-terminated UTF-8 string, or the rest of the box where no NUL follows."""
        rest = bytes(self._data[self.at : self.end])
        raw, nul, _ = rest.partition(b"\0")
        self.at += len(raw) + len(nul)
        return raw.decode("utf-8", "replace")


def _name(kind: bytes) -> str:
    return ascii(kind.decode("latin-1"))
