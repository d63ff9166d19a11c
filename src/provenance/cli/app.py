"""The Typer application, put together from one module per command."""

from __future__ import annotations

from typing import Annotated

import typer

from .. import __version__
from . import (
    annotate,
    assess,
    bench,
    caption,
    codecs,
    compress,
    decompress,
    evidence,
    figure,
    identity,
    label,
    report,
    show,
    trust,
    verify,
    view,
)

app = typer.Typer(
    name="provenance",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

app.command()(compress.compress)
app.command()(decompress.decompress)
app.command()(verify.verify)
app.command()(show.show)
app.command()(report.report)
app.command()(evidence.evidence)
app.command()(figure.figure)
app.command()(caption.caption)
app.command()(view.view)
app.command()(assess.assess)
app.command()(label.label)
app.add_typer(codecs.app, name="codecs")
app.add_typer(identity.app, name="identity")
app.add_typer(trust.app, name="trust")
app.add_typer(annotate.app, name="annotate")
app.add_typer(bench.app, name="bench")


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"provenance {__version__}")
        raise typer.Exit


@app.callback()
def provenance(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Compress photos with neural codecs, measure the risk that their meaning changed, and say so
    in the file, signed.

    Exit codes: 0 good, 1 policy or risk not met, 2 usage, 3 no label or
    credential, 4 tampered or invalid, 5 signer not trusted, 6 input/output or
    internal error.
    """
