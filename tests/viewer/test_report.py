"""What a report says, and that it says no more than is known."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from provenance import TrustStore, container, examine, imaging, metadata
from provenance.assembly import Labelled
from provenance.credentials import default_identity, default_trust, sign
from provenance.errors import UsageError
from provenance.labels import Risk
from provenance.labels.catalogue import catalogue
from provenance.lineage import Generation
from provenance.verification import HighestScore
from provenance.viewer import chain, verdicts
from provenance.viewer.report import MAX_PLACES, policy, render
from provenance.viewer.subject import Subject
from provenance.viewer.words import Words

ENGLISH = Words("en")


def _title(subject: Subject) -> str:
    """The headline's key."""
    said = verdicts.headline(subject, ENGLISH).title
    keys = [key for key, text in ENGLISH.messages.items() if text == said]
    return keys[0].removeprefix("headline.")


def _answers(subject: Subject) -> dict[str, bool | None]:
    return {verdict.key: verdict.answer for verdict in verdicts.verdicts(subject, ENGLISH)}


def test_a_trusted_file_is_told_by_its_risk(subject: Subject) -> None:
    assert subject.label
    assert _title(subject) == f"level.{subject.label.risk.level}"
    assert _answers(subject) == {
        "intact": True,
        "valid": True,
        "trusted": True,
        "consistent": True,
        "true": True,
        "policy": None,
    }


def test_a_stranger_s_word_is_no_headline(coarse: Labelled, tmp_path: Path) -> None:
    nobody = TrustStore(tmp_path / "nobody")
    found = examine(coarse.data, trust=nobody)
    assert _title(found) == "stranger"
    answers = _answers(found)
    assert answers["valid"] is True and answers["trusted"] is False and answers["true"] is None


def test_what_was_changed_is_not_believed_though_it_is_shown(coarse: Labelled) -> None:
    data = bytearray(coarse.data)
    data[data.index(b"PRVC") + 900] ^= 1
    found = examine(bytes(data), name="broken.avif")
    assert _title(found) == "tampered" and found.picture is None and found.preview is not None
    page = render(found)
    assert "What is shown is the preview in the file" in page
    assert "bitstream: cut or altered" in page


def test_no_risk_is_told_of_what_was_changed(coarse: Labelled) -> None:
    data = bytearray(coarse.data)
    data[data.index(b"PRVC") + 900] ^= 1
    page = render(examine(bytes(data), name="broken.avif"))
    assert '<div class="gauge">' in render(examine(coarse.data, name="whole.avif"))
    assert '<div class="gauge">' not in page
    assert "nobody can rely on it" in page


def test_a_picture_that_was_cropped_keeps_its_shape_and_shows_no_places(
    subject: Subject, tmp_path: Path
) -> None:
    assert subject.label and subject.picture
    whole, part = (
        metadata.embed(
            imaging.render(picture, "png"), "image/png", metadata.packet(subject.label, None)
        )
        for picture in (
            subject.picture,
            replace(subject.picture, pixels=np.ascontiguousarray(subject.picture.pixels[:, :200])),
        )
    )
    height = subject.picture.height
    page = render(examine(part, name="part.png"))
    assert f'data-width="200" data-height="{height}"' in page
    assert "Places are not drawn" in page
    assert 'class="area"' in render(examine(whole, name="whole.png"))
    assert 'class="area"' not in page


def test_words_cannot_turn_the_page_around(subject: Subject) -> None:
    turned = "photo\u202egnp.txt"
    page = render(replace(subject, verification=replace(subject.verification, file=turned)))
    assert "\u202e" not in page and "photo\ufffdgnp.txt" in page


def test_a_stripped_file_says_nothing_and_can_still_be_measured(
    astronaut: Path, subject: Subject, tmp_path: Path
) -> None:
    assert subject.picture
    stripped = tmp_path / "stripped.png"
    Image.fromarray(subject.picture.pixels).save(stripped)
    alone = examine(stripped)
    assert _title(alone) == "unlabelled" and alone.risk is None
    measured = examine(stripped, original=astronaut)
    assert measured.risk and subject.label
    assert _title(measured) == f"level.{subject.label.risk.level}"
    assert _answers(measured)["true"] is None
    assert "measured now" in render(measured)


def test_a_label_that_is_signed_on_its_own_is_told_from_one_that_nobody_signed(
    coarse: Labelled, tmp_path: Path
) -> None:
    parts = container.unpack(coarse.data)
    stripped = container.replace_xmp(coarse.data, parts.xmp or b"")
    survived = examine(stripped)
    assert _title(survived) == "survived"
    assert "whom you trust, for this very picture" in render(survived)
    stranger = examine(stripped, trust=TrustStore(tmp_path / "trust"))
    assert _title(stranger) == "survived"
    assert "whom you have not chosen to trust, for this very" in render(stranger)
    unsigned = container.replace_xmp(coarse.data, metadata.packet(coarse.label))
    found = examine(unsigned)
    assert _title(found) == "unsigned"
    assert '<div class="gauge">' in render(survived)
    assert '<div class="gauge">' not in render(found)  # anybody could have written it


def test_a_label_that_understates_its_risk_is_called_untrue(
    subject: Subject, astronaut: Path, data: Path
) -> None:
    assert subject.label and subject.picture
    calm = replace(subject.label.risk, score=0.01, level=1, findings=(), high_impact=False)
    lie = replace(subject.label, risk=calm, warnings=())
    png = metadata.embed(
        imaging.render(subject.picture, "png"), "image/png", metadata.packet(lie, None)
    )
    signed = sign(
        png,
        "image/png",
        lie,
        default_identity(),
        original=astronaut.read_bytes(),
        original_media_type="image/png",
        title="lie",
        trust=default_trust(),
    )
    assert _title(examine(signed)) == "level.1"
    found = examine(signed, original=astronaut)
    assert found.verification.exit_code == 4 and _answers(found)["true"] is False
    assert _title(found) == "understated"
    # Against another file than the label names, nothing is proven.
    other = data / "pairs" / "diffeic" / "01-original.webp"
    found = examine(signed, original=other)
    assert _title(found) == "level.1" and _answers(found)["true"] is None
    assert "another file than the label names" in render(found)


def test_an_original_of_another_size_is_told_and_not_shown(
    coarse: Labelled, tmp_path: Path
) -> None:
    small = tmp_path / "small.png"
    Image.new("RGB", (64, 48)).save(small)
    found = examine(coarse.data, original=small)
    assert found.original is None and found.verification.exit_code == 1
    assert "of another size: 64x48" in render(found)


def test_a_limit_that_is_exceeded_is_told(coarse: Labelled) -> None:
    found = examine(coarse.data, policy=HighestScore(0.01))
    assert _answers(found)["policy"] is False
    assert "The risk is higher than you allow." in render(found)


class _Addresses(HTMLParser):
    """Whatever a page would load or lead to."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = ("src", "href", "srcset", "action", "data", "style")
        self.found += [value or "" for name, value in attrs if name in names]
        assert not any(name.startswith("on") for name, _ in attrs)


def test_the_page_is_complete_in_itself(subject: Subject) -> None:
    page = render(subject)
    addresses = _Addresses(page).found
    assert len(addresses) > 20
    assert all(re.match(r"data:image/|#finding-\d+$", address) for address in addresses)
    assert "default-src 'none'" in policy() and "unsafe" not in policy()
    assert policy().replace("'", "&#39;") in page
    assert len(page) < 400_000


def test_the_same_subject_gives_the_same_page(subject: Subject) -> None:
    now = datetime(2025, 3, 1, 12, 30, tzinfo=UTC)
    page = render(subject, made_at=now)
    assert page == render(subject, made_at=now) and "2025-03-01 12:30 UTC" in page


def test_pictures_are_bounded(tmp_path: Path) -> None:
    noise = np.random.default_rng(1).integers(0, 255, (500, 400, 3), dtype=np.uint8)
    large = tmp_path / "large.jpg"
    Image.fromarray(noise).resize((2400, 3000)).save(large, quality=90)
    page = render(examine(large))
    assert "2400 × 3000 pixels; shown here at 1280 × 1600" in page
    assert len(page) < 1_500_000


def test_german_is_german_throughout(subject: Subject) -> None:
    page = render(subject, language="de")
    assert '<html lang="de">' in page
    text = re.sub(r"<(style|script).*?</\1>|<details.*|<[^>]+>", " ", page, flags=re.DOTALL)
    english = {key: message for key, message in catalogue("en").items() if "{" not in message}
    for key, message in english.items():
        if len(message) > 15:
            assert message not in text, key
    assert "Something" not in text and "text at the" not in text
    assert subject.label
    assert "Risiko " + f"{subject.label.risk.score:.2f}".replace(".", ",") in text
    with pytest.raises(UsageError, match="choose from"):
        render(subject, language="xx")


HOSTILE = "</h3><script>document.title='owned'</script>{{ 7*7 }}<img src=x onerror=alert(1)>"


def hostile(subject: Subject) -> Subject:
    """The same with a label that tries to be markup wherever it is free to choose its words."""
    assert subject.label
    risk: Risk = subject.label.risk
    finding = replace(risk.findings[0], sentence=HOSTILE, evidence={HOSTILE: HOSTILE})
    assessor = replace(risk.assessor, detectors=(HOSTILE,), calibration=HOSTILE)
    label = replace(
        subject.label,
        risk=replace(risk, findings=(finding, *risk.findings[1:]), assessor=assessor),
        codec=replace(subject.label.codec, name=HOSTILE, family=HOSTILE),
        model=replace(subject.label.model, name=HOSTILE),
        warnings=(HOSTILE,),
    )
    signer = {**(subject.verification.signer or {}), "organisation": HOSTILE, "issuer": HOSTILE}
    report = replace(subject.verification, file=HOSTILE, label=label, signer=signer)
    assert subject.history
    made_from = tuple(replace(entry, title=HOSTILE) for entry in subject.history.made_from)
    history = replace(subject.history, title=HOSTILE, signer=HOSTILE, made_from=made_from)
    return replace(subject, verification=report, history=history)


def test_what_a_file_says_is_text_and_never_markup(subject: Subject) -> None:
    page = render(hostile(subject))
    assert page.count("<script") == 1 and "<img src=x" not in page and "{{ 7*7 }}" in page
    assert all(not address.startswith("x") for address in _Addresses(page).found)


def test_long_and_wide_histories_are_cut_and_say_so() -> None:
    leaf = Generation("leaf", "parentOf", "image/png", "unsigned", *(None,) * 3, (), None, ())
    wide = replace(leaf, title="x" * 500, made_from=(leaf,) * 1000)
    found, left_out = chain.rows(wide, ENGLISH)
    assert (len(found), left_out) == (chain.MAX_ROWS, 1001 - chain.MAX_ROWS)
    assert len(found[0].title) == chain.MAX_LETTERS and {row.depth for row in found} == {0, 1}
    deep = leaf
    for _ in range(90):
        deep = replace(leaf, made_from=(deep,))
    found, left_out = chain.rows(deep, ENGLISH)
    assert {row.depth for row in found} == {0} and left_out == 91 - chain.MAX_ROWS
    assert [row.above for row in found[:4]] == [0, 0, 1, 2]


def test_odd_labels_of_strangers_are_shown_all_the_same(subject: Subject) -> None:
    assert subject.label
    label = subject.label
    finding = replace(label.risk.findings[0], types={"shape": 0.01})
    boxes = [(0, 0, 0, 0), (511, 511, 1, 1), (10**9, 10**9, 10**9, 10**9), (0, 0, 512, 512)]
    odd = replace(label.risk, findings=tuple(replace(finding, box=box) for box in boxes * 250))
    for size in ((512, 512), (1, 1_000_000), (1_000_000, 1), (3, 2)):
        original = replace(label.original, width=size[0], height=size[1])
        told = replace(label, risk=odd, original=original)
        report = replace(subject.verification, label=told)
        page = render(replace(subject, verification=report, original=None))
        assert page.count('id="finding-') == MAX_PLACES and f"and {1000 - MAX_PLACES} more" in page
        assert len(page) < 5_000_000
