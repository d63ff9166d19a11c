"""JSON in and out of the label, checked against the schemas in ``schemas/``."""

from __future__ import annotations

import dataclasses
import functools
import json
import math
from collections.abc import Mapping
from importlib import resources
from typing import Any

import jsonschema
from jsonschema.protocols import Validator

from ..errors import InvalidError, LabelError
from ..files import NO_TEXT
from . import model

MAX_BYTES = 1_000_000
"""Largest label, or other JSON of a stranger, that is parsed."""

MAX_DEPTH = 32
"""Structures and lists within one another; our own labels have 6."""

SIGNIFICANT_DIGITS = 6
"""Of every number that is written: enough, and the same after other tools have copied them."""

LABEL_SCHEMA = "label-1.schema.json"

_PARTS: dict[tuple[type, str], type] = {
    (model.Label, "tool"): model.ToolFacts,
    (model.Label, "codec"): model.CodecFacts,
    (model.Label, "model"): model.ModelFacts,
    (model.Label, "quality"): model.QualityFacts,
    (model.Label, "original"): model.OriginalFacts,
    (model.Label, "risk"): model.Risk,
    (model.Label, "history"): model.Compression,
    (model.Label, "invention"): model.Invention,
    (model.Compression, "codec"): model.CodecFacts,
    (model.Compression, "model"): model.ModelFacts,
    (model.Compression, "quality"): model.QualityFacts,
    (model.Risk, "findings"): model.Finding,
    (model.Risk, "assessor"): model.Assessor,
}
"""Fields that are themselves structures, or lists of them."""


def to_json(part: Any) -> dict[str, Any]:
    """A label, or any part of it, as plain JSON values with its unknown fields put back."""
    result: dict[str, Any] = {}
    for field in dataclasses.fields(part):
        value = getattr(part, field.name)
        if field.name == "extra":
            result.update(_plain(value))
        elif not model.is_left_out(part, field):
            result[field.name] = _plain(value)
    return result


def parse_label(source: bytes | str | Mapping[str, Any]) -> model.Label:
    """Read and check a label.

    Raises:
        LabelError: Not JSON, too large, too deep, or against the schema; says where.
    """
    label = _build(model.Label, checked(_load(source), LABEL_SCHEMA))
    assert isinstance(label, model.Label)
    return label


def parse_risk(source: bytes | str | Mapping[str, Any]) -> model.Risk:
    """Read and check the ``risk`` part of a label, such as ``assess --json`` prints.

    Raises:
        LabelError: As for `parse_label`.
    """
    risk = _build(model.Risk, checked(_load(source), LABEL_SCHEMA, "risk"))
    assert isinstance(risk, model.Risk)
    return risk


def checked(data: Any, schema: str, definition: str | None = None) -> Any:
    """``data`` itself, if it follows a schema.

    Args:
        schema: its file name in the ``schemas`` folder.
        definition: one of its ``$defs``, instead of the whole.

    Raises:
        LabelError: It does not; the message names the place.
    """
    problem = problem_of(data, schema, definition)
    if problem is not None:
        raise LabelError(f"label: {problem}")
    return data


def problem_of(data: Any, schema: str, definition: str | None = None) -> str | None:
    """What makes ``data`` break a schema, and where; None where it follows it.

    Args:
        schema: its file name in the ``schemas`` folder.
        definition: one of its ``$defs``, instead of the whole.
    """
    error = jsonschema.exceptions.best_match(_validator(schema, definition).iter_errors(data))
    return None if error is None else f"at {error.json_path}: {error.message[:200]}"


@functools.cache
def load_schema(name: str) -> dict[str, Any]:
    """A schema of the ``schemas`` folder, parsed."""
    text = resources.files("provenance").joinpath("schemas", name).read_text("utf-8")
    loaded: dict[str, Any] = json.loads(text)
    return loaded


@functools.cache
def _validator(name: str, definition: str | None) -> Validator:
    from referencing import Registry, Resource

    schema, label = load_schema(name), load_schema(LABEL_SCHEMA)
    part = schema if definition is None else schema["$defs"][definition]
    registry: Registry[Any] = Registry().with_resources(
        (entry["$id"], Resource.from_contents(entry)) for entry in (schema, label)
    )
    return jsonschema.Draft202012Validator(_inlined(part, schema), registry=registry)


def _inlined(part: Any, schema: dict[str, Any], within: tuple[str, ...] = ()) -> Any:
    """A part of a schema with what its references name in their place.

    Following them takes longer than all other checks together. They lead to the schema itself or
    to the label's. What holds itself keeps a reference.

    Args:
        within: the references that the part is in the place of.
    """
    if isinstance(part, list):
        return [_inlined(item, schema, within) for item in part]
    if not isinstance(part, dict):
        return part
    own = {
        key: _inlined(value, schema, within)
        for key, value in part.items()
        if key not in ("$id", "$defs", "$ref")
    }
    if "$ref" not in part:
        return own
    other, _, place = part["$ref"].partition("#")
    there = load_schema(LABEL_SCHEMA) if other else schema
    reference = f"{there['$id']}#{place}"
    if reference in within:
        return {"$ref": reference, **own}
    found: Any = there
    for key in filter(None, place.split("/")):
        found = found[key]
    target = _inlined(found, there, (*within, reference))
    return {"allOf": [target], **own} if own else target


def load_json(source: bytes | str, name: str, kind: type[InvalidError]) -> Any:
    """What a stranger's JSON holds, if anybody can write it again.

    Args:
        name: what messages call it.
        kind: of the error.

    Raises:
        InvalidError: Of that kind. Not JSON, or larger than `MAX_BYTES`; or nested deeper than
            `MAX_DEPTH`, with a number without end, or with half of a character.
    """
    if len(source) > MAX_BYTES:
        raise kind(f"{name}: larger than {MAX_BYTES:,} bytes, which is the limit")
    try:
        value = json.loads(source, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise kind(f"{name}: not JSON: {error}") from error
    _check(value, name, kind)
    return value


def _load(source: bytes | str | Mapping[str, Any]) -> Any:
    if isinstance(source, bytes | str):
        return load_json(source, "label", LabelError)
    _check(source, "label", LabelError)
    return source


def _check(value: Any, name: str, kind: type[InvalidError], depth: int = 0) -> None:
    """Refuse what Python takes for JSON and nobody can write again."""
    if depth > MAX_DEPTH:
        raise kind(f"{name}: nested more than {MAX_DEPTH} deep")
    if isinstance(value, Mapping):
        for key, entry in value.items():
            _check(key, name, kind, depth)
            _check(entry, name, kind, depth + 1)
    elif isinstance(value, list | tuple):
        for entry in value:
            _check(entry, name, kind, depth + 1)
    elif isinstance(value, float) and not math.isfinite(value):
        raise kind(f"{name}: a number is too large")
    elif isinstance(value, str) and NO_TEXT.search(value):
        raise kind(f"{name}: a text is no Unicode")


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is not a JSON number")


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value):
        return to_json(value)
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    if isinstance(value, float):
        return float(f"{value:.{SIGNIFICANT_DIGITS}g}")
    return value


def _build(kind: type, data: Mapping[str, Any]) -> Any:
    names = {field.name for field in dataclasses.fields(kind)} - {"extra"}
    values: dict[str, Any] = {"extra": {k: v for k, v in data.items() if k not in names}}
    for name in names & data.keys():
        value = data[name]
        part = _PARTS.get((kind, name))
        if part and isinstance(value, list):
            value = tuple(_build(part, item) for item in value)
        elif part and value is not None:
            value = _build(part, value)
        elif isinstance(value, list):
            value = tuple(value)
        values[name] = value
    return kind(**values)
