"""``provenance codecs``: published weights are added, used, passed on and removed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from PIL import Image

from tests.codecs import restated

from .conftest import Command

STATES = {
    "hyperprior": restated.hyperprior_state,
    "charm": restated.charm_state,
}


@pytest.fixture(scope="module")
def photo(astronaut: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("photo") / "small.png"
    with Image.open(astronaut) as image:
        image.crop((150, 0, 310, 120)).save(path)
    return path


@pytest.fixture(scope="module", params=STATES)
def scheme(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def weights(scheme: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("weights") / f"{scheme}.pth.tar"
    torch.save(STATES[scheme](8, 12, 1), path)
    return path


@pytest.fixture(scope="module")
def name(scheme: str, weights: Path, provenance: Command) -> Iterator[str]:
    done = provenance("codecs", "add", f"my-{scheme}", "--weights", weights)
    assert done.code == 0, done.err
    assert hashlib.sha256(weights.read_bytes()).hexdigest() in done.out
    yield f"my-{scheme}"
    done = provenance("codecs", "remove", f"my-{scheme}")
    assert done.code == 0 and f"my-{scheme}" not in provenance("codecs").out


def test_it_is_listed(scheme: str, name: str, weights: Path, provenance: Command) -> None:
    assert f"\n{name}\n" in provenance("codecs").out
    found = {c["name"]: c for c in provenance("codecs", "--json").json("codecs")["codecs"]}
    assert {"msh", name} <= set(found)
    assert found[name]["codec"]["name"] == scheme and not found[name]["codec"]["generative"]
    source = hashlib.sha256(weights.read_bytes()).hexdigest()
    assert found[name]["model"]["source_sha256"] == source


def test_a_photo_goes_there_and_back(
    scheme: str, name: str, provenance: Command, photo: Path, tmp_path: Path
) -> None:
    file = tmp_path / "photo.avif"
    done = provenance("compress", photo, "--codec", name, "-o", file, "--json")
    assert done.code == 0, done.err
    label = done.json("written")["label"]
    assert label["codec"]["name"] == scheme and label["model"]["name"] == name
    assert label["quality"]["setting"] is None
    assert provenance("decompress", file, "-o", tmp_path / "back.png").code == 0
    with Image.open(tmp_path / "back.png") as image:
        assert image.size == (160, 120)
    verified = provenance("verify", file)
    assert verified.code == 0 and "installed here" in verified.out
    shown = provenance("show", file, "--json").json("show")["label"]
    assert shown["model"] == label["model"] and "source_sha256" in shown["model"]
    # Elsewhere, without the weights, the file still verifies, and says what it needs.
    elsewhere = {"PROVENANCE_HOME": str(tmp_path / "home")}
    there = provenance("verify", file, env=elsewhere)
    assert there.code == 5 and "not installed here" in there.out
    refused = provenance("decompress", file, "-o", tmp_path / "no.png", env=elsewhere)
    assert refused.code == 6 and "codecs add" in refused.err
    assert len(refused.err.splitlines()) == 1 and not (tmp_path / "no.png").exists()


@pytest.mark.parametrize("goal", ["--quality=30", "--bpp=0.5", "--max-bytes=9000", "--min-psnr=30"])
def test_one_checkpoint_is_one_rate(
    name: str, provenance: Command, photo: Path, tmp_path: Path, goal: str
) -> None:
    done = provenance("compress", photo, "--codec", name, goal, "-o", tmp_path / "x.avif")
    assert done.code == 2 and "one rate" in done.err and len(done.err.splitlines()) == 1


def test_refusals_are_one_line(name: str, provenance: Command, weights: Path) -> None:
    for arguments, code in (
        (("add", name, "--weights", weights), 6),
        (("add", "x", "--weights", weights.with_name("none.pth")), 6),
        (("add", "x", "--weights", Path(__file__)), 6),
        (("add", "X y", "--weights", weights), 2),
        (("add", "x", "--weights", weights, "--sha256", "00" * 32), 6),
        (("remove", "msh"), 6),
    ):
        done = provenance("codecs", *arguments)
        assert done.code == code and len(done.err.splitlines()) == 1, done.err


def test_a_damaged_file_is_named(name: str, provenance: Command, home: Path) -> None:
    damaged = home / "codecs" / "damaged.safetensors"
    damaged.write_bytes(b"nothing")
    try:
        done = provenance("codecs")
        assert done.code == 6 and "codecs remove damaged" in done.err
        assert provenance("codecs", "remove", "damaged").code == 0
    finally:
        damaged.unlink(missing_ok=True)
