"""The architecture: imports run one way, and only one place knows each outside library."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "src" / "provenance"

LEAVES = {
    "config",
    "errors",
    "taxonomy",
    "imaging",
    "colours",
    "directories",
    "exif",
    "pillow",
    "tags",
    "formats",
    "binding",
    "files",
    "stages",
    "metrics",
    "unpacking",
}
ALLOWED: dict[str, set[str]] = {
    "labels": LEAVES,
    "codecs": LEAVES | {"labels"},
    "container": LEAVES | {"labels"},
    "risk": LEAVES | {"labels"},
    "metadata": LEAVES | {"labels", "container"},
    "credentials": LEAVES | {"labels"},
    "lineage": LEAVES | {"labels", "risk", "credentials"},
    "verification": LEAVES
    | {"labels", "codecs", "container", "risk", "metadata", "credentials", "sources"},
    "viewer": LEAVES | {"labels", "risk", "lineage", "verification"},
    "bench": LEAVES | {"labels", "codecs", "risk", "annotation"},
    "training": LEAVES | {"labels", "codecs"},
    "web": LEAVES,
    "annotation": LEAVES | {"labels", "web"},
    "assembly": LEAVES
    | {"labels", "codecs", "container", "risk", "metadata", "credentials"}
    | {"lineage", "viewer"},
    "goals": LEAVES | {"codecs", "assembly"},
    "arguments": LEAVES | {"labels", "codecs"},
    "sources": LEAVES | {"labels", "codecs", "container", "metadata", "credentials"},
    "api": LEAVES
    | {"labels", "codecs", "container", "risk", "metadata", "credentials"}
    | {"lineage", "verification", "arguments", "assembly", "goals", "sources", "viewer"},
    "invention": LEAVES | {"labels", "codecs", "risk", "sources"},
    "pipeline": LEAVES | {"credentials", "verification", "api", "sources"},
    "examination": LEAVES
    | {"labels", "container", "credentials", "lineage", "verification"}
    | {"assembly", "viewer", "sources", "api"},
    "viewing": LEAVES
    | {"labels", "container", "credentials", "verification"}
    | {"viewer", "web", "sources", "api", "examination"},
    "cli": LEAVES
    | {"labels", "codecs", "credentials", "verification", "viewer"}
    | {"assembly", "sources", "api", "examination", "pipeline", "bench", "annotation", "lineage"}
    | {"invention", "viewing"},
}
"""What each part may import of the others; leaves import leaves."""

OWNERS = {
    "c2pa": {"credentials"},
    "pkcs11": {"credentials"},
    "pyexiv2": {"metadata"},
    "torch": {"codecs", "training", "bench"},
    "constriction": {"codecs"},
    "rapidocr": {"risk"},
    "dlib": {"risk"},
    "onnxruntime": {"risk"},
    "starlette": {"annotation", "viewing", "web"},
    "uvicorn": {"web"},
    "typer": {"cli"},
    "rich": {"cli"},
    "jinja2": {"viewer"},
    "brotli": {"unpacking"},
}


def _modules() -> Iterator[tuple[str, Path]]:
    for path in sorted(PACKAGE.rglob("*.py")):
        part = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
        if part != "__init__":
            yield part, path


def _imports(path: Path) -> Iterator[str]:
    """Dotted names that a module imports, ours as ``provenance.…``."""
    package = ["provenance", *path.relative_to(PACKAGE).parts[:-1]]
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            stem = ".".join([*base, *([node.module] if node.module else [])])
            yield from (f"{stem}.{name.name}" for name in node.names)


@pytest.mark.parametrize("part", sorted({part for part, _ in _modules()}))
def test_imports_run_one_way(part: str) -> None:
    allowed = (LEAVES if part in LEAVES else ALLOWED[part]) | {part, "__version__"}
    for _, path in (module for module in _modules() if module[0] == part):
        for name in _imports(path):
            if name.startswith("provenance.") and path.stem != "__init__":
                assert name.split(".")[1] in allowed, f"{path} imports {name}"


def test_each_outside_library_has_one_owner() -> None:
    for part, path in _modules():
        for name in _imports(path):
            owners = OWNERS.get(name.split(".")[0])
            assert owners is None or part in owners, f"{path} imports {name}"


def test_files_stay_readable() -> None:
    for _, path in _modules():
        assert len(path.read_text().splitlines()) <= 420, path
