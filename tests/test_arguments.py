"""What cannot be is refused before any work is done, by the library as by the command line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import provenance
from provenance import CodecFacts, ModelFacts, TrustStore, api, codecs, formats
from provenance.errors import InputError, UsageError

PHOTO = Path(__file__).parents[1] / "examples" / "astronaut.png"
CODEC, MODEL = CodecFacts("other", "unknown", False, "default"), ModelFacts("other-1", None)


@pytest.fixture
def idle(monkeypatch: pytest.MonkeyPatch) -> None:
    """No picture is opened."""

    def work(*_: object) -> None:
        raise AssertionError("worked")

    for task in ("loaded", "unpack"):
        monkeypatch.setattr(api, task, work)


@pytest.mark.usefixtures("idle")
@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"to": "gif"}, "gif: not a rendition format; choose from jpeg"),
        ({"caption": "fr"}, "language 'fr': choose from de, en"),
        ({"quality": 0}, "quality 0: must be a number above 0"),
        ({"quality": 101}, "quality 101: must be within 1 and 100"),
        ({"quality": float("nan")}, "quality nan: must be a number above 0"),
        ({"bits_per_pixel": -0.3}, "bits per pixel -0.3: must be a number above 0"),
        ({"bits_per_pixel": float("nan")}, "bits per pixel nan: must be a number above 0"),
        ({"max_bytes": 0}, "size 0: must be a number above 0"),
        ({"min_psnr": float("inf")}, "PSNR inf: must be a number above 0"),
        ({"max_bytes": 9000, "to": "png"}, "for compressed files"),
        ({"preview": 8}, "preview 8: give a side of 16 to 4096 px"),
        ({"seeds": 4}, "msh: its decoder takes no steps and no seed"),
        ({"codec": "hific", "seed": 4}, "hific: its decoder takes no steps and no seed"),
        ({"codec": "cdc", "seeds": 1}, "seeds 1: must be within 2 and 16"),
        ({"codec": "cdc", "steps": 101}, "steps 101: must be within 1 and 100"),
        ({"codec": "cdc", "seed": -1}, "seed -1: must be within 0 and 4294967295"),
    ],
)
def test_compress(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        provenance.compress(PHOTO, **wrong)


@pytest.mark.usefixtures("idle")
@pytest.mark.parametrize("wrong", [{"to": "gif"}, {"caption": "fr"}])
def test_decompress(wrong: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match="choose from"):
        provenance.decompress(PHOTO, **wrong)


@pytest.mark.usefixtures("idle")
@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"caption": "fr"}, "language 'fr'"),
        ({"bits_per_pixel": float("nan")}, "give finite numbers"),
        ({"codec": CodecFacts("", "", False, "")}, r"codec: at \$\."),
        ({"model": ModelFacts("other-1", "12ab")}, r"model: at \$\.sha256"),
    ],
)
def test_label(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        provenance.label(PHOTO, PHOTO, **{"codec": CODEC, "model": MODEL, **wrong})


@pytest.mark.usefixtures("idle")
def test_a_broken_trust_store(tmp_path: Path) -> None:
    (tmp_path / "desk.pem").write_text("not a certificate")
    trust = TrustStore(tmp_path)
    with pytest.raises(InputError, match="desk"):
        provenance.compress(PHOTO, trust=trust)
    with pytest.raises(InputError, match="desk"):
        provenance.decompress(PHOTO, trust=trust)
    with pytest.raises(InputError, match="desk"):
        provenance.label(PHOTO, PHOTO, codec=CODEC, model=MODEL, trust=trust)


def test_a_format_that_is_not_installed(monkeypatch: pytest.MonkeyPatch, idle: None) -> None:
    monkeypatch.setitem(formats._PLUGINS, "jxl", "not_installed")
    with pytest.raises(UsageError, match=r"JXL needs an optional part; use .*\[jxl\]"):
        provenance.compress(PHOTO, to="jxl")


def test_a_picture_too_wide_for_the_format(monkeypatch: pytest.MonkeyPatch) -> None:
    def encode(*_: object, **__: object) -> None:
        raise AssertionError("encoded")

    monkeypatch.setattr(codecs, "at", encode)
    narrow = formats.Format("image/webp", ".webp", 500)
    monkeypatch.setitem(formats.RENDITIONS, "webp", narrow)
    with pytest.raises(UsageError, match="webp cannot hold sides over 500 px; use png"):
        provenance.compress(PHOTO, to="webp")
