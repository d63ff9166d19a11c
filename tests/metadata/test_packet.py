"""The label as structured XMP: nothing lost, nothing of others lost, found by URI."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from provenance.errors import LabelError
from provenance.labels import Finding, Label, to_json
from provenance.metadata import NAMESPACE, packet, read_label

RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"


def xmp(inside: str) -> bytes:
    return (
        f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="{RDF}">{inside}</rdf:RDF>'
        "</x:xmpmeta>"
    ).encode()


def test_a_label_comes_back_whole_with_its_unknown_fields(label: Label) -> None:
    assert read_label(packet(label)) == label


def test_facts_stand_structured_and_not_as_one_text(label: Label) -> None:
    text = packet(label).decode()
    assert "<rdf:Seq>" in text
    assert 'mc:box="966 930 30 75"' in text
    assert 'mc:score="0.37"' in text
    assert '<mc:types mc:shape="0.8" mc:amplitude="0.2"/>' in text


def test_whole_numbers_stay_whole_and_floats_stay_floats(label: Label) -> None:
    quality = dataclasses.replace(label.quality, setting=40.0, psnr_db=33)
    found = read_label(packet(dataclasses.replace(label, quality=quality)))
    assert found is not None
    assert isinstance(found.quality.setting, float)
    assert isinstance(found.quality.psnr_db, int)


@settings(deadline=None, max_examples=60)
@given(
    sentence=st.text(
        st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff"),
        max_size=50,
    ),
    evidence=st.dictionaries(st.text(max_size=5), st.none() | st.text() | st.integers(0, 9)),
    probability=st.floats(0, 1),
    polygon=st.none() | st.lists(st.integers(0, 65_535), min_size=6, max_size=64).map(tuple),
)
def test_any_text_evidence_and_outline_survives(
    sentence: str,
    evidence: dict[str, object],
    probability: float,
    polygon: tuple[int, ...] | None,
) -> None:
    from pathlib import Path

    from provenance.labels import parse_label

    label = parse_label(Path(__file__).with_name("label.json").read_bytes())
    finding = Finding(
        (1, 2, 3, 4), {"shape": 1.0}, None, probability, 0.5, "text", evidence, sentence
    )
    finding = dataclasses.replace(finding, polygon=polygon)
    label = dataclasses.replace(label, risk=dataclasses.replace(label.risk, findings=(finding,)))
    found = read_label(packet(label))
    assert found is not None
    # As many digits as JSON has.
    assert to_json(found) == to_json(label)


def test_a_character_that_xml_cannot_hold_is_refused_in_one_line(label: Label) -> None:
    with pytest.raises(LabelError, match=r"U\+0007"):
        packet(dataclasses.replace(label, warnings=("bell \a",)))


def test_texts_that_exiv2_would_change_in_silence_are_refused(label: Label) -> None:
    with pytest.raises(LabelError, match="empty text"):
        packet(dataclasses.replace(label, warnings=("one", "")))
    with pytest.raises(LabelError, match=r"U\+007F"):
        packet(dataclasses.replace(label, warnings=("delete \x7f",)))


def test_what_the_original_said_is_kept_and_its_old_label_replaced(label: Label) -> None:
    original = xmp(
        '<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/"'
        ' xmlns:odd="urn:odd" odd:flag="1">'
        '<dc:title><rdf:Alt><rdf:li xml:lang="x-default">Vater &amp; Sohn</rdf:li></rdf:Alt>'
        "</dc:title></rdf:Description>"
    )
    first = packet(dataclasses.replace(label, warnings=("old",)), original)
    second = packet(label, first)
    assert read_label(second) == label
    text = second.decode()
    assert text.count("mc:schema_version") == 1
    assert '<rdf:li xml:lang="x-default">Vater &amp; Sohn</rdf:li>' in text
    assert 'odd:flag="1"' in text
    assert packet(label, second) == second


def test_what_is_true_of_the_original_alone_is_left_out(label: Label) -> None:
    original = xmp(
        '<rdf:Description rdf:about="" xmlns:tiff="http://ns.adobe.com/tiff/1.0/"'
        ' xmlns:t="http://purl.org/dc/terms/" tiff:Orientation="6" tiff:Make="Canon"'
        ' tiff:ImageWidth="6000" tiff:BitsPerSample="16" t:provenance="https://elsewhere.example/"'
        ' xmlns:exif="http://ns.adobe.com/exif/1.0/" exif:PixelXDimension="6000"'
        ' xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/" photoshop:ColorMode="4"/>'
    )
    text = packet(label, original).decode()
    for name in ("Orientation", "ImageWidth", "BitsPerSample", "PixelXDimension", "ColorMode"):
        assert name not in text
    assert "elsewhere" not in text
    assert 'tiff:Make="Canon"' in text


def test_the_source_type_says_whether_detail_is_invented(label: Label) -> None:
    generative = dataclasses.replace(label.codec, generative=True)
    assert b"digitalsourcetype/algorithmicallyEnhanced" in packet(label)
    assert b"digitalsourcetype/compositeWithTrainedAlgorithmicMedia" in packet(
        dataclasses.replace(label, codec=generative)
    )


def test_compressing_does_not_make_an_ai_picture_sound_natural(label: Label) -> None:
    original = xmp(
        '<rdf:Description rdf:about="" xmlns:i="http://iptc.org/std/Iptc4xmpExt/2008-02-29/">'
        "<i:DigitalSourceType>http://cv.iptc.org/newscodes/digitalsourcetype/"
        "trainedAlgorithmicMedia</i:DigitalSourceType></rdf:Description>"
    )
    text = packet(label, original)
    assert b"digitalsourcetype/trainedAlgorithmicMedia" in text
    assert b"algorithmicallyEnhanced" not in text


def test_the_original_is_named_by_its_hash(label: Label) -> None:
    assert f'stRef:documentID="sha256:{label.original.sha256}"' in packet(label).decode()


def test_our_prefix_bound_to_another_uri_means_nothing(label: Label) -> None:
    foreign = packet(label).replace(NAMESPACE.encode(), b"https://attacker.example/")
    assert read_label(foreign) is None


def test_our_uri_under_another_prefix_is_found(label: Label) -> None:
    renamed = packet(label).replace(b"mc:", b"zz:").replace(b"xmlns:mc=", b"xmlns:zz=")
    assert read_label(renamed) == label


def test_other_ways_to_write_the_same_structures_are_read(label: Label) -> None:
    text = packet(label).decode()
    quality = 'mc:setting="40" mc:bits_per_pixel="0.21" mc:psnr_db="33.1" mc:ms_ssim="0.974"'
    assert f"<mc:quality {quality}/>" in text
    long = (
        '<mc:quality rdf:parseType="Resource"><mc:setting>40</mc:setting>'
        "<mc:bits_per_pixel>0.21</mc:bits_per_pixel><mc:psnr_db>33.1</mc:psnr_db>"
        "<mc:ms_ssim>0.974</mc:ms_ssim></mc:quality>"
    )
    assert read_label(text.replace(f"<mc:quality {quality}/>", long).encode()) == label


def test_a_packet_without_our_namespace_has_no_label() -> None:
    assert read_label(xmp("")) is None


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('mc:score="0.37"', 'mc:score="high"'),
        ('mc:score="0.37"', 'mc:score="1.5"'),
        ('mc:score="0.37"', 'mc:score="NaN"'),
        ('mc:score="0.37"', 'mc:score="1e999"'),
        ('mc:psnr_db="33.1"', 'mc:psnr_db="1e999"'),
        ('mc:score="0.37" ', ""),
        ('mc:level="3"', 'mc:level="3" mc:verdict="fine"'),
        ('mc:generative="False"', 'mc:generative="no"'),
        ('mc:box="966 930 30 75"', 'mc:box="966 930 30"'),
        ('mc:box="966 930 30 75"', 'mc:box="966 930 30 -75"'),
        ("<mc:warnings>", '<mc:tool mc:name="x" mc:version="y"/><mc:warnings>'),
        ("<rdf:Seq>", "<rdf:Seq><rdf:Description/>"),
        ("<mc:warnings>", "<mc:warnings>text</mc:warnings><mc:warnings>"),
        ('mc:extra="{', 'mc:extra="['),
    ],
)
def test_a_label_that_breaks_its_schema_is_refused(label: Label, old: str, new: str) -> None:
    text = packet(label).decode()
    assert old in text
    if "Seq" in old:
        assert read_label(text.replace(old, new, 1).encode()) == label
        return
    with pytest.raises(LabelError):
        read_label(text.replace(old, new, 1).encode())
