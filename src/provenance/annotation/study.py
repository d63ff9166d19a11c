"""One observer's session: the pairs to look at, and what was said of them so far."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from .. import __version__
from ..errors import InputError, ProvenanceError
from ..imaging import Photo, render
from ..taxonomy import Symbol, Type
from .document import check, finding_to_json, findings_from_json
from .model import TEXTURE, Annotation, PairFacts
from .pairs import Identified
from .store import Store

Load = Callable[[Any], Photo]
"""From the path of a picture to its pixels."""

KEPT_PAIRS = 3
"""Rendered pairs that are kept, so that going back is quick."""

EXPLAINED = {
    Type.AMPLITUDE: "brightness, colour, contrast",
    Type.GEOMETRY: "moved, turned, stretched",
    Type.SHAPE: "another form, other meaning",
    TEXTURE: "noted, not counted alone",
}


@dataclass(frozen=True, slots=True)
class Rendered:
    """A pair as the page shows it."""

    facts: PairFacts
    original: bytes
    """PNG."""
    reconstruction: bytes
    """PNG."""


class Study:
    """The pairs of a session with one observer's annotations.

    Args:
        pairs: in the order of the page.
        load: reads a picture, of whatever kind.
    """

    def __init__(self, pairs: Sequence[Identified], store: Store, load: Load) -> None:
        self.pairs: Mapping[str, Identified] = {pair.id: pair for pair in pairs}
        self.store = store
        self._load = load
        self._rendered = functools.lru_cache(KEPT_PAIRS)(self._render)
        self._one_at_a_time = threading.Lock()
        self._facts: dict[str, PairFacts] = {}

    def render(self, pair_id: str) -> Rendered:
        """Both pictures of a pair.

        Raises:
            InputError: One cannot be read, or the sizes differ.
        """
        with self._one_at_a_time:
            rendered = self._rendered(pair_id)
        self._facts[pair_id] = rendered.facts
        return rendered

    def overview(self) -> dict[str, Any]:
        """What the page shows first: who, the words to choose from, and the pairs' progress."""
        return {
            "observer": self.store.observer,
            "types": [{"name": str(name), "hint": hint} for name, hint in EXPLAINED.items()],
            "symbols": [str(symbol) for symbol in Symbol],
            "pairs": [self._progress(pair) for pair in self.pairs.values()],
        }

    def get(self, pair_id: str) -> dict[str, Any]:
        """A pair and what the observer has said of it.

        Raises:
            InputError: A picture cannot be read, or the sizes differ.
            AnnotationError: The stored annotation is broken.
        """
        facts = self._known(pair_id)
        saved = self.store.get(pair_id)
        return {
            "id": pair_id,
            "name": facts.name,
            "width": facts.width,
            "height": facts.height,
            "complete": bool(saved and saved[0].complete),
            "findings": [finding_to_json(f) for f in saved[0].findings] if saved else [],
            "revision": saved[1] if saved else None,
        }

    def put(self, pair_id: str, submission: Any) -> dict[str, Any]:
        """Save what the page sends; give the pair's progress and the new revision.

        Raises:
            AnnotationError: It does not follow the schema or is unfinished.
            ConflictError: Something else was saved meanwhile.
            OutputError: It cannot be written.
        """
        check(submission, "annotation", "submission")
        facts = self._known(pair_id)
        complete = submission["complete"]
        findings = findings_from_json(
            submission["findings"], facts, "annotation", complete=complete
        )
        annotation = Annotation(
            self.store.observer,
            facts,
            complete,
            findings,
            datetime.now(UTC).replace(microsecond=0),
            f"provenance {__version__}",
        )
        revision = self.store.put(annotation, submission["revision"])
        return {"revision": revision, **self._progress(self.pairs[pair_id])}

    def completed(self) -> int:
        """How many pairs the observer has completed."""
        return sum(self._progress(pair)["state"] == "done" for pair in self.pairs.values())

    def _known(self, pair_id: str) -> PairFacts:
        """Without rendering again, so that saving never waits for pictures."""
        return self._facts.get(pair_id) or self.render(pair_id).facts

    def _progress(self, pair: Identified) -> dict[str, Any]:
        state, count = "open", 0
        try:
            saved = self.store.get(pair.id)
        except ProvenanceError:
            state = "broken"  # Told in full where the pair is opened.
        else:
            if saved:
                state = "done" if saved[0].complete else "draft"
                count = len(saved[0].findings)
        return {"id": pair.id, "name": pair.pair.name, "state": state, "findings": count}

    def _render(self, pair_id: str) -> Rendered:
        found = self.pairs[pair_id]
        original = self._load(found.pair.original)
        reconstruction = self._load(found.pair.reconstruction)
        if (original.width, original.height) != (reconstruction.width, reconstruction.height):
            raise InputError(
                f"{found.pair.reconstruction}: {reconstruction.width}x{reconstruction.height} px, "
                f"but the original has {original.width}x{original.height}"
            )
        facts = PairFacts(
            found.pair.name,
            original.width,
            original.height,
            found.original,
            found.reconstruction,
        )
        # Upright already, and nobody's business where it was taken.
        sides = (render(replace(p, exif=None), "png") for p in (original, reconstruction))
        return Rendered(facts, *sides)
