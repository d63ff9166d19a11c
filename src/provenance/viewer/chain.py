"""The history of a file as a picture: it, and below it the files that it was made from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ..lineage import Generation
from .words import Words

MAX_ROWS = 40
"""Longer histories are cut, and say so."""

MAX_DEPTH = 8
"""Deeper ones are drawn no further to the right."""

MAX_LETTERS = 60
"""Of a name in the picture; the whole of it is in the record."""

_HOW = {
    None: "history.this",
    "parentOf": "history.made.from",
    "componentOf": "history.contains",
    "inputTo": "history.used",
}


@dataclass(frozen=True, slots=True)
class Row:
    """One file of the history, in the place where it is drawn."""

    title: str
    state: str
    """``trusted``, ``untrusted``, ``unsigned`` or ``tampered``."""
    lines: tuple[str, str]
    """What it is and what was done to it; who says so."""
    depth: int
    above: int
    """Number of the row that it belongs to; its own for the first."""


def rows(root: Generation, words: Words) -> tuple[list[Row], int]:
    """The history line by line, and how many lines were left out."""
    found = [_row(entry, depth, above, words) for entry, depth, above in _walk(root)]
    return found[:MAX_ROWS], max(0, len(found) - MAX_ROWS)


def _walk(root: Generation) -> Iterator[tuple[Generation, int, int]]:
    """Each file after the one that it went into, with its depth and the number of that row.

    A plain chain stays in its column, however long; only a branch goes to the right.
    """
    stack, number = [(root, 0, 0)], -1
    while stack:
        entry, depth, above = stack.pop()
        number += 1
        yield entry, depth, above
        below = min(depth + (len(entry.made_from) > 1), MAX_DEPTH)
        stack += [(other, below, number) for other in reversed(entry.made_from)]


def _row(entry: Generation, depth: int, above: int, words: Words) -> Row:
    what = [words(_HOW.get(entry.relationship, "history.used"))]
    label = entry.label
    if label and entry.compressed:
        what.append(words("history.compressed", codec=_short(label.codec.name)))
        what.append(f"{words('risk.word')} {words.number(label.risk.score, 2)}")
    elif label:
        what.append(words("history.decoded"))
    who = [words(f"history.state.{entry.state}", who=_short(entry.signer or "?"))]
    if entry.when:
        who.append(entry.when[:16].replace("T", " "))
    said = (" · ".join(what), " · ".join(who))
    return Row(_short(entry.title) or "–", entry.state, said, depth, above)


def _short(text: str) -> str:
    return text if len(text) <= MAX_LETTERS else text[: MAX_LETTERS - 1] + "…"
