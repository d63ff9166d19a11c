"""Where this machine's configuration lives."""

from __future__ import annotations

import os
from pathlib import Path

from .errors import InputError


def home() -> Path:
    """The configuration folder: ``$PROVENANCE_HOME``, else under ``$XDG_CONFIG_HOME``.

    Relative values of ``XDG_CONFIG_HOME`` are ignored, as the XDG Base Directory specification
    demands. The folder need not exist.

    Raises:
        InputError: Neither is set, and the user has no home.
    """
    own = os.environ.get("PROVENANCE_HOME")
    if own:
        return Path(own).expanduser().absolute()
    shared = Path(os.environ.get("XDG_CONFIG_HOME", ""))
    if shared.is_absolute():
        return shared / "provenance"
    try:
        return Path.home() / ".config" / "provenance"
    except RuntimeError:
        raise InputError(
            "no configuration folder: this user has no home; set PROVENANCE_HOME"
        ) from None
