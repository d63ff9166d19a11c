"""Running the command as a user would."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from provenance.labels.schema import checked

OUTPUT_SCHEMA = "output-1.schema.json"


class Run(NamedTuple):
    """What a command did."""

    code: int
    out: str
    err: str

    def json(self, definition: str) -> Any:
        """Standard output, which must follow that part of the schema."""
        return checked(json.loads(self.out), OUTPUT_SCHEMA, definition)


Command = Callable[..., Run]


@pytest.fixture(scope="session")
def provenance(home: Path) -> Command:
    """``provenance ARGUMENTS``; warnings are errors there too, and no terminal is attached."""

    def run(*arguments: object, env: dict[str, str] | None = None, stdin: bytes = b"") -> Run:
        script = Path(sys.executable).with_name("provenance")
        done = subprocess.run(
            [str(script), *map(str, arguments)],
            input=stdin,
            capture_output=True,
            env={
                **os.environ,
                "COLUMNS": "100",
                "TERM": "dumb",
                "PYTHONWARNINGS": "error",
                **(env or {}),
            },
            timeout=300,
            check=False,
        )
        run_ = Run(done.returncode, done.stdout.decode("utf-8", "replace"), done.stderr.decode())
        assert "Traceback" not in run_.err, run_.err
        return run_

    return run


@pytest.fixture(scope="session")
def compressed(
    provenance: Command, astronaut: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """The example photo, compressed and signed by the local identity."""
    target = tmp_path_factory.mktemp("compressed") / "astronaut.avif"
    done = provenance("compress", astronaut, "-q", 40, "-o", target)
    assert done.code == 0, done.err
    return target
