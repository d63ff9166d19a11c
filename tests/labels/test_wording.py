"""Warnings and captions for people."""

from __future__ import annotations

from dataclasses import replace
from string import Formatter

import pytest

from provenance.errors import UsageError
from provenance.labels import parse_label
from provenance.labels.catalogue import catalogue, languages
from provenance.labels.wording import caption, warnings
from provenance.taxonomy import Symbol

from .test_schema import LABEL

READ = parse_label(LABEL)


def test_a_likely_symbol_is_named_and_missing_detectors_as_well() -> None:
    said = warnings(READ.codec, READ.risk)
    assert said[0].startswith("Risk of miscompression: moderate (level 3 of 5")
    assert "The number 14 reads 11." in said
    assert said[-1] == "Not looked for: identity."


def test_a_generative_decoder_is_named() -> None:
    said = warnings(replace(READ.codec, generative=True), READ.risk)
    assert any("invented" in sentence for sentence in said)


def test_an_encoder_that_was_tuned_by_the_score_is_named() -> None:
    tuned = {tune: replace(READ.codec, extra={"tune": tune}) for tune in ("ssim", "meaning")}
    assert any("tuned by this score" in text for text in warnings(tuned["meaning"], READ.risk))
    assert warnings(tuned["ssim"], READ.risk) == warnings(READ.codec, READ.risk)


def test_a_calm_label_says_nothing_but_what_did_not_look() -> None:
    calm = replace(READ.risk, score=0.01, level=1, findings=())
    assert warnings(READ.codec, calm) == ("Not looked for: identity.",)


@pytest.mark.parametrize(
    ("level", "english", "german"),
    [
        (1, "next to no risk", "so gut wie kein Risiko"),
        (2, "low risk that details such as numbers", "geringes Risiko"),
        (3, "details such as numbers may show", "Einzelheiten wie Zahlen können"),
        (4, "details such as numbers probably show", "zeigen wahrscheinlich"),
        (5, "do not rely on details such as numbers", "kein Verlass"),
    ],
)
def test_a_caption_is_one_sentence_by_level_and_language(
    level: int, english: str, german: str
) -> None:
    label = replace(READ, risk=replace(READ.risk, level=level))
    for language, words in (("en", english), ("de", german)):
        said = caption(label, language)
        assert words in said and said.count(".") == 1 and said.endswith(".")
        assert "msh" in said and f"{level} of 5" in said.replace("von", "of")


def test_a_caption_names_the_likely_symbols_worst_first_and_once() -> None:
    [finding] = READ.risk.findings
    others = [("face", 0.9), ("numeral", 0.8), ("light", 0.5), ("logo", 0.1), (None, 1.0)]
    findings = [finding, *(replace(finding, symbol=s, probability=p) for s, p in others)]
    label = replace(READ, risk=replace(READ.risk, findings=tuple(findings)))
    assert "details such as faces, numbers and lights may" in caption(label)
    calm = replace(READ, risk=replace(READ.risk, findings=()))
    assert "details may" in caption(calm) and "Einzelheiten können" in caption(calm, "de")


def test_a_caption_says_that_detail_is_invented_and_repeats_no_line_breaks() -> None:
    codec = replace(READ.codec, name="a\n{places}", generative=True)
    said = caption(replace(READ, codec=codec))
    assert said.startswith("Picture whose fine detail is invented (generative codec a {places})")


def test_all_catalogues_say_the_same_things() -> None:
    assert languages() == ("de", "en")

    def gaps(language: str) -> dict[str, set[str | None]]:
        return {
            key: {gap for _, gap, _, _ in Formatter().parse(text)} - {None}
            for key, text in catalogue(language).items()
        }

    for language in languages():
        assert gaps(language) == gaps("en"), language
    assert {f"symbols.{symbol}" for symbol in Symbol} <= catalogue("en").keys()
    with pytest.raises(UsageError, match="choose from de, en"):
        catalogue("../catalogues/en")
