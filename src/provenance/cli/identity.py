"""``provenance identity``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from . import console
from .options import Certificate, Json, PasswordFile, Signer, signer

if TYPE_CHECKING:
    from ..credentials import Identity

app = typer.Typer(no_args_is_help=True, help="Who signs: the key and its certificates.")


@app.command()
def show(
    key: Signer = None,
    certificate: Certificate = None,
    password_file: PasswordFile = None,
    json: Json = False,
) -> None:
    """Show the identity that signs; the first call makes one for this machine."""
    _print(signer(key, certificate, password_file), json)


@app.command()
def new(
    organisation: Annotated[str, typer.Option(help="Who answers for what is signed.")],
    name: Annotated[str, typer.Option(help="Name of the signer.")],
    force: Annotated[
        bool, typer.Option("--force", "-f", help="Though there is one, which is kept aside.")
    ] = False,
    json: Json = False,
) -> None:
    """Make a new identity, trusted on this machine only."""
    from ..credentials import identity_folder, new_identity

    _print(new_identity(organisation, name, identity_folder(), replace=force), json)


def _print(identity: Identity, json: bool) -> None:
    subject = identity.subject
    facts: dict[str, Any] = {
        "organisation": subject.organisation,
        "name": subject.common_name,
        "issuer": subject.issuer,
        "algorithm": identity.algorithm,
        "valid_until": identity.valid_until.isoformat(),
        "sha256": subject.sha256,
    }
    if json:
        console.print_json({"identity": facts, "notes": list(identity.notes)})
        return
    console.table([(name.replace("_", " "), str(value)) for name, value in facts.items()])
    for remark in identity.notes:
        console.note(remark)
