"""Pillow for a library that runs in many threads: its limit on pixels and its warnings are of the
whole process, and stay what they are for everybody else."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from PIL import Image

_limited_by_us = ContextVar("limited_by_us", default=False)
_theirs = Image._decompression_bomb_check
_filters = threading.Lock()


def _check(size: tuple[int, int], *, error_only: bool = False) -> None:
    if not _limited_by_us.get():
        _theirs(size, error_only=error_only)


# Pillow looks at one number, `Image.MAX_IMAGE_PIXELS`. To change that would change it for others.
Image._decompression_bomb_check = _check


@contextmanager
def own_limit() -> Iterator[None]:
    """Pillow's limit on pixels out of the way, in this thread: ours is looked at instead."""
    token = _limited_by_us.set(True)
    try:
        yield
    finally:
        _limited_by_us.reset(token)


@contextmanager
def quiet() -> Iterator[None]:
    """Without Pillow's warnings of odd metadata, which nobody can act on.

    One thread at a time, since Python's filters are the process's: for headers, not for pixels.
    """
    with _filters, warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        yield
