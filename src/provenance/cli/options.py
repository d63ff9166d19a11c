"""Options that several commands share."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import UsageError

if TYPE_CHECKING:
    from ..credentials import Identity

Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]
Timing = Annotated[bool, typer.Option("--timing", help="Print the share of each stage.")]
Force = Annotated[bool, typer.Option("--force", "-f", help="Replace an existing output.")]
Output = Annotated[
    Path | None,
    typer.Option(
        "--output", "-o", help="File to write; - for standard output.", show_default=False
    ),
]
MaxPixels = Annotated[
    int, typer.Option("--max-pixels", min=1, help="Refuse pictures with more pixels.")
]
MaxScore = Annotated[
    float | None,
    typer.Option(
        "--max-score",
        min=0,
        max=1,
        help="Exit with 1 if the risk score is higher.",
        show_default=False,
    ),
]
RedactEvidence = Annotated[
    bool,
    typer.Option("--redact-evidence", help="Leave the words that changed out of the result."),
]
Stamp = Annotated[
    bool, typer.Option("--stamp", help="Draw the risk level into a corner of the picture.")
]
Key = Annotated[
    Path | None,
    typer.Option(
        "--key", envvar="PROVENANCE_KEY", help="Private key (PEM) to sign with.", show_default=False
    ),
]
Chain = Annotated[
    Path | None,
    typer.Option(
        "--chain",
        envvar="PROVENANCE_CHAIN",
        help="Its certificates (PEM), leaf first.",
        show_default=False,
    ),
]
PasswordFile = Annotated[
    Path | None,
    typer.Option(
        "--password-file",
        envvar="PROVENANCE_PASSWORD_FILE",
        help="File with the password of the key.",
        show_default=False,
    ),
]


def signer(key: Path | None, chain: Path | None, password_file: Path | None) -> Identity:
    """The identity that the options name; this machine's own without them.

    Raises:
        UsageError: Only one of key and chain is given.
        InputError: A file is missing or no PEM, or the password is wrong.
    """
    from ..credentials import default_identity, load_identity
    from ..files import read

    if key is None and chain is None:
        return default_identity()
    if key is None or chain is None:
        raise UsageError("--key and --chain belong together; give both or neither")
    password = read(password_file, 10_000).rstrip(b"\r\n") if password_file else None
    return load_identity(chain, key, password)


def need(extra: str, *modules: str) -> None:
    """Check that an optional part of the package is installed.

    Raises:
        UsageError: One of the ``modules`` that ``extra`` brings is missing.
    """
    for module in modules:
        if importlib.util.find_spec(module) is None:
            raise UsageError(f"{module} is not installed; use `pip install 'provenance[{extra}]'`")
