"""Figures of one place."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from provenance.viewer.figure import draw, jpeg
from provenance.viewer.pictures import window
from provenance.viewer.sheet import PANEL
from provenance.viewer.subject import Subject


def _panels(png: bytes, height: int) -> list[np.ndarray[tuple[int, ...], np.dtype[np.uint8]]]:
    with Image.open(io.BytesIO(png)) as opened:
        pixels = np.asarray(opened.convert("RGB"))
    lefts = [24 + number * (PANEL + 12) for number in range(3)]
    return [pixels[58 : 58 + height, left : left + PANEL] for left in lefts]


def test_the_three_panels_show_the_same_place(subject: Subject) -> None:
    assert subject.original and subject.picture and subject.risk
    crop = (100, 60, 120, 80)
    drawn = draw(subject.original, subject.picture, crop, model="msh-2", bits_per_pixel=0.5)
    panels = _panels(drawn.png, 280)
    for panel, photo in zip(panels[:2], (subject.original, subject.picture), strict=True):
        part = Image.fromarray(photo.pixels[60:140, 100:220])
        expected = np.asarray(part.resize((PANEL, 280), Image.Resampling.BICUBIC))
        assert np.array_equal(panel, expected)
    difference = np.abs(panels[2].astype(int) - panels[0]).mean()
    assert 1 < difference < 15
    assert "crop 120 × 80 px, 3.66% of the picture" in drawn.caption


def test_a_finding_is_outlined_and_told(subject: Subject) -> None:
    assert subject.original and subject.picture and subject.risk
    finding = subject.risk.findings[0]
    drawn = draw(
        subject.original, subject.picture, finding, model="msh-2", bits_per_pixel=0.5, language="de"
    )
    _, _, width, height = window(finding, 512, 512)
    assert f"Ausschnitt {width} × {height} px" in drawn.caption and "msh-2: 0,500" in drawn.caption
    assert drawn.caption.startswith("Ein Gesicht")
    with Image.open(io.BytesIO(drawn.png)) as opened:
        assert opened.info["Description"] == drawn.caption
    plain = draw(
        subject.original,
        subject.picture,
        window(finding, 512, 512),
        model="msh-2",
        bits_per_pixel=0.5,
    )
    rows = round(PANEL * height / width)
    for outlined, bare in zip(_panels(drawn.png, rows), _panels(plain.png, rows), strict=True):
        changed = np.argwhere((outlined != bare).any(axis=2))
        scale = PANEL / width
        extent = changed.max(axis=0) - changed.min(axis=0)
        assert extent == pytest.approx([finding.box[3] * scale, finding.box[2] * scale], abs=6)


@pytest.mark.parametrize("rate", [0.3, 1.0, 3.0])
def test_jpeg_gets_as_many_bits_and_no_more(subject: Subject, rate: float) -> None:
    assert subject.original
    picture = Image.fromarray(subject.original.pixels)
    made = jpeg(picture, rate)
    assert made.bits_per_pixel <= rate
    better = io.BytesIO()
    picture.save(better, "JPEG", quality=made.quality + 1, optimize=True)
    assert 8 * len(better.getvalue()) / 512**2 > rate


def test_where_jpeg_cannot_go_as_low_the_caption_says_so(subject: Subject) -> None:
    assert subject.original and subject.picture
    drawn = draw(
        subject.original, subject.picture, (0, 0, 64, 64), model="x" * 300, bits_per_pixel=0.01
    )
    assert "JPEG cannot go as low; at its lowest quality: 0." in drawn.caption
