"""Codecs that are programs of others, named in ``codecs.toml`` of the configuration folder.

::

    picture ─► PNG ─► encode program ─► its bytes ─► bitstream (our frame, digest of the pixels)
    bitstream ─► its bytes ─► decode program ─► PNG ─► picture ─► the same digest?

The programs run without a shell, each in an empty folder, with a time limit. They are trusted as
far as whoever wrote ``codecs.toml`` is: nothing in a picture or a bitstream chooses or extends a
command line.
"""

from __future__ import annotations

import os
import re
import selectors
import signal
import subprocess
import tempfile
import time
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .. import imaging
from ..config import home
from ..errors import BitstreamError, InputError, ModelError
from ..files import counted_pixels, read
from ..labels import CodecFacts, ModelFacts
from ..labels.schema import problem_of
from . import alpha
from .base import Picture, as_grey, check_quality
from .bitstream import Bitstream, digest, expect, pack, parse

SCHEMA = "codecs-1.schema.json"
SECONDS = 600.0
"""Time limit of a run where the configuration sets none."""
MAX_CONFIG_BYTES = 1_000_000
MAX_PAYLOAD_BYTES = 500_000_000
LAST_WORDS = 2000
"""Bytes of a program's standard error that are kept."""

_PLACEHOLDER = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, slots=True)
class CommandCodec:
    """Implements `provenance.codecs.Codec` by an encoder and a decoder on the command line."""

    facts: CodecFacts
    model: ModelFacts
    encoder: tuple[str, ...]
    """Program and arguments with ``{input}``, ``{output}`` and perhaps ``{quality}``."""
    decoder: tuple[str, ...]
    """Program and arguments with ``{input}`` and ``{output}``."""
    seconds: float
    """Time limit of each run."""

    @property
    def variable_rate(self) -> bool:
        """Whether the encoder is told the quality."""
        return any("{quality}" in part for part in self.encoder)

    def encode(self, picture: Picture, quality: float) -> bytes:
        """See `Codec.encode`. What the encoder wrote is decoded once, for its digest.

        Raises:
            UsageError: ``quality`` is not within 1 to 100.
            ModelError: A program is missing, fails, takes too long, or writes no such picture.
        """
        check_quality(quality)
        photo = imaging.render(imaging.Photo(picture.pixels, None, picture.grey), "png")
        payload = self._run(self.encoder, "input.png", photo, "output.bin", quality)
        height, width = picture.pixels.shape[:2]
        return pack(
            Bitstream(
                codec=self.facts.name,
                model=self.model.name,
                weights=self._weights,
                latents=self._decoded(payload, width, height)[1],
                quality=quality,
                width=width,
                height=height,
                grey=picture.grey,
                words=payload,
                escapes=b"",
                alpha=alpha.encode(picture.alpha),
            )
        )

    def decode(self, bitstream: bytes, *, max_pixels: int) -> Picture:
        """See `provenance.codecs.Codec`."""
        stream = parse(bitstream)
        expect(stream, self.facts.name, self.model.name, self._weights, max_pixels)
        opacity = alpha.decode(stream)
        picture, found = self._decoded(stream.words, stream.width, stream.height)
        if found != stream.latents:
            raise BitstreamError(
                f"bitstream: {self.facts.name} decodes it to another picture here than where it "
                "was encoded; use the same version of the program"
            )
        pixels = as_grey(picture.pixels) if stream.grey else picture.pixels
        return Picture(pixels, opacity, stream.grey)

    @property
    def _weights(self) -> bytes:
        return bytes.fromhex(self.model.sha256 or "")[:8]

    def _decoded(self, payload: bytes, width: int, height: int) -> tuple[imaging.Photo, bytes]:
        """The decoder's picture and the digest of its pixels."""
        made = self._run(self.decoder, "input.bin", payload, "output.png")
        try:
            limit = counted_pixels(width, height)
            photo = imaging.load(made, f"the picture by {self.decoder[0]}", max_pixels=limit)
        except InputError as error:
            raise ModelError(f"codec {self.facts.name}: {error}") from error
        if photo.pixels.shape[:2] != (height, width):
            raise ModelError(
                f"codec {self.facts.name}: {self.decoder[0]} wrote {photo.width}x{photo.height} "
                f"pixels for a picture of {width}x{height}"
            )
        return photo, digest((photo.pixels.tobytes(),))

    def _run(
        self,
        command: tuple[str, ...],
        source: str,
        content: bytes,
        target: str,
        quality: float | None = None,
    ) -> bytes:
        """What a program wrote to ``target``, given ``content`` as ``source``."""
        with tempfile.TemporaryDirectory(prefix="provenance-") as folder:
            begin, end = Path(folder, source), Path(folder, target)
            begin.write_bytes(content)
            places = {"input": str(begin), "output": str(end), "quality": f"{quality or 0:g}"}
            _execute([_filled(part, places) for part in command], folder, self.seconds)
            try:
                return read(end, MAX_PAYLOAD_BYTES)
            except InputError as error:
                raise ModelError(f"codec {self.facts.name}: {command[0]}: {error}") from error


def load() -> dict[str, CommandCodec]:
    """The codecs of ``codecs.toml`` by name; none where there is no such file.

    Raises:
        InputError: It is not TOML, or against ``schemas/codecs-1.schema.json``; says where.
    """
    path = home() / "codecs.toml"
    if not path.exists():
        return {}
    try:
        found = tomllib.loads(read(path, MAX_CONFIG_BYTES).decode())
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path}: not a TOML file: {error}") from error
    if problem := problem_of(found, SCHEMA):
        raise InputError(f"{path}: {problem}")
    for name, entry in found.items():
        for key in ("encode", "decode"):
            _check(entry[key], key, f"{path}: {name}.{key}")
    return {name: _codec(name, entry) for name, entry in found.items()}


def _codec(name: str, entry: Mapping[str, Any]) -> CommandCodec:
    return CommandCodec(
        CodecFacts(name, entry["family"], entry["generative"], entry.get("decoder", "external")),
        ModelFacts(entry["model"], entry["sha256"]),
        tuple(entry["encode"]),
        tuple(entry["decode"]),
        float(entry.get("seconds", SECONDS)),
    )


def _check(command: list[str], key: str, place: str) -> None:
    """Whether a command line has the placeholders it needs and no others."""
    known = {"input", "output", "quality"} if key == "encode" else {"input", "output"}
    found = {name for part in command for name in _PLACEHOLDER.findall(part)}
    if unknown := found - known:
        raise InputError(f"{place}: {{{min(unknown)}}} is no placeholder here")
    if missing := {"input", "output"} - found:
        raise InputError(f"{place}: {{{min(missing)}}} is missing")


def _filled(part: str, places: Mapping[str, str]) -> str:
    return _PLACEHOLDER.sub(lambda match: places[match[1]], part)


def _execute(command: list[str], folder: str, seconds: float) -> None:
    """Run a program to its end, or end it and all that it started."""
    try:
        process = subprocess.Popen(
            command,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
    except OSError as error:
        raise ModelError(f"{command[0]}: cannot be run: {error.strerror}") from error
    with process:
        try:
            said = _last_words(process, time.monotonic() + seconds)
        except BaseException as error:
            os.killpg(process.pid, signal.SIGKILL)
            if isinstance(error, subprocess.TimeoutExpired):
                raise ModelError(f"{command[0]}: took more than {seconds:g} s") from error
            raise
    if process.returncode:
        words = " ".join(said.decode("utf-8", "replace").split())[-300:]
        raise ModelError(f"{command[0]}: failed with {process.returncode}: {words or 'no words'}")


def _last_words(process: subprocess.Popen[bytes], deadline: float) -> bytes:
    """The end of what a program says on standard error until it ends.

    Raises:
        subprocess.TimeoutExpired: It goes on beyond ``deadline``.
    """
    assert process.stderr is not None
    said, part = b"", b"-"
    with selectors.DefaultSelector() as waiting:
        waiting.register(process.stderr, selectors.EVENT_READ)
        while part:
            left = deadline - time.monotonic()
            if left <= 0 or not waiting.select(left):
                raise subprocess.TimeoutExpired(process.args, left)
            part = os.read(process.stderr.fileno(), 65_536)
            said = (said + part)[-LAST_WORDS:]
    process.wait(max(0, deadline - time.monotonic()))
    return said
