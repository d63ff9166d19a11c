"""Whether to believe a file: the checks, in order, and the verdicts, kept apart."""

from .policy import (
    AllOf,
    AllowedCodecs,
    AllowedModels,
    AnyOf,
    HighestAge,
    HighestOfType,
    HighestScore,
    NotGenerative,
    Policy,
    Recorded,
    RequiredHistory,
    TrustedSigner,
    load_policy,
)
from .report import Outcome, Report, Step
from .truth import Original
from .verify import verify

__all__ = [
    "AllOf",
    "AllowedCodecs",
    "AllowedModels",
    "AnyOf",
    "HighestAge",
    "HighestOfType",
    "HighestScore",
    "NotGenerative",
    "Original",
    "Outcome",
    "Policy",
    "Recorded",
    "Report",
    "RequiredHistory",
    "Step",
    "TrustedSigner",
    "load_policy",
    "verify",
]
