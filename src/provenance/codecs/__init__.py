"""Neural codecs: the protocol, the registry and the default one."""

from .base import Codec, Picture
from .rate_control import Encoded, reaching, within
from .registry import DEFAULT, decode, get, names

__all__ = [
    "DEFAULT",
    "Codec",
    "Encoded",
    "Picture",
    "decode",
    "get",
    "names",
    "reaching",
    "within",
]
