"""Write the golden bitstreams of tests/codecs/golden, for the weights that are installed.

    python tools/golden.py [CODEC ...]

To be run when a new model is added, for its codec, and never to make a failing test pass.
"""

from __future__ import annotations

import sys
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
    for name in sys.argv[1:] or [codecs.DEFAULT]:
        codec = codecs.get(name)
        for quality in (1, 37.5, 100) if codec.variable_rate else (50,):
            bitstream = codec.encode(codecs.Picture(pixels), quality)
            stem = f"{codec.model.name}-q{quality:g}" if codec.variable_rate else codec.model.name
            keep(bitstream, stem)
            if name == codecs.DEFAULT:
                for decoder in codecs.DECODERS[1:]:
                    keep(codecs.redirected(bitstream, decoder), f"{stem}-{decoder}")
                tuned = codecs.get(name, tune=codecs.SSIM).encode(codecs.Picture(pixels), quality)
                keep(tuned, f"{stem}-{codecs.SSIM}")


def keep(bitstream: bytes, stem: str) -> None:
    """Write a bitstream, and beside it the picture that it decodes to."""
    decoded = codecs.decode(bitstream, max_pixels=10**6)
    (TARGET / f"{stem}.prvc").write_bytes(bitstream)
    Image.fromarray(decoded.pixels).save(TARGET / f"{stem}.png", optimize=True)


if __name__ == "__main__":
    main()
