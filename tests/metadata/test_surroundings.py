"""What stands beside the label: where the file comes from, its caption, and what IPTC-IIM told."""

from __future__ import annotations

import datetime
import io
import json
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from provenance import formats, imaging
from provenance.assembly import left_out, said_of
from provenance.labels import Label
from provenance.metadata import Caption, Event, embed, packet, read_label
from provenance.metadata.iptc import as_xmp

RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
EVENT = Event(datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=datetime.UTC), "image/avif")
SENTENCE = Caption("Moderate risk.", "en")


def xmp(inside: str) -> bytes:
    names = (
        f'xmlns:rdf="{RDF}" xmlns:dc="http://purl.org/dc/elements/1.1/"'
        ' xmlns:xmpMM="http://ns.adobe.com/xap/1.0/mm/"'
        ' xmlns:stEvt="http://ns.adobe.com/xap/1.0/sType/ResourceEvent#"'
        ' xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/"'
    )
    return f'<rdf:RDF {names}><rdf:Description rdf:about="" {inside}</rdf:RDF>'.encode()


def exiftool(data: bytes, path: Path) -> dict[str, Any]:
    tool = shutil.which("exiftool")
    if tool is None:
        pytest.skip("exiftool is not installed")
    path.write_bytes(data)
    run = subprocess.run(
        [tool, "-struct", "-json", "-G1", "-lang", "en", "-a", "-XMP:all", "-IPTC:all", str(path)],
        capture_output=True,
        check=True,
        text=True,
    )
    found: dict[str, Any] = json.loads(run.stdout)[0]
    return found


def written(text: bytes, path: Path) -> dict[str, Any]:
    """What exiftool reads of a packet in a PNG."""
    buffer = io.BytesIO()
    Image.new("RGB", (4, 4)).save(buffer, "PNG")
    return exiftool(embed(buffer.getvalue(), "image/png", text), path)


def test_the_history_goes_on(label: Label, tmp_path: Path) -> None:
    original = xmp(
        'xmpMM:DocumentID="xmp.did:1" xmpMM:InstanceID="xmp.iid:2" dc:format="image/jpeg"'
        ' xmpMM:OriginalDocumentID="xmp.did:0"><xmpMM:History><rdf:Seq>'
        '<rdf:li stEvt:action="saved" stEvt:softwareAgent="An editor"/>'
        "</rdf:Seq></xmpMM:History></rdf:Description>"
    )
    first = packet(label, original, event=EVENT)
    found = written(first, tmp_path / "a.png")
    assert [entry["Action"] for entry in found["XMP-xmpMM:History"]] == ["saved", "converted"]
    event = found["XMP-xmpMM:History"][1]
    assert event["SoftwareAgent"] == "provenance 0.1.0"
    assert event["When"] == "2026:01:02 03:04:05+00:00"
    assert event["Parameters"] == "from image/jpeg to image/avif by msh, msh-1, quality 40"
    assert event["InstanceID"] == found["XMP-xmpMM:InstanceID"] != "xmp.iid:2"
    assert found["XMP-xmpMM:DerivedFrom"] == {"DocumentID": "xmp.did:1", "InstanceID": "xmp.iid:2"}
    assert found["XMP-xmpMM:DocumentID"] == "xmp.did:1"
    assert found["XMP-dc:Format"] == "image/avif"
    assert found["XMP-xmpMM:OriginalDocumentID"] == "xmp.did:0"
    again = written(packet(label, first, event=EVENT), tmp_path / "b.png")
    assert len(again["XMP-xmpMM:History"]) == 3
    assert again["XMP-xmpMM:DerivedFrom"]["InstanceID"] == found["XMP-xmpMM:InstanceID"]
    assert read_label(first) == label


def test_a_history_of_hundreds_keeps_its_latest_and_the_rest_of_the_xmp(label: Label) -> None:
    events = "".join(f'<rdf:li stEvt:action="saved {n}"/>' for n in range(5000))
    original = xmp(
        'photoshop:Credit="An agency"><xmpMM:History><rdf:Seq>'
        f"{events}</rdf:Seq></xmpMM:History></rdf:Description>"
    )
    text = packet(label, original, event=EVENT)
    assert b"saved 4999" in text and b"saved 0" not in text
    assert b"An agency" in text and len(text) < 60_000


def test_only_the_longest_properties_go_where_a_jpeg_would_not_hold_all(label: Label) -> None:
    original = xmp(
        f'photoshop:Credit="An agency" photoshop:Instructions="{"x" * 70_000}"'
        " ><dc:creator><rdf:Seq><rdf:li>A. Photographer</rdf:li></rdf:Seq></dc:creator>"
        "</rdf:Description>"
    )
    notes: list[str] = []
    text = packet(label, original, event=EVENT, note=notes.append)
    assert b"An agency" in text and b"A. Photographer" in text
    assert b"xxx" not in text
    assert len(notes) == 1 and "longest parts" in notes[0]
    assert read_label(text) == label


CAPTIONS = {
    "": {"x-default": "Moderate risk."},
    '<dc:description><rdf:Alt><rdf:li xml:lang="x-default">A tower.</rdf:li></rdf:Alt>'
    "</dc:description>": {"x-default": "A tower. Moderate risk."},
    '<dc:description><rdf:Alt><rdf:li xml:lang="x-default">A tower.</rdf:li>'
    '<rdf:li xml:lang="en-GB">A tower.</rdf:li><rdf:li xml:lang="de">Ein Turm.</rdf:li></rdf:Alt>'
    "</dc:description>": {
        "x-default": "A tower. Moderate risk.",
        "en-GB": "A tower. Moderate risk.",
        "de": "Ein Turm.",
    },
    '<dc:description><rdf:Alt><rdf:li xml:lang="x-default">A. Moderate risk.</rdf:li></rdf:Alt>'
    "</dc:description>": {"x-default": "A. Moderate risk."},
    "<dc:description>A tower.</dc:description>": {"x-default": "A tower. Moderate risk."},
}


@pytest.mark.parametrize("before", CAPTIONS)
def test_the_caption_ends_with_the_sentence(before: str, label: Label) -> None:
    from provenance.metadata.captioning import DUBLIN_CORE
    from provenance.metadata.tree import XML, Name, parse

    text = packet(label, xmp(f">{before}</rdf:Description>"), event=EVENT, caption=SENTENCE)
    (rdf,) = parse(text).root.children
    (found,) = [
        child
        for node in rdf.children
        for child in node.children
        if child.name == Name(DUBLIN_CORE, "description")
    ]
    entries = found.children[0].children
    told = {entry.attributes[Name(XML, "lang")]: entry.text for entry in entries}
    assert told == CAPTIONS[before]
    assert read_label(text) == label


def test_what_cannot_be_kept_is_told(label: Label) -> None:
    notes: list[str] = []
    packet(label, b"<x", event=EVENT, note=notes.append)
    assert notes == ["The original's XMP is damaged and was left out."]
    notes.clear()
    packet(label, xmp('photoshop:Credit="An agency"/>'), event=EVENT, note=notes.append)
    assert notes == []
    extended = 'xmlns:n="http://ns.adobe.com/xmp/note/" n:HasExtendedXMP="0123"/>'
    packet(label, xmp(extended), event=EVENT, note=notes.append)
    assert len(notes) == 1 and "extended XMP" in notes[0]


REGIONS = xmp(
    'photoshop:City="London" xmlns:r="http://www.metadataworkinggroup.com/schemas/regions/"'
    ' xmlns:m="http://ns.microsoft.com/photo/1.2/"'
    ' xmlns:i="http://iptc.org/std/Iptc4xmpExt/2008-02-29/">'
    '<r:Regions rdf:parseType="Resource"><r:RegionList><rdf:Bag><rdf:li r:Name="Ada"/></rdf:Bag>'
    "</r:RegionList></r:Regions>"
    '<m:RegionInfo rdf:parseType="Resource"/><i:ImageRegion><rdf:Bag/></i:ImageRegion>'
    "<i:PersonInImage><rdf:Bag><rdf:li>Ada</rdf:li></rdf:Bag></i:PersonInImage>"
    "</rdf:Description>"
)


def test_regions_of_a_picture_that_was_turned_are_left_out(label: Label) -> None:
    notes: list[str] = []
    kept = packet(label, REGIONS, event=EVENT, note=notes.append)
    assert kept.count(b"Ada") == 2 and b"ImageRegion" in kept and not notes
    turned = packet(label, REGIONS, event=EVENT, turned=True, note=notes.append)
    assert turned.count(b"Ada") == 1 and b"PersonInImage" in turned and b"London" in turned
    assert b":Region" not in turned and b"ImageRegion" not in turned
    assert len(notes) == 1 and "regions" in notes[0]
    packet(label, xmp('photoshop:City="London"/>'), turned=True, note=notes.append)
    assert len(notes) == 1


@pytest.mark.parametrize("turn", [1, 6])
@pytest.mark.parametrize("kind", ["JPEG", "TIFF", "HEIF"])
def test_a_photo_tells_whether_its_pixels_were_turned(kind: str, turn: int) -> None:
    formats.plugin("heif")
    described = Image.Exif()
    described[0x0112], described[0x8769] = turn, {0xA002: 64, 0xA003: 32}
    buffer = io.BytesIO()
    Image.new("RGB", (64, 32)).save(buffer, kind, exif=described.tobytes())
    photo = imaging.load(buffer.getvalue(), "photo")
    assert photo.turned == (turn == 6)
    found = Image.Exif()
    found.load(photo.exif or b"")
    sides = found.get_ifd(0x8769)
    assert (sides[0xA002], sides[0xA003]) == (photo.width, photo.height)


def test_regions_stay_where_labelled_pixels_lie_as_theirs() -> None:
    flat = imaging.Photo(np.zeros((2, 2, 3), np.uint8))
    laid, told = replace(flat, turned=True), replace(flat, xmp=b"<x/>")
    for reconstruction, original, shown, turned in (
        *((flat, told, flat, False), (flat, replace(told, turned=True), flat, True)),
        *((laid, replace(told, turned=True), laid, False), (laid, told, laid, True)),
        (replace(told, turned=True), flat, flat, True),  # It was stamped, and lies upright since.
    ):
        said = said_of(reconstruction, original, shown)
        assert said.xmp == b"<x/>" and said.turned == turned


def test_without_being_asked_the_caption_stays(label: Label) -> None:
    before = next(key for key in CAPTIONS if "Ein Turm" in key)
    text = packet(label, xmp(f">{before}</rdf:Description>"), event=EVENT)
    assert b"Moderate risk." not in text.replace(b"Moderate risk. (", b"")
    assert b"Ein Turm." in text


def dataset(record: int, number: int, value: bytes) -> bytes:
    return bytes([0x1C, record, number]) + len(value).to_bytes(2, "big") + value


IIM = b"".join(
    [
        dataset(1, 90, b"\x1b%G"),
        dataset(2, 0, b"\0\4"),
        dataset(2, 5, "Türme".encode()),
        dataset(2, 25, b"tower"),
        dataset(2, 25, b"town"),
        dataset(2, 55, b"20260102"),
        dataset(2, 60, b"030405+0100"),
        dataset(2, 80, b"A. Photographer"),
        dataset(2, 90, b"Innsbruck"),
        dataset(2, 105, b"From IIM"),
        dataset(2, 110, b"An agency"),
        dataset(2, 116, "© 2026".encode()),
        dataset(2, 120, b"A tower.\0\x07"),
    ]
)


def test_what_only_iptc_iim_told_is_told_in_xmp(label: Label, tmp_path: Path) -> None:
    original = xmp('photoshop:Headline="From XMP"/>')
    found = written(packet(label, original, event=EVENT, iim=IIM), tmp_path / "a.png")
    assert found["XMP-dc:Title"] == "Türme"
    assert found["XMP-dc:Subject"] == ["tower", "town"]
    assert found["XMP-dc:Creator"] == ["A. Photographer"] or found["XMP-dc:Creator"] == (
        "A. Photographer"
    )
    assert found["XMP-photoshop:DateCreated"] == "2026:01:02 03:04:05+01:00"
    assert found["XMP-photoshop:City"] == "Innsbruck"
    assert found["XMP-photoshop:Credit"] == "An agency"
    assert found["XMP-dc:Rights"] == "© 2026"
    assert found["XMP-dc:Description"] == "A tower."
    assert found["XMP-photoshop:Headline"] == "From XMP"
    alone = written(packet(label, None, event=EVENT, caption=SENTENCE, iim=IIM), tmp_path / "b.png")
    assert alone["XMP-dc:Description"] == "A tower. Moderate risk."


def test_what_neither_xmp_nor_the_format_has_a_place_for_is_told() -> None:
    pixels = np.full((8, 8, 3), 99, np.uint8)
    photo = imaging.Photo(pixels, iim=IIM)
    assert left_out(photo, None) == []
    photo = imaging.Photo(pixels, iim=IIM + dataset(2, 118, b"desk") + dataset(2, 7, b"final"))
    told = "IPTC-IIM that XMP has no property for was left out: 2:7, 2:118."
    assert left_out(photo, None) == left_out(photo, "png") == [told]
    assert left_out(photo, "jpeg") == left_out(photo, "tiff") == []
    assert photo.iim
    photo = imaging.Photo(pixels, iim=photo.iim + dataset(2, 25, b"word" * 15) * 1200)
    assert left_out(photo, "jpeg") == [told]
    exif = b"II*\0\x08\0\0\0" + bytes(70_000)
    photo = imaging.Photo(pixels, exif=exif, notes=("A remark.",))
    too_long = "The EXIF data is too long for a JPEG and was left out."
    assert left_out(photo, "jpeg") == ["A remark.", too_long]
    assert left_out(photo, None) == left_out(photo, "webp") == ["A remark."]


def test_urgency_categories_and_the_date_of_scanning_are_told_too(
    label: Label, tmp_path: Path
) -> None:
    iim = b"".join(
        [
            *(dataset(2, 10, b"1"), dataset(2, 15, b"POL")),
            *(dataset(2, 20, b"Crime"), dataset(2, 20, b"Courts")),
            *(dataset(2, 62, b"20260102"), dataset(2, 63, b"030405+0100")),
        ]
    )
    found = written(packet(label, None, event=EVENT, iim=iim), tmp_path / "a.png")
    assert found["XMP-photoshop:Urgency"] == "1 (most urgent)"
    assert found["XMP-photoshop:Category"] == "POL"
    assert found["XMP-photoshop:SupplementalCategories"] == ["Crime", "Courts"]
    assert found["XMP-xmp:CreateDate"] == "2026:01:02 03:04:05+01:00"


def test_iptc_in_latin_1_is_read_too() -> None:
    node = as_xmp(dataset(2, 90, "Zürich".encode("latin-1")), [])
    assert node.children[0].text == "Zürich"


@settings(deadline=None, max_examples=200)
@given(st.binary(max_size=60) | st.binary(max_size=60).map(lambda tail: IIM + tail))
def test_broken_iptc_never_raises(iim: bytes) -> None:
    as_xmp(iim, [])
    as_xmp(b"\x1c" + iim, [])


def test_a_hundred_thousand_records_cost_nothing() -> None:
    node = as_xmp(dataset(2, 25, b"x") * 200_000, [])
    assert len(node.children[0].children[0].children) == 2000


@pytest.mark.parametrize("kind", ["JPEG", "TIFF"])
@pytest.mark.parametrize("to", ["jpeg", "tiff"])
def test_iptc_iim_itself_goes_along_where_the_format_has_a_place(
    kind: str, to: str, tmp_path: Path
) -> None:
    photo = imaging.Photo(np.full((8, 8, 3), 99, np.uint8), iim=IIM)
    before = imaging.load(imaging.render(photo, kind.lower()), "photo")
    assert before.iim is not None and before.iim.rstrip(b"\0") == IIM.rstrip(b"\0")
    found = exiftool(imaging.render(before, to), tmp_path / f"photo.{to}")
    assert found["IPTC:By-line"] == "A. Photographer"
    assert found["IPTC:Credit"] == "An agency"


def test_iptc_iim_longer_than_a_segment_goes_along_in_xmp_alone() -> None:
    long = IIM + b"".join(dataset(2, 25, b"word" * 15) for _ in range(1200))
    photo = imaging.Photo(np.full((8, 8, 3), 99, np.uint8), iim=long)
    assert imaging.load(imaging.render(photo, "jpeg"), "photo").iim is None
