"""Neural codecs: the protocol, the registry and the default one."""

from .added import remove
from .base import Codec, Picture
from .bitstream import MAX_SEEDS, redrawn, resampled
from .learned.msh import DECODERS, TUNES
from .rate_control import Encoded, reaching, within
from .registry import (
    DEFAULT,
    add,
    decode,
    expected,
    facts_of,
    find,
    get,
    is_drawn,
    names,
    redirected,
)

__all__ = [
    "DECODERS",
    "DEFAULT",
    "MAX_SEEDS",
    "TUNES",
    "Codec",
    "Encoded",
    "Picture",
    "add",
    "decode",
    "expected",
    "facts_of",
    "find",
    "get",
    "is_drawn",
    "names",
    "reaching",
    "redirected",
    "redrawn",
    "remove",
    "resampled",
    "within",
]
