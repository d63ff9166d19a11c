"""``compress --tune``, as a user runs it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from provenance import container
from provenance.codecs import bitstream

from .conftest import Command


def test_the_label_tells_what_the_encoder_was_tuned_for(
    provenance: Command, astronaut: Path, tmp_path: Path
) -> None:
    found = {}
    for tune in ("psnr", "ssim"):
        target = tmp_path / f"{tune}.avif"
        done = provenance(
            "compress", astronaut, "--max-bytes", 40_000, "--tune", tune, "-o", target
        )
        assert done.code == 0, done.err
        assert target.stat().st_size <= 40_000
        label = provenance("show", target, "--json").json("show")["label"]
        assert label["codec"].get("tune") == (None if tune == "psnr" else tune)
        mapped = bitstream.parse(container.unpack(target.read_bytes()).bitstream).mapped
        assert mapped == (tune == "ssim")
        assert provenance("verify", target, "--decode").code in (0, 5)
        found[tune] = label["quality"]
    assert found["ssim"]["ms_ssim"] > found["psnr"]["ms_ssim"]
    assert found["ssim"]["psnr_db"] < found["psnr"]["psnr_db"]

    picture = tmp_path / "picture.png"
    assert provenance("decompress", tmp_path / "ssim.avif", "-o", picture).code == 0
    with Image.open(picture) as decoded, Image.open(astronaut) as original:
        difference = np.asarray(decoded.convert("RGB")).astype(int) - original.convert("RGB")
    assert decoded.size == original.size and 0.5 < np.abs(difference).mean() < 12


def test_bits_go_where_meaning_would_change(
    provenance: Command, data: Path, tmp_path: Path
) -> None:
    photo = tmp_path / "rafters.png"
    with Image.open(data / "kodak" / "kodim14.png") as whole:
        whole.crop((120, 60, 440, 316)).save(photo)

    def compress(*options: object) -> tuple[dict[str, Any], int]:
        target = tmp_path / "tuned.avif"
        done = provenance("compress", photo, *options, "-o", target, "--force")
        assert done.code == 0, done.err
        label = provenance("show", target, "--json").json("show")["label"]
        return label, len(container.unpack(target.read_bytes()).bitstream)

    plain, plain_bytes = compress("-q", 10)
    tuned, tuned_bytes = compress("-q", 10, "--tune", "meaning")
    assert tuned["codec"]["tune"] == "meaning" and tuned["quality"]["setting"] == 10
    assert any("tuned by this score" in said for said in tuned["warnings"])
    assert plain["risk"]["score"] > 0.8 and tuned["risk"]["score"] < 0.5
    assert plain_bytes < tuned_bytes < 2 * plain_bytes
    picture = tmp_path / "picture.png"
    assert provenance("verify", tmp_path / "tuned.avif", "--decode").code in (0, 5)
    assert provenance("decompress", tmp_path / "tuned.avif", "-o", picture).code == 0
    again = provenance("assess", photo, picture, "--json").json("assess")
    assert again["risk"] == tuned["risk"]
    bpp = 8 * tuned_bytes / (320 * 256)
    evenly, _ = compress("--bpp", bpp)
    assert evenly["risk"]["score"] > tuned["risk"]["score"] + 0.3
    within, within_bytes = compress("--bpp", bpp, "--tune", "meaning")
    assert provenance("verify", tmp_path / "tuned.avif", "--decode").code in (0, 5)
    assert within_bytes <= tuned_bytes
    assert within["risk"]["score"] < evenly["risk"]["score"] - 0.3


def test_effort_saves_bits_and_the_label_tells(
    provenance: Command, astronaut: Path, tmp_path: Path
) -> None:
    photo, found = tmp_path / "face.png", {}
    with Image.open(astronaut) as whole:
        whole.crop((100, 0, 420, 256)).save(photo)
    for effort in (0, 3):
        target = tmp_path / f"{effort}.avif"
        done = provenance("compress", photo, "--min-psnr", 36, "--effort", effort, "-o", target)
        assert done.code == 0, done.err
        label = provenance("show", target, "--json").json("show")["label"]
        assert label["codec"].get("effort") == (effort or None)
        assert label["quality"]["psnr_db"] >= 36
        assert provenance("verify", target, "--decode").code in (0, 5)
        found[effort] = len(container.unpack(target.read_bytes()).bitstream)
    assert found[3] < 0.99 * found[0]


def test_other_codecs_cannot_be_tuned(provenance: Command, astronaut: Path, tmp_path: Path) -> None:
    target = tmp_path / "other.avif"
    for option, value, told in (
        ("--tune", "ssim", "charm: cannot be tuned; only msh can"),
        ("--effort", 2, "charm: knows no effort; only msh does"),
    ):
        done = provenance("compress", astronaut, "--codec", "charm", option, value, "-o", target)
        assert done.code == 2 and told in done.err
        assert not target.exists()
