"""Neural codecs: the protocol, the registry and the default one."""

from .added import remove
from .base import Codec, Picture
from .bitstream import resampled
from .rate_control import Encoded, reaching, within
from .registry import (
    DECODERS,
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
    "remove",
    "resampled",
    "within",
]
