"""``provenance view`` as a user starts it; the page itself has tests of its own."""

from __future__ import annotations

import os
import socket
from pathlib import Path

from .conftest import Command


def test_it_refuses_what_it_cannot_show(
    provenance: Command, astronaut: Path, tmp_path: Path
) -> None:
    missing = provenance("view", tmp_path / "none", "--no-browser")
    assert missing.code == 6 and "no such file or folder" in missing.err
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        refused = provenance("view", astronaut, "--port", port, "--no-browser")
    assert refused.code == 6 and f"port {port}" in refused.err
    for done in (missing, refused):
        assert done.err.count("\n") == 1 and done.out == ""


def test_without_the_extra_it_says_which(
    provenance: Command, astronaut: Path, tmp_path: Path
) -> None:
    (tmp_path / "sitecustomize.py").write_text("import sys\nsys.modules['starlette'] = None\n")
    path = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])
    done = provenance("view", astronaut, env={"PYTHONPATH": path})
    assert done.code == 2 and "pip install 'provenance[web]'" in done.err
