"""IPTC's digital source type: how the pixels came to be."""

from __future__ import annotations

from .model import CodecFacts

SOURCE_TYPES = "http://cv.iptc.org/newscodes/digitalsourcetype/"
"""IPTC NewsCodes; terms are appended."""


def source_type(codec: CodecFacts) -> str:
    """URI of the type of what ``codec`` decoded: a generative decoder adds detail of its own."""
    kind = "compositeWithTrainedAlgorithmicMedia" if codec.generative else "algorithmicallyEnhanced"
    return SOURCE_TYPES + kind
