"""Packets made to hurt: one line of error, at once, and nothing fetched."""

from __future__ import annotations

import random
import time

import pytest

from provenance.errors import LabelError
from provenance.labels import Label
from provenance.metadata import packet, read_label
from provenance.metadata.tree import MAX_BYTES

LAUGHS = (
    '<!DOCTYPE l [<!ENTITY a "ha">'
    + "".join(
        f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in zip("abcdefgh", "bcdefghi", strict=True)
    )
    + "]><l>&i;</l>"
)


@pytest.mark.parametrize(
    "text",
    [
        LAUGHS,
        '<!DOCTYPE x SYSTEM "http://127.0.0.1:9/x.dtd"><x/>',
        '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><x>&e;</x>',
        '<!DOCTYPE x [<!ENTITY % p SYSTEM "file:///etc/passwd">%p;]><x/>',
        "<!DOCTYPE x><x/>",
        "<x>&undefined;</x>",
        "",
        "\0\0",
        "<x",
        "<x></y>",
        "<a:x/>",
        '<x a="1" a="2"/>',
        "<x/><x/>",
        "<x>\x01</x>",
        "<x/>" * 2,
        '<?xml version="1.0" encoding="no-such"?><x/',
        "<x>" * 100_000,
        "<x>" + "<y/>" * 300_000 + "</x>",
        "<x " + " ".join(f'a{n}=""' for n in range(300_000)) + "/>",
        "<x>" + "y" * MAX_BYTES + "</x>",
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"/>',
    ],
    ids=range(21),
)
def test_hostile_xml_is_refused_quickly(text: str) -> None:
    start = time.process_time()
    with pytest.raises(LabelError) as caught:
        read_label(text.encode())
    assert time.process_time() - start < 3
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 300


def test_bytes_that_are_no_utf8_are_refused() -> None:
    with pytest.raises(LabelError):
        read_label(b"<x>\xff\xfe</x>")
    with pytest.raises(LabelError):
        read_label("<x>ä</x>".encode("utf-16"))


RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"


def described(inside: str) -> bytes:
    return f'<rdf:RDF xmlns:rdf="{RDF}">{inside}</rdf:RDF>'.encode()


@pytest.mark.parametrize(
    "existing",
    [
        LAUGHS.encode(),
        b"",
        b"<x/>",
        b"<x",
        b"\xff\xfe",
        "<x>ä</x>".encode("utf-16"),
        b"<x>" * 100_000,
        described('<rdf:Description rdf:about="" plain="1"/>'),
        described(
            '<rdf:Description rdf:bagID="b" xmlns:a="urn:a/" a:b="1"><a:b/></rdf:Description>'
        ),
        described(
            '<rdf:Description xmlns:a="urn:a/"><a:b><rdf:li>x</rdf:li></a:b></rdf:Description>'
        ),
        described(f'<rdf:Description xmlns:a="urn:a/" a:b="{"x" * 60_000}"/>'),
        described(
            '<rdf:Description xmlns:a="urn:a/" '
            + " ".join(f'a:_{n}=""' for n in range(100_000))
            + "/>"
        ),
    ],
    ids=range(12),
)
def test_what_cannot_be_carried_of_the_original_is_left_out(existing: bytes, label: Label) -> None:
    start = time.process_time()
    assert packet(label, existing) == packet(label)
    assert time.process_time() - start < 3


def test_an_ai_picture_stays_one_even_where_its_xmp_is_too_long(label: Label) -> None:
    existing = described(
        f'<rdf:Description xmlns:a="urn:a/" a:b="{"x" * 60_000}"'
        ' xmlns:i="http://iptc.org/std/Iptc4xmpExt/2008-02-29/" i:DigitalSourceType='
        '"http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"/>'
    )
    found = packet(label, existing)
    assert b'"http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"' in found
    assert b"xxx" not in found
    assert read_label(found) == label


def test_changed_bytes_never_raise_anything_else(label: Label) -> None:
    choose = random.Random(7)
    sound = packet(label)
    for _ in range(400):
        changed = bytearray(sound)
        for _ in range(choose.randrange(1, 4)):
            changed[choose.randrange(len(changed))] = choose.randrange(256)
        if choose.random() < 0.2:
            del changed[choose.randrange(len(changed)) :]
        assert read_label(packet(label, bytes(changed))) == label
        try:
            read_label(bytes(changed))
        except LabelError as error:
            assert "\n" not in str(error)
