"""What must be quick is quick, and loads nothing heavy."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from .conftest import Command

HEAVY = {"torch", "onnxruntime", "cv2", "rapidocr", "c2pa", "pyexiv2", "numpy", "jsonschema"}


def _modules_after(code: str, *arguments: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\nimport sys; print(*sys.modules)", *arguments],
        capture_output=True,
        text=True,
        check=True,
        env=dict(os.environ),
    )
    return set(done.stdout.splitlines()[-1].split())


def test_importing_the_package_loads_nothing_heavy() -> None:
    loaded = _modules_after("import provenance, provenance.cli.app")
    assert not loaded & HEAVY


def test_verify_needs_no_torch(compressed: Path) -> None:
    loaded = _modules_after(
        "import sys, provenance; assert provenance.verify(sys.argv[1]).exit_code == 0",
        str(compressed),
    )
    assert "c2pa" in loaded
    assert not loaded & {"torch", "onnxruntime", "rapidocr"}


def test_help_is_quick(provenance: Command) -> None:
    provenance("--help")
    times = []
    for _ in range(5):
        began = os.times()
        assert provenance("--help").code == 0
        ended = os.times()
        times.append(
            ended.children_user
            + ended.children_system
            - began.children_user
            - began.children_system
        )
    # Processor time, 0.3 s on an idle machine: what else runs beside it counts for little.
    assert min(times) < 0.6
