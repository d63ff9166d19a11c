"""A codec of another package, by its entry point: whatever goes wrong there bears its name."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import EntryPoint

import numpy as np
import numpy.typing as npt

from ..errors import BitstreamError, ModelError, ProvenanceError
from ..labels import to_json
from ..labels.schema import LABEL_SCHEMA, problem_of
from .base import Codec, Picture
from .bitstream import parse


class PackageCodec:
    """Implements `provenance.codecs.Codec` by what an entry point makes.

    Raises:
        ModelError: It cannot be loaded, or says of itself what a label cannot hold.
    """

    def __init__(self, entry: EntryPoint) -> None:
        self._name, self._value = entry.name, entry.value
        with self._named("load"):
            self._codec: Codec = entry.load()()
            self.facts = self._codec.facts
            self.model = self._codec.model
            self.variable_rate = bool(self._codec.variable_rate)
            facts, model = to_json(self.facts), to_json(self.model)
        if facts["name"] != self._name:
            raise self._error(f"its facts are of a codec {facts['name']!r}")
        for part, kind in ((facts, "codec"), (model, "model")):
            if problem := problem_of(part, LABEL_SCHEMA, kind):
                raise self._error(f"what it says of its {kind} is wrong {problem}")

    def encode(self, picture: Picture, quality: float) -> bytes:
        """See `Codec.encode`.

        Raises:
            ModelError: It fails, or gives no bitstream of this codec and picture.
        """
        with self._named("encode"):
            bitstream = self._codec.encode(picture, quality)
        try:
            stream = parse(bitstream)
        except (BitstreamError, TypeError):
            raise self._error("encodes to what provenance.codecs.bitstream did not pack") from None
        given, height, width = stream.codec, *picture.pixels.shape[:2]
        if (given, stream.width, stream.height) != (self._name, width, height):
            raise self._error(
                f"encodes {self._name} of {width}x{height} px to {given} of "
                f"{stream.width}x{stream.height} px"
            )
        return bitstream

    def decode(self, bitstream: bytes, *, max_pixels: int) -> Picture:
        """See `provenance.codecs.Codec`.

        Raises:
            ModelError: It fails, or gives no picture of that size.
        """
        stream = parse(bitstream)
        with self._named("decode"):
            picture = self._codec.decode(bitstream, max_pixels=max_pixels)
            pixels, opacity = picture.pixels, picture.alpha
        self._check(pixels, stream.height, stream.width, 3)
        if opacity is not None:
            self._check(opacity, stream.height, stream.width)
        return picture

    def _check(self, plane: npt.NDArray[np.uint8], *shape: int) -> None:
        if getattr(plane, "dtype", None) != np.uint8 or plane.shape != shape:
            raise self._error(f"decodes to something else than uint8 {list(shape)}")

    @contextmanager
    def _named(self, task: str) -> Iterator[None]:
        """What a stranger's package raises on purpose as it is; whatever else with its name."""
        try:
            yield
        except ProvenanceError:
            raise
        except (Exception, SystemExit) as error:
            problem = f"cannot {task}: {type(error).__name__}: {error}"
            raise self._error(problem) from error

    def _error(self, problem: str) -> ModelError:
        return ModelError(f"{self._name}: {self._value} {problem}; mend or remove it")
