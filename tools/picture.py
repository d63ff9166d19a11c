"""Draw docs/miscompression.png: the worst finding of a compressed photo, before and after.

    python tools/picture.py examples/astronaut.png 5

Compresses the photo at that quality, decodes it, and sets the original and the reconstruction of
the most probable finding with a symbol side by side, with what the label says underneath.
"""

from __future__ import annotations

import io
import sys
import textwrap
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

import provenance

PANEL = 420
MARGIN = 16
FONT = ImageFont.load_default(17)
SMALL = ImageFont.load_default(15)


def main(photo: Path, quality: float, target: Path) -> None:
    compressed = provenance.compress(photo, quality=quality)
    decoded = provenance.decompress(compressed.data)
    with Image.open(photo) as opened:
        original = opened.convert("RGB")
    with Image.open(io.BytesIO(decoded.data)) as opened:
        reconstruction = opened.convert("RGB")
    findings = compressed.label.risk.findings
    worst = max(findings, key=lambda f: (f.symbol is not None, f.probability * f.deceptiveness))
    window = _window(worst.box, original.size)

    lines = textwrap.wrap(_caption(compressed.label, worst), 118)
    height = PANEL + 3 * MARGIN + 24 + 21 * len(lines)
    canvas = Image.new("RGB", (2 * PANEL + 3 * MARGIN, height), "white")
    draw = ImageDraw.Draw(canvas)
    for number, (name, picture) in enumerate(
        (("original", original), (f"decoded, {_rate(compressed.label)}", reconstruction))
    ):
        left = MARGIN + number * (PANEL + MARGIN)
        panel = picture.crop(window).resize((PANEL, PANEL), Image.Resampling.BICUBIC)
        scale = PANEL / (window[2] - window[0])
        x, y, w, h = worst.box
        outline = np.array([x - window[0], y - window[1], x + w - window[0], y + h - window[1]])
        ImageDraw.Draw(panel).rectangle([*(outline * scale)], outline="#ffd400", width=3)
        canvas.paste(panel, (left, MARGIN + 24))
        draw.text((left, MARGIN), name, "black", FONT)
    for number, line in enumerate(lines):
        top = PANEL + 2 * MARGIN + 24 + 21 * number
        draw.text((MARGIN, top), line, "black", SMALL)
    canvas.save(target, optimize=True)


def _window(box: tuple[int, int, int, int], size: tuple[int, int]) -> tuple[int, int, int, int]:
    """A square around ``box`` with room, within the picture."""
    x, y, width, height = box
    side = min(max(96, int(1.8 * max(width, height))), *size)
    left = min(max(0, x + width // 2 - side // 2), size[0] - side)
    top = min(max(0, y + height // 2 - side // 2), size[1] - side)
    return left, top, left + side, top + side


def _rate(label: provenance.Label) -> str:
    return f"{label.quality.bits_per_pixel:.2f} bits per pixel"


def _caption(label: provenance.Label, finding: provenance.Finding) -> str:
    types = ", ".join(f"{name} {share:.2f}" for name, share in finding.types.items() if share)
    return (
        f"Label: risk {label.risk.score:.2f}, level {label.risk.level} of 5. {finding.sentence} "
        f"({types}; symbol: {finding.symbol or 'none'}; probability {finding.probability:.2f})"
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]), float(sys.argv[2]), Path("docs/miscompression.png"))
