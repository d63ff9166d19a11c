"""Neural codecs: the protocol, the registry and the default one."""

from ..labels import MEANING
from .added import remove
from .base import Codec, Picture
from .bitstream import MAX_SEED, MAX_SEEDS, MAX_STEPS, redrawn, resampled
from .learned.msh import DECODERS, SSIM, TUNES
from .rate_control import Choice, Encoded, at, reaching, within
from .regions import keeping_meaning
from .registry import (
    DEFAULT,
    add,
    decode,
    expected,
    facts,
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
    "MAX_SEED",
    "MAX_SEEDS",
    "MAX_STEPS",
    "MEANING",
    "SSIM",
    "TUNES",
    "Choice",
    "Codec",
    "Encoded",
    "Picture",
    "add",
    "at",
    "decode",
    "expected",
    "facts",
    "facts_of",
    "find",
    "get",
    "is_drawn",
    "keeping_meaning",
    "names",
    "reaching",
    "redirected",
    "redrawn",
    "remove",
    "resampled",
    "within",
]
