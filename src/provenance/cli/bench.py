"""``provenance bench``."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from ..errors import InputError, UsageError
from ..files import MAX_PIXELS, make_folder
from . import console
from .options import Effort, MaxPixels, need

app = typer.Typer(no_args_is_help=True, help="Benchmarks on your own photos.")


class Part(StrEnum):
    """Parts of the photos, by the hash of their names."""

    DEV = "dev"
    TEST = "test"
    ALL = "all"


class Every(StrEnum):
    """What ``--codecs`` takes."""

    ALL = "all"


@app.command()
def codec(
    photos: Annotated[
        list[Path], typer.Argument(help="PNG files, or folders of them.", readable=False)
    ],
    output: Annotated[
        Path,
        typer.Option("--output", "-o", help="Folder for the table, CSV and plots.", readable=False),
    ] = Path("bench-codec"),
    name: Annotated[str, typer.Option("--codec", help="See `provenance codecs`.")] = "msh",
    effort: Effort = None,
    every: Annotated[
        Every | None,
        typer.Option(
            "--codecs",
            help="Instead: what every installed codec changes, by type, at matched rates.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Rate and distortion against JPEG, WebP, AVIF and JPEG XL."""
    need("bench", "matplotlib", "pillow_jxl", "scipy")
    from ..bench import codec as bench

    make_folder(output)
    if every is not None:
        from ..bench import schemes

        with console.progress() as announce:
            outcomes = schemes.run(_files(photos), announce)
        console.say(*schemes.write(outcomes, output).splitlines())
        console.say(f"written to {output}")
        return
    with console.progress() as announce:
        summary = bench.run(_files(photos), name, announce, effort=effort)
    console.say(*bench.write(summary, output).splitlines())
    console.say(f"written to {output}")


@app.command()
def speed(
    photos: Annotated[
        list[Path], typer.Argument(help="Photos, or folders of PNG files.", readable=False)
    ],
    name: Annotated[str, typer.Option("--codec", help="See `provenance codecs`.")] = "msh",
    max_pixels: MaxPixels = MAX_PIXELS,
) -> None:
    """Time to encode and decode, beside AVIF and a published hyperprior."""
    from ..bench import speed as bench

    with console.progress() as announce:
        timings = bench.run(_files(photos), name, announce, max_pixels=max_pixels)
    console.say(*bench.table(timings).splitlines())


@app.command()
def risk(
    photos: Annotated[
        list[Path] | None, typer.Argument(help="Photos, or folders of PNG files.", readable=False)
    ] = None,
    pairs: Annotated[
        tuple[Path, Path] | None,
        typer.Option(
            metavar="ORIGINALS RECONSTRUCTIONS",
            help="Two folders of a codec's work: NAME[-original] and NAME[-SETTING]; may be one.",
            show_default=False,
            readable=False,
        ),
    ] = None,
    annotations: Annotated[
        Path | None,
        typer.Option(
            help="Folder that `provenance annotate` filled, on these pairs.",
            show_default=False,
            readable=False,
        ),
    ] = None,
    output: Annotated[
        Path,
        typer.Option("--output", "-o", help="Folder for the tables, CSV and plot.", readable=False),
    ] = Path("bench-risk"),
    split: Annotated[
        Part, typer.Option(help="Photos to report on; nobody tunes on the test part.")
    ] = Part.TEST,
    limit: Annotated[
        int | None,
        typer.Option(min=1, help="Most photos, and most originals of pairs.", show_default=False),
    ] = None,
    side: Annotated[
        int, typer.Option(min=256, help="Side of the middle of each photo that is used, px.")
    ] = 384,
    name: Annotated[str, typer.Option("--codec", help="See `provenance codecs`.")] = "msh",
) -> None:
    """How well the risk score finds, places and names changes of meaning."""
    need("bench", "matplotlib", "scipy")
    if not photos and pairs is None:
        raise UsageError("name photos, or --pairs ORIGINALS RECONSTRUCTIONS, or both")
    if annotations is not None and pairs is None:
        raise UsageError("--annotations speak of pairs; add --pairs ORIGINALS RECONSTRUCTIONS")
    from ..bench import risk as bench
    from ..bench import risk_report
    from ..bench.pairs import find_pairs

    with console.progress() as announce:
        outcomes = bench.run(
            _files(photos or []),
            find_pairs(*pairs) if pairs else [],
            annotations,
            announce,
            split=split,
            limit=limit,
            side=side,
            codec=name,
        )
        text = risk_report.write(outcomes, output, split=split)
    console.say(*text.splitlines())
    console.say(f"written to {output}")


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
