"""What the commands of training have in common: options, and errors in one line."""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable
from pathlib import Path

from provenance.errors import ProvenanceError
from provenance.files import one_line

from .crops import SIZE

STEP = 64
"""What sides of pictures are multiples of: px of a hyper-latent."""
LEAST = 128
"""Smallest side of pictures, px: for MS-SSIM in the loss, the discriminator, and every network."""


def parser(
    about: str | None, *, minutes: float, batch: int, crop: int, rate: float
) -> argparse.ArgumentParser:
    """A parser with the options of all trainings, whose defaults are given."""
    made = argparse.ArgumentParser(description=about)
    made.add_argument("--photos", type=Path, required=True, help="folder of training photos")
    made.add_argument("--validation", type=Path, required=True, help="folder of PNG photos")
    made.add_argument("--work", type=Path, required=True, help="folder for crops and checkpoint")
    made.add_argument(
        "--minutes", type=positive, default=minutes, help="whole length of the schedule"
    )
    made.add_argument("--batch", type=count, default=batch)
    made.add_argument("--crop", type=side, default=crop, help="128, 192 or 256 px")
    made.add_argument("--rate", type=positive, default=rate, help="highest learning rate")
    return made


def execute(parser: argparse.ArgumentParser, run: Callable[[argparse.Namespace], None]) -> None:
    """Run with what the command line says; errors end it with one line, as those of `provenance`.

    Args:
        run: may raise errors of `provenance`, and those of files that cannot be read or written.
    """
    options = parser.parse_args()
    try:
        run(options)
    except ProvenanceError as error:
        parser.exit(error.exit_code, f"{parser.prog}: {one_line(str(error))}\n")
    except OSError as error:
        if error.filename is None:
            raise
        name = one_line(str(error.filename))
        parser.exit(ProvenanceError.exit_code, f"{parser.prog}: {name}: {error.strerror}\n")


def positive(text: str) -> float:
    """A finite number above 0."""
    value = float(text)
    if not 0 < value < math.inf:
        raise ValueError
    return value


def count(text: str) -> int:
    """A whole number above 0."""
    value = int(text)
    if value < 1:
        raise ValueError
    return value


def output(text: str) -> Path:
    """A file to be written when all is done, in a folder that is there now."""
    path = Path(text)
    if not path.parent.is_dir():
        raise argparse.ArgumentTypeError(f"{path.parent}: no such folder")
    return path


def side(text: str) -> int:
    """A side of crops, px."""
    value = int(text)
    if value % STEP or not LEAST <= value <= SIZE:
        raise argparse.ArgumentTypeError(f"{text}: give 128, 192 or 256 px")
    return value
