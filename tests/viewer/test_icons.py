"""The icons: the browser and our own drawing of them agree, and each is told from the others."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from provenance.viewer import icons

from ..annotation import browser

NAMES = [*(icons.level(number) for number in range(1, 6)), *icons.STATES]


def test_they_are_all_there_and_small() -> None:
    folder = Path(icons.__file__).with_name("icons")
    assert {path.stem for path in folder.glob("*.svg")} == set(NAMES)
    for name in NAMES:
        text = icons.svg(name)
        assert len(text) < 1500 and "<title>" in text and 'viewBox="0 0 16 16"' in text


@pytest.mark.parametrize("side", [16, 32, 64])
def test_each_looks_like_none_of_the_others(side: int) -> None:
    drawn = {name: _on(icons.draw(name, side), 255) for name in NAMES}
    for one in NAMES:
        for other in NAMES:
            if one != other:
                assert np.abs(drawn[one] - drawn[other]).mean() > 3, (one, other)
    # Without colour as well: not everybody sees it, and not every picture has it.
    shades = {name: picture.mean(axis=2) for name, picture in drawn.items()}
    for one in NAMES:
        for other in NAMES:
            if one != other:
                assert np.abs(shades[one] - shades[other]).max() > 60, (one, other)


def test_they_stand_out_on_light_and_dark_ground() -> None:
    for name in NAMES:
        mark = icons.draw(name, 32)
        for ground in (255, 24):
            # Lines cover less than plates do.
            away = np.abs(_on(mark, ground) - ground).max(axis=2) > 60
            assert away.mean() > 0.1, (name, ground)


def test_our_drawing_is_the_browsers(tmp_path: Path) -> None:
    if problem := browser.missing():
        pytest.skip(problem)
    images = "".join(
        f'<img src="{(Path(icons.__file__).with_name("icons") / f"{name}.svg").as_uri()}" '
        f'width="64" height="64" style="position:absolute;top:0;left:{64 * index}px">'
        for index, name in enumerate(NAMES)
    )
    page = tmp_path / "icons.html"
    page.write_text(f'<body style="margin:0;background:#fff">{images}')
    with browser.chromium(tmp_path / "profile", 64 * len(NAMES), 64) as chrome:
        chrome.get(page.as_uri())
        shot = Image.open(io.BytesIO(chrome.get_screenshot_as_png())).convert("RGB")
    seen = np.asarray(shot).astype(float)
    for index, name in enumerate(NAMES):
        ours = _on(icons.draw(name, 64), 255)
        theirs = seen[:64, 64 * index : 64 * index + 64]
        assert np.abs(ours - theirs).mean() < 4, name


def _on(mark: np.ndarray[tuple[int, ...], np.dtype[np.uint8]], ground: int) -> np.ndarray:
    cover = mark[..., 3:] / 255.0
    return cover * mark[..., :3] + (1 - cover) * ground
