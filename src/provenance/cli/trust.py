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
        until = f"{anchor.purpose}, until {anchor.valid_until:%Y-%m-%d}"
        console.say(f"{anchor.name}: {'; '.join(anchor.subjects)} ({until})")
    if not anchors:
        console.say("no trust anchors yet")


@app.command()
def add(
    file: Annotated[
        Path, typer.Argument(help="PEM file, or folder of them, with CA certificates.")
    ],
    name: Name,
    time_stamps: Annotated[
        bool, typer.Option("--time-stamps", help="For time stamps, and nothing else.")
    ] = False,
    json: Json = False,
) -> None:
    """Trust the signers that these CA certificates vouch for."""
    from ..credentials import Purpose, default_trust

    purpose = Purpose.TIME_STAMPS if time_stamps else Purpose.SIGNERS
    anchor = default_trust().add(file, name, purpose)
    if json:
        console.print_json({"added": _facts(anchor)})
    else:
        console.say(f"trusted for {purpose} as {name}: {'; '.join(anchor.subjects)}")


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
        "purpose": anchor.purpose,
        "subjects": list(anchor.subjects),
        "sha256": list(anchor.sha256),
        "valid_until": anchor.valid_until.isoformat(),
    }
