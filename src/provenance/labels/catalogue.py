"""What is said in other languages: one file of messages per language, in ``catalogues/``.

To add a language, put ``CODE.json`` with the same keys beside ``en.json``; a test compares them.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from importlib import resources

from ..errors import UsageError

DEFAULT = "en"


@functools.cache
def languages() -> tuple[str, ...]:
    """Codes of the languages that have a catalogue (BCP 47), in order."""
    entries = resources.files("provenance").joinpath("labels", "catalogues").iterdir()
    return tuple(sorted(e.name.removesuffix(".json") for e in entries if e.name.endswith(".json")))


@functools.cache
def catalogue(language: str) -> Mapping[str, str]:
    """The messages of a language by their keys.

    Raises:
        UsageError: There is no such language.
    """
    if language not in languages():
        raise UsageError(f"language {language!r}: choose from {', '.join(languages())}")
    folder = resources.files("provenance").joinpath("labels", "catalogues")
    loaded: dict[str, str] = json.loads(folder.joinpath(f"{language}.json").read_text("utf-8"))
    return loaded
