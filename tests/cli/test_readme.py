"""The README tells what the command tells."""

from __future__ import annotations

import re
import shlex
import tomllib
from pathlib import Path

from provenance import api

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
    for page in [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]:
        for target, anchor in re.findall(r"\]\(([^)#]*)#?([^)]*)\)", page.read_text()):
            if target.startswith("http"):
                continue
            leads_to = page.parent / target if target else page
            assert leads_to.exists(), f"{page}: {target}"
            assert not anchor or anchor in _anchors(leads_to), f"{page}: {target}#{anchor}"


def _anchors(page: Path) -> set[str]:
    """Of its headings, as GitHub makes them."""
    text = re.sub(r"```.*?```", "", page.read_text(), flags=re.DOTALL)
    return {
        re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")
        for heading in re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    }


def test_the_policy_of_its_page_takes_what_the_codec_writes(compressed: Path) -> None:
    told = re.search(r"```toml\n(.+?)```", (ROOT / "docs/policies.md").read_text(), re.DOTALL)
    assert told is not None
    label, demanded = api.show(compressed), tomllib.loads(told[1])
    assert label.codec.name in demanded["codecs"] and label.model.name in demanded["models"]


def test_its_library_example_runs(astronaut: Path, tmp_path: Path) -> None:
    code = re.search(r"```python\n(.+?)```", README, re.DOTALL)
    assert code is not None
    exec(code[1].replace("photo.jpg", str(astronaut)), {})
