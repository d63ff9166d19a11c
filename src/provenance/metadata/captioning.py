"""A sentence at the end of the picture's caption: ``dc:description``, a text in alternative
languages (ISO 16684-1, 8.2.2.4)."""

from __future__ import annotations

from dataclasses import dataclass

from .derivation import taken
from .structure import RDF
from .tree import XML, Name, Node

DUBLIN_CORE = "http://purl.org/dc/elements/1.1/"

_DESCRIPTION = Name(DUBLIN_CORE, "description")
_LANGUAGE = Name(XML, "lang")
_DEFAULT = "x-default"


@dataclass(frozen=True, slots=True)
class Caption:
    """What is to be added."""

    sentence: str
    language: str
    """BCP 47."""


def captioned(theirs: list[Node], caption: Caption) -> Node:
    """The caption with the sentence at its end, in the default text and in those of its language.

    Args:
        theirs: the original's descriptions; their caption is taken out of them.
    """
    texts: dict[str, str] = {}
    for node in theirs:
        plain = node.attributes.pop(_DESCRIPTION, None)
        if plain is not None:
            texts.setdefault(_DEFAULT, plain)
    for node in taken(theirs, _DESCRIPTION):
        entries = [entry for array in node.children for entry in array.children]
        for entry in entries or [node]:
            texts.setdefault(entry.attributes.get(_LANGUAGE, _DEFAULT), entry.text)
    texts = {_DEFAULT: "", **texts}
    for language, text in texts.items():
        chosen = language == _DEFAULT or language.partition("-")[0].lower() == caption.language
        if chosen and caption.sentence not in text:
            texts[language] = f"{text} {caption.sentence}".lstrip()
    items = [
        Node(Name(RDF, "li"), {_LANGUAGE: language}, text=text) for language, text in texts.items()
    ]
    return Node(_DESCRIPTION, children=[Node(Name(RDF, "Alt"), children=items)])
