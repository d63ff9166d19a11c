"""A codec of another package that does something wrong is named, and hides no other."""

from __future__ import annotations

import dataclasses
import importlib
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from provenance import ModelFacts
from provenance.codecs import Picture
from provenance.codecs.package import PackageCodec
from provenance.errors import BitstreamError, ModelError, UsageError

PICTURE = Picture(np.full((24, 40, 3), 90, np.uint8))


@pytest.fixture
def mosaic(monkeypatch: pytest.MonkeyPatch) -> type:
    """The class of the package, which a test may spoil."""
    monkeypatch.syspath_prepend(str(Path(__file__).parent / "mosaic"))
    kind: type = importlib.import_module("mosaic").Mosaic
    return kind


def made(name: str = "mosaic") -> PackageCodec:
    return PackageCodec(EntryPoint(name, "mosaic:Mosaic", "provenance.codecs"))


def test_a_good_one_encodes_and_decodes(mosaic: type) -> None:
    codec = made()
    picture = codec.decode(codec.encode(PICTURE, 50), max_pixels=10_000_000)
    assert codec.variable_rate and picture.pixels.shape == (24, 40, 3)


def test_one_that_cannot_be_loaded(mosaic: type, monkeypatch: pytest.MonkeyPatch) -> None:
    def leave(_: object) -> None:
        raise SystemExit(0)

    monkeypatch.setattr(mosaic, "__init__", leave)
    with pytest.raises(
        ModelError, match=r"^mosaic: mosaic:Mosaic cannot load: SystemExit: 0; mend"
    ):
        made()


def test_what_it_says_of_itself_must_fit_a_label(
    mosaic: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ModelError, match="its facts are of a codec 'mosaic'"):
        made("stones")
    monkeypatch.setattr(mosaic, "model", ModelFacts("mosaic-1", "unknown"))
    with pytest.raises(ModelError, match=r"of its model is wrong at \$.sha256"):
        made()
    facts = dataclasses.replace(mosaic.facts, generative="no")
    monkeypatch.setattr(mosaic, "facts", facts)
    with pytest.raises(ModelError, match=r"of its codec is wrong at \$.generative"):
        made()


@pytest.mark.parametrize("given", [b"stones", "stones", None])
def test_what_is_no_bitstream(mosaic: Any, monkeypatch: pytest.MonkeyPatch, given: Any) -> None:
    monkeypatch.setattr(mosaic, "encode", lambda *_: given)
    with pytest.raises(ModelError, match=r"encodes to what provenance\.codecs\.bitstream did not"):
        made().encode(PICTURE, 50)


def test_the_bitstream_of_another_picture(mosaic: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    other = made().encode(Picture(PICTURE.pixels[:8]), 50)
    monkeypatch.setattr(mosaic, "encode", lambda *_: other)
    with pytest.raises(ModelError, match="mosaic of 40x24 px to mosaic of 40x8 px"):
        made().encode(PICTURE, 50)


@pytest.mark.parametrize(
    "given",
    [
        Picture(PICTURE.pixels[:8]),
        Picture(PICTURE.pixels[..., 0]),
        Picture(PICTURE.pixels / 255),  # type: ignore[arg-type]
        Picture([[0]]),  # type: ignore[arg-type]
        Picture(PICTURE.pixels, PICTURE.pixels),
    ],
)
def test_what_is_no_such_picture(
    mosaic: Any, monkeypatch: pytest.MonkeyPatch, given: Picture
) -> None:
    codec = made()
    bitstream = codec.encode(PICTURE, 50)
    monkeypatch.setattr(mosaic, "decode", lambda *_, **__: given)
    with pytest.raises(ModelError, match=r"decodes to something else than uint8 \[24, 40"):
        codec.decode(bitstream, max_pixels=10_000_000)
    monkeypatch.setattr(mosaic, "decode", lambda *_, **__: PICTURE.pixels)
    with pytest.raises(ModelError, match="cannot decode: AttributeError"):
        codec.decode(bitstream, max_pixels=10_000_000)


def test_what_it_refuses_on_purpose_stays_so(mosaic: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> bytes:
        raise UsageError("no such quality")

    monkeypatch.setattr(mosaic, "encode", refuse)
    with pytest.raises(UsageError, match=r"^no such quality$"):
        made().encode(PICTURE, 50)
    with pytest.raises(BitstreamError, match="not one of ours"):
        made().decode(b"stones", max_pixels=10_000_000)
