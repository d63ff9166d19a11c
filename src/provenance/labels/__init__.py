"""The label: what was done to a photo and what may be wrong with it."""

from .model import (
    MEANING,
    Assessor,
    CodecFacts,
    Finding,
    Invention,
    Label,
    ModelFacts,
    OriginalFacts,
    QualityFacts,
    Risk,
    ToolFacts,
)
from .schema import parse_label, parse_risk, to_json

__all__ = [
    "MEANING",
    "Assessor",
    "CodecFacts",
    "Finding",
    "Invention",
    "Label",
    "ModelFacts",
    "OriginalFacts",
    "QualityFacts",
    "Risk",
    "ToolFacts",
    "parse_label",
    "parse_risk",
    "to_json",
]
