"""``provenance codecs``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..errors import ModelError
from . import console
from .options import Json

if TYPE_CHECKING:
    from ..codecs import Codec

app = typer.Typer()


@app.callback(invoke_without_command=True)
def codecs(context: typer.Context, json: Json = False) -> None:
    """List the codecs that are installed; add others by their published weights."""
    if context.invoked_subcommand is not None:
        return
    from .. import codecs as registry

    found, problems = {}, list[str]()
    for name in registry.names():
        try:
            found[name] = registry.get(name)
        except ModelError as error:  # One that is broken must not hide the others.
            problems.append(str(error))
    if json:
        codecs = [_facts(*entry) for entry in found.items()]
        console.print_json({"codecs": codecs, "problems": problems})
    else:
        for entry in found.items():
            _show(*entry)
    for problem in problems:
        console.note(problem)
    if problems:
        raise typer.Exit(ModelError.exit_code)


@app.command()
def add(
    name: Annotated[str, typer.Argument(help="Name it gets: for --codec.")],
    weights: Annotated[
        Path,
        typer.Option(
            help="Published weights, CompressAI's bmshj2018, HiFiC's or CDC's; or converted ones.",
            readable=False,
        ),
    ],
    sha256: Annotated[
        str | None, typer.Option(help="Refuse a file with another hash.", show_default=False)
    ] = None,
    json: Json = False,
) -> None:
    """Add a codec by its published weights, checked and converted."""
    from .. import codecs as registry

    with console.progress() as announce:
        announce("convert")
        added = registry.add(name, weights, sha256)
    if json:
        console.print_json({"added": _facts(name, added)})
    else:
        _show(name, added)


@app.command()
def remove(
    name: Annotated[str, typer.Argument(help="Name it was added under.")], json: Json = False
) -> None:
    """Forget a codec that was added."""
    from .. import codecs as registry

    registry.remove(name)
    if json:
        console.print_json({"removed": name})
    else:
        console.say(f"removed: {name}")


def _facts(name: str, codec: Codec) -> dict[str, Any]:
    from ..labels import to_json

    return {"name": name, "codec": to_json(codec.facts), "model": to_json(codec.model)}


def _show(name: str, codec: Codec) -> None:
    facts, model = codec.facts, codec.model
    rows = [
        ("codec", f"{facts.name}, {facts.family}"),
        ("generative", "yes" if facts.generative else "no"),
        ("decoder", facts.decoder),
        ("qualities", "1 to 100" if codec.variable_rate else "one rate"),
        ("model", model.name),
        ("sha256", model.sha256 or "unknown"),
    ]
    if "source_sha256" in model.extra:
        rows.append(("made from", str(model.extra["source_sha256"])))
    console.say(name)
    console.table(rows)
