"""Mutated bitstreams: each is refused or decodes within what its header announces."""

from __future__ import annotations

import random
import resource
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from provenance import codecs
from provenance.codecs import Picture, bitstream
from provenance.errors import ProvenanceError

from . import SHIPPED, TINY

MAX_PIXELS = 1 << 14
"""What a reader of these tests allows a header to announce."""


@pytest.fixture(scope="module", params=SHIPPED)
def codec(request: pytest.FixtureRequest) -> Iterator[codecs.Codec]:
    name = request.param
    if name not in TINY:
        yield codecs.get(name)
        return
    yield codecs.add(f"tiny-{name}", TINY[name])
    codecs.remove(f"tiny-{name}")


@pytest.fixture(scope="module")
def streams(codec: codecs.Codec, astronaut: Path) -> list[bytes]:
    with Image.open(astronaut) as image:
        pixels = np.asarray(image.convert("RGB"))
    colour, grey = pixels[80:144, 200:264], np.repeat(pixels[300:340, 90:120, :1], 3, axis=2)
    streams = [
        codec.encode(Picture(colour), 60),
        codec.encode(Picture(colour[:16, :16], colour[:16, :16, 0]), 5),
        codec.encode(Picture(grey, grey=True), 90),
    ]
    if codec.facts.name == codecs.DEFAULT:
        mapped = codecs.get(codecs.DEFAULT, tune="ssim")
        streams.append(mapped.encode(Picture(pixels[80:208, 200:328]), 30))
    return streams


def _mutate(stream: bytes, rng: random.Random) -> bytes:
    """Bytes changed anywhere; in most cases the checksum is made to fit, as an attacker would."""
    kind = rng.randrange(5)
    if kind == 0:
        return _scarred(stream, rng)
    parsed = bitstream.parse(stream)
    if kind == 1:
        parsed = replace(
            parsed,
            width=rng.choice((1, 63, 64, 65, 500, 1 << 12, 1 << 20, (1 << 24) - 1)),
            height=rng.choice((1, 17, 64, 129, 512, 1 << 16, 1 << 24)),
        )
    elif kind == 2:
        parsed = replace(parsed, words=_scarred(parsed.words, rng))
    elif kind == 3:
        parsed = replace(parsed, escapes=rng.randbytes(rng.randrange(12)))
    else:
        alpha = _scarred(parsed.alpha, rng) if parsed.alpha else rng.randbytes(40)
        grey, mapped, restored = (rng.random() < share for share in (0.5, 0.3, 0.3))
        parsed = replace(parsed, alpha=alpha, grey=grey, mapped=mapped, restored=restored)
        parsed = replace(parsed, quality=rng.uniform(1, 100))
    if rng.random() < 0.3:
        # A header that is itself damaged, under a checksum that fits.
        body = bytearray(bitstream.pack(parsed)[:-8])
        body[rng.randrange(4, min(60, len(body)))] ^= 1 << rng.randrange(8)
        return bytes(body) + bitstream.digest((bytes(body),))
    return bitstream.pack(parsed)


def _scarred(data: bytes, rng: random.Random) -> bytes:
    """Flipped, cut, repeated or replaced somewhere."""
    at = rng.randrange(len(data))
    size = rng.randrange(1, 9)
    return (
        data[:at] + bytes((data[at] ^ (1 << rng.randrange(8)),)) + data[at + 1 :],
        data[:at],
        data[:at] + data[at : at + size] * 2 + data[at + size :],
        data[:at] + rng.randbytes(size) + data[at + size :],
        data + rng.randbytes(size),
    )[rng.randrange(5)]


def _attack(streams: list[bytes], count: int, seed: int) -> Counter[str]:
    """What became of ``count`` mutations; anything but a refusal or a picture is raised."""
    rng = random.Random(seed)
    outcomes: Counter[str] = Counter()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    slowest = 0.0
    for _ in range(count):
        mutated = _mutate(rng.choice(streams), rng)
        began = time.process_time()
        try:
            picture = codecs.decode(mutated, max_pixels=MAX_PIXELS)
        except ProvenanceError as error:
            outcomes[type(error).__name__] += 1
        else:
            assert picture.pixels.shape[0] * picture.pixels.shape[1] <= MAX_PIXELS
            outcomes["decoded"] += 1
        slowest = max(slowest, time.process_time() - began)
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert slowest < 10 and grown < 400_000, (slowest, grown)
    print(f"{count:,} mutations: {dict(outcomes)}; slowest {slowest:.2f} s, {grown / 1024:.0f} MiB")
    return outcomes


def test_hundreds_of_mutated_streams_do_no_harm(streams: list[bytes]) -> None:
    outcomes = _attack(streams, 400, seed=11)
    assert outcomes["BitstreamError"] > 200 and outcomes["TooLargeError"] > 5


@pytest.mark.slow
def test_a_hundred_thousand_mutated_streams_do_no_harm(streams: list[bytes]) -> None:
    outcomes = _attack(streams, 100_000, seed=12)
    assert sum(outcomes.values()) == 100_000
