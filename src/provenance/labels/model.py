"""The label as frozen dataclasses; its JSON form follows ``schemas/label-1.schema.json``.

Every class keeps unknown fields in ``extra``, so that a label written by a newer version survives
being read and written by this one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import Field, dataclass, field
from typing import Any

SCHEMA_VERSION = "1.0"

Json = Mapping[str, Any]


def _none() -> Json:
    return {}


def optional(default: Any) -> Any:
    """A field that is left out of JSON and XMP where it has its default."""
    return field(default=default, metadata={"optional": True})


def is_left_out(part: Any, of: Field[Any]) -> bool:
    """Whether a field of ``part`` says nothing and so is not written."""
    return bool(of.metadata.get("optional") and getattr(part, of.name) == of.default)


@dataclass(frozen=True, slots=True)
class ToolFacts:
    """The program that wrote the label."""

    name: str
    version: str
    extra: Json = field(default_factory=_none)


MEANING = "meaning"
"""What ``tune`` of a codec says where its encoder spent bits by the risk score."""


@dataclass(frozen=True, slots=True)
class CodecFacts:
    """The codec: its name, the family it belongs to and how it decoded."""

    name: str
    family: str
    generative: bool
    """Whether the decoder invents detail that the bits do not determine."""
    decoder: str
    """Which decoder made the assessed pixels, such as ``conservative``."""
    seed: int | None = None
    extra: Json = field(default_factory=_none)


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """The trained weights."""

    name: str
    sha256: str | None
    """Hash of the weights file; None where an outside codec's is unknown."""
    extra: Json = field(default_factory=_none)


@dataclass(frozen=True, slots=True)
class QualityFacts:
    """What was asked for and what came out."""

    setting: float | None
    """1 to 100; None for an outside codec whose setting is unknown."""
    bits_per_pixel: float | None
    """Bits of the bitstream alone, per pixel of the original; None if unknown."""
    psnr_db: float | None
    """RGB PSNR; None where the pixels are identical."""
    ms_ssim: float | None
    """None where the picture is too small for five scales."""
    extra: Json = field(default_factory=_none)


@dataclass(frozen=True, slots=True)
class OriginalFacts:
    """The file that was compressed; width and height as shown, after EXIF orientation."""

    sha256: str
    width: int
    height: int
    media_type: str
    extra: Json = field(default_factory=_none)


@dataclass(frozen=True, slots=True)
class Finding:
    """One suspected miscompression."""

    box: tuple[int, int, int, int]
    """x, y, width, height in pixels of the original."""
    types: Mapping[str, float]
    """Share of each `provenance.taxonomy.Type` in the change; sums to 1."""
    symbol: str | None
    """A `provenance.taxonomy.Symbol` or None."""
    probability: float
    deceptiveness: float
    """0: visibly destroyed, and so warns its reader. 1: crisp and wrong."""
    detector: str
    evidence: Mapping[str, Any]
    sentence: str
    generation: int | None = optional(None)
    """Number in the label's history, from 1, of the earlier compression that did it; None: this
    one."""
    polygon: tuple[int, ...] | None = optional(None)
    """x and y of each corner of its outline in turn, pixels of the original; None for the box."""
    extra: Json = field(default_factory=_none)


@dataclass(frozen=True, slots=True)
class Assessor:
    """What looked, what it was calibrated on, and what could not look."""

    version: str
    calibration: str
    detectors: tuple[str, ...]
    unavailable: tuple[str, ...]
    extra: Json = field(default_factory=_none)


@dataclass(frozen=True, slots=True)
class Risk:
    """The assessment of one picture."""

    score: float
    level: int
    affected_area: float
    """Share of the picture that lies within findings, 0 to 1."""
    high_impact: bool
    by_type: Mapping[str, float]
    findings: tuple[Finding, ...]
    assessor: Assessor
    extra: Json = field(default_factory=_none)


@dataclass(frozen=True, slots=True)
class Invention:
    """What the decoder added that the bits do not determine, measured without the original."""

    strength: float
    """Mean local difference to the picture that is expected behind the bits, OKLab times 100."""
    area: float
    """Share of the picture where that is seen at a glance, 0 to 1."""
    extra: Json = field(default_factory=_none)


@dataclass(frozen=True, slots=True)
class Compression:
    """One of several lossy compressions of a picture, and what it alone may have changed."""

    codec: CodecFacts
    model: ModelFacts
    quality: QualityFacts
    original_sha256: str
    """Hash of the file that it was made from."""
    score: float
    level: int
    high_impact: bool
    by_type: Mapping[str, float]
    extra: Json = field(default_factory=_none)


@dataclass(frozen=True, slots=True)
class Label:
    """The record of codec, model, quality and risk that travels with a file.

    Codec, model, quality and original are of the last compression; the risk is of all of them.
    """

    tool: ToolFacts
    codec: CodecFacts
    model: ModelFacts
    quality: QualityFacts
    original: OriginalFacts
    risk: Risk
    warnings: tuple[str, ...]
    history: tuple[Compression, ...] = optional(())
    """Every labelled compression of the picture, oldest first and this one last; empty where
    this was the first."""
    invention: Invention | None = optional(None)  # noqa: RUF009
    """Of the last decoder; None where it is conservative, or nothing tells."""
    schema_version: str = SCHEMA_VERSION
    extra: Json = field(default_factory=_none)
