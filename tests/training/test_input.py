"""What is wrong with what a training is given is told in one line; files are whole or not there."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

from provenance.codecs.learned import msh
from provenance.errors import InputError
from provenance.training import card, crops, export, perceptual, schemes, train
from provenance.training.scheme_networks import Charm, Factorized, Hyperprior

CPU = torch.device("cpu")

Refused = Callable[..., str]


@pytest.fixture
def photos(tmp_path: Path, data: Path) -> Path:
    folder = tmp_path / "photos"
    folder.mkdir()
    with Image.open(sorted((data / "validation").glob("*.png"))[0]) as image:
        image.convert("RGB").crop((0, 0, 256, 256)).save(folder / "photo.png")
    return folder


@pytest.fixture
def refused(
    tmp_path: Path,
    photos: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Refused:
    """What a training says that ends with an error of `provenance`; later options win."""

    def run(module: ModuleType, *options: object, code: int = 6) -> str:
        folders = ["--photos", photos, "--validation", photos, "--work", tmp_path / "work"]
        words = [module.__name__, *folders, *options] if module in TRAININGS else ["", *options]
        monkeypatch.setattr(sys, "argv", [str(word) for word in words])
        with pytest.raises(SystemExit) as ended:
            module.main()
        assert ended.value.code == code
        said = capsys.readouterr().err.strip().splitlines()
        assert len(said) == 1 or code == 2
        return said[-1]

    return run


TRAININGS = (train, perceptual, schemes)


def test_folders_without_photos(refused: Refused, photos: Path, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    assert "no-such: no such folder" in refused(train, "--photos", tmp_path / "no-such")
    assert "empty: holds no photos" in refused(train, "--photos", empty)
    assert "empty: holds no PNG" in refused(train, "--validation", empty)
    Image.new("RGB", (300, 200)).save(empty / "small.png")
    assert "empty: no photo has sides of 256 px" in refused(
        perceptual, "--photos", empty, "--work", tmp_path / "other"
    )
    Image.new("RGB", (300, 100)).save(empty / "small.png")
    assert "small.png: sides under 128 px" in refused(train, "--validation", empty)
    (photos / "notes.txt").write_text("no photo")
    said = refused(train, "--work", tmp_path / "other")
    assert "notes.txt: not a photo that can be read" in said


@pytest.mark.parametrize(
    "options",
    [
        ("--batch", "0"),
        ("--crop", "100"),
        ("--crop", "512"),
        ("--minutes", "nan"),
        ("--rate", "-1"),
    ],
)
def test_numbers_that_are_none(refused: Refused, options: tuple[str, str]) -> None:
    assert options[0] in refused(train, *options, code=2)


def test_sizes_that_a_scheme_cannot_have(refused: Refused) -> None:
    assert "37 latents are not 6 slices" in refused(schemes, "charm", "--latents", "37", code=2)


def test_weights_are_written_where_there_is_a_folder(refused: Refused, tmp_path: Path) -> None:
    target = tmp_path / "no-such" / "weights.safetensors"
    assert "no such folder" in refused(schemes, "charm", "--weights", target, code=2)


def test_a_start_that_is_none(refused: Refused, tmp_path: Path) -> None:
    broken, other = tmp_path / "broken.safetensors", tmp_path / "other.safetensors"
    broken.write_bytes(b"nothing")
    save_file(Factorized(16, 36).published(), other)
    for start, said in (
        (tmp_path / "none", "no such file"),
        (broken, "cannot"),
        (other, "missing"),
    ):
        found = refused(train, "--start", start)
        assert start.name in found and (said in found or "be read safely" in found)
        assert start.name in refused(export, start, tmp_path / "made.safetensors")
    assert "broken" in refused(schemes, "factorized", "--start", broken)
    assert not (tmp_path / "made.safetensors").exists()


def test_a_start_of_other_sizes_is_refused(refused: Refused, tmp_path: Path) -> None:
    start = tmp_path / "start.safetensors"
    save_file(Hyperprior(24, 36).published(), start)
    said = refused(schemes, "hyperprior", "--channels", 16, "--latents", 36, "--start", start)
    assert "g_a" in said and "--channels" in said


def test_parts_are_taken_over_whole() -> None:
    state = Hyperprior(16, 36).published()
    taken, left = Charm(16, 36).take_over(state)
    assert taken == ("g_a", "g_s")
    assert {"h_a", "entropy_bottleneck"} < set(left)
    other = Charm(24, 36)
    before = {key: value.clone() for key, value in other.state_dict().items()}
    assert not other.take_over(state).taken
    assert all(torch.equal(value, before[key]) for key, value in other.state_dict().items())


def test_a_training_goes_on_with_its_own_settings(
    refused: Refused, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = ["factorized", "--channels", 16, "--latents", 36, "--batch", 1, "--minutes", 0.001]
    folders = ["--photos", tmp_path / "photos", "--validation", tmp_path / "photos"]
    words = ["", *folders, "--work", tmp_path / "work", *options]
    monkeypatch.setattr(sys, "argv", [str(word) for word in words])
    schemes.main()
    said = refused(schemes, *options, "--latents", 48, code=2)
    assert "begun with latents 36, not 48" in said
    (tmp_path / "work" / "checkpoint.pt").write_bytes(b"half")
    assert "checkpoint.pt: damaged" in refused(schemes, *options)


def test_crops_are_there_whole_or_not_at_all(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "crops.npy"

    def half(stream: object, array: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(np, "save", half)
        with pytest.raises(KeyboardInterrupt):
            crops.cut(photos, target, CPU)
    assert not target.exists()
    made = crops.cut(photos, target, CPU)
    assert made.shape == (14, 256, 256, 3)
    data = target.read_bytes()
    for damaged in (data[: len(data) // 2], data[:20], b""):
        target.write_bytes(damaged)
        with pytest.raises(InputError, match=r"crops\.npy: damaged; remove it"):
            crops.cut(photos, target, CPU)


def test_a_card_of_nothing(refused: Refused, tmp_path: Path) -> None:
    assert "log.jsonl" in refused(card, tmp_path, msh.WEIGHTS, "--data", "photos")
    (tmp_path / "log.jsonl").touch()
    assert "nothing was reported" in refused(card, tmp_path, msh.WEIGHTS, "--data", "photos")
