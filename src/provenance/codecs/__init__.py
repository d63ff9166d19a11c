"""Neural codecs: the protocol, the registry and the default one."""

from .added import remove
from .base import Codec, Picture
from .rate_control import Encoded, reaching, within
from .registry import DEFAULT, add, decode, find, get, names

__all__ = [
    "DEFAULT",
    "Codec",
    "Encoded",
    "Picture",
    "add",
    "decode",
    "find",
    "get",
    "names",
    "reaching",
    "remove",
    "within",
]
