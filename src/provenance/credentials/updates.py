"""Update manifests (C2PA 2.2, 11.2): they say more about a file and leave its content alone.

One binds no content itself: its only parent does, or the parent's parent. Whose label counts, and
who must be believed for it, is then told by all manifests down to that one. The C2PA library checks
their form, and the binding.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from .credential import Claim, Ingredient
from .standing import UNTRUSTED, is_about_signer

_BINDING = re.compile(r"assertion\.\w+Hash\.match self#jumbf=/c2pa/([^/]+)/")
"""A hard binding that holds, and whose it is."""


def layers_of(
    claims: Sequence[Claim], ingredients: Iterable[Ingredient], active: Mapping[str, Any]
) -> tuple[tuple[Claim, ...], tuple[Ingredient, ...]]:
    """The claims whose word counts, the file's own first; all but that as ingredients.

    Args:
        claims: of all manifests, the file's own first.
        active: the library's results for that one.

    Raises:
        ValueError: What binds the content is not below updates alone.
    """
    named = {claim.manifest: claim for claim in claims}
    bound = _bound(active) or claims[0].manifest
    layers, updated = [claims[0]], list[Ingredient]()
    while (top := layers[-1]).manifest != bound and not (top.label or top.label_problem):
        [parent] = [e for e in ingredients if e.of == top.manifest and e.relationship == "parentOf"]
        if parent.manifest not in named or len(layers) > len(claims):
            raise ValueError("an update of nothing")
        updated.append(parent)
        layers.append(named[parent.manifest])
    return tuple(layers), tuple(updated)


def binding_in(report: Mapping[str, Any], exact: Mapping[str, Any]) -> Mapping[str, Any]:
    """The assertions of the manifest that binds the content, by their labels.

    Args:
        report: the library's.
        exact: the same in its other form.
    """
    active = (report.get("validation_results") or {}).get("activeManifest") or {}
    bound = _bound(active) or report.get("active_manifest")
    return next((m["assertions"] for m in exact["manifests"] if m["label"] == bound), {})


def problems_of(updated: Iterable[Ingredient]) -> Iterator[tuple[str, str]]:
    """What speaks against those who signed what is updated, as if it were the file's own: in C2PA's
    codes and words."""
    for entry in updated:
        name = entry.title or "unnamed"
        told = [failure.partition(": ")[::2] for failure in entry.failures]
        about = [(code, words) for code, words in told if is_about_signer(code)]
        for code, words in about:
            yield code, f"of {name}, which is only updated: {words}"
        if not about and not entry.trusted:
            yield UNTRUSTED, f"of {name}, which is only updated"


def _bound(active: Mapping[str, Any]) -> str | None:
    """Label of the manifest whose hard binding the library found good."""
    for status in active.get("success") or ():
        if found := _BINDING.match(f"{status['code']} {status.get('url')}"):
            return found[1]
    return None
