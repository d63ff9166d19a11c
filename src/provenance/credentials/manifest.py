"""What a manifest says: the actions, their source types and the label (C2PA 2.2, 18 and A)."""

from __future__ import annotations

import datetime
import uuid
from typing import Any

from ..labels import Label, to_json
from ..labels.source_type import source_type

LABEL_ASSERTION = "org.provenance.miscompression"
"""The assertion's label. The schema's version is inside: a suffix of ``.vN`` gets lost."""

UNREADABLE = "Its own credential could not be read when this was signed."
"""Description of an ingredient whose manifest is in pieces."""

HIGH = 4
"""Risk level from which a generative decoder's work is no longer called a mere transcoding."""


Box = tuple[int, int, int, int]


def definition(
    label: Label, title: str | None, parent: str, stamp: Box | None = None
) -> dict[str, Any]:
    """The manifest definition.

    Args:
        parent: identifier of the ingredient that is the original.
        stamp: where a visible mark was drawn: x, y, width, height in px.
    """
    manifest: dict[str, Any] = {
        "claim_generator_info": [{"name": label.tool.name, "version": label.tool.version}],
        "assertions": [
            {
                "label": "c2pa.actions.v2",
                "created": True,
                "data": {"actions": _actions(label, parent, stamp)},
            },
            {"label": LABEL_ASSERTION, "created": True, "data": to_json(label)},
        ],
    }
    if title:
        manifest["title"] = title
    return manifest


def parent_ingredient(identifier: str, media_type: str) -> dict[str, str]:
    """The original as an ingredient; its file name is nobody's business."""
    return {
        "title": "original",
        "format": media_type,
        "relationship": "parentOf",
        "instance_id": identifier,
        "label": identifier,
    }


def new_identifier() -> str:
    """A fresh instance identifier."""
    return f"xmp.iid:{uuid.uuid4()}"


def _actions(label: Label, parent: str, stamp: Box | None) -> list[dict[str, Any]]:
    """Opened, then transcoded, and edited where "no editorial change" would be untrue.

    A manifest with nothing but opened and transcoded asserts that (C2PA 2.2, 18.14.9); a decoder
    that invents detail, at high risk, must not.
    """
    # Some readers refuse an action on a parent that does not name it.
    about = {"ingredientIds": [parent]}
    version = label.codec.extra.get("version", label.model.name)
    codec = {
        "softwareAgent": {"name": label.codec.name, "version": str(version)},
        "digitalSourceType": source_type(label.codec),
        "parameters": about,
    }
    actions = [
        {"action": "c2pa.opened", "parameters": about},
        {"action": "c2pa.transcoded", "when": _now(), **codec},
    ]
    if label.codec.generative and label.risk.level >= HIGH:
        reason = "The decoder is generative and the risk of miscompression is high."
        actions.append({"action": "c2pa.edited", "description": reason, **codec})
    if stamp:
        actions.append(_stamped(label, stamp))
    return actions


def _stamped(label: Label, stamp: Box) -> dict[str, Any]:
    """A mark that people see is an edit: ``c2pa.watermarked`` means one that they do not."""
    x, y, width, height = stamp
    across, down = (x, x + width), (y, y + height)
    corners = zip((*across, *reversed(across)), (down[0], down[0], down[1], down[1]), strict=True)
    # A rectangle with width and height makes c2pa-web 0.13 refuse the whole file.
    shape = {
        "type": "polygon",
        "unit": "pixel",
        "origin": {"x": x, "y": y},
        "vertices": [{"x": right, "y": low} for right, low in corners],
    }
    region = {"type": "spatial", "shape": shape}
    return {
        "action": "c2pa.edited",
        "description": f"A visible mark was drawn in: risk level {label.risk.level} of 5.",
        "softwareAgent": {"name": label.tool.name, "version": label.tool.version},
        "changes": [{"description": "the mark", "region": [region]}],
    }


def _now() -> str:
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
