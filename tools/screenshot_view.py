"""Draw docs/view.png: the page of `provenance view` in a real browser.

    python tools/screenshot_view.py examples/astronaut.png

Compresses the photo at four qualities, tampers with one file, marks another, and shows them with
the original. Needs Chromium and its driver, as the tests do.
"""

from __future__ import annotations

import io
import shutil
import sys
import tempfile
import time
from pathlib import Path

from PIL import Image

import provenance
from provenance.viewing.collection import Collection

sys.path.insert(0, str(Path(__file__).parents[1]))
from tests.annotation.browser import chromium
from tests.viewing.conftest import running

QUALITIES = (1, 10, 30, 70)

SIZE = (1280, 800)


def main(photo: Path, target: Path) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder, profile = Path(name, "files"), Path(name, "profile")
        folder.mkdir()
        shutil.copy(photo, folder / f"original{photo.suffix}")
        for quality in QUALITIES:
            made = provenance.compress(photo, quality=quality)
            (folder / f"quality {quality}.avif").write_bytes(made.data)
        changed = bytearray(made.data)
        changed[-len(changed) // 8] ^= 1
        (folder / "changed.avif").write_bytes(changed)
        marked = provenance.decompress(folder / "quality 1.avif", to="jpeg", stamp=True)
        (folder / "quality 1, marked.jpg").write_bytes(marked.data)
        with running(Collection([folder])) as url, chromium(profile, *SIZE) as page:
            page.get(url)
            while len(page.find_elements("css selector", ".tile:not([data-pending])")) < 7:
                time.sleep(0.2)
            page.find_elements("css selector", ".tick input")[1].click()
            time.sleep(3)
            shot = Image.open(io.BytesIO(page.get_screenshot_as_png())).convert("RGB")
    shot.quantize(256, Image.Quantize.MEDIANCUT, kmeans=1, dither=Image.Dither.NONE).save(
        target, optimize=True
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path("docs/view.png"))
