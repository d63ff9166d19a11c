"""``provenance trust``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from . import console
from .options import Json

if TYPE_CHECKING:
    from ..credentials import Anchor, RevocationList

app = typer.Typer(no_args_is_help=True, help="Whom to trust: CA certificates, by name.")

Name = Annotated[str, typer.Argument(help="Name of the anchor or the list.")]


@app.command("list")
def list_(json: Json = False) -> None:
    """List the trust anchors of this machine."""
    from ..credentials import default_trust

    trust = default_trust()
    anchors, lists = trust.list(), trust.revocation_lists()
    if json:
        told = {
            "anchors": [_facts(anchor) for anchor in anchors],
            "revocation_lists": [_list_facts(one) for one in lists],
        }
        console.print_json(told)
        return
    for anchor in anchors:
        until = f"{anchor.purpose}, until {anchor.valid_until:%Y-%m-%d}"
        console.say(f"{anchor.name}: {'; '.join(anchor.subjects)} ({until})")
    for one in lists:
        console.say(f"{one.name}: {one.issuer} ({_about(one)})")
    if not anchors:
        console.say("no trust anchors yet")


@app.command()
def add(
    file: Annotated[
        Path,
        typer.Argument(help="PEM file, or folder of them, with CA certificates.", readable=False),
    ],
    name: Annotated[str, typer.Argument(help="Name that it gets.")],
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
def revoke(
    file: Annotated[
        Path, typer.Argument(help="Revocation list (CRL), PEM or DER.", readable=False)
    ],
    name: Annotated[str, typer.Argument(help="Name that it gets.")],
    force: Annotated[
        bool, typer.Option("--force", "-f", help="Replace an older list of that name.")
    ] = False,
    json: Json = False,
) -> None:
    """Believe the certificates on a revocation list no longer."""
    from ..credentials import default_trust

    added = default_trust().revoke(file, name, replace=force)
    if json:
        console.print_json({"revoked": _list_facts(added)})
    else:
        console.say(f"no longer believed, by {name}: {added.issuer} ({_about(added)})")


@app.command()
def remove(name: Name, json: Json = False) -> None:
    """Trust an anchor no longer, or forget a revocation list."""
    from ..credentials import default_trust

    default_trust().remove(name)
    if json:
        console.print_json({"removed": name})
    else:
        console.say(f"removed: {name}")


def _about(one: RevocationList) -> str:
    update = f", next one due {one.next_update:%Y-%m-%d}" if one.next_update else ""
    return f"{len(one.crl)} revoked{update}"


def _list_facts(one: RevocationList) -> dict[str, Any]:
    return {
        "name": one.name,
        "issuer": one.issuer,
        "certificates": len(one.crl),
        "next_update": one.next_update.isoformat() if one.next_update else None,
    }


def _facts(anchor: Anchor) -> dict[str, Any]:
    return {
        "name": anchor.name,
        "purpose": anchor.purpose,
        "subjects": list(anchor.subjects),
        "sha256": list(anchor.sha256),
        "valid_until": anchor.valid_until.isoformat(),
    }
