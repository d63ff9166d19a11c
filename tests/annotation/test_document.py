"""An annotation as JSON: what is written is read, and nothing else is."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from provenance.annotation.document import SCHEMA, check, parse, to_json
from provenance.annotation.model import plain
from provenance.errors import AnnotationError
from provenance.labels.schema import MAX_BYTES, load_schema
from provenance.taxonomy import Symbol, Type

from .conftest import annotation, finding

RICH = annotation(
    "anna",
    finding((0, 0, 512, 512), Type.AMPLITUDE, Type.SHAPE, symbol=Symbol.NUMERAL),
    finding(texture=True, words=("Gras, grün", "Gras")),
)


def test_what_is_written_is_read() -> None:
    data = json.dumps(to_json(RICH)).encode()
    assert parse(data, "file") == RICH


def test_looked_and_nothing_found_is_said() -> None:
    read = parse(json.dumps(to_json(annotation("bo"))).encode(), "file")
    assert read.complete and read.findings == ()


def test_the_schema_knows_the_taxonomy() -> None:
    properties = load_schema(SCHEMA)["$defs"]["finding"]["properties"]
    assert properties["types"]["items"]["enum"] == list(Type)
    assert properties["symbol"]["enum"] == [*Symbol, None]


def _set(*path: Any, to: Any) -> Callable[[Any], None]:
    def change(document: Any) -> None:
        for key in path[:-1]:
            document = document[key]
        document[path[-1]] = to

    return change


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (_set("schema_version", to="2.0"), "schema_version"),
        (_set("observer", to="../anna"), "observer"),
        (_set("observer", to="anna\n"), "observer"),
        (_set("saved_at", to="yesterday"), "saved_at"),
        (_set("saved_at", to="2025-02-30T00:00:00Z"), "saved_at"),
        (_set("more", to=1), "more"),
        (_set("pair", "width", to=0), "width"),
        (_set("pair", "original", "sha256", to="A" * 64), "sha256"),
        (_set("findings", 0, "box", to=[0, 0, 513, 4]), "finding 1: box leaves the picture"),
        (_set("findings", 0, "box", to=[0, 0, 4, 4, 4]), "box"),
        (_set("findings", 0, "box", to=[0, -1, 4, 4]), "box"),
        (_set("findings", 0, "box", to=[0, 0, 4, 0]), "box"),
        (_set("findings", 0, "types", to=["texture"]), "types"),
        (_set("findings", 0, "types", to=["shape", "shape"]), "types"),
        (_set("findings", 0, "types", to=[]), "finding 1: says not what changed"),
        (_set("findings", 1, "original", to="  "), "finding 2: describes not both sides"),
        (_set("findings", 1, "symbol", to="brand"), "symbol"),
        (_set("pair", "name", to="half \ud83d"), "no Unicode"),
        (_set("findings", to=[{}] * 301), "findings"),
        (_set("more", to=json.loads("[" * 40 + "]" * 40)), "nested more than 32 deep"),
        (_set("pair", "width", to=10**400), "width"),
    ],
)
def test_what_contradicts_the_schema_or_itself_is_refused(
    change: Callable[[Any], None], told: str
) -> None:
    document = to_json(RICH)
    change(document)
    with pytest.raises(AnnotationError, match=r"^file: ") as error:
        parse(json.dumps(document).encode(), "file")
    assert told in str(error.value)


def test_a_draft_may_be_unfinished() -> None:
    document = to_json(RICH) | {"complete": False}
    document["findings"][0] |= {"types": [], "original": ""}
    assert parse(json.dumps(document).encode(), "file").findings[0].types == ()


@pytest.mark.parametrize(
    "data", [b"", b"{", b"[NaN]", b"\xff", b"[" * 100_000, b" " * MAX_BYTES * 2]
)
def test_hostile_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(AnnotationError, match="file: "):
        parse(data, "file")


def test_the_page_may_not_say_who_it_is() -> None:
    submission = {"complete": True, "findings": [], "revision": None}
    check(submission, "page", "submission")
    with pytest.raises(AnnotationError, match="observer"):
        check(submission | {"observer": "bo"}, "page", "submission")


@pytest.mark.parametrize(
    ("first", "second", "differ"),
    [
        ("The number 14", " the  number 14.", False),
        ("Café", "cafe\N{COMBINING ACUTE ACCENT}", False),
        ("14", "11", True),
        ("a red light", "a light", True),
    ],
)
def test_descriptions_differ_by_their_words_alone(first: str, second: str, differ: bool) -> None:
    assert (plain(first) != plain(second)) is differ
    assert finding(words=(first, second)).is_miscompression is differ


def test_texture_alone_is_no_miscompression() -> None:
    assert not finding(texture=True).is_miscompression
    assert finding((0, 0, 1, 1), Type.AMPLITUDE, texture=True).is_miscompression
