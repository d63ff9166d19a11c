"""``--stamp`` as a user runs it: seen, recorded and signed."""

from __future__ import annotations

import io
from pathlib import Path

import c2pa  # type: ignore[import-untyped]
import numpy as np
import pytest
from PIL import Image

from provenance import credentials
from provenance.imaging import media_type

from .conftest import Command


def _pixels(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB")).astype(int)


def _region(path: Path) -> tuple[int, int, int]:
    """Where the signed actions say that the mark is: x, y and side in px."""
    data = path.read_bytes()
    with c2pa.Reader(media_type(data, path.name), io.BytesIO(data)) as reader:
        assertions = reader.get_active_manifest()["assertions"]
    [actions] = [a["data"]["actions"] for a in assertions if a["label"].startswith("c2pa.actions")]
    assert [action["action"] for action in actions][:2] == ["c2pa.opened", "c2pa.transcoded"]
    [edit] = [action for action in actions if "visible mark" in action.get("description", "")]
    assert edit["action"] == "c2pa.edited"
    shape = edit["changes"][0]["region"][0]["shape"]
    assert (shape["type"], shape["unit"]) == ("polygon", "pixel")
    across, down = ([int(point[axis]) for point in shape["vertices"]] for axis in "xy")
    side = max(across) - min(across)
    assert len(across) == 4 and max(down) - min(down) == side
    return min(across), min(down), side


def test_a_decoded_picture_carries_its_level_in_a_corner(
    provenance: Command, compressed: Path, tmp_path: Path
) -> None:
    plain, marked = tmp_path / "plain.png", tmp_path / "marked.png"
    assert provenance("decompress", compressed, "-o", plain).code == 0
    told = provenance("decompress", compressed, "--stamp", "-o", marked, "--json").json("written")
    x, y, side = _region(marked)
    difference = np.abs(_pixels(plain) - _pixels(marked))
    rows, columns = np.nonzero(difference.max(axis=2))
    assert x <= columns.min() and columns.max() < x + side
    assert y <= rows.min() and rows.max() < y + side and (difference > 60).any()
    assert provenance("verify", marked).code == 0
    level = told["label"]["risk"]["level"]
    read = credentials.read(marked.read_bytes(), "image/png", credentials.default_trust())
    assert read is not None
    assert f"A visible mark was drawn in: risk level {level} of 5." in [
        action.description for action in read.actions
    ]


@pytest.mark.parametrize("kind", ["jpeg", "webp"])
def test_what_another_codec_made_is_marked_and_stays_in_its_format(
    provenance: Command, astronaut: Path, tmp_path: Path, kind: str
) -> None:
    reconstruction, marked = tmp_path / f"made.{kind}", tmp_path / f"marked.{kind}"
    with Image.open(astronaut) as image:
        image.convert("RGB").save(reconstruction, quality=60)
    before = reconstruction.read_bytes()
    arguments = (astronaut, reconstruction, "--codec", "other", "--model", "m", "-o", marked)
    done = provenance("label", *arguments, "--stamp")
    assert done.code == 0, done.err
    assert reconstruction.read_bytes() == before
    with Image.open(marked) as image:
        assert str(image.format).lower() == kind
    x, y, side = _region(marked)
    difference = np.abs(_pixels(reconstruction) - _pixels(marked))
    assert (difference[y : y + side, x : x + side] > 60).any()
    # Around the mark the second encoding may cost a little, and no more.
    difference[max(0, y - 16) :, max(0, x - 16) :] = 0
    assert difference.mean() < 1.5
    assert provenance("verify", marked).code == 0


def test_a_picture_without_room_is_refused(
    provenance: Command, astronaut: Path, tmp_path: Path
) -> None:
    small, packed = tmp_path / "small.png", tmp_path / "small.avif"
    with Image.open(astronaut) as image:
        image.convert("RGB").resize((48, 48)).save(small)
    assert provenance("compress", small, "-o", packed, "--preview", "none").code == 0
    told = provenance("decompress", packed, "--stamp", "-o", tmp_path / "x.png")
    assert told.code == 2 and "no room for a mark" in told.err and told.err.count("\n") == 1
    assert not (tmp_path / "x.png").exists()
