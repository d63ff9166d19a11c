"""A small, strict XML reader and writer for XMP packets.

Packets come from strangers. No document type declaration is let in, hence no entity and nothing
fetched; size, depth and number of elements are bounded; names are told apart by namespace URI and
never by prefix. Numbers of the limits: well above what cameras and editors write.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple
from xml.parsers import expat

from ..errors import LabelError

MAX_BYTES = 16_000_000
MAX_ELEMENTS = 100_000
MAX_DEPTH = 64

XML = "http://www.w3.org/XML/1998/namespace"

_SEPARATOR = "\x1f"
"""Between URI and local name; XML cannot hold it, so no URI can forge it."""

_NAME = re.compile(r"[^\W\d][\w.\-]*")
_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_ESCAPES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;"} | {
    character: f"&#{ord(character)};" for character in "\t\n\r"
}
_ESCAPED = re.compile('[&<>"\t\n\r]')


class Name(NamedTuple):
    """An expanded name."""

    uri: str
    local: str


@dataclass(slots=True)
class Node:
    """One element. Text beside child elements means nothing in XMP and is dropped on writing."""

    name: Name
    attributes: dict[Name, str] = field(default_factory=dict)
    children: list[Node] = field(default_factory=list)
    text: str = ""


@dataclass(slots=True)
class Document:
    """A root element and the prefix each namespace was declared with first."""

    root: Node
    prefixes: dict[str, str]


def parse(packet: bytes) -> Document:
    """Read a packet in UTF-8.

    Raises:
        LabelError: Not well-formed, a document type declaration, or beyond a limit.
    """
    if len(packet) > MAX_BYTES:
        raise LabelError(f"XMP: larger than {MAX_BYTES:,} bytes, which is the limit")
    reader = _Reader()
    parser = expat.ParserCreate("UTF-8", namespace_separator=_SEPARATOR)
    parser.buffer_text = True
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.characters
    parser.StartNamespaceDeclHandler = reader.namespace
    parser.StartDoctypeDeclHandler = reader.doctype
    try:
        # Cameras pad packets with NUL as well as with blanks.
        parser.Parse(packet.strip(b"\0 \t\r\n"), True)
    except (expat.ExpatError, ValueError) as error:
        raise LabelError(f"XMP: not well-formed: {error}") from error
    if reader.root is None:
        raise LabelError("XMP: empty")
    return Document(reader.root, reader.prefixes)


def serialise(document: Document) -> bytes:
    """The element in UTF-8, every namespace declared at its root.

    Raises:
        LabelError: A name or a text holds what XML cannot.
    """
    prefixes: dict[str, str] = {}
    taken = {"xml"}
    for uri in _uris([document.root]):
        wanted = document.prefixes.get(uri, "")
        if not _NAME.fullmatch(wanted) or wanted in taken:
            wanted = f"ns{len(prefixes)}"
        taken.add(wanted)
        prefixes[uri] = wanted
    declared = "".join(
        f' xmlns:{prefix}="{_escape(uri)}"' for uri, prefix in prefixes.items() if uri
    )
    prefixes[XML] = "xml"
    parts: list[str] = []
    _write(document.root, prefixes, declared, parts)
    return "".join(parts).encode()


def length(value: str | Node) -> int:
    """About as many bytes as a property takes in XML."""
    if isinstance(value, str):
        return 40 + len(value.encode())
    own = 60 + len(value.text.encode()) + sum(map(length, value.attributes.values()))
    return own + sum(map(length, value.children))


class _Reader:
    """Builds the tree while expat walks the text."""

    def __init__(self) -> None:
        self.root: Node | None = None
        self.prefixes: dict[str, str] = {}
        self._open: list[Node] = []
        self._texts: list[list[str]] = []
        self._count = 0

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self._count += 1 + len(attributes)
        if self._count > MAX_ELEMENTS:
            raise LabelError(f"XMP: more than {MAX_ELEMENTS:,} elements and attributes")
        if len(self._open) >= MAX_DEPTH:
            raise LabelError(f"XMP: nested deeper than {MAX_DEPTH}")
        node = Node(_name(name), {_name(key): value for key, value in attributes.items()})
        if self._open:
            self._open[-1].children.append(node)
        else:
            self.root = node
        self._open.append(node)
        self._texts.append([])

    def end(self, _name: str) -> None:
        self._open.pop().text = "".join(self._texts.pop())

    def characters(self, text: str) -> None:
        if self._texts:
            self._texts[-1].append(text)

    def namespace(self, prefix: str | None, uri: str | None) -> None:
        self._count += 1
        self.prefixes.setdefault(uri or "", prefix or "")

    def doctype(self, *_: object) -> None:
        raise LabelError("XMP: a document type declaration is not allowed")


def _name(expanded: str) -> Name:
    uri, _, local = expanded.rpartition(_SEPARATOR)
    return Name(uri, local)


def _uris(nodes: Iterable[Node]) -> dict[str, None]:
    found: dict[str, None] = {}
    pending = list(nodes)
    while pending:
        node = pending.pop()
        for name in (node.name, *node.attributes):
            if name.uri != XML:
                found[name.uri] = None
        pending.extend(reversed(node.children))
    return found


def _write(node: Node, prefixes: dict[str, str], declared: str, parts: list[str]) -> None:
    tag = _qualified(node.name, prefixes)
    parts.append(f"<{tag}{declared}")
    for name, value in node.attributes.items():
        parts.append(f' {_qualified(name, prefixes)}="{_escape(value)}"')
    if node.children:
        parts.append(">\n")
        for child in node.children:
            _write(child, prefixes, "", parts)
        parts.append(f"</{tag}>\n")
    elif node.text:
        parts.append(f">{_escape(node.text)}</{tag}>\n")
    else:
        parts.append("/>\n")


def _qualified(name: Name, prefixes: dict[str, str]) -> str:
    if not _NAME.fullmatch(name.local):
        raise LabelError(f"XMP: {name.local[:40]!r} is no XML name")
    return f"{prefixes[name.uri]}:{name.local}" if name.uri else name.local


def _escape(text: str) -> str:
    bad = _ILLEGAL.search(text)
    if bad:
        raise LabelError(f"XMP: cannot hold the character U+{ord(bad[0]):04X}")
    return _ESCAPED.sub(lambda match: _ESCAPES[match[0]], text)
