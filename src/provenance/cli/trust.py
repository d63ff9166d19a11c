"""``provenance trust``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from . import console
from .options import Json

if TYPE_CHECKING:
    from ..credentials import Anchor

app = typer.Typer(no_args_is_help=True, help="Whom to trust: CA certificates, by name.")

Name = Annotated[str, typer.Argument(help="Name of the anchor.")]


@app.command("list")
def list_(json: Json = False) -> None:
    """List the trust anchors of this machine."""
    from ..credentials import default_trust

    anchors = default_trust().list()
    if json:
        console.print_json({"anchors": [_facts(anchor) for anchor in anchors]})
        return
    for anchor in anchors:
        until = f"{anchor.valid_until:%Y-%m-%d}"
        console.say(f"{anchor.name}: {'; '.join(anchor.subjects)} (until {until})")
    if not anchors:
        console.say("no trust anchors yet")


@app.command()
def add(
    file: Annotated[Path, typer.Argument(help="PEM file with CA certificates.")],
    name: Name,
    json: Json = False,
) -> None:
    """Trust what these CA certificates vouch for."""
    from ..credentials import default_trust

    anchor = default_trust().add(file, name)
    if json:
        console.print_json({"added": _facts(anchor)})
    else:
        console.say(f"trusted as {name}: {'; '.join(anchor.subjects)}")


@app.command()
def remove(name: Name, json: Json = False) -> None:
    """Trust an anchor no longer."""
    from ..credentials import default_trust

    default_trust().remove(name)
    if json:
        console.print_json({"removed": name})
    else:
        console.say(f"no longer trusted: {name}")


def _facts(anchor: Anchor) -> dict[str, Any]:
    return {
        "name": anchor.name,
        "subjects": list(anchor.subjects),
        "sha256": list(anchor.sha256),
        "valid_until": anchor.valid_until.isoformat(),
    }
