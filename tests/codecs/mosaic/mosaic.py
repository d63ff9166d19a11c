"""A codec of one's own, as small as can be: a mosaic of stones, their colours deflated.

Coarser stones at lower qualities. An installed package registers it by its entry point.
"""

from __future__ import annotations

import hashlib
import zlib
from pathlib import Path

import numpy as np

from provenance import CodecFacts, ModelFacts
from provenance.codecs import Picture
from provenance.codecs.bitstream import Bitstream, digest, expect, pack, parse

HASH = hashlib.sha256(Path(__file__).read_bytes()).hexdigest()


class Mosaic:
    facts = CodecFacts("mosaic", "mosaic of stones", False, "mosaic")
    model = ModelFacts("mosaic-1", HASH)
    variable_rate = True

    def encode(self, picture: Picture, quality: float) -> bytes:
        stone = _side(quality)
        stones = np.ascontiguousarray(picture.pixels[::stone, ::stone])
        height, width = picture.pixels.shape[:2]
        return pack(
            Bitstream(
                codec="mosaic",
                model="mosaic-1",
                weights=bytes.fromhex(HASH)[:8],
                latents=digest((stones.tobytes(),)),
                quality=quality,
                width=width,
                height=height,
                grey=picture.grey,
                words=zlib.compress(stones.tobytes(), 9),
                escapes=b"",
            )
        )

    def decode(self, bitstream: bytes, *, max_pixels: int) -> Picture:
        stream = parse(bitstream)
        expect(stream, "mosaic", "mosaic-1", bytes.fromhex(HASH)[:8], max_pixels)
        stone = _side(stream.quality)
        down, across = -(-stream.height // stone), -(-stream.width // stone)
        unpacked = zlib.decompressobj().decompress(stream.words, down * across * 3)
        stones = np.frombuffer(unpacked, np.uint8).reshape(down, across, 3)
        whole = stones.repeat(stone, 0).repeat(stone, 1)[: stream.height, : stream.width]
        return Picture(np.ascontiguousarray(whole), grey=stream.grey)


def _side(quality: float) -> int:
    return max(1, round(24 * (1 - quality / 100)))
