"""A labelled file does not quote what the photo desk hides."""

from __future__ import annotations

from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from .conftest import Command


def _sign(photo: Path, words: str, target: Path) -> Path:
    with Image.open(photo) as image:
        picture = image.convert("RGB")
    draw = ImageDraw.Draw(picture)
    draw.rectangle((10, 10, 230, 70), fill="white")
    draw.text((20, 16), words, fill="black", font=ImageFont.load_default(40))
    picture.save(target)
    return target


def test_no_byte_of_the_file_quotes_the_words(
    provenance: Command, astronaut: Path, tmp_path: Path
) -> None:
    before = _sign(astronaut, "WILLIAM", tmp_path / "before.png")
    after = _sign(astronaut, "HOTEL", tmp_path / "after.png")
    given = ("label", before, after, "--codec", "x", "--model", "y")
    for options, quoted in (((), True), (("--redact-evidence",), False)):
        target = tmp_path / f"quoted-{quoted}.png"
        done = provenance(*given, *options, "-o", target, "--json")
        assert done.code == 0, done.err
        finding = done.json("written")["label"]["risk"]["findings"][0]
        assert finding["symbol"] == "text"
        assert ("HOTEL" in finding["sentence"]) == quoted
        assert (b"HOTEL" in target.read_bytes()) == quoted
        assert provenance("verify", target).code == 0
    done = provenance("assess", before, after, "--redact-evidence")
    assert done.code == 0 and "HOTEL" not in done.out
    done = provenance("compress", before, "-q", "1", "--redact-evidence", "--json")
    assert done.code == 0 and "WILLIAM" not in done.out
