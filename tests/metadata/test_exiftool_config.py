"""The real exiftool, told of our namespace by the file that is shipped."""

from __future__ import annotations

import io
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from provenance.labels import Label
from provenance.metadata import NAMESPACE, packet, read_label, read_packet
from provenance.metadata.exiftool import config

SHIPPED = resources.files("provenance").joinpath("metadata", "exiftool.config")
PAGE = Path(__file__).parents[2] / "docs" / "xmp.md"

Exiftool = Callable[..., str]


@pytest.fixture
def exiftool(tmp_path: Path) -> Exiftool:
    tool = shutil.which("exiftool")
    if tool is None:
        pytest.skip("exiftool is not installed")
    path = tmp_path / "exiftool.config"
    path.write_text(SHIPPED.read_text())

    def run(*arguments: object) -> str:
        command = [str(tool), "-config", str(path), *map(str, arguments)]
        return subprocess.run(command, capture_output=True, check=True, text=True).stdout

    return run


def photo(path: Path, xmp: bytes) -> Path:
    Image.new("RGB", (8, 8)).save(path, xmp=xmp)
    return path


def found(exiftool: Exiftool, path: Path) -> dict[str, Any]:
    arguments = ("-struct", "-json", "-G1", "-XMP:all", "-warning", "-error", path)
    result: dict[str, Any] = json.loads(exiftool(*arguments))[0]
    return result


def test_the_shipped_file_is_what_the_label_s_types_make() -> None:
    assert SHIPPED.read_text() == config()


def test_types_are_known(exiftool: Exiftool, label: Label, tmp_path: Path) -> None:
    tags = found(exiftool, photo(tmp_path / "a.jpg", packet(label, signature="a.b.c")))
    assert "ExifTool:Warning" not in tags
    assert tags["XMP-mc:Risk"]["Findings"][0]["Types"] == {"Shape": 0.8, "Amplitude": 0.2}
    assert tags["XMP-mc:Codec"]["Generative"] is False
    assert tags["XMP-mc:Signature"] == "a.b.c"


def test_properties_are_found_by_uri(exiftool: Exiftool, label: Label, tmp_path: Path) -> None:
    renamed = packet(label).replace(b"mc:", b"zz:").replace(b"xmlns:mc=", b"xmlns:zz=")
    tags = found(exiftool, photo(tmp_path / "a.jpg", renamed))
    assert tags["XMP-mc:Risk"]["Score"] == 0.37
    stolen = packet(label).replace(NAMESPACE.encode(), b"https://attacker.example/")
    tags = found(exiftool, photo(tmp_path / "b.jpg", stolen))
    assert not any(name.startswith("XMP-mc:") for name in tags)


def test_wrong_types_are_not_written(exiftool: Exiftool, label: Label, tmp_path: Path) -> None:
    path = photo(tmp_path / "a.jpg", packet(label))
    exiftool("-overwrite_original", "-XMP-mc:RiskScore=0.5", path)
    changed = read_label(read_packet(path.read_bytes(), "image/jpeg") or b"")
    assert changed is not None and changed.risk.score == 0.5
    with pytest.raises(subprocess.CalledProcessError):
        exiftool("-overwrite_original", "-XMP-mc:RiskScore=high", path)
    assert read_label(read_packet(path.read_bytes(), "image/jpeg") or b"") == changed


def test_the_page_names_every_property_and_no_other() -> None:
    page = PAGE.read_text()
    assert NAMESPACE in page
    rows = set(re.findall(r"^\| `([\w.]+)` \|", page.partition("## Other")[0], re.MULTILINE))
    repeated = r"history\.(codec|model|quality|by_type)\..+|.+\.(amplitude|geometry|shape)"
    assert rows == {name for name in properties(config()) if not re.fullmatch(repeated, name)}


def properties(text: str) -> list[str]:
    """Dotted names in the configuration, ``extra`` left out."""
    names, stack = [], list[str]()
    body = text[text.index("WRITABLE => 'string'") : text.index("\n);\n\n# At once")]
    for line in body.splitlines()[1:]:
        name = re.match(r"\s+(\w+) => {", line)
        if name and name[1] != "NAMESPACE":
            if name[1] != "extra":
                names.append(".".join([*stack, name[1]]))
            if not line.endswith("},"):
                stack.append(name[1])
        elif line.strip().startswith("}"):
            stack.pop()
    return names


def test_the_command_on_the_page_works(
    exiftool: Exiftool, label: Label, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commands = re.findall(r"^```sh\n(.+?)```", PAGE.read_text(), re.DOTALL | re.MULTILINE)[0]
    monkeypatch.chdir(tmp_path)
    photo(tmp_path / "photo.jpg", packet(label))
    python = sys.executable
    run = subprocess.run(
        ["sh", "-ec", commands.replace("python ", f"{python} ")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert "0.37" in run.stdout


def test_nothing_else_says_made_by_ai(exiftool: Exiftool, label: Label, tmp_path: Path) -> None:
    tags = found(exiftool, photo(tmp_path / "a.jpg", packet(label)))
    assert not any("AISystem" in name or "AIPrompt" in name for name in tags)
    with Image.open(io.BytesIO((tmp_path / "a.jpg").read_bytes())) as opened:
        assert b"AISystemUsed" not in opened.info["xmp"]
