"""``provenance bench``."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Annotated

import typer

from ..errors import InputError, UsageError
from ..files import MAX_PIXELS
from . import console
from .options import MaxPixels

app = typer.Typer(no_args_is_help=True, help="Benchmarks on your own photos.")


@app.command()
def codec(
    photos: Annotated[list[Path], typer.Argument(help="PNG files, or folders of them.")],
    output: Annotated[
        Path, typer.Option("--output", "-o", help="Folder for the table, CSV and plots.")
    ] = Path("bench-codec"),
    name: Annotated[str, typer.Option("--codec", help="See `provenance codecs`.")] = "msh",
) -> None:
    """Rate and distortion against JPEG, WebP, AVIF and JPEG XL."""
    for module in ("matplotlib", "pillow_jxl", "scipy"):
        if importlib.util.find_spec(module) is None:
            raise UsageError(f"{module} is not installed; use `pip install 'provenance[bench]'`")
    from ..bench import codec as bench

    with console.progress() as announce:
        summary = bench.run(_files(photos), name, announce)
    console.say(bench.write(summary, output))
    console.say(f"written to {output}")


@app.command()
def speed(
    photos: Annotated[list[Path], typer.Argument(help="Photos, or folders of PNG files.")],
    name: Annotated[str, typer.Option("--codec", help="See `provenance codecs`.")] = "msh",
    max_pixels: MaxPixels = MAX_PIXELS,
) -> None:
    """Time to encode and decode, beside AVIF and a published hyperprior."""
    from ..bench import speed as bench

    with console.progress() as announce:
        timings = bench.run(_files(photos), name, announce, max_pixels=max_pixels)
    console.say(bench.table(timings))


def _files(paths: list[Path]) -> list[Path]:
    files = []
    for path in paths:
        if path.is_dir():
            files += sorted(path.glob("*.png"))
        elif path.is_file():
            files.append(path)
        else:
            raise InputError(f"{path}: no such file or folder")
    return files
