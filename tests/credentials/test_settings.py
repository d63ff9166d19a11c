"""The C2PA library takes no notice of settings that it does not know; ours are all known to it."""

from __future__ import annotations

import copy
import io
import json
from collections.abc import Iterator
from typing import Any

import c2pa  # type: ignore[import-untyped]
import pytest

from provenance.credentials import Identity, TrustStore, read, sign
from provenance.credentials.settings import library_settings
from provenance.credentials.trust import Anchor, Purpose
from provenance.labels import Label

Path = tuple[str | int, ...]


@pytest.fixture(scope="module")
def settings(trust: TrustStore, identity: Identity) -> dict[str, Any]:
    """Everything that is ever set: anchors of both purposes, and the network off."""
    clock = Anchor("clock", identity.chain[1:], None, Purpose.TIME_STAMPS)
    made = json.loads(library_settings([*trust.list(), clock]))
    assert isinstance(made, dict)
    return made


def _leaves(value: Any, at: Path = ()) -> Iterator[Path]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _leaves(inner, (*at, key))
    elif isinstance(value, list) and value and isinstance(value[0], dict):
        for number, inner in enumerate(value):
            yield from _leaves(inner, (*at, number))
    else:
        yield at


def _with(settings: dict[str, Any], at: Path, value: object) -> str:
    changed = copy.deepcopy(settings)
    place: Any = changed
    for key in at[:-1]:
        place = place[key]
    place[at[-1]] = value
    return json.dumps(changed)


def _takes(settings: str) -> bool:
    try:
        with c2pa.Context.from_json(settings):
            return True
    except c2pa.C2paError:
        return False


def test_every_setting_of_ours_is_one_that_the_library_looks_at(settings: dict[str, Any]) -> None:
    assert _takes(json.dumps(settings))
    leaves = list(_leaves(settings))
    assert len(leaves) > 15
    for at in leaves:
        # A value of a type that no setting has is refused for a key that is known ...
        assert not _takes(_with(settings, at, {"no": ["such", "value"]})), at
        # ... and goes unnoticed for one that is not: a misspelt key would never be found.
        misspelt = (*at[:-1], f"{at[-1]}s") if isinstance(at[-1], str) else at
        assert _takes(_with(settings, misspelt, {"no": ["such", "value"]})), at


def test_a_list_of_allowed_signers_at_the_top_trusts_nobody(
    settings: dict[str, Any],
    files: dict[str, bytes],
    label: Label,
    identity: Identity,
    original: bytes,
) -> None:
    """Older settings that the library still takes, and that mean nothing any more."""
    data = _signed(files, label, identity, original)
    pem = settings["trust"]["anchors"][0]["trust_anchors"]
    old = json.dumps({"allowed_list": pem, "trust_anchors": pem})
    assert _takes(old)
    assert _state(data, old) == "Valid"
    assert _state(data, json.dumps(settings)) == "Trusted"


def test_a_misspelt_switch_would_cost_a_thumbnail(
    settings: dict[str, Any], files: dict[str, bytes]
) -> None:
    """By effect: the switch is off, and it is this very key that switches it off."""

    def size(asked: str) -> int:
        with (
            c2pa.Context.from_json(asked) as context,
            c2pa.Builder({"assertions": []}, context=context) as builder,
        ):
            source = io.BytesIO(files["image/jpeg"])
            builder.add_ingredient({"title": "a"}, "image/jpeg", source)
            archive = io.BytesIO()
            builder.to_archive(archive)
            return len(archive.getvalue())

    builder = settings["builder"]
    renamed = {**builder, "thumbnails": builder["thumbnail"]}
    del renamed["thumbnail"]
    misspelt = json.dumps({**settings, "builder": renamed})
    assert size(json.dumps(settings)) + 2000 < size(misspelt)


def test_the_older_way_to_set_them_does_nothing(
    files: dict[str, bytes], label: Label, identity: Identity, original: bytes, trust: TrustStore
) -> None:
    data = _signed(files, label, identity, original)
    with pytest.warns(DeprecationWarning):
        c2pa.load_settings(library_settings(trust.list()))
    credential = read(data, "image/jpeg", ())
    assert credential is not None
    assert (credential.valid, credential.trusted) == (True, False)


def _signed(files: dict[str, bytes], label: Label, identity: Identity, original: bytes) -> bytes:
    kind = "image/jpeg"
    return sign(files[kind], kind, label, identity, original=original, original_media_type=kind)


def _state(data: bytes, settings: str) -> str:
    with (
        c2pa.Context.from_json(settings) as context,
        c2pa.Reader("image/jpeg", io.BytesIO(data), None, context) as reader,
    ):
        return str(reader.get_validation_state())
