"""Neural codecs: the protocol, the registry and the default one."""

from ..labels import MEANING
from .added import remove
from .base import Codec, Picture, check_quality
from .bitstream import MAX_SEEDS, check_noise, not_drawn, redrawn, resampled
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
    "MAX_SEEDS",
    "MEANING",
    "SSIM",
    "TUNES",
    "Choice",
    "Codec",
    "Encoded",
    "Picture",
    "add",
    "at",
    "check_noise",
    "check_quality",
    "decode",
    "expected",
    "facts",
    "facts_of",
    "find",
    "get",
    "is_drawn",
    "keeping_meaning",
    "names",
    "not_drawn",
    "reaching",
    "redirected",
    "redrawn",
    "remove",
    "resampled",
    "within",
]
