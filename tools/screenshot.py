"""Draw docs/annotate.png: the page of `provenance annotate` in a real browser.

    python tools/screenshot.py examples/astronaut.png 1

Compresses the photo at that quality, opens the page, and annotates the name tag of the example as
an observer would. Needs Chromium and its driver, as the tests do.
"""

from __future__ import annotations

import io
import sys
import tempfile
import time
from pathlib import Path

from PIL import Image
from selenium.webdriver import Keys

import provenance
from provenance.annotation.pairs import Pair

sys.path.insert(0, str(Path(__file__).parents[1]))
from tests.annotation.browser import chromium
from tests.annotation.conftest import running

TAG = (276, 340, 58, 46)
"""x, y, width and height of the name tag, px."""

SIZE = (1280, 720)


def main(photo: Path, quality: float, target: Path) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        compressed = folder / f"{photo.stem}.avif"
        compressed.write_bytes(provenance.compress(photo, quality=quality).data)
        pairs = [Pair(f"{photo.stem} q{quality:g}", photo, compressed)]
        with (
            running(pairs, folder / "annotations") as url,
            chromium(folder / "profile", *SIZE) as page,
        ):
            page.implicitly_wait(10)
            page.get(url)
            page.find_element("css selector", ".pane")
            page.switch_to.active_element.send_keys("n")
            for field, value in zip(("x", "y", "width", "height"), TAG, strict=True):
                box = page.find_element("css selector", f'[data-field="{field}"]')
                box.send_keys(Keys.CONTROL, "a")
                box.send_keys(str(value))
            for field, words in (
                ("original", "a name tag: wings over a name"),
                ("reconstruction", "a patch with a pale mark, no name"),
            ):
                page.find_element("css selector", f'[data-field="{field}"]').send_keys(words)
            page.find_element("css selector", '[name="shape"]').click()
            page.find_element("css selector", '[data-field="symbol"]').send_keys("text")
            for _ in range(6):
                page.find_element("id", "zoom-in").click()
            time.sleep(2)
            shot = Image.open(io.BytesIO(page.get_screenshot_as_png())).convert("RGB")
    shot.quantize(256, Image.Quantize.MEDIANCUT, kmeans=1, dither=Image.Dither.NONE).save(
        target, optimize=True
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]), float(sys.argv[2]), Path("docs/annotate.png"))
