"""A label as XMP structures, field by field, and back.

XMP knows text, structures and arrays (ISO 16684-1, 6.3). Types of fields come from the label's
dataclasses: structures and arrays map to structures and ordered arrays, a box is one text
``x y width height`` and a polygon ``x y x y ...``, an unknown number is left out, and what has no
fixed form (evidence, and fields of a newer version) is one text of JSON, so that nothing is lost.
"""

from __future__ import annotations

import dataclasses
import functools
import json
import math
import re
import types
import typing
from collections.abc import Mapping
from typing import Any

from ..errors import LabelError
from ..labels import Finding, Label
from ..labels.model import is_left_out
from ..labels.schema import SIGNIFICANT_DIGITS
from .tree import Name, Node

NAMESPACE = "https://provenance-label.org/ns/miscompression/1.0/"
"""Names our properties; nothing is fetched from there."""

PREFIX = "mc"
"""What stands for it in files we write; to be read by nobody."""

SIGNATURE = "signature"
"""The property beside the label's own that holds a signature of the label."""

RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"

_ARRAYS = {Name(RDF, "Seq"), Name(RDF, "Bag"), Name(RDF, "Alt")}
_INTEGER = re.compile(r"-?(0|[1-9]\d{0,18})", re.ASCII)
_NUMBER = re.compile(r"-?(0|[1-9]\d{0,18})(\.\d{1,30})?([eE][+-]?\d{1,3})?", re.ASCII)
_NOT_IN_XML = re.compile("[\x7f\ud800-\udfff\ufffe\uffff]")
BOX = typing.get_type_hints(Finding)["box"]
POLYGON = tuple[int, ...]
_MOST_NUMBERS = 65

Value = str | dict[str, "Value"] | list["Value"]
"""What XMP can say, with the fields of structures by local name."""


def describe(label: Label, about: str, signature: str | None = None) -> Node:
    """An ``rdf:Description`` that holds the label and its own signature."""
    node = Node(Name(RDF, "Description"), {Name(RDF, "about"): about})
    _fill(node, typing.cast("dict[str, Value]", _encode(label, Label)))
    if signature is not None:
        node.attributes[Name(NAMESPACE, SIGNATURE)] = signature
    return node


def undescribe(descriptions: list[Node]) -> tuple[dict[str, Any] | None, str | None]:
    """The label's JSON form and its signature out of top-level descriptions; None where none
    mentions them.

    Raises:
        LabelError: A field is there twice or has another type.
    """
    fields: dict[str, Value] = {}
    for description in descriptions:
        for name, value in _fields(description).items():
            if name in fields:
                raise LabelError(f"XMP: {name} is there twice")
            fields[name] = value
    signature = fields.pop(SIGNATURE, None)
    if signature is not None:
        signature = _expect(signature, str, SIGNATURE)
    label = _decode(fields, Label, "label") if fields else None
    return typing.cast("dict[str, Any] | None", label), typing.cast("str | None", signature)


def _encode(value: Any, hint: Any) -> Value | None:
    """A field as XMP can say it; None: left out."""
    if value is None:
        return None
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        structure: dict[str, Value] = {}
        hints = _hints(type(value))
        for field in dataclasses.fields(value):
            if is_left_out(value, field):
                continue
            name, kind = field.name, hints[field.name]
            entry = getattr(value, name)
            text = _encode(entry, kind) if name != "extra" or entry else None
            if text is not None:
                structure[name] = text
        return structure
    if hint in (BOX, POLYGON | None):
        return " ".join(map(str, value))
    if isinstance(value, Mapping):
        if _is_free(hint):
            return _json(value)
        return {key: typing.cast(Value, _encode(entry, float)) for key, entry in value.items()}
    if isinstance(value, tuple | list):
        if "" in value:
            # exiv2 drops such an item without a word.
            raise LabelError("label: an empty text in a list cannot be written as XMP")
        return [typing.cast(Value, _encode(entry, None)) for entry in value]
    if isinstance(value, bool):
        return "True" if value else "False"
    if isinstance(value, str) and "\x7f" in value:
        # exiv2 would write a blank.
        raise LabelError("XMP: cannot hold the character U+007F")
    if isinstance(value, float) and not math.isfinite(value):
        raise LabelError(f"label: {value} is not a number that can be written")
    if isinstance(value, float):
        # As in JSON: other tools copy no more digits, and every byte is in every file.
        value = float(f"{value:.{SIGNIFICANT_DIGITS}g}")
    return value if isinstance(value, str) else json.dumps(value)


def _decode(value: Value | None, hint: Any, place: str) -> Any:
    """The JSON value of a field of that type."""
    if isinstance(hint, types.UnionType):
        if value is None:
            return None
        hint = next(kind for kind in typing.get_args(hint) if kind is not type(None))
    if dataclasses.is_dataclass(hint):
        # One of which nothing is known is written empty, and exiv2 drops it.
        known = _expect(value or {}, dict, place)
        return _decode_structure(known, typing.cast(type, hint), place)
    if value is None:
        raise LabelError(f"XMP: {place} is missing")
    if hint in (BOX, POLYGON):
        parts = _expect(value, str, place).split(" ")[:_MOST_NUMBERS]
        return [_number(part, place) for part in parts]
    origin = typing.get_origin(hint)
    if origin is tuple:
        kind = typing.get_args(hint)[0]
        listed = _expect(value, list, place)
        return [_decode(entry, kind, f"{place}[{n}]") for n, entry in enumerate(listed)]
    if origin is not None and _is_free(hint):
        return _parse_json(_expect(value, str, place), place)
    if origin is not None:
        shares = _expect(value, dict, place)
        return {key: _decode(entry, float, f"{place}.{key}") for key, entry in shares.items()}
    text: str = _expect(value, str, place)
    if hint is bool:
        if text not in ("True", "False"):
            raise LabelError(f"XMP: {place} is neither True nor False")
        return text == "True"
    return text if hint is str else _number(text, place)


def _decode_structure(fields: dict[str, Value], kind: type, place: str) -> dict[str, Any]:
    hints = _hints(kind)
    unknown = fields.keys() - hints.keys()
    if unknown:
        raise LabelError(f"XMP: {place} has an unknown field {min(unknown)[:60]!r}")
    extra = _decode(fields.get("extra", "{}"), hints["extra"], f"{place}.extra")
    result = {
        name: _decode(fields.get(name), hint, f"{place}.{name}")
        for name, hint in hints.items()
        if name != "extra" and (name in fields or name not in _optional(kind))
    }
    if extra.keys() & result.keys():
        raise LabelError(f"XMP: {place} gives a field twice")
    return {**extra, **result}


@functools.cache
def _hints(kind: type) -> dict[str, Any]:
    return typing.get_type_hints(kind)


@functools.cache
def _optional(kind: type) -> set[str]:
    return {f.name for f in dataclasses.fields(kind) if f.metadata.get("optional")}


def _is_free(hint: Any) -> bool:
    """Whether the mapping may hold anything."""
    return bool(typing.get_args(hint)[1:] == (Any,))


def _expect(value: Value, kind: type, place: str) -> Any:
    if not isinstance(value, kind):
        words = {"dict": "a structure", "list": "an array", "str": "a text"}
        raise LabelError(f"XMP: {place} is not {words[kind.__name__]}")
    return value


def _number(text: str, place: str) -> float:
    if _INTEGER.fullmatch(text):
        return int(text)
    if _NUMBER.fullmatch(text) and math.isfinite(float(text)):
        return float(text)
    raise LabelError(f"XMP: {place} is not a number")


def _json(value: Mapping[str, Any]) -> str:
    def plain(part: Any) -> Any:
        return dict(part) if isinstance(part, Mapping) else list(part)

    try:
        text = json.dumps(
            value, ensure_ascii=False, separators=(",", ":"), default=plain, allow_nan=False
        )
    except (ValueError, TypeError, RecursionError) as error:
        raise LabelError(f"label: cannot be written as JSON: {error}") from error
    return _NOT_IN_XML.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def _parse_json(text: str, place: str) -> dict[str, Any]:
    def refuse(name: str) -> float:
        raise ValueError(f"{name} is not a JSON number")

    try:
        value = json.loads(text, parse_constant=refuse)
    except (ValueError, RecursionError) as error:
        raise LabelError(f"XMP: {place} is not JSON: {error}") from error
    if not isinstance(value, dict):
        raise LabelError(f"XMP: {place} is not a JSON object")
    return value


def _fill(node: Node, fields: dict[str, Value]) -> None:
    """Put fields into a node: texts as attributes, the rest as child elements."""
    for name, value in fields.items():
        if isinstance(value, str):
            node.attributes[Name(NAMESPACE, name)] = value
        else:
            node.children.append(_element(Name(NAMESPACE, name), value))


def _element(name: Name, value: Value) -> Node:
    node = Node(name)
    if isinstance(value, str):
        node.text = value
    elif isinstance(value, list):
        items = [_element(Name(RDF, "li"), entry) for entry in value]
        node.children.append(Node(Name(RDF, "Seq"), children=items))
    elif all(isinstance(entry, str) for entry in value.values()):
        _fill(node, value)
    else:
        inner = Node(Name(RDF, "Description"))
        _fill(inner, value)
        node.children.append(inner)
    return node


def _fields(node: Node) -> dict[str, Value]:
    """The fields of ours in a structure, whichever way RDF writes them."""
    fields: dict[str, Value] = {
        name.local: value for name, value in node.attributes.items() if name.uri == NAMESPACE
    }
    for child in node.children:
        if child.name.uri != NAMESPACE:
            continue
        if child.name.local in fields:
            raise LabelError(f"XMP: {child.name.local} is there twice")
        fields[child.name.local] = _value(child)
    return fields


def _value(node: Node) -> Value:
    """A property's value: ISO 16684-1, 7.4 to 7.9 and the short forms of annex C."""
    if node.attributes.get(Name(RDF, "parseType")) == "Resource":
        return _fields(node)
    if len(node.children) == 1:
        child = node.children[0]
        if child.name == Name(RDF, "Description"):
            return _fields(child)
        if child.name in _ARRAYS:
            return [_value(entry) for entry in child.children if entry.name == Name(RDF, "li")]
    if node.children:
        raise LabelError(f"XMP: {node.name.local} has a form that is not understood")
    if any(name.uri == NAMESPACE for name in node.attributes):
        return _fields(node)
    return node.attributes.get(Name(RDF, "resource"), node.text)
