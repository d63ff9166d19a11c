"""Our namespace for exiftool: its configuration file, made of the label's own types.

``python -m provenance.metadata.exiftool`` prints it; ``exiftool.config`` beside this file is it.
"""

from __future__ import annotations

import dataclasses
import sys
import types
import typing
from collections.abc import Mapping
from typing import Any

from ..labels import Label
from ..taxonomy import Type
from .structure import BOX, NAMESPACE, POLYGON, PREFIX, SIGNATURE

_HEAD = f"""\
# exiftool -config exiftool.config -XMP-{PREFIX}:all photo.jpg
# The miscompression label of `provenance` in XMP. Made by provenance.metadata.exiftool.

%Image::ExifTool::UserDefined = (
    'Image::ExifTool::XMP::Main' => {{
        {PREFIX} => {{
            SubDirectory => {{ TagTable => 'Image::ExifTool::UserDefined::{PREFIX}' }},
        }},
    }},
);

%Image::ExifTool::UserDefined::{PREFIX} = (
    GROUPS => {{ 0 => 'XMP', 1 => 'XMP-{PREFIX}', 2 => 'Image' }},
    NAMESPACE => {{ '{PREFIX}' => '{NAMESPACE}' }},
    WRITABLE => 'string',
"""
_TAIL = f"""\
);

# At once, so that properties are found by the namespace's URI, whatever their prefix.
require Image::ExifTool::XMP;
Image::ExifTool::XMP::RegisterNamespace(\\%Image::ExifTool::UserDefined::{PREFIX});

1;
"""
_NUMBERS = {bool: "boolean", int: "integer", float: "real"}


def config() -> str:
    """The text of the configuration file."""
    fields = _fields(Label, 1)
    return f"{_HEAD}{fields}{_field(SIGNATURE, str, 1)}{_TAIL}"


def _fields(kind: type, depth: int) -> str:
    hints = typing.get_type_hints(kind)
    return "".join(_field(name, hint, depth) for name, hint in hints.items())


def _field(name: str, hint: Any, depth: int) -> str:
    return f"{'    ' * depth}{name} => {{ {', '.join(_described(hint, depth))} }},\n"


def _described(hint: Any, depth: int) -> list[str]:
    """What exiftool is told of a value."""
    if isinstance(hint, types.UnionType):
        hint = next(kind for kind in typing.get_args(hint) if kind is not type(None))
    if dataclasses.is_dataclass(hint):
        return [_structure(_fields(typing.cast(type, hint), depth + 1), depth)]
    if hint in (BOX, POLYGON, str):
        return []
    origin = typing.get_origin(hint)
    if origin is tuple:
        return [*_described(typing.get_args(hint)[0], depth), "List => 'Seq'"]
    if origin is Mapping:
        if typing.get_args(hint)[1] is Any:
            return []
        shares = "".join(_field(str(kind), float, depth + 1) for kind in Type)
        return [_structure(shares, depth)]
    return [f"Writable => '{_NUMBERS[hint]}'"]


def _structure(fields: str, depth: int) -> str:
    indent = "    " * depth
    head = f"{indent}    NAMESPACE => {{ '{PREFIX}' => '{NAMESPACE}' }},\n"
    return f"Struct => {{\n{head}{fields}{indent}}}"


if __name__ == "__main__":
    sys.stdout.write(config())
