"""``provenance view``."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from ..files import MAX_PIXELS
from . import console
from .options import Browser, MaxPixels, Port, need


def view(
    files: Annotated[
        list[Path] | None,
        typer.Argument(help="Files and folders to begin with.", show_default=False, readable=False),
    ] = None,
    port: Port = 0,
    browser: Browser = True,
    max_pixels: MaxPixels = MAX_PIXELS,
) -> None:
    """Show files by risk on a local page: verdicts, reports, two compared."""
    need("web", "starlette", "uvicorn")
    from ..viewing.collection import Collection
    from ..viewing.server import Server

    collection = Collection(files or (), max_pixels=max_pixels)
    for problem in collection.problems:
        console.note(problem)
    server = Server(collection, port)
    console.say(f"files: {len(collection.items)}; Ctrl-C ends", server.url)
    sys.stdout.flush()
    if browser:
        import webbrowser

        webbrowser.open(server.url)
    server.run()
    # It writes nothing, so nothing is lost with what is still computed for a page that has gone,
    # and a decoding would keep the program for a minute.
    sys.stdout.flush()
    os._exit(0)
