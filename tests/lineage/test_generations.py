"""The tree of what a file was made from, over other tools' manifests too."""

from __future__ import annotations

import io
import time
from dataclasses import replace
from pathlib import Path

import c2pa  # type: ignore[import-untyped]
import pytest

from provenance import api
from provenance.credentials import Claim, Credential, Identity, Ingredient, default_identity, sign
from provenance.credentials.certificates import to_pem
from provenance.credentials.credential import broken
from provenance.credentials.identity import private_pem
from provenance.labels import Label, parse_label
from provenance.lineage import Generation, earlier_label, trace


@pytest.fixture(scope="module")
def label() -> Label:
    return parse_label((Path(__file__).parents[1] / "metadata" / "label.json").read_bytes())


def test_ten_generations_are_one_line_of_descent(astronaut: Path, label: Label) -> None:
    data, identity = astronaut.read_bytes(), default_identity()
    for number in range(10):
        setting = replace(label.quality, setting=float(number))
        data = _signed(data, replace(label, quality=setting), identity)
    root = api.history(data)
    line = list(_line(root))
    assert len(line) == 11
    assert [entry.label.quality.setting for entry in line if entry.label] == list(range(9, -1, -1))
    assert all(entry.compressed and entry.state == "trusted" and entry.when for entry in line[:-1])
    assert (line[-1].state, line[-1].media_type) == ("unsigned", "image/png")


def test_the_work_of_other_tools_is_part_of_it(astronaut: Path, label: Label) -> None:
    identity = default_identity()
    edited = _edited(_signed(astronaut.read_bytes(), label, identity), identity)
    last, other, first, original = _line(api.history(_signed(edited, label, identity)))
    assert [last.compressed, other.compressed, first.compressed] == [True, False, True]
    assert other.program == "Another Editor 7"
    assert [action.name for action in other.actions] == ["c2pa.opened", "c2pa.color_adjustments"]
    assert other.label is None
    assert original.title == "original"


def test_the_label_is_found_beneath_what_another_tool_did(astronaut: Path, label: Label) -> None:
    identity = default_identity()
    edited = _edited(_signed(astronaut.read_bytes(), label, identity), identity)
    credential = _read(edited)
    assert credential.label is None
    assert earlier_label(credential, None) == label


def test_of_two_labels_the_one_of_higher_risk_counts(astronaut: Path, label: Label) -> None:
    signed = _read(_signed(astronaut.read_bytes(), label, default_identity()))
    harmless = replace(label, risk=replace(label.risk, score=0.0))
    worse = replace(label, risk=replace(label.risk, score=0.9))
    assert earlier_label(signed, harmless) == label
    assert earlier_label(signed, worse) == worse
    assert earlier_label(None, worse) == worse
    assert earlier_label(None, None) is None


def test_a_copy_of_the_parents_label_is_no_compression(astronaut: Path, label: Label) -> None:
    identity = default_identity()
    copy = _signed(_signed(astronaut.read_bytes(), label, identity), label, identity)
    assert [entry.compressed for entry in _line(api.history(copy))] == [False, True, False]


def test_a_picture_without_credential_has_no_history(astronaut: Path) -> None:
    assert api.history(astronaut) is None


@pytest.mark.parametrize("shape", ["wide", "deep", "round"])
def test_what_strangers_claim_is_followed_within_bounds(shape: str) -> None:
    count = 10_000
    claims = tuple(_claim(str(number)) for number in range(count))
    if shape == "wide":
        pairs = [(0, number) for number in range(1, count)]
    elif shape == "deep":
        pairs = [(number, number + 1) for number in range(count - 1)]
    else:
        pairs = [(0, 1), (1, 0), (1, 1)] * 3000
    ingredients = tuple(_ingredient(str(of), str(to)) for of, to in pairs)
    credential = replace(broken(""), claims=claims, ingredients=ingredients)
    began = time.monotonic()
    root = trace(credential, "file")
    assert earlier_label(credential, None) is None
    assert time.monotonic() - began < 2
    assert 1 < _count(root) <= 1001
    assert _is_cut(root)


def _signed(original: bytes, label: Label, identity: Identity) -> bytes:
    return sign(
        _PNG,
        "image/png",
        label,
        identity,
        original=original,
        original_media_type="image/png",
        title="photo.png",
    )


def _edited(parent: bytes, identity: Identity) -> bytes:
    """What an ordinary tool makes of a file."""
    pem = private_pem(identity)
    assert pem is not None
    signer = c2pa.Signer.from_info(c2pa.C2paSignerInfo(b"es256", to_pem(identity.chain), pem, None))
    about = {"ingredientIds": ["parent"]}
    manifest = {
        "claim_generator_info": [{"name": "Another Editor", "version": "7"}],
        "title": "edited.png",
        "assertions": [
            {
                "label": "c2pa.actions.v2",
                "data": {
                    "actions": [
                        {"action": "c2pa.opened", "parameters": about},
                        {"action": "c2pa.color_adjustments"},
                    ]
                },
            }
        ],
    }
    described = {"title": "photo.png", "relationship": "parentOf", "label": "parent"}
    out = io.BytesIO()
    settings = '{"builder": {"thumbnail": {"enabled": false}}}'
    with (
        c2pa.Context.from_json(settings, signer=signer) as context,
        c2pa.Builder(manifest, context=context) as builder,
    ):
        builder.add_ingredient(described, "image/png", io.BytesIO(parent))
        builder.sign("image/png", io.BytesIO(_PNG), out)
    return out.getvalue()


def _read(data: bytes) -> Credential:
    from provenance.credentials import default_trust, read

    credential = read(data, "image/png", default_trust())
    assert credential is not None
    return credential


def _line(root: Generation | None) -> list[Generation]:
    assert root is not None
    line = [root]
    while line[-1].made_from:
        (parent,) = line[-1].made_from
        line.append(parent)
    return line


def _claim(manifest: str) -> Claim:
    return Claim(manifest, None, None, None, None, (), None, None)


def _ingredient(of: str, manifest: str) -> Ingredient:
    return Ingredient("a", "parentOf", "image/png", of, manifest, True, False, ())


def _count(entry: Generation) -> int:
    return 1 + sum(_count(part) for part in entry.made_from)


def _is_cut(entry: Generation) -> bool:
    return entry.cut or any(_is_cut(part) for part in entry.made_from)


def _small() -> bytes:
    from PIL import Image

    stream = io.BytesIO()
    Image.new("RGB", (64, 64), (90, 120, 30)).save(stream, "PNG")
    return stream.getvalue()


_PNG = _small()
