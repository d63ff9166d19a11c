"""IPTC-IIM (IIM 4.2), the older form of caption and credit, told in XMP as the IPTC Photo Metadata
Standard maps it. What XMP tells already stays as XMP has it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from .captioning import DUBLIN_CORE
from .structure import RDF
from .tree import XML, Name, Node

XMP = "http://ns.adobe.com/xap/1.0/"
PHOTOSHOP = "http://ns.adobe.com/photoshop/1.0/"
IPTC_CORE = "http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/"

MAX_DATASETS = 2000
_UTF8 = b"\x1b%G"
_NOT_IN_XML = re.compile("[^\t\n\r\x20-\x7e\x80-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

_FIELDS = {
    5: (Name(DUBLIN_CORE, "title"), "Alt"),
    10: (Name(PHOTOSHOP, "Urgency"), ""),
    15: (Name(PHOTOSHOP, "Category"), ""),
    20: (Name(PHOTOSHOP, "SupplementalCategories"), "Bag"),
    25: (Name(DUBLIN_CORE, "subject"), "Bag"),
    40: (Name(PHOTOSHOP, "Instructions"), ""),
    55: (Name(PHOTOSHOP, "DateCreated"), ""),
    62: (Name(XMP, "CreateDate"), ""),
    80: (Name(DUBLIN_CORE, "creator"), "Seq"),
    85: (Name(PHOTOSHOP, "AuthorsPosition"), ""),
    90: (Name(PHOTOSHOP, "City"), ""),
    92: (Name(IPTC_CORE, "Location"), ""),
    95: (Name(PHOTOSHOP, "State"), ""),
    100: (Name(IPTC_CORE, "CountryCode"), ""),
    101: (Name(PHOTOSHOP, "Country"), ""),
    103: (Name(PHOTOSHOP, "TransmissionReference"), ""),
    105: (Name(PHOTOSHOP, "Headline"), ""),
    110: (Name(PHOTOSHOP, "Credit"), ""),
    115: (Name(PHOTOSHOP, "Source"), ""),
    116: (Name(DUBLIN_CORE, "rights"), "Alt"),
    120: (Name(DUBLIN_CORE, "description"), "Alt"),
    122: (Name(PHOTOSHOP, "CaptionWriter"), ""),
}
"""Property and array of each dataset of record 2."""

_TIMES = {55: 60, 62: 63}
"""The dataset that tells the time to a date."""


def as_xmp(iim: bytes, theirs: list[Node]) -> Node:
    """A description with what ``iim`` tells and ``theirs`` does not.

    Args:
        iim: the records; what is broken in them ends the reading.
    """
    told = {name for node in theirs for name in node.attributes}
    told |= {child.name for node in theirs for child in node.children}
    utf8, values = False, dict[int, list[bytes]]()
    for record, dataset, value in _datasets(iim):
        if (record, dataset) == (1, 90):
            utf8 = value == _UTF8
        elif record == 2:
            values.setdefault(dataset, []).append(value)
    node = Node(Name(RDF, "Description"))
    for dataset, (name, array) in _FIELDS.items():
        texts = [_text(value, utf8) for value in values.get(dataset, ())]
        if dataset in _TIMES and texts:
            times = [_text(value, utf8) for value in values.get(_TIMES[dataset], ())]
            texts = [_date(texts[0], times)]
        texts = [text for text in texts if text]
        if texts and name not in told:
            node.children.append(_property(name, array, texts))
    return node


def without_property(iim: bytes) -> list[str]:
    """What ``iim`` tells and XMP has no property for, by number: ``2:118`` is a contact."""
    known = {0, *_FIELDS, *_TIMES.values()}
    found = {dataset for record, dataset, _ in _datasets(iim) if record == 2}
    return [f"2:{dataset}" for dataset in sorted(found - known)]


def _datasets(iim: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Record, dataset number and value (IIM 4.2, 1.6)."""
    at = 0
    for _ in range(MAX_DATASETS):
        if len(iim) - at < 5 or iim[at] != 0x1C:
            return
        size = int.from_bytes(iim[at + 3 : at + 5], "big")
        start = at + 5
        if size & 0x8000:
            width = size & 0x7FFF
            if width > 4:
                return
            size = int.from_bytes(iim[start : start + width], "big")
            start += width
        if size > len(iim) - start:
            return
        yield iim[at + 1], iim[at + 2], iim[start : start + size]
        at = start + size


def _text(value: bytes, utf8: bool) -> str:
    """Without a declared character set most programs write UTF-8 all the same, or Latin-1."""
    try:
        text = value.decode("utf-8")
    except UnicodeDecodeError:
        text = value.decode("utf-8" if utf8 else "latin-1", "replace")
    return _NOT_IN_XML.sub("", text).strip()


def _date(date: str, times: list[str]) -> str:
    """CCYYMMDD and HHMMSS±HHMM as ISO 8601."""
    day = re.fullmatch(r"(\d{4})(\d\d)(\d\d)", date)
    if day is None:
        return ""
    found = re.fullmatch(r"(\d\d)(\d\d)(\d\d)([+-]\d\d)(\d\d)", times[0] if times else "")
    time = "T{}:{}:{}{}:{}".format(*found.groups()) if found else ""
    return "-".join(day.groups()) + time


def _property(name: Name, array: str, texts: list[str]) -> Node:
    if not array:
        return Node(name, text=texts[0])
    language = {Name(XML, "lang"): "x-default"} if array == "Alt" else {}
    items = [Node(Name(RDF, "li"), dict(language), text=text) for text in texts]
    return Node(name, children=[Node(Name(RDF, array), children=items[:1] if language else items)])
