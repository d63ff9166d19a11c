"""What became of a picture, in XMP's own words: ``xmpMM`` of ISO 16684-2 and ``stEvt``, ``stRef``.

The derived file keeps the original's document identifier and gets an instance identifier of its
own; ``DerivedFrom`` names the original, and ``History`` goes on with one more event.
"""

from __future__ import annotations

import datetime
import uuid
from dataclasses import dataclass

from ..labels import Label
from .structure import RDF
from .tree import Name, Node, length

MEDIA_MANAGEMENT = "http://ns.adobe.com/xap/1.0/mm/"
RESOURCE_REFERENCE = "http://ns.adobe.com/xap/1.0/sType/ResourceRef#"
RESOURCE_EVENT = "http://ns.adobe.com/xap/1.0/sType/ResourceEvent#"

INSTANCE = Name(MEDIA_MANAGEMENT, "InstanceID")
DERIVED_FROM = Name(MEDIA_MANAGEMENT, "DerivedFrom")
HISTORY = Name(MEDIA_MANAGEMENT, "History")
_DOCUMENT = Name(MEDIA_MANAGEMENT, "DocumentID")


MAX_HISTORY = 10_000
"""Bytes of earlier events that are kept."""


@dataclass(frozen=True, slots=True)
class Event:
    """The making of a derived file."""

    when: datetime.datetime
    media_type: str
    """Of the derived file."""


def derived(label: Label, theirs: list[Node], event: Event | None) -> list[Node]:
    """The properties that tell where a file comes from.

    Args:
        theirs: the original's descriptions; their history is taken out of them.
        event: goes into the history; None leaves history and instance out.
    """
    reference = {
        Name(RESOURCE_REFERENCE, "documentID"): text_of(theirs, _DOCUMENT)
        or f"sha256:{label.original.sha256}"
    }
    instance = text_of(theirs, INSTANCE)
    if instance:
        reference[Name(RESOURCE_REFERENCE, "instanceID")] = instance
    properties = [Node(DERIVED_FROM, reference)]
    if event is None:
        return properties
    own = f"xmp.iid:{uuid.uuid4()}"
    past = _latest(taken(theirs, HISTORY))
    entry = Node(Name(RDF, "li"), {Name(RDF, "parseType"): "Resource"})
    for name, text in _told(label, event, own).items():
        entry.children.append(Node(Name(RESOURCE_EVENT, name), text=text))
    array = Node(Name(RDF, "Seq"), children=[*past, entry])
    return [Node(INSTANCE, text=own), *properties, Node(HISTORY, children=[array])]


def _latest(histories: list[Node]) -> list[Node]:
    """The latest events, as many as fit; some programs write hundreds."""
    events = [
        entry
        for node in histories
        for array in node.children
        for entry in array.children
        if entry.name == Name(RDF, "li")
    ]
    room, kept = MAX_HISTORY, list[Node]()
    for entry in reversed(events):
        room -= length(entry)
        if room < 0:
            break
        kept.insert(0, entry)
    return kept


def text_of(descriptions: list[Node], name: Name) -> str | None:
    """A simple property, written either way."""
    for node in descriptions:
        if name in node.attributes:
            return node.attributes[name]
        for child in node.children:
            if child.name == name and not child.children:
                return child.text
    return None


def taken(descriptions: list[Node], name: Name) -> list[Node]:
    """Every element of that name, taken out of the descriptions."""
    found = []
    for node in descriptions:
        found += [child for child in node.children if child.name == name]
        node.children = [child for child in node.children if child.name != name]
    return found


def _told(label: Label, event: Event, instance: str) -> dict[str, str]:
    setting = label.quality.setting
    quality = "" if setting is None else f", quality {setting:g}"
    codec = f"{label.codec.name}, {label.model.name}{quality}"
    return {
        "action": "converted",
        "parameters": f"from {label.original.media_type} to {event.media_type} by {codec}",
        "softwareAgent": f"{label.tool.name} {label.tool.version}",
        "instanceID": instance,
        "when": event.when.isoformat(timespec="seconds"),
        "changed": "/",
    }
