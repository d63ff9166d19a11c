"""A file's history, drawn as a tree."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from .console import say

if TYPE_CHECKING:
    from ..lineage import Generation


def print_history(root: Generation) -> None:
    """One line for each file, the newest first, what it was made from below it."""
    say("history, newest first:")
    for line in _lines(root, "  ", "  "):
        say(line)


def _lines(entry: Generation, first: str, rest: str) -> Iterator[str]:
    yield first + " \N{MIDDLE DOT} ".join(_words(entry))
    if entry.cut:
        yield f"{rest}\N{BOX DRAWINGS LIGHT UP AND RIGHT} \N{HORIZONTAL ELLIPSIS}"
    # A plain chain stays in its column, however long; only a branch goes to the right.
    branch, last = "\u251c\u2500 ", "\u2514\u2500 "
    if len(entry.made_from) == 1:
        yield from _lines(entry.made_from[0], rest + "\N{LEFTWARDS ARROW} ", rest)
        return
    for number, part in enumerate(entry.made_from, 1):
        final = number == len(entry.made_from)
        yield from _lines(
            part, rest + (last if final else branch), rest + ("   " if final else "\u2502  ")
        )


def _words(entry: Generation) -> Iterator[str]:
    """What happened, the risk so far, who says so and when."""
    yield (entry.title or "untitled")[:60]
    label = entry.label
    if label is not None and entry.compressed:
        setting = label.quality.setting
        quality = "" if setting is None else f" at quality {setting:g}"
        yield f"{label.codec.name} {label.model.name}{quality}"
        yield f"risk {label.risk.score:.2f}, level {label.risk.level}"
    elif label is not None:
        yield "decoded or copied"
    elif entry.actions:
        done = dict.fromkeys(action.name.removeprefix("c2pa.") for action in entry.actions)
        yield ", ".join(done)[:60]
    if entry.relationship not in (None, "parentOf"):
        yield "component" if entry.relationship == "componentOf" else "input"
    if entry.state == "unsigned":
        yield f"{entry.media_type or ''} without credential".strip()
        return
    yield f"{(entry.signer or 'unknown signer')[:60]} ({entry.state})"
    if entry.program:
        yield entry.program[:60]
    if entry.when:
        yield entry.when[:25].replace("T", " ").removesuffix("+00:00")
