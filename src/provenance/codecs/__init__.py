"""Neural codecs: the protocol, the registry and the default one."""

from .added import remove
from .base import Codec, Picture
from .bitstream import resampled
from .rate_control import Encoded, reaching, within
from .registry import DEFAULT, add, decode, facts_of, find, get, names

__all__ = [
    "DEFAULT",
    "Codec",
    "Encoded",
    "Picture",
    "add",
    "decode",
    "facts_of",
    "find",
    "get",
    "names",
    "reaching",
    "remove",
    "resampled",
    "within",
]
