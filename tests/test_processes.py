"""Processes of the host program."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

FORKED = """
import os, signal, sys
import numpy as np
import torch
from PIL import Image
from provenance import codecs, risk

torch.set_num_threads(2)
pixels = np.asarray(Image.open(sys.argv[1]).convert("RGB").crop((100, 0, 356, 256)))

def coded():
    codec = codecs.get("msh")
    bitstream = codec.encode(codecs.Picture(pixels), 10)
    decoded = codec.decode(bitstream, max_pixels=pixels.size).pixels
    return bitstream, round(risk.assess(pixels, decoded).score, 3)

before = coded()
child = os.fork()
if child == 0:
    signal.alarm(100)
    sys.exit(0 if coded() == before else 1)
_, status = os.waitpid(child, 0)
assert torch.get_num_threads() == 2
sys.exit(os.waitstatus_to_exitcode(status) % 256)
"""


def test_a_forked_process_codes_and_assesses_as_its_parent_did(astronaut: Path) -> None:
    command = [sys.executable, "-c", FORKED, str(astronaut)]
    assert subprocess.run(command, check=False, timeout=300).returncode == 0
