"""What the library is given: a file by its path or its bytes, and what lies beside it."""

from __future__ import annotations

import glob
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from . import codecs, container, exif, imaging, metadata
from .credentials import covers
from .errors import InputError, InvalidError, ProvenanceError
from .files import MAX_PIXELS, read, shown, walk
from .formats import JXL, OTHER_SUFFIXES, PICTURE_SUFFIXES
from .imaging import Photo

Source = Path | str | bytes
"""A file by its path (``-`` is standard input), or its bytes."""

SUFFIX = ".c2pa"
"""Of detached manifests (C2PA 2.2, 11.4)."""

MAX_SIDECAR = 64_000_000
"""Largest detached manifest that is read, bytes."""

_SUFFIXES = PICTURE_SUFFIXES | OTHER_SUFFIXES


@contextmanager
def named(name: str) -> Iterator[None]:
    """What is wrong within a file, with the file's name before it."""
    try:
        yield
    except ProvenanceError as error:
        raise type(error)(f"{name}: {error}") from error


def read_source(source: Source) -> tuple[str, bytes]:
    """What messages call it, and its bytes.

    Raises:
        InputError: It is missing or cannot be read.
    """
    if isinstance(source, bytes):
        return "image", source
    path = Path(source)
    if path.suffix.lower() == SUFFIX:
        raise InputError(
            f"{path}: is a credential without its picture; name the picture that it lies beside"
        )
    return ("standard input" if str(path) == "-" else shown(path)), read(path)


def beside(source: Source, data: bytes) -> bytes | None:
    """The detached manifest beside ``photo.bmp``: ``photo.bmp.c2pa``, else ``photo.c2pa``.

    The latter, which other programs write, may be meant for ``photo.png`` there: where it was
    made for that and not for this file, it is left alone.

    Args:
        data: the file's own bytes.

    Raises:
        InputError: There is one and it cannot be read.
    """
    if isinstance(source, bytes) or str(source) == "-":
        return None
    path = Path(source)
    own, shared = sidecars(path)
    if own.is_file():
        return read(own, MAX_SIDECAR)
    if not shared.is_file():
        return None
    manifest = read(shared, MAX_SIDECAR)
    others = list(_namesakes(path))
    if not others or covers(manifest, data):
        return manifest
    return None if any(covers(manifest, read(other)) for other in others) else manifest


def sidecars(path: Path) -> tuple[Path, Path]:
    """Where the detached manifest of a file may lie; the first goes before the second."""
    return path.with_name(f"{path.name}{SUFFIX}"), path.with_suffix(SUFFIX)


def _namesakes(path: Path) -> Iterator[Path]:
    """Other pictures whose names differ in their suffix alone."""
    for other in path.parent.glob(f"{glob.escape(path.stem)}.*"):
        alike = other.stem == path.stem and other.suffix.lower() in _SUFFIXES
        if alike and other != path and other.is_file():
            yield other


def pictures(paths: Iterable[Path]) -> Iterator[tuple[Path, InputError | None]]:
    """Files, and the pictures in folders that carry a label or have a credential beside them.

    Yields:
        As `provenance.files.walk`.
    """
    return walk(paths, PICTURE_SUFFIXES, SUFFIX, OTHER_SUFFIXES)


def unpack(data: bytes, name: str) -> container.Parts:
    """A compressed file's parts.

    Raises:
        InputError: It is none.
        InvalidError: It is broken.
    """
    if not container.is_container(data):
        raise InputError(f"{name}: not a compressed file of this tool; its picture is as it is")
    with named(name):
        return container.unpack(data)


def decoded(parts: container.Parts, max_pixels: int) -> Photo:
    """The picture of a compressed file.

    Raises:
        InvalidError: The bitstream is broken.
        ModelError: Its model is not installed here.
    """
    picture = codecs.decode(parts.bitstream, max_pixels=max_pixels)
    height, width = picture.pixels.shape[:2]
    if (parts.width, parts.height) != (width, height):
        raise InvalidError("container and bitstream announce different sizes")
    described, notes, found = None, list[str](), parts.exif
    if found:
        described = imaging.unless_damaged(lambda: exif.upright(found), "EXIF data", notes)
    return Photo(
        picture.pixels,
        picture.alpha,
        picture.grey,
        parts.icc,
        described,
        parts.xmp,
        media_type=container.MEDIA_TYPE,
        notes=tuple(notes),
    )


def carries_label(source: Source) -> bool:
    """Whether a file is of a format that can carry a label; a sidecar takes it where not.

    Raises:
        InputError: The source is missing or no image.
    """
    name, data = read_source(source)
    return container.media_type(data, name) in metadata.CARRIERS


def load(
    source: Source, max_pixels: int = MAX_PIXELS, note: Callable[[str], None] | None = None
) -> tuple[bytes, Photo]:
    """A picture's file and its pixels; as for `loaded`.

    Raises:
        InputError: The source is missing, no image, or beyond ``max_pixels``.
    """
    name, data = read_source(source)
    return data, loaded(data, name, max_pixels, note)


def loaded(
    data: bytes, name: str, max_pixels: int, note: Callable[[str], None] | None = None
) -> Photo:
    """A photo with its XMP; a compressed file is decoded.

    Args:
        note: told the photo's notes, each with its name.

    Raises:
        InputError: No image, or beyond ``max_pixels``.
        InvalidError: A compressed file, and it is broken.
        ModelError: Its model is not installed here.
    """
    if container.is_container(data):
        with named(name):
            photo = decoded(container.unpack(data), max_pixels)
    else:
        photo = imaging.load(data, name, max_pixels=max_pixels)
    if photo.xmp is None and photo.media_type == JXL:  # Pillow finds none there.
        try:
            photo = replace(photo, xmp=metadata.read_packet(data, photo.media_type))
        except InvalidError:
            damaged = "The XMP is damaged and was left out."
            photo = replace(photo, notes=(*photo.notes, damaged))
    if note:
        for remark in photo.notes:
            note(f"{name}: {remark}")
    return photo
