"""JSON in and out of an annotation, checked against its schema and for what a schema cannot say."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from ..errors import AnnotationError
from ..labels.schema import load_json, problem_of
from ..taxonomy import Symbol, Type
from .model import SCHEMA_VERSION, Annotation, Finding, PairFacts, PictureFacts

SCHEMA = "annotation-1.schema.json"


def to_json(annotation: Annotation) -> dict[str, Any]:
    """An annotation as plain JSON values."""
    pair = annotation.pair
    return {
        "schema_version": SCHEMA_VERSION,
        "tool": annotation.tool,
        "observer": annotation.observer,
        "saved_at": annotation.saved_at.isoformat(timespec="seconds"),
        "pair": {
            "name": pair.name,
            "width": pair.width,
            "height": pair.height,
            "original": _picture_to_json(pair.original),
            "reconstruction": _picture_to_json(pair.reconstruction),
        },
        "complete": annotation.complete,
        "findings": [finding_to_json(finding) for finding in annotation.findings],
    }


def finding_to_json(finding: Finding) -> dict[str, Any]:
    """A finding as plain JSON values."""
    return {
        "box": list(finding.box),
        "types": [str(kind) for kind in finding.types],
        "texture": finding.texture,
        "symbol": str(finding.symbol) if finding.symbol else None,
        "original": finding.original,
        "reconstruction": finding.reconstruction,
        "sure": finding.sure,
    }


def parse(data: bytes, name: str) -> Annotation:
    """Read and check an annotation.

    Args:
        name: what error messages call the file.

    Raises:
        AnnotationError: Not JSON, too large, against the schema, or contradicting itself: a box
            that leaves the picture, or a complete annotation with an unfinished finding.
    """
    content = load_json(data, name, AnnotationError)
    check(content, name)
    try:
        saved_at = datetime.fromisoformat(content["saved_at"])
    except ValueError as error:
        raise AnnotationError(f"{name}: saved_at: {error}") from error
    pair = _pair(content["pair"])
    findings = findings_from_json(content["findings"], pair, name, complete=content["complete"])
    return Annotation(
        content["observer"], pair, content["complete"], findings, saved_at, content["tool"]
    )


def findings_from_json(
    entries: list[Mapping[str, Any]], pair: PairFacts, name: str, *, complete: bool
) -> tuple[Finding, ...]:
    """Findings that follow the schema, checked for what it cannot say.

    Args:
        complete: whether each must be finished: what changed ticked, both sides described.

    Raises:
        AnnotationError: A box leaves the picture, or a finding is unfinished.
    """
    findings = tuple(_finding(entry) for entry in entries)
    for number, finding in enumerate(findings, 1):
        x, y, width, height = finding.box
        if x + width > pair.width or y + height > pair.height:
            size = f"{pair.width}x{pair.height}"
            raise AnnotationError(f"{name}: finding {number}: box leaves the picture of {size} px")
        if complete and (lacking := _lacking(finding)):
            raise AnnotationError(f"{name}: finding {number}: {lacking}")
    return findings


def check(content: Any, name: str, definition: str | None = None) -> None:
    """Hold JSON values against the schema, or against one of its ``$defs``.

    Raises:
        AnnotationError: They do not follow it, and the message names the place.
    """
    if problem := problem_of(content, SCHEMA, definition):
        raise AnnotationError(f"{name}: {problem}")


def _lacking(finding: Finding) -> str | None:
    if not finding.types and not finding.texture:
        return "says not what changed"
    if not finding.original.strip() or not finding.reconstruction.strip():
        return "describes not both sides"
    return None


def _finding(entry: Mapping[str, Any]) -> Finding:
    x, y, width, height = entry["box"]
    return Finding(
        (int(x), int(y), int(width), int(height)),
        tuple(kind for kind in Type if kind in entry["types"]),
        entry["texture"],
        Symbol(entry["symbol"]) if entry["symbol"] else None,
        entry["original"],
        entry["reconstruction"],
        entry["sure"],
    )


def _pair(entry: Mapping[str, Any]) -> PairFacts:
    return PairFacts(
        entry["name"],
        int(entry["width"]),
        int(entry["height"]),
        PictureFacts(**entry["original"]),
        PictureFacts(**entry["reconstruction"]),
    )


def _picture_to_json(picture: PictureFacts) -> dict[str, str]:
    return {"name": picture.name, "sha256": picture.sha256}
