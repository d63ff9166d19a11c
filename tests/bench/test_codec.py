"""The benchmark of codecs, as a user runs it."""

from __future__ import annotations

import csv
import math
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from provenance.bench.anchors import Contender, anchors, qualities_of
from provenance.bench.codec import Point, Summary, run, write
from provenance.codecs.schemes import SCHEMES


def test_it_writes_table_points_and_plots(data: Path, tmp_path: Path) -> None:
    with Image.open(data / "kodak" / "kodim20.png") as photo:
        photo.crop((0, 0, 256, 192)).save(tmp_path / "photo.png")
    script = Path(sys.executable).with_name("provenance")
    target = tmp_path / "bench"
    done = subprocess.run(
        [script, "bench", "codec", tmp_path / "photo.png", "-o", target],
        capture_output=True,
        text=True,
        check=True,
    )
    assert (
        "| AVIF 4:2:0 |" in done.stdout
        and "| JPEG XL |" in done.stdout
        and "| msh |" in done.stdout
    )
    among, within = done.stdout.split("single photos")
    # Of one photo, both are the same.
    rows = [line for line in among.splitlines() if line.startswith("| AVIF")]
    assert len(rows) == 2 and all(row in within for row in rows)
    lines = (target / "points.csv").read_text().splitlines()
    assert lines[0].startswith("codec,setting,photo,bytes") and len(lines) == 1 + 2 * 8 + 10 + 4 * 8
    with Image.open(target / "curves.png") as plot:
        assert plot.width > 800
    assert (target / "curves.svg").read_text().startswith("<?xml")


def test_a_codec_of_one_rate_is_one_point(data: Path, tmp_path: Path) -> None:
    with Image.open(data / "kodak" / "kodim20.png") as photo:
        photo.crop((0, 0, 256, 192)).save(tmp_path / "photo.png")
    summary = run([tmp_path / "photo.png"], "factorized", lambda _: None)
    assert len(summary.curve("factorized", "psnr_db")) == 1
    (_, (psnr, similarity)), *_ = summary.rate_differences()
    assert -90 < psnr < 100 and -90 < similarity < 100
    table = write(summary, tmp_path)
    assert "nan" not in table
    (row,) = [line for line in table.splitlines() if line.startswith("| factorized")]
    assert ";" not in row
    # The benchmark of the risk score asks the same.
    assert qualities_of("factorized", (10, 80)) == (100,)
    assert qualities_of("msh", (10, 80)) == (10, 80)


@pytest.mark.parametrize("every", [[], ["--codecs", "all"]])
def test_what_it_cannot_do_is_told_before_any_work(tmp_path: Path, every: list[str]) -> None:
    script = Path(sys.executable).with_name("provenance")
    (tmp_path / "notes.png").write_text("no photo")
    Image.new("RGB", (175, 300)).save(tmp_path / "small.png")
    Image.new("RGB", (300, 300)).save(tmp_path / "good.png")
    for names, target, told in (
        (["good.png", "notes.png"], "out", "notes.png: not an image"),
        (["good.png", "small.png"], "out", "small.png: sides under 176 px"),
        (["good.png"], "good.png/out", "cannot be made"),
    ):
        command = [str(script), "bench", "codec", *names, "-o", target, *every]
        done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, timeout=100)
        assert done.returncode == 6
        assert told in done.stderr and len(done.stderr.splitlines()) == 1


def test_it_compares_all_codecs_at_matched_rates(data: Path, tmp_path: Path) -> None:
    with Image.open(data / "kodak" / "kodim20.png") as photo:
        photo.crop((0, 0, 256, 192)).save(tmp_path / "photo.png")
    script = Path(sys.executable).with_name("provenance")
    target = tmp_path / "bench"
    done = subprocess.run(
        [script, "bench", "codec", tmp_path / "photo.png", "-o", target, "--codecs", "all"],
        capture_output=True,
        text=True,
        check=True,
    )
    with (target / "schemes.csv").open() as stream:
        rows = {row["codec"]: row for row in csv.DictReader(stream)}
    one_rate = tuple(SCHEMES)
    free = ("msh, conservative", "msh, perceptual", "msh, tuned for meaning", "AVIF", "JPEG")
    assert {*one_rate, *free} <= rows.keys()
    rates = {name: float(row["bits_per_pixel"]) for name, row in rows.items()}
    budget = math.prod(rates[name] for name in one_rate) ** (1 / len(one_rate))
    for name in free[:4]:
        assert 0.8 * budget < rates[name] <= 1.001 * budget, rates
    assert float(rows["msh, conservative"]["psnr_db"]) > float(rows["JPEG"]["psnr_db"])
    assert float(rows["msh, tuned for meaning"]["score"]) <= float(
        rows["msh, conservative"]["score"]
    )
    for row in rows.values():
        assert 0 <= float(row["score"]) <= 1 and f"| {row['codec']} |" in done.stdout
    with Image.open(target / "schemes.png") as plot:
        assert plot.width > 800


def test_differences_within_photos_know_nothing_of_how_bits_are_shared_out() -> None:
    """Half the rate of the anchor for each photo, but the easy one is better at each setting."""

    def points(codec: str, photo: str, rate: float, extra_db: float) -> list[Point]:
        return [
            Point(codec, setting, photo, 0, rate * 2 ** (db / 5), 30 + db, 10 + db)
            for setting in (1, 2, 3, 4)
            for db in (5 * setting + extra_db,)
        ]

    summary = Summary(
        (
            *points("msh", "easy", 0.05, 10),
            *points("msh", "busy", 0.5, 0),
            *points("JPEG", "easy", 0.1, 0),
            *points("JPEG", "busy", 1, 0),
        ),
        ("msh",),
        ("JPEG",),
    )
    ((_, within),) = summary.differences_within_photos()
    assert within == pytest.approx([-50, -50])
    ((_, (psnr, _)),) = summary.rate_differences()
    assert psnr < -60, psnr


@pytest.mark.parametrize("contender", anchors(), ids=lambda contender: contender.name)
def test_sizes_are_those_of_whole_files(contender: Contender, data: Path) -> None:
    with Image.open(data / "kodak" / "kodim20.png") as photo:
        pixels = np.asarray(photo.crop((0, 0, 256, 192)))
    sizes = [contender.run(pixels, setting)[0] for setting in contender.settings]
    assert sizes == sorted(sizes) and sizes[0] > 200 and sizes[-1] > 5 * sizes[0]
