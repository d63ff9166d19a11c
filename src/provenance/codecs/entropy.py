"""Entropy coding of integers with tables that are integers themselves.

The tables come with the model, so that no machine computes a probability. Symbols that share a
table are coded together, which is what makes the range coder fast. A value outside its table is
coded as an escape symbol, and its value follows in a list of variable-length integers.

The coder is asymmetric numeral systems (Duda 2009) as implemented by constriction, whose
`Categorical` turns our frequencies into 24-bit fixed-point numbers by additions, multiplications
and one division of float32: exactly rounded operations in a fixed order, the same everywhere.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import BitstreamError
from .bitstream import varint

TOTAL = 1 << 22
"""Sum of the frequencies of one table."""

Integers = NDArray[np.int32]
Contexts = NDArray[np.uint8] | NDArray[np.uint16]


@dataclass(frozen=True)
class Tables:
    """One frequency table per context; the last symbol of each is the escape."""

    first: Integers
    """``[tables]``: the value that symbol 0 stands for."""
    lengths: Integers
    """``[tables]``: symbols in the table, the escape included."""
    frequencies: Integers
    """All tables one after the other; each sums to `TOTAL`."""

    @functools.cached_property
    def models(self) -> list[Any]:
        """constriction's models, one per table."""
        import constriction

        ends = np.cumsum(self.lengths)
        return [
            constriction.stream.model.Categorical(
                self.frequencies[end - length : end].astype(np.float32), perfect=False
            )
            for end, length in zip(ends, self.lengths, strict=True)
        ]

    def symbols(self, context: Contexts, values: Integers) -> Integers:
        """The symbols of ``values`` in the tables ``context``, arrays of one shape."""
        symbols = values - self.first[context]
        escape = self.lengths[context] - 1
        found: Integers = np.where((symbols < 0) | (symbols > escape), escape, symbols)
        return found

    def bits(self, context: Contexts, values: Integers) -> NDArray[np.float32]:
        """What ``values`` cost in the tables ``context``, but for the lists of those escaped."""
        found: NDArray[np.float32] = self._bits[self._places(context, values)]
        return found

    def counts(self, context: Contexts, values: Integers) -> NDArray[np.int64]:
        """How often each symbol is used for ``values`` in the tables ``context``, all tables one
        after the other."""
        places = self._places(context, values).ravel()
        return np.bincount(places, minlength=len(self.frequencies))

    def split(self, row: NDArray[Any]) -> list[NDArray[Any]]:
        """By table, what is in a row for all."""
        return np.split(row, self._starts[1:])

    def _places(self, context: Contexts, values: Integers) -> Integers:
        """Of the symbols, in the row of all tables."""
        found: Integers = self._starts[context] + self.symbols(context, values)
        return found

    @functools.cached_property
    def _bits(self) -> NDArray[np.float32]:
        """Of every symbol."""
        return np.log2(TOTAL / self.frequencies).astype(np.float32)

    @functools.cached_property
    def _starts(self) -> Integers:
        """Of each table in the row of all."""
        return (np.cumsum(self.lengths) - self.lengths).astype(np.int32)


@dataclass(frozen=True)
class Part:
    """Values to be coded, each with the index of its table; both ``[n]``."""

    tables: Tables
    context: Contexts
    values: Integers


@dataclass(frozen=True)
class Payload:
    """What `encode` makes and `Decoder` reads."""

    words: bytes
    """The range coder's 32-bit words, little-endian."""
    escapes: bytes
    """Values outside their tables: zigzag LEB128, in order of coding."""


def encode(parts: Iterable[Part]) -> Payload:
    """Encode ``parts``, the last one first; a `Decoder` gives them back the other way round.

    The coder is a stack. One part is looked at after the other, so they may be made on the way.
    """
    import constriction

    coder = constriction.stream.stack.AnsCoder()
    escapes: list[bytes] = []
    for part in parts:
        symbols = part.tables.symbols(part.context, part.values)
        outside = symbols == part.tables.lengths[part.context] - 1
        found = bytearray()
        groups = list(_groups(part.context))
        for _, places in groups:
            for value in part.values[places[outside[places]]]:
                found += varint(_zigzag(int(value)))
        for table, places in reversed(groups):
            coder.encode_reverse(symbols[places], part.tables.models[table])
        escapes.append(bytes(found))
    words = coder.get_compressed().astype("<u4").tobytes()
    return Payload(words, b"".join(reversed(escapes)))


class Decoder:
    """Decodes the parts of one payload, in order.

    Raises:
        BitstreamError: At construction or at `decode`, where the payload cannot be one of ours.
    """

    def __init__(self, payload: Payload) -> None:
        import constriction

        if len(payload.words) % 4:
            raise BitstreamError("bitstream: entropy-coded part is cut")
        try:
            self._coder = constriction.stream.stack.AnsCoder(
                np.frombuffer(payload.words, "<u4").astype(np.uint32)
            )
        except ValueError as error:
            raise BitstreamError("bitstream: entropy-coded part is damaged") from error
        self._escapes = _varints(payload.escapes)

    def decode(self, tables: Tables, context: Contexts) -> Integers:
        """Values for each of ``context`` (``[n]``)."""
        values = np.empty(len(context), np.int32)
        for table, places in _groups(context):
            symbols = self._coder.decode(tables.models[table], len(places))
            decoded = symbols + tables.first[table]
            for place in np.flatnonzero(symbols == tables.lengths[table] - 1):
                value = next(self._escapes, None)
                if value is None:
                    raise BitstreamError("bitstream: an escaped latent is missing")
                decoded[place] = value
            values[places] = decoded
        return values

    def finish(self) -> None:
        """Check that nothing is left over."""
        if not self._coder.is_empty() or next(self._escapes, None) is not None:
            raise BitstreamError("bitstream: data is left over after the last latent")


def channels(shape: tuple[int, ...]) -> NDArray[np.uint16]:
    """The channel of each of ``[channels, h, w]``, where every channel has a table of its own."""
    return np.repeat(np.arange(shape[0], dtype=np.uint16), shape[1] * shape[2])


def _groups(context: Contexts) -> Iterator[tuple[int, NDArray[np.intp]]]:
    """Each table in use with the places that use it, in order."""
    order = np.argsort(context, kind="stable")
    counts = np.bincount(context)
    ends = np.cumsum(counts)
    for table in np.flatnonzero(counts):
        yield int(table), order[ends[table] - counts[table] : ends[table]]


def _zigzag(value: int) -> int:
    return value * 2 if value >= 0 else -value * 2 - 1


def _varints(data: bytes) -> Iterator[int]:
    """The integers of ``data``; at its end, a cut one or a missing one is an error."""
    zigzag = shift = 0
    for byte in data:
        zigzag |= (byte & 0x7F) << shift
        shift += 7
        if shift > 35:
            raise BitstreamError("bitstream: an escaped latent is out of range")
        if byte < 0x80:
            value = zigzag // 2 if zigzag % 2 == 0 else -(zigzag + 1) // 2
            if not -(2**31) <= value < 2**31:
                raise BitstreamError("bitstream: an escaped latent is out of range")
            yield value
            zigzag = shift = 0
    if shift:
        raise BitstreamError("bitstream: the list of escaped latents is cut")
