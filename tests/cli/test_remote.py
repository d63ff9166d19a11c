"""A credential that is kept elsewhere, as a user meets it: asked for on request and never else."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

from provenance.credentials import default_identity
from provenance.labels import parse_label

from ..elsewhere import Keeper, kept_elsewhere
from .conftest import Command


def test_it_is_fetched_on_request_alone(
    provenance: Command, astronaut: Path, tmp_path: Path
) -> None:
    small, photo = tmp_path / "small.png", tmp_path / "photo.png"
    with Image.open(astronaut) as opened:
        opened.resize((64, 64)).save(small)
    label = parse_label((Path(__file__).parents[1] / "metadata" / "label.json").read_bytes())
    with kept_elsewhere(small.read_bytes(), label, default_identity()) as (data, address):
        photo.write_bytes(data)
        done = provenance("verify", photo)
        assert done.code == 3
        assert f"it is elsewhere, at {address}; nobody looked there" in done.out
        for command in ("show", "caption"):
            assert provenance(command, photo).code in (0, 3)
        assert provenance("report", photo, "-o", tmp_path / "report.html").code in (0, 3)
        assert Keeper.asked == []

        done = provenance("verify", photo, "--remote", "--json")
        assert done.code == 0, done.out + done.err
        assert done.json("verify")["verdict"]["trusted"] is True
        assert Keeper.asked == ["/photo.c2pa"]

        folder = tmp_path / "folder"
        folder.mkdir()
        (folder / "photo.png").write_bytes(data)
        assert provenance("verify", folder, "--remote").code == 0
        Keeper.kept = {}
        done = provenance("verify", photo, "--remote")
        assert done.code == 3 and "could not fetch" in done.out
    done = provenance("verify", photo, "--remote")
    assert done.code == 3 and "fetch" in done.out
