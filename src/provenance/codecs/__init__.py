"""Neural codecs: the protocol, the registry and the default one."""

from .base import Codec, Picture
from .registry import DEFAULT, decode, get, names

__all__ = ["DEFAULT", "Codec", "Picture", "decode", "get", "names"]
