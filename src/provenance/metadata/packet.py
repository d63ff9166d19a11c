"""The XMP packet: our label in a namespace of its own, beside what the original said."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from ..errors import ContainerError, LabelError
from ..imaging import GAIN_MAPS
from ..labels import Label, parse_label, to_json
from ..labels.source_type import SOURCE_TYPES, source_type
from . import exiv2
from .captioning import DUBLIN_CORE, Caption, captioned
from .derivation import (
    DERIVED_FROM,
    INSTANCE,
    Event,
    derived,
    text_of,
)
from .iptc import PHOTOSHOP, as_xmp
from .prefixes import IPTC_EXTENSION, META, PREFIXES
from .structure import NAMESPACE, RDF, describe, undescribe
from .tree import Document, Name, Node, length, parse, serialise

EXIF = "http://ns.adobe.com/exif/1.0/"
TIFF = "http://ns.adobe.com/tiff/1.0/"
TERMS = "http://purl.org/dc/terms/"
NOTE = "http://ns.adobe.com/xmp/note/"

_LAYOUT = (
    *("ImageWidth", "ImageLength", "BitsPerSample", "Compression", "PhotometricInterpretation"),
    *("SamplesPerPixel", "PlanarConfiguration", "YCbCrSubSampling", "YCbCrPositioning"),
)
_SOURCE_TYPE = Name(IPTC_EXTENSION, "DigitalSourceType")
_ABOUT = Name(RDF, "about")
_FORMAT = Name(DUBLIN_CORE, "format")
_EXTENDED = Name(NOTE, "HasExtendedXMP")
_STALE = {
    _SOURCE_TYPE,
    _FORMAT,
    DERIVED_FROM,
    INSTANCE,
    Name(TIFF, "Orientation"),
    Name(TERMS, "provenance"),
    _EXTENDED,
    *(Name(TIFF, name) for name in _LAYOUT),
    *(Name(EXIF, name) for name in ("PixelXDimension", "PixelYDimension")),
    *(Name(PHOTOSHOP, name) for name in ("ColorMode", "ICCProfile")),
}
"""True of the original alone: its type, place in the history, rotation, remote manifest, and how
its pixels lay before they were turned and brought to 8 bits of RGB."""
_OF_OTHER_PARTS = {
    *GAIN_MAPS,
    "http://ns.google.com/photos/1.0/camera/",
    "http://ns.google.com/photos/1.0/container/",
}
"""Namespaces that describe what else was in the file and is left out: gain maps, films."""
_REGIONS = {
    Name("http://www.metadataworkinggroup.com/schemas/regions/", "Regions"),
    Name("http://ns.microsoft.com/photo/1.2/", "RegionInfo"),
    Name(IPTC_EXTENSION, "ImageRegion"),
}
"""Who and what is where in the picture, in the pixels as they lay."""

_HEADER = '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\n'.encode()
_TRAILER = b'<?xpacket end="r"?>'
"""Read-only: an edit in place would break the signature."""

_ROOM = 60_000
"""Bytes for the label and the original's own XMP: what a JPEG holds less exiv2's padding."""

_MADE_BY_AI = ("trainedAlgorithmicMedia", "compositeWithTrainedAlgorithmicMedia")


def _is_stale(name: Name) -> bool:
    return name in _STALE or name.uri == NAMESPACE or name.uri in _OF_OTHER_PARTS


def packet(
    label: Label,
    existing: bytes | None = None,
    *,
    signature: str | None = None,
    event: Event | None = None,
    caption: Caption | None = None,
    iim: bytes | None = None,
    turned: bool = False,
    note: Callable[[str], None] | None = None,
) -> bytes:
    """A packet with the label, merged into the original's own where that can be.

    Args:
        label: replaces any label that ``existing`` carries.
        existing: the original's packet. What is true of the original alone is left out:
            orientation, instance, pointer to a remote manifest. All of it is left out where it
            is malformed or hostile; where a JPEG would not hold it beside the label, its longest
            properties are. A source type that says "made by AI" always stays.
        signature: of the label alone, see `credentials.sign_label`.
        event: what was done, for the history; None adds nothing to it.
        caption: goes to the end of the picture's caption.
        iim: the original's IPTC-IIM, which is told where ``existing`` does not.
        turned: whether pixels lie otherwise than those that ``existing`` tells of; its regions,
            which would then be elsewhere, are left out.
        note: told what of the original's XMP could not be kept.

    Raises:
        LabelError: The label holds a text that XMP cannot.
    """
    say = note or (lambda _: None)
    try:
        document = None if existing is None else parse(existing)
        theirs = [] if document is None else _descriptions(document)
    except LabelError:
        document, theirs = None, []
        say("The original's XMP is damaged and was left out.")
    if text_of(theirs, _EXTENDED):
        say("The original's XMP goes on in further segments (extended XMP), which were left out.")
    kind = _made_by_ai(theirs) or source_type(label.codec)

    def ours(about: str, around: list[Node]) -> Node:
        node = describe(label, about, signature)
        node.attributes[_SOURCE_TYPE] = kind
        node.children += derived(label, around, event)
        if event is not None:
            node.attributes[_FORMAT] = event.media_type
        if caption is not None:
            node.children.append(captioned(around, caption))
        return node

    alone = _write([ours("", [])], PREFIXES)
    about = next((node.attributes.get(_ABOUT, "") for node in theirs), "")
    if iim is not None:
        theirs.append(as_xmp(iim, theirs))
        theirs[-1].attributes[_ABOUT] = about
    if not theirs:
        return alone
    mine = ours(about, theirs)
    stale = _REGIONS if turned else set[Name]()
    if any(stale & {child.name for child in node.children} for node in theirs):
        say("The regions in the original's XMP are of the picture before it was turned: left out.")
    for node in theirs:
        _keep(node, lambda name, _: not (_is_stale(name) or name in stale))
    prefixes = {**(document.prefixes if document else {}), **PREFIXES}
    try:
        both = _write([*theirs, mine], prefixes)
        if len(both) > _ROOM:
            _shorten(theirs, _ROOM - len(alone))
            both = _write([*theirs, mine], prefixes)
            say("The longest parts of the original's XMP do not fit beside the label: left out.")
        if _is_carried(both):
            return both
    except LabelError:
        pass
    say("The original's XMP cannot be kept beside the label and was left out.")
    return alone


def read_label(source: bytes) -> Label | None:
    """The label in a packet, found by namespace URI; None where there is none.

    Raises:
        LabelError: The packet is malformed or hostile, or its label breaks the schema.
    """
    return read_signed_label(source)[0]


def read_signed_label(
    source: bytes, expected: Label | None = None
) -> tuple[Label | None, str | None]:
    """The label in a packet and its own signature, found by namespace URI; None where there is
    none.

    Args:
        expected: returned itself where the packet tells the same, which is faster.

    Raises:
        LabelError: As for `read_label`.
    """
    fields, signature = undescribe(_descriptions(parse(source)))
    if fields is None:
        return None, signature
    if expected is not None and _text(fields) == _text(to_json(expected)):
        return expected, signature
    return parse_label(fields), signature


def _text(fields: dict[str, Any]) -> str:
    """Fields for a comparison in which true is not 1, as Python's own has it."""
    return json.dumps(fields, sort_keys=True)


def _is_carried(packet: bytes) -> bool:
    """Whether the label comes through exiv2 whole beside what strangers wrote."""
    if len(packet) > _ROOM:
        return False
    try:
        return read_label(exiv2.rewrite(packet)) == read_label(packet)
    except (ContainerError, LabelError):
        return False


def _write(descriptions: list[Node], prefixes: dict[str, str]) -> bytes:
    """A packet of these descriptions; ``prefixes`` by URI.

    Raises:
        LabelError: One holds what XML cannot.
    """
    kept = [node for node in descriptions if node.children or node.attributes.keys() - {_ABOUT}]
    root = Node(Name(META, "xmpmeta"), children=[Node(Name(RDF, "RDF"), children=kept)])
    return _HEADER + serialise(Document(root, prefixes)) + _TRAILER


def _descriptions(document: Document) -> list[Node]:
    """The top-level descriptions: ``rdf:RDF`` alone or in ``x:xmpmeta`` (ISO 16684-1, 7.3)."""
    root = document.root
    if root.name != Name(RDF, "RDF"):
        inner = [child for child in root.children if child.name == Name(RDF, "RDF")]
        if len(inner) != 1:
            raise LabelError("XMP: not one RDF element where one belongs")
        root = inner[0]
    return [node for node in root.children if node.name == Name(RDF, "Description")]


def _keep(node: Node, wanted: Callable[[Name, str | Node], bool]) -> None:
    """Leave out every property that is not wanted."""
    node.attributes = {n: text for n, text in node.attributes.items() if wanted(n, text)}
    node.children = [child for child in node.children if wanted(child.name, child)]


def _shorten(descriptions: list[Node], room: int) -> None:
    """Leave out the longest properties, so that the others fit."""
    kept: set[int] = set()
    properties: list[str | Node] = [
        text for node in descriptions for text in node.attributes.values()
    ]
    properties += [child for node in descriptions for child in node.children]
    for value in sorted(properties, key=length):
        room -= length(value)
        if room < 0:
            break
        kept.add(id(value))
    for node in descriptions:
        _keep(node, lambda name, value: name == _ABOUT or id(value) in kept)


def _made_by_ai(descriptions: list[Node]) -> str | None:
    """The original's own source type, where compressing must not make it sound more natural."""
    for node in descriptions:
        found = [node.attributes.get(_SOURCE_TYPE, "")]
        found += [child.text for child in node.children if child.name == _SOURCE_TYPE]
        for value in found:
            kind = value.strip().rpartition("/")[2]
            if kind in _MADE_BY_AI:
                return SOURCE_TYPES + kind
    return None
