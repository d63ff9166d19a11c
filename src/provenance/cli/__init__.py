"""The command line: one file per command; errors become exit codes here and nowhere else."""

from __future__ import annotations

import errno
import io
import os
import re
import signal
import sys
import warnings
from itertools import pairwise
from pathlib import Path
from typing import NoReturn, TextIO

from ..errors import InputError, OutputError, ProvenanceError, UsageError

_EMPTY_OPTION = re.compile("--[^=]+=")


def main() -> None:
    """Entry point of the ``provenance`` command.

    Exit codes: 0 good, 1 policy or risk not met, 2 usage, 3 no label or credential, 4 tampered or
    invalid, 5 signer not trusted, 6 input/output or internal error.
    """
    from .app import app

    if signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
        signal.signal(signal.SIGTERM, _end)
    if not sys.warnoptions:
        warnings.simplefilter("ignore")  # Libraries warn programmers; users are told by errors.
    if sys.stderr is None:
        sys.stderr = _nowhere()  # Whoever closed it wants no messages; the exit code still tells.
    if sys.stdout is None:
        sys.stdout = _nowhere()
        _fail(OutputError("standard output: is closed; lead it to /dev/null instead"))
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A name that the terminal cannot show is no reason to stop.
        sys.stdout.reconfigure(errors="replace")
    try:
        try:
            _refuse_empty(sys.argv[1:])
            app()
        finally:
            _flush()
    except ProvenanceError as error:
        _fail(error)
    except SystemExit as error:
        # Typer makes a 1 of it, which means something else here.
        if isinstance(error.__context__, BrokenPipeError):
            _leave()
        # People were told by Typer; programs are told as of any other error.
        told = getattr(error.__context__, "format_message", None)
        if told and _json_is_wanted(sys.argv[1:]):
            _fail(UsageError(told()))
        raise
    except BrokenPipeError:
        _leave()
    except MemoryError:
        _fail(ProvenanceError("out of memory; try a smaller picture or --max-pixels"))
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as error:
        if isinstance(error, OSError) and error.errno == errno.ENOSPC:
            _fail(OutputError("standard output: cannot be written: no space left"))
        if isinstance(error, PermissionError) and error.filename:
            _fail(InputError(f"{error.filename}: {error.strerror}"))
        # A fault of ours: still one line, unless somebody wants to mend it.
        if os.environ.get("PROVENANCE_DEBUG"):
            raise
        kind = type(error).__name__
        _fail(ProvenanceError(f"internal error: {kind}: {error}; PROVENANCE_DEBUG=1 shows where"))


def _end(number: int, _: object) -> NoReturn:
    """Told to end, as `timeout` and service managers do: nothing half done stays behind."""
    sys.exit(128 + number)


def _refuse_empty(arguments: list[str]) -> None:
    """A variable that is not set must not become a path: an empty one names the current folder.

    Raises:
        UsageError: One of the arguments is empty.
    """
    for before, argument in pairwise(["", *arguments]):
        if not argument:
            after = f" after {before}" if before else ""
            raise UsageError(f"an empty argument{after}: give a value, or leave it out")
        if _EMPTY_OPTION.fullmatch(argument):
            raise UsageError(f"{argument} is empty: give a value, or leave it out")


def _nowhere() -> TextIO:
    """What takes all that is written."""
    return Path(os.devnull).open("w")


def _flush() -> None:
    """What cannot be written becomes an error while there is somebody to tell it."""
    sys.stdout.flush()


def _leave(code: int = 6) -> NoReturn:
    """Nobody reads on; closing standard output must not become a second error at shutdown."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(code)


def _fail(error: ProvenanceError) -> NoReturn:
    """One line on standard error; for programs the same as an object on standard output."""
    from .console import print_error

    try:
        print_error(error, as_json=_json_is_wanted(sys.argv[1:]))
        _flush()
    except OSError:
        _leave(error.exit_code)
    sys.exit(error.exit_code)


def _json_is_wanted(arguments: list[str]) -> bool:
    """Whether ``--json``, or `show`'s ``--format json``, is among them."""
    return any(
        argument in ("--json", "--format=json") or (argument == "json" and before == "--format")
        for before, argument in pairwise(["", *arguments])
    )
