"""``provenance view`` as a user starts it; the page itself has tests of its own."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from contextlib import suppress
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


SLOW = """
import sys, time
from provenance.cli import main
from provenance.viewing.collection import Collection

def picture(self, item):
    print("begun", flush=True)
    time.sleep(30)

Collection.picture = picture
sys.argv[0] = "provenance"
main()
"""


def test_an_interrupt_waits_for_no_picture(home: Path, astronaut: Path) -> None:
    command = [sys.executable, "-c", SLOW, "view", str(astronaut), "--no-browser"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
        assert running.stdout is not None
        assert running.stdout.readline().startswith(b"files: 1")
        address = running.stdout.readline().decode().strip()
        with urllib.request.urlopen(f"{address}files") as answer:
            (file,) = json.load(answer)["files"]

        def ask() -> None:
            with suppress(OSError):
                urllib.request.urlopen(f"{address}files/{file['id']}/picture.png").close()

        asking = threading.Thread(target=ask)
        asking.start()
        assert running.stdout.readline() == b"begun\n"
        running.send_signal(signal.SIGINT)
        interrupted = time.monotonic()
        assert running.wait(60) == 0
        assert time.monotonic() - interrupted < 15
        asking.join()
