"""The alpha plane: beside the neural payload, as a PNG, without loss."""

from __future__ import annotations

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..errors import BitstreamError
from ..pillow import own_limit
from .bitstream import Bitstream


def encode(plane: NDArray[np.uint8] | None) -> bytes:
    """The plane (``[height, width]``) as a PNG; nothing for none."""
    if plane is None:
        return b""
    buffer = io.BytesIO()
    Image.fromarray(plane).save(buffer, "PNG", compress_level=9)
    return buffer.getvalue()


def decode(stream: Bitstream) -> NDArray[np.uint8] | None:
    """The plane that a bitstream holds, or None.

    Raises:
        BitstreamError: It is damaged, or of another size than the picture.
    """
    if not stream.alpha:
        return None
    try:
        with (
            own_limit(),
            Image.open(io.BytesIO(stream.alpha), formats=["PNG"]) as image,
        ):
            if image.size != (stream.width, stream.height) or image.mode != "L":
                raise BitstreamError("bitstream: the alpha plane does not fit the picture")
            return np.array(image)
    except (OSError, SyntaxError, ValueError) as error:
        raise BitstreamError("bitstream: the alpha plane is damaged") from error
