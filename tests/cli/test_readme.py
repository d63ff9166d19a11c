"""The README tells what the command tells."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

from .conftest import Command

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()


def test_its_commands_are_those_of_the_help(provenance: Command) -> None:
    shown = " ".join(provenance("--help", env={"COLUMNS": "300"}).out.split())
    rows = re.findall(r"^\| `(\w+)` \| (.+) \|$", README, re.MULTILINE)
    assert len(rows) == 16
    for name, sentence in rows:
        assert f"{name} {sentence}" in re.sub(r"[│ ]+", " ", shown), name


def test_its_examples_name_options_that_exist(provenance: Command) -> None:
    examples = re.findall(r"^provenance .+$", README, re.MULTILINE)
    assert len(examples) >= 6
    for example in examples:
        _, command, *arguments = shlex.split(example, comments=True)
        shown = provenance(command, "--help", env={"COLUMNS": "200"}).out
        for argument in arguments:
            if argument.startswith("--"):
                assert argument in shown, example


def test_its_links_lead_somewhere() -> None:
    pages = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
    for page in pages:
        for target in re.findall(r"\]\(([^)#]+)\)", page.read_text()):
            if not target.startswith("http"):
                assert (page.parent / target).exists(), f"{page}: {target}"


def test_its_library_example_runs(astronaut: Path, tmp_path: Path) -> None:
    code = re.search(r"```python\n(.+?)```", README, re.DOTALL)
    assert code is not None
    exec(code[1].replace("photo.jpg", str(astronaut)), {})
