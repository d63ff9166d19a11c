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
    start = time.monotonic()
    with pytest.raises(LabelError) as caught:
        read_label(text.encode())
    assert time.monotonic() - start < 3
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 300


def test_bytes_that_are_no_utf8_are_refused() -> None:
    with pytest.raises(LabelError):
        read_label(b"<x>\xff\xfe</x>")
    with pytest.raises(LabelError):
        read_label("<x>ä</x>".encode("utf-16"))


def test_a_hostile_packet_of_the_original_is_not_merged(label: Label) -> None:
    with pytest.raises(LabelError):
        packet(label, LAUGHS.encode())


def test_changed_bytes_never_raise_anything_else(label: Label) -> None:
    choose = random.Random(7)
    sound = packet(label)
    for _ in range(400):
        changed = bytearray(sound)
        for _ in range(choose.randrange(1, 4)):
            changed[choose.randrange(len(changed))] = choose.randrange(256)
        if choose.random() < 0.2:
            del changed[choose.randrange(len(changed)) :]
        try:
            read_label(bytes(changed))
            packet(label, bytes(changed))
        except LabelError as error:
            assert "\n" not in str(error)
