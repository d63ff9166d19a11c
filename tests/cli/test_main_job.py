"""Compress, decode, verify: the whole path as a user walks it."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from provenance import container, imaging, metadata
from provenance.formats import RENDITIONS

from .conftest import Command


@pytest.fixture(scope="module")
def coarse(provenance: Command, astronaut: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example photo at the lowest quality, where its small print is lost."""
    target = tmp_path_factory.mktemp("coarse") / "astronaut.avif"
    assert provenance("compress", astronaut, "-q", 1, "-o", target).code == 0
    return target


def _png(path: Path) -> NDArray[np.uint8]:
    with Image.open(path) as image:
        return np.asarray(image)


def test_a_compressed_photo_is_believed_by_its_maker(provenance: Command, compressed: Path) -> None:
    done = provenance("verify", compressed)
    assert done.code == 0
    assert "intact, valid and signed by somebody whom you trust" in done.out
    assert "FAIL" not in done.out


def test_it_is_smaller_and_opens_anywhere(compressed: Path, astronaut: Path) -> None:
    assert compressed.stat().st_size < astronaut.stat().st_size / 8
    with Image.open(compressed) as image:
        assert image.format == "AVIF" and image.size == (320, 320)  # the preview


def test_the_label_tells_what_was_done(provenance: Command, compressed: Path) -> None:
    label = provenance("show", compressed, "--json").json("show")["label"]
    assert label["codec"]["name"] == "msh" and label["codec"]["generative"] is False
    assert label["quality"]["setting"] == 40
    assert label["original"]["width"] == 512
    bitstream = container.unpack(compressed.read_bytes()).bitstream
    expected = len(bitstream) * 8 / 512**2
    assert label["quality"]["bits_per_pixel"] == pytest.approx(expected, rel=1e-5)
    assert 25 < label["quality"]["psnr_db"] < 40
    assert set(label["risk"]["by_type"]) == {"amplitude", "geometry", "shape"}


def test_decoding_twice_gives_the_same_labelled_pixels(
    provenance: Command, compressed: Path, tmp_path: Path
) -> None:
    first, second = tmp_path / "1.png", tmp_path / "2.png"
    for target in (first, second):
        done = provenance("decompress", compressed, "-o", target)
        assert done.code == 0, done.err
    assert np.array_equal(_png(first), _png(second))
    report = provenance("verify", first, "--json")
    assert report.code == 0
    found = report.json("verify")
    states = sorted(entry["state"] for entry in found["ingredients"])
    assert states == ["trusted", "unsigned"]  # the compressed file, and the photo before it
    shown = provenance("show", compressed, "--json").json("show")
    assert found["label"] == shown["label"]


def test_every_flipped_byte_of_the_neural_image_is_noticed(
    provenance: Command, compressed: Path, tmp_path: Path
) -> None:
    data = compressed.read_bytes()
    start = data.index(b"PRVC")
    places = random.Random(4).sample(range(start, start + 5000), 4)
    targets = []
    for number, place in enumerate(places):
        flipped = bytearray(data)
        flipped[place] ^= 0x10
        target = tmp_path / f"{number}.avif"
        target.write_bytes(flipped)
        targets.append(target)
        assert provenance("verify", target).code == 4
    assert provenance("verify", compressed, *targets).code == 4
    done = provenance("decompress", targets[0], "-o", tmp_path / "x.png")
    assert done.code == 4 and "bitstream: cut or altered" in done.err
    assert not (tmp_path / "x.png").exists()


def test_a_stripped_file_has_no_credential(
    provenance: Command, compressed: Path, tmp_path: Path
) -> None:
    target = tmp_path / "stripped.png"
    with Image.open(compressed) as image:
        image.save(target)
    done = provenance("verify", target)
    assert done.code == 3 and "no credential" in done.out
    done = provenance("show", target)
    assert done.code == 3 and "carries no label" in done.err


def test_xmp_that_tells_another_story_is_noticed(
    provenance: Command, compressed: Path, tmp_path: Path
) -> None:
    data = compressed.read_bytes()
    packet = container.unpack(data).xmp
    assert packet is not None
    target = tmp_path / "edited.avif"
    target.write_bytes(container.replace_xmp(data, packet.replace(b"msh-6", b"msh-7")))
    assert provenance("verify", target).code in (3, 4)
    assert metadata.read_label(packet) is not None


def test_another_signer_is_not_trusted_until_added(
    provenance: Command, compressed: Path, tmp_path: Path
) -> None:
    elsewhere = {"PROVENANCE_HOME": str(tmp_path / "home")}
    done = provenance("verify", compressed, env=elsewhere)
    assert done.code == 5 and "not chosen to trust" in done.out
    authority = next(Path(p) for p in _local_ca())
    done = provenance("trust", "add", authority, "desk", "--json", env=elsewhere)
    assert done.code == 0 and done.json("trust")["added"]["name"] == "desk"
    assert provenance("verify", compressed, env=elsewhere).code == 0
    assert "desk" in provenance("trust", "list", env=elsewhere).out
    assert provenance("trust", "remove", "desk", env=elsewhere).code == 0
    assert provenance("verify", compressed, env=elsewhere).code == 5


def _local_ca() -> list[Path]:
    from provenance.credentials import identity_folder

    return [identity_folder() / "ca.pem"]


@pytest.mark.parametrize("kind", ["jpeg", "tiff", "jxl"])
def test_renditions_carry_the_label(
    provenance: Command, detail: Path, tmp_path: Path, kind: str
) -> None:
    target = tmp_path / f"rendition.{kind}"
    done = provenance("compress", detail, "-q", 30, "--to", kind, "-o", target, "--json")
    assert done.code == 0, done.err
    written = done.json("written")
    assert (
        written["bitstream_bytes"] is None and written["media_type"] == RENDITIONS[kind].media_type
    )
    report = provenance("verify", target, "--json")
    assert report.code == 0
    assert report.json("verify")["label"] == written["label"]
    assert provenance("show", target, "--json").json("show")["label"] == written["label"]


@pytest.mark.parametrize("kind", RENDITIONS)
def test_the_picture_comes_back_in_any_format(
    provenance: Command, compressed: Path, tmp_path: Path, kind: str
) -> None:
    target = tmp_path / f"decoded{RENDITIONS[kind].suffix}"
    done = provenance("decompress", compressed, "-o", target)
    assert done.code == 0, done.err
    assert imaging.media_type(target.read_bytes(), "decoded") == RENDITIONS[kind].media_type
    assert provenance("verify", target).code == 0


def test_a_sentence_goes_into_the_caption_on_request(
    provenance: Command, compressed: Path, tmp_path: Path
) -> None:
    target = tmp_path / "captioned.png"
    done = provenance("decompress", compressed, "-o", target, "--caption", "de")
    assert done.code == 0, done.err
    told = provenance("caption", compressed, "-l", "de").out.strip()
    packet = metadata.read_packet(target.read_bytes(), "image/png")
    assert packet is not None and told in packet.decode()
    assert provenance("verify", target).code == 0
    done = provenance("decompress", compressed, "-o", tmp_path / "x.png", "--caption", "xx")
    assert done.code == 2 and "choose from" in done.err


def test_pipes_work(provenance: Command, detail: Path) -> None:
    import subprocess
    import sys

    script = Path(sys.executable).with_name("provenance")
    piped = subprocess.run(
        [script, "compress", "-", "-q", "5"],
        input=detail.read_bytes(),
        capture_output=True,
        check=True,
    )
    assert piped.stdout[4:12] == b"ftypavif"
    done = provenance("verify", "-", "--json", stdin=piped.stdout)
    assert done.code == 0 and done.json("verify")["file"] == "standard input"


def test_another_codecs_output_is_labelled(provenance: Command, data: Path, tmp_path: Path) -> None:
    pairs = data / "pairs" / "diffeic"
    target = tmp_path / "labelled.webp"
    done = provenance(
        "label", pairs / "01-original.webp", pairs / "01-lambda16.webp", "-o", target,
        "--codec", "DiffEIC", "--model", "lambda16", "--generative", "--bits-per-pixel", 0.02,
        "--json",
    )  # fmt: skip
    assert done.code == 0, done.err
    label = done.json("written")["label"]
    assert label["codec"]["generative"] and label["model"]["sha256"] is None
    assert label["risk"]["score"] > 0.3
    assert any("generative" in warning for warning in label["warnings"])
    assert provenance("verify", target).code == 0
    assert np.array_equal(_png(target), _png(pairs / "01-lambda16.webp"))


def test_assess_compares_and_obeys_a_limit(
    provenance: Command, coarse: Path, astronaut: Path
) -> None:
    same = provenance("assess", astronaut, astronaut, "--json", "--max-score", 0)
    assert same.code == 0 and same.json("assess")["risk"]["score"] == 0
    done = provenance("assess", astronaut, coarse, "--json", "--max-score", 0.01)
    assert done.code == 1 and done.json("assess")["risk"]["score"] > 0.01


def test_a_policy_on_the_score_is_checked(provenance: Command, coarse: Path) -> None:
    done = provenance("verify", coarse, "--max-score", 0.01, "--json")
    verdict = done.json("verify")["verdict"]
    assert done.code == 1 and verdict["trusted"] and not verdict["policy_met"]


def test_timing_shows_each_stage(provenance: Command, astronaut: Path, tmp_path: Path) -> None:
    done = provenance("compress", astronaut, "-o", tmp_path / "a.avif", "--timing")
    for stage in ("load", "encode", "decode", "assess", "pack", "sign", "total"):
        assert stage in done.err
    for detector in ("signal", "text", "faces", "lights", "objects"):
        assert f"assess: {detector}" in done.err


def test_codecs_and_identity_are_shown(provenance: Command) -> None:
    found = provenance("codecs", "--json").json("codecs")["codecs"]
    assert found[0]["codec"]["name"] == "msh" and found[0]["model"]["name"] == "msh-6"
    identity = provenance("identity", "show", "--json").json("identity")["identity"]
    assert identity["algorithm"] == "es256"
    assert "msh" in provenance("codecs").out


def test_nothing_reports_what_was_assessed(
    provenance: Command, astronaut: Path, compressed: Path, tmp_path: Path
) -> None:
    """onnxruntime would keep a device's identity, and events to send, in the user's cache."""
    elsewhere = {"HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path / "cache"), "CI": "0"}

    assert provenance("assess", astronaut, compressed, env=elsewhere).code == 0

    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
