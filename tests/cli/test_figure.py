"""``provenance figure`` as a user runs it."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

from .conftest import Command


def test_a_figure_of_a_finding(provenance: Command, astronaut: Path, tmp_path: Path) -> None:
    coarse, target = tmp_path / "coarse.avif", tmp_path / "fig.png"
    assert provenance("compress", astronaut, "-q", 1, "-o", coarse).code == 0
    done = provenance("figure", astronaut, coarse, "-o", target, "--json")
    assert done.code == 0, done.err
    said = done.json("figure")
    assert said["bytes"] == target.stat().st_size
    assert "msh-6: 0." in said["caption"] and "Picture 512 × 512 px" in said["caption"]
    with Image.open(target) as opened:
        assert opened.info["Description"] == said["caption"]
    done = provenance("figure", astronaut, coarse, "-o", target, "--finding", 99, "--force")
    assert done.code == 2 and "none is number 99" in done.err


def test_a_figure_of_any_picture(provenance: Command, data: Path, tmp_path: Path) -> None:
    pair = [data / "pairs" / "diffeic" / f"01-{name}.webp" for name in ("original", "lambda16")]
    target = tmp_path / "fig.png"
    options = ["-o", target, "--crop", "10,20,90,60"]
    done = provenance("figure", *pair, *options)
    assert done.code == 2 and "--bits-per-pixel" in done.err
    done = provenance("figure", *pair, *options, "--bits-per-pixel", 0.3, "--model", "DiffEIC")
    assert done.code == 0 and "DiffEIC: 0.300 bits per pixel" in done.out
    assert "crop 90 × 60 px" in done.out


def test_what_cannot_be_drawn_is_refused(
    provenance: Command, astronaut: Path, compressed: Path, tmp_path: Path
) -> None:
    target = tmp_path / "fig.png"
    for crop in ("1,2,3", "0,0,600,20", "-1,0,20,20", "0,0,8,100"):
        done = provenance("figure", astronaut, compressed, "-o", target, f"--crop={crop}")
        assert done.code == 2 and f"--crop {crop}" in done.err, done.err
    done = provenance("figure", astronaut, compressed, "-o", tmp_path / "fig.jpg")
    assert done.code == 2 and "ends in .png" in done.err
    small = tmp_path / "small.png"
    Image.new("RGB", (64, 48)).save(small)
    done = provenance("figure", small, compressed, "-o", target)
    assert done.code == 6 and "the original has 64x48" in done.err
    assert not target.exists()
