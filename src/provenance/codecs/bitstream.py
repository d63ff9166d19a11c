"""The bitstream's frame: magic, version, codec, model, sizes and checksums around the payload.

::

    "PRVC"  version  codec  model  weights  latents  flags  quality  width  height  lengths
      4        1     1+n    1+n       8        8       1       2     varint  varint  3 varints
    sampling        decoder  words   escapes  alpha  digest
    0 or 2 varints  0 or 8   range-coder's    PNG      8

Integers are big-endian, varints LEB128. ``sampling``, steps and seed, and ``decoder``, the start of
the SHA-256 of another decoder's weights, are there where flags tell.
``weights`` is the start of the SHA-256 of the weights file, so that a decoder with other weights
refuses; ``latents`` is a digest of the decoded latents, so that a decoder with other arithmetic
refuses as well; the digest at the end covers every byte before it.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Container, Iterable
from dataclasses import dataclass, replace
from typing import Any

from ..errors import BitstreamError, ModelError, TooLargeError, UsageError
from ..files import counted_pixels

MAGIC = b"PRVC"
VERSION = 1
MAX_SIDE = 1 << 24

_DIGEST_SIZE = 8
_GREY, _SAMPLED, _OTHER_DECODER, _MAPPED, _RESTORED = 1, 2, 4, 8, 16

MAX_STEPS = 100
MAX_SEED = 2**32 - 1
MAX_SEEDS = 16
"""Most drawings of one bitstream that are compared."""


@dataclass(frozen=True, slots=True)
class Sampling:
    """How a decoder draws a picture from noise."""

    steps: int
    """1 to `MAX_STEPS`."""
    seed: int
    """0 to `MAX_SEED`: of the noise."""


@dataclass(frozen=True, slots=True)
class Bitstream:
    """A parsed bitstream."""

    codec: str
    model: str
    weights: bytes
    """First 8 bytes of the SHA-256 of the weights."""
    latents: bytes
    """`digest` of the decoded latents."""
    quality: float
    """1 to 100, in hundredths."""
    width: int
    height: int
    grey: bool
    words: bytes
    """What the range coder wrote."""
    escapes: bytes
    """Values outside their tables."""
    alpha: bytes = b""
    """The alpha plane, a PNG; empty without one."""
    sampling: Sampling | None = None
    """For decoders that draw from noise."""
    decoder: bytes = b""
    """First 8 bytes of the SHA-256 of the weights of the decoder that is meant, where that is
    another than the model's own."""
    mapped: bool = False
    """Whether the payload has a quality map."""
    restored: bool = False
    """Whether the payload has a filter for the decoded picture."""


def pack(stream: Bitstream) -> bytes:
    """Serialise; the digest at the end is computed here."""
    parts = (stream.words, stream.escapes, stream.alpha)
    sampling = (stream.sampling.steps, stream.sampling.seed) if stream.sampling else ()
    flags = _GREY * stream.grey | _SAMPLED * (stream.sampling is not None)
    flags |= _OTHER_DECODER * bool(stream.decoder) | _MAPPED * stream.mapped
    flags |= _RESTORED * stream.restored
    body = b"".join(
        (
            MAGIC,
            bytes((VERSION,)),
            _text(stream.codec),
            _text(stream.model),
            stream.weights,
            stream.latents,
            struct.pack(">BH", flags, round(stream.quality * 100)),
            *(varint(value) for value in (stream.width, stream.height, *map(len, parts))),
            *map(varint, sampling),
            stream.decoder,
            *parts,
        )
    )
    return body + digest((body,))


def parse(data: bytes) -> Bitstream:
    """Check and take apart.

    Raises:
        BitstreamError: Not a bitstream of ours, of another version, cut, or altered anywhere.
    """
    if data[: len(MAGIC)] != MAGIC:
        raise BitstreamError("bitstream: not one of ours, or damaged at its start")
    if data[4:5] != bytes((VERSION,)):
        raise BitstreamError("bitstream: made by another version; update provenance")
    body, found = data[:-_DIGEST_SIZE], data[-_DIGEST_SIZE:]
    if digest((body,)) != found:
        raise BitstreamError("bitstream: cut or altered; its checksum does not match")
    reader = _Reader(body, len(MAGIC) + 1)
    codec, model = reader.text(), reader.text()
    weights, latents = reader.take(_DIGEST_SIZE), reader.take(_DIGEST_SIZE)
    flags, quality = struct.unpack(">BH", reader.take(3))
    width, height = reader.varint(), reader.varint()
    lengths = [reader.varint() for _ in range(3)]
    sampling = Sampling(reader.varint(), reader.varint()) if flags & _SAMPLED else None
    decoder = reader.take(_DIGEST_SIZE) if flags & _OTHER_DECODER else b""
    words, escapes, alpha = (reader.take(size) for size in lengths)
    if not (1 <= width <= MAX_SIDE and 1 <= height <= MAX_SIDE and 100 <= quality <= 10_000):
        raise BitstreamError("bitstream: size or quality in its header is out of range")
    if sampling and not (1 <= sampling.steps <= MAX_STEPS and sampling.seed <= MAX_SEED):
        raise BitstreamError("bitstream: steps or seed in its header are out of range")
    known = _GREY | _SAMPLED | _OTHER_DECODER | _MAPPED | _RESTORED
    if flags & ~known or reader.position != len(body):
        raise BitstreamError("bitstream: its parts do not add up")
    grey, mapped, restored = (bool(flags & flag) for flag in (_GREY, _MAPPED, _RESTORED))
    return Bitstream(
        codec,
        model,
        weights,
        latents,
        quality / 100,
        width,
        height,
        grey,
        words,
        escapes,
        alpha,
        sampling,
        decoder,
        mapped,
        restored,
    )


def expect(
    stream: Bitstream,
    codec: str,
    model: str,
    weights: bytes,
    max_pixels: int,
    decoders: Container[bytes] = (),
    *,
    adapts: bool = False,
) -> None:
    """Refuse a bitstream that is not for this codec and model, or too large, before any work.

    Args:
        weights: first 8 bytes of the SHA-256 of the weights that are installed.
        decoders: the same of the other decoders that are.
        adapts: whether this codec knows quality maps and filters for the decoded picture.

    Raises:
        ModelError: It needs another codec, model or weights, or one that knows these.
        TooLargeError: It announces more than ``max_pixels`` pixels.
    """
    if stream.codec != codec:
        raise ModelError(f"bitstream: made by the codec {stream.codec}, not by {codec}")
    if stream.model != model or stream.weights != weights:
        raise ModelError(
            f"bitstream: needs the model {stream.model} with weights {stream.weights.hex()}; "
            f"here is {model} with {weights.hex()}"
        )
    if stream.decoder and stream.decoder not in decoders:
        raise ModelError(
            f"bitstream: needs the decoder {stream.decoder.hex()} of the model {model}, which is "
            "not installed here"
        )
    if (stream.mapped or stream.restored) and not adapts:
        what = "a quality map" if stream.mapped else "a filter"
        raise ModelError(f"bitstream: has {what}, which the codec {codec} does not know")
    if counted_pixels(stream.width, stream.height) > max_pixels:
        raise TooLargeError(
            f"bitstream: {stream.width}x{stream.height} is more than the {max_pixels:,} "
            "pixels allowed; see --max-pixels"
        )


def check_latents(stream: Bitstream, parts: Iterable[bytes | memoryview[Any]]) -> None:
    """Refuse latents that are not those that were encoded.

    Args:
        parts: the decoded latents, serialised as for the encoder's `digest`.

    Raises:
        BitstreamError: They have another digest.
    """
    if digest(parts) != stream.latents:
        raise BitstreamError(
            "bitstream: the latents do not match their checksum; the arithmetic of this "
            "machine differs from the encoder's, and the picture would be wrong"
        )


def resampled(data: bytes, *, steps: int | None = None, seed: int | None = None) -> bytes:
    """The same latents, to be drawn with other steps or another seed, where they are given.

    Raises:
        BitstreamError: Not a bitstream of ours, cut or altered.
        UsageError: Its decoder draws nothing from noise, or a number is out of range.
    """
    stream = parse(data)
    if stream.sampling is None:
        raise not_drawn(stream.codec)
    check_noise(steps=steps, seed=seed)
    sampling = Sampling(
        stream.sampling.steps if steps is None else steps,
        stream.sampling.seed if seed is None else seed,
    )
    return pack(replace(stream, sampling=sampling))


def not_drawn(codec: str) -> UsageError:
    """What to raise where a decoder that draws nothing from noise is asked to."""
    return UsageError(f"{codec}: its decoder takes no steps and no seed")


def check_noise(**numbers: int | None) -> None:
    """Steps, seed and the number of seeds, where they are given.

    Raises:
        UsageError: One is out of range.
    """
    limits = {"steps": (1, MAX_STEPS), "seed": (0, MAX_SEED), "seeds": (2, MAX_SEEDS)}
    for name, value in numbers.items():
        least, most = limits[name]
        if value is not None and not least <= value <= most:
            raise UsageError(f"{name} {value}: must be within {least} and {most}")


def redrawn(data: bytes, count: int) -> list[bytes]:
    """The same latents with ``count`` seeds: the own one, then the lowest others.

    Raises:
        BitstreamError: Not a bitstream of ours, cut or altered.
        UsageError: Its decoder draws nothing from noise, or not 2 to `MAX_SEEDS` are wanted.
    """
    check_noise(seeds=count)
    others = [stream for seed in range(count) if (stream := resampled(data, seed=seed)) != data]
    return [data, *others[: count - 1]]


def digest(parts: Iterable[bytes | memoryview[Any]]) -> bytes:
    """8 bytes of BLAKE2b over all ``parts``."""
    state = hashlib.blake2b(digest_size=_DIGEST_SIZE)
    for part in parts:
        state.update(part)
    return state.digest()


class _Reader:
    """Takes pieces off ``data`` and never reads past its end."""

    def __init__(self, data: bytes, position: int) -> None:
        self._data = data
        self.position = position

    def take(self, size: int) -> bytes:
        piece = self._data[self.position : self.position + size]
        if len(piece) != size:
            raise BitstreamError("bitstream: cut")
        self.position += size
        return piece

    def varint(self) -> int:
        value = 0
        for shift in range(0, 42, 7):
            byte = self.take(1)[0]
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
        raise BitstreamError("bitstream: a length in its header is out of range")

    def text(self) -> str:
        try:
            return self.take(self.take(1)[0]).decode("ascii")
        except UnicodeDecodeError:
            raise BitstreamError("bitstream: a name in its header is damaged") from None


def _text(value: str) -> bytes:
    encoded = value.encode("ascii")
    return bytes((len(encoded),)) + encoded


def varint(value: int) -> bytes:
    """A non-negative integer in LEB128."""
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)
