"""Options that several commands share."""

from __future__ import annotations

import getpass
import importlib.util
import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import InputError, UsageError
from ..files import STANDARD_STREAM, check_output, one_line, read
from . import console

if TYPE_CHECKING:
    from ..credentials import Identity
    from ..imaging import Photo
    from ..verification import Policy


def _known_language(language: str | None) -> str | None:
    """Refused before any work is done."""
    if language is not None:
        from ..labels.catalogue import catalogue

        catalogue(language)
    return language


Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]
Timing = Annotated[bool, typer.Option("--timing", help="Print the share of each stage.")]
Crop = Annotated[
    str | None,
    typer.Option(
        metavar="LEFT,TOP,WIDTH,HEIGHT", help="Show this part, in px.", show_default=False
    ),
]
Effort = Annotated[
    int | None,
    typer.Option(
        min=0,
        max=100,
        help="Of the codec msh: passes that refine the encoding. 8 save some 4 % of the bits, and "
        "take ten times as long.",
        show_default=False,
    ),
]
Force = Annotated[bool, typer.Option("--force", "-f", help="Replace an existing output.")]
Language = Annotated[str, typer.Option("--language", "-l", help="en or de.")]
Output = Annotated[
    Path | None,
    typer.Option(
        "--output",
        "-o",
        help="File to write; - for standard output.",
        show_default=False,
        readable=False,
    ),
]
MaxPixels = Annotated[
    int, typer.Option("--max-pixels", min=1, help="Refuse pictures with more pixels.")
]
PolicyFile = Annotated[
    Path | None,
    typer.Option(
        "--policy", help="TOML file that says what you demand.", show_default=False, readable=False
    ),
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
Port = Annotated[int, typer.Option(min=0, max=65535, help="0 for one that is free.")]
Browser = Annotated[
    bool, typer.Option("--browser/--no-browser", help="Open the page in a browser.")
]
Caption = Annotated[
    str | None,
    typer.Option(
        "--caption",
        metavar="LANGUAGE",
        callback=_known_language,
        help="Add a sentence on the risk to the picture's caption: en or de.",
        show_default=False,
    ),
]
Stamp = Annotated[
    bool, typer.Option("--stamp", help="Draw the risk level into a corner of the picture.")
]
Signer = Annotated[
    str | None,
    typer.Option(
        "--signer",
        envvar="PROVENANCE_SIGNER",
        metavar="URI",
        help="Key to sign with, such as file:desk.p12; see docs/signing.md.",
        show_default=False,
    ),
]
Certificate = Annotated[
    Path | None,
    typer.Option(
        "--certificate",
        envvar="PROVENANCE_CERTIFICATE",
        metavar="PEM",
        help="Its certificates, leaf first, where the key does not bring them.",
        show_default=False,
        readable=False,
    ),
]
PasswordFile = Annotated[
    Path | None,
    typer.Option(
        "--password-file",
        envvar="PROVENANCE_PASSWORD_FILE",
        help="File with its password; else PROVENANCE_PASSWORD, else asked for.",
        show_default=False,
        readable=False,
    ),
]


Timestamp = Annotated[
    str | None,
    typer.Option(
        "--timestamp",
        envvar="PROVENANCE_TIMESTAMP",
        metavar="URL",
        help="Have the time of signing proven by this RFC 3161 authority.",
        show_default=False,
    ),
]
TimestampOptional = Annotated[
    bool,
    typer.Option(
        "--timestamp-optional",
        envvar="PROVENANCE_TIMESTAMP_OPTIONAL",
        help="Go on without, and say so, where it gives none.",
    ),
]


def signer(
    uri: str | None,
    certificate: Path | None,
    password_file: Path | None,
    timestamp: str | None = None,
    timestamp_optional: bool = False,
) -> Identity:
    """The identity that the options name; this machine's own without them.

    Raises:
        UsageError: A certificate without a signer, or an address that is none.
        InputError: A file is missing or not what it should be, or the password is wrong.
        SigningError: Key and certificate are no pair, or verifiers would refuse them.
    """
    from ..credentials import TimeStamping, default_identity, load_signer

    if timestamp_optional and timestamp is None:
        raise UsageError("--timestamp-optional says how, and --timestamp by whom; give that too")
    stamping = TimeStamping(timestamp, timestamp_optional) if timestamp is not None else None
    if uri is None and certificate is not None:
        raise UsageError("--certificate belongs to a key; name it with --signer")
    if uri is None:
        identity = default_identity()
    else:
        identity = load_signer(uri, certificate, lambda of: _password(of, password_file))
    return replace(identity, time_stamps=stamping)


def _password(of: str, file: Path | None) -> bytes:
    """From the file, else the environment, else the terminal; never from the command line.

    Raises:
        InputError: It is nowhere.
    """
    if file is not None:
        password = read(file, 10_000).rstrip(b"\r\n")
        if file != STANDARD_STREAM and file.stat().st_mode & 0o077:
            console.note(f"{file}: password file readable by others; use chmod 600")
        return password
    if (told := os.environ.get("PROVENANCE_PASSWORD")) is not None:
        return told.encode()
    if sys.stdin.isatty() and sys.stderr.isatty():
        return getpass.getpass(f"Password of {one_line(of)}: ", sys.stderr).encode()
    raise InputError(
        f"{of}: needs its password; give --password-file, set PROVENANCE_PASSWORD, "
        "or run where it can be asked for"
    )


def need(extra: str, *modules: str) -> None:
    """Check that an optional part of the package is installed.

    Raises:
        UsageError: One of the ``modules`` that ``extra`` brings is missing.
    """
    for module in modules:
        if importlib.util.find_spec(module) is None:
            raise UsageError(f"{module} is not installed; use `pip install 'provenance[{extra}]'`")


def demands(file: Path | None, max_score: float | None) -> Policy | None:
    """The policy of the options: both together where both are given.

    Raises:
        InputError: The file cannot be read or is no policy.
    """
    from ..verification import AllOf, HighestScore, load_policy

    demands: list[Policy] = [] if max_score is None else [HighestScore(max_score)]
    if file is not None:
        demands.append(load_policy(file))
    return AllOf(*demands) if demands else None


def check_picture(output: Path, language: str, *, force: bool, inputs: tuple[Path, ...]) -> None:
    """Refuse before any work is done what a picture cannot be written in, or to.

    Raises:
        UsageError: The file is no PNG by name, is there already, or nobody wrote in the language.
    """
    from ..labels.catalogue import catalogue

    catalogue(language)
    if output.suffix.lower() != ".png":
        raise UsageError(f"{output}: the picture is a PNG; name a file that ends in .png")
    check_output(output, force=force, inputs=inputs)


def window_of(text: str, photo: Photo) -> tuple[int, int, int, int]:
    """A part of a photo, as ``--crop`` gives it.

    Raises:
        UsageError: It is none.
    """
    try:
        left, top, width, height = (int(part) for part in text.split(","))
    except ValueError:
        raise UsageError(f"--crop {text}: give LEFT,TOP,WIDTH,HEIGHT in pixels") from None
    inside = left >= 0 and top >= 0 and left + width <= photo.width and top + height <= photo.height
    if not inside or width < 8 or height < 8 or height > 4 * width:
        raise UsageError(
            f"--crop {text}: must lie within {photo.width}x{photo.height} px, with sides of at "
            "least 8 px and no more than four times as high as wide"
        )
    return left, top, width, height
