"""The XMP packet: our label in a namespace of its own, beside what the original said."""

from __future__ import annotations

from ..errors import ContainerError, LabelError
from ..labels import Label, parse_label
from ..labels.source_type import SOURCE_TYPES, source_type
from . import exiv2
from .structure import NAMESPACE, PREFIX, RDF, describe, undescribe
from .tree import Document, Name, Node, parse, serialise

META = "adobe:ns:meta/"
MEDIA_MANAGEMENT = "http://ns.adobe.com/xap/1.0/mm/"
RESOURCE_REFERENCE = "http://ns.adobe.com/xap/1.0/sType/ResourceRef#"
IPTC_EXTENSION = "http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
TIFF = "http://ns.adobe.com/tiff/1.0/"
TERMS = "http://purl.org/dc/terms/"
NOTE = "http://ns.adobe.com/xmp/note/"

_PREFIXES = {
    META: "x",
    RDF: "rdf",
    NAMESPACE: PREFIX,
    MEDIA_MANAGEMENT: "xmpMM",
    RESOURCE_REFERENCE: "stRef",
    IPTC_EXTENSION: "Iptc4xmpExt",
}
_SOURCE_TYPE = Name(IPTC_EXTENSION, "DigitalSourceType")
_DERIVED_FROM = Name(MEDIA_MANAGEMENT, "DerivedFrom")
_STALE = {
    _SOURCE_TYPE,
    _DERIVED_FROM,
    Name(MEDIA_MANAGEMENT, "InstanceID"),
    Name(TIFF, "Orientation"),
    Name(TERMS, "provenance"),
    Name(NOTE, "HasExtendedXMP"),
}
"""True of the original alone: its place in the history, its rotation, its remote manifest."""

_HEADER = '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\n'.encode()
_TRAILER = b'<?xpacket end="r"?>'
"""Read-only: an edit in place would break the signature."""

_ROOM = 60_000
"""Bytes for the label and the original's own XMP: what a JPEG holds less exiv2's padding."""

_MADE_BY_AI = ("trainedAlgorithmicMedia", "compositeWithTrainedAlgorithmicMedia")


def packet(label: Label, existing: bytes | None = None, *, signature: str | None = None) -> bytes:
    """A packet with the label, merged into the original's own where that can be.

    Args:
        label: replaces any label that ``existing`` carries.
        signature: of the label alone, see `credentials.sign_label`.
        existing: the original's packet. What is true of the original alone is left out:
            orientation, instance, pointer to a remote manifest. All of it is left out where it
            is malformed or hostile, or where a JPEG would not hold both, so that the label gets
            in; a source type that says "made by AI" stays even where the rest is too long.

    Raises:
        LabelError: The label holds a text that XMP cannot.
    """
    try:
        document = None if existing is None else parse(existing)
        theirs = [] if document is None else _descriptions(document)
    except LabelError:
        document, theirs = None, []
    kind = _made_by_ai(theirs) or source_type(label.codec)
    alone = _write([_describe(label, kind, "", signature)], _PREFIXES)
    if document is None:
        return alone
    about = next((node.attributes.get(Name(RDF, "about"), "") for node in theirs), "")
    for node in theirs:
        _forget(node)
    try:
        ours = _describe(label, kind, about, signature)
        both = _write([*theirs, ours], {**document.prefixes, **_PREFIXES})
    except LabelError:
        return alone
    return both if _is_carried(both) else alone


def read_label(source: bytes) -> Label | None:
    """The label in a packet, found by namespace URI; None where there is none.

    Raises:
        LabelError: The packet is malformed or hostile, or its label breaks the schema.
    """
    return read_signed_label(source)[0]


def read_signed_label(source: bytes) -> tuple[Label | None, str | None]:
    """The label in a packet and its own signature, found by namespace URI; None where there is
    none.

    Raises:
        LabelError: As for `read_label`.
    """
    fields, signature = undescribe(_descriptions(parse(source)))
    return (None if fields is None else parse_label(fields)), signature


def _describe(label: Label, source_type: str, about: str, signature: str | None) -> Node:
    """The label with its place in the picture's history."""
    ours = describe(label, about, signature)
    ours.attributes[_SOURCE_TYPE] = source_type
    reference = {Name(RESOURCE_REFERENCE, "documentID"): f"sha256:{label.original.sha256}"}
    ours.children.append(Node(_DERIVED_FROM, reference))
    return ours


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
    kept = [
        node
        for node in descriptions
        if node.children or node.attributes.keys() - {Name(RDF, "about")}
    ]
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


def _forget(node: Node) -> None:
    def kept(name: Name) -> bool:
        return name not in _STALE and name.uri != NAMESPACE

    node.attributes = {name: value for name, value in node.attributes.items() if kept(name)}
    node.children = [child for child in node.children if kept(child.name)]


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
