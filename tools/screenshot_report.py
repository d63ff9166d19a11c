"""Draw docs/report.png: the top of a report in a real browser.

    python tools/screenshot_report.py examples/astronaut.png 1

Compresses the photo at that quality and reports on it. Needs Chromium and its driver, as the tests
do.
"""

from __future__ import annotations

import io
import sys
import tempfile
import time
from pathlib import Path

from PIL import Image

import provenance
from provenance.viewer.report import render

sys.path.insert(0, str(Path(__file__).parents[1]))
from tests.annotation.browser import chromium

SIZE = (1180, 1500)


def main(photo: Path, quality: float, target: Path) -> None:
    compressed = provenance.compress(photo, quality=quality)
    subject = provenance.examine(compressed.data, name=f"{photo.stem}.avif", original=photo)
    with tempfile.TemporaryDirectory() as name:
        page = Path(name) / "report.html"
        page.write_text(render(subject), encoding="utf-8")
        with chromium(Path(name) / "profile", *SIZE) as browser:
            browser.get(page.as_uri())
            time.sleep(1)
            shot = Image.open(io.BytesIO(browser.get_screenshot_as_png())).convert("RGB")
    shot.thumbnail((900, 1200), Image.Resampling.LANCZOS)
    shot.quantize(128, Image.Quantize.MEDIANCUT, kmeans=1, dither=Image.Dither.NONE).save(
        target, optimize=True
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]), float(sys.argv[2]), Path("docs/report.png"))
