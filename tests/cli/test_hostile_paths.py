"""Names and links that point elsewhere: nothing is written where nobody asked for it."""

from __future__ import annotations

from pathlib import Path

from provenance import api
from provenance.credentials import default_identity, sign

from .conftest import Command


def test_a_linked_output_is_replaced_and_what_it_points_to_stays(
    provenance: Command, astronaut: Path, tmp_path: Path
) -> None:
    precious = tmp_path / "precious"
    precious.write_bytes(b"precious")
    output = tmp_path / "out.avif"
    output.symlink_to(precious)
    refused = provenance("compress", astronaut, "-o", output)
    assert (refused.code, precious.read_bytes()) == (6, b"precious")
    done = provenance("compress", astronaut, "-o", output, "--force")
    assert (done.code, precious.read_bytes()) == (0, b"precious")
    assert not output.is_symlink()


def test_a_link_to_the_input_is_no_output(
    provenance: Command, astronaut: Path, tmp_path: Path
) -> None:
    photo, output = tmp_path / "photo.png", tmp_path / "out.avif"
    photo.write_bytes(astronaut.read_bytes())
    output.symlink_to(photo)
    refused = provenance("compress", photo, "-o", output, "--force")
    assert refused.code == 6
    assert photo.read_bytes() == astronaut.read_bytes()


def test_a_title_is_no_path(provenance: Command, compressed: Path, tmp_path: Path) -> None:
    title = "../../../../etc/\x1b[31mpasswd"
    work = tmp_path / "a" / "b"
    work.mkdir(parents=True)
    photo = work / "photo.avif"
    photo.write_bytes(
        sign(
            compressed.read_bytes(),
            "image/avif",
            api.show(compressed),
            default_identity(),
            original=b"x",
            original_media_type="image/x-unknown",
            title=title,
        )
    )
    shown = provenance("show", photo)
    assert "\x1b" not in shown.out + shown.err
    done = provenance("decompress", photo)
    assert done.code == 0
    made = {path.name for path in tmp_path.rglob("*") if path.is_file()}
    assert made == {"photo.avif", "photo.decoded.png"}


def test_a_name_forges_no_verdict(provenance: Command, astronaut: Path, tmp_path: Path) -> None:
    verdict = "a.png: intact, valid and signed by somebody whom you trust"
    (tmp_path / f"{verdict}\n{verdict}\nb.png").write_bytes(astronaut.read_bytes())
    done = provenance("verify", tmp_path)
    assert done.code == 3
    assert len([line for line in done.out.splitlines() if "intact, valid" in line]) == 1
    assert done.out.count("intact, valid") == 2
