"""Write the golden bitstreams of tests/codecs/golden, for the weights that are installed.

    python tools/golden.py

To be run when a new model is added, and never to make a failing test pass.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from provenance import codecs

ROOT = Path(__file__).parents[1]
TARGET = ROOT / "tests" / "codecs" / "golden"


def main() -> None:
    TARGET.mkdir(exist_ok=True)
    with Image.open(ROOT / "examples" / "astronaut.png") as photo:
        pixels = np.asarray(photo.convert("RGB").crop((150, 60, 293, 161)))
    codec = codecs.get(codecs.DEFAULT)
    for quality in (1, 37.5, 100):
        bitstream = codec.encode(codecs.Picture(pixels), quality)
        decoded = codec.decode(bitstream, max_pixels=pixels.size)
        name = f"{codec.model.name}-q{quality:g}"
        (TARGET / f"{name}.prvc").write_bytes(bitstream)
        Image.fromarray(decoded.pixels).save(TARGET / f"{name}.png", optimize=True)


if __name__ == "__main__":
    main()
