"""The library: what the commands do, as functions.

Each takes a path, or the bytes themselves, and returns a frozen result; none writes a file.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from pathlib import Path

from . import codecs, container, imaging, metadata
from .credentials import Identity, TrustStore, identity_folder, local_identity, trust_folder
from .errors import InputError, NotLabelledError
from .files import MAX_PIXELS, read, sha256
from .imaging import Photo
from .labels import (
    CodecFacts,
    Label,
    ModelFacts,
    OriginalFacts,
    QualityFacts,
    Risk,
    ToolFacts,
)
from .labels.wording import warnings
from .stages import Stages
from .verification import Report
from .verification import verify as verify_bytes

Source = Path | str | bytes
"""A file by its path (``-`` is standard input), or its bytes."""

PREVIEW_SIDE = 320
"""Longest side of the preview in a compressed file, px."""

AVIF = "image/avif"


@dataclass(frozen=True, slots=True)
class Labelled:
    """A finished file with its label."""

    data: bytes
    media_type: str
    label: Label
    bitstream_bytes: int | None
    """Size of the neural bitstream within; None for a rendition that carries none."""
    notes: tuple[str, ...]
    """What the user should know: what could not be kept, whose key is badly guarded."""


def compress(
    source: Source,
    *,
    quality: float = 50,
    codec: str = codecs.DEFAULT,
    to: str | None = None,
    preview: int | None = PREVIEW_SIDE,
    identity: Identity | None = None,
    trust: TrustStore | None = None,
    max_pixels: int = MAX_PIXELS,
    stages: Stages | None = None,
) -> Labelled:
    """Compress a photo, assess what that changed, and sign it all into one file.

    Args:
        quality: 1, smallest, to 100, best.
        to: None for the compressed file, an AVIF that holds the bitstream; ``jpeg``, ``png`` or
            ``webp`` for the decoded picture in an ordinary format.
        preview: longest side in px of the preview within the compressed file; None for none.
        identity: who signs; None for this machine's own identity, made at its first use.
        stages: receives how long each stage took.

    Raises:
        InputError: The source is missing, no image, or beyond ``max_pixels``.
        UsageError: A quality, codec or format that does not exist.
        SigningError: The signer refused.
    """
    stages = stages or Stages()
    name, data = _read(source)
    chosen = codecs.get(codec)
    with stages("load"):
        photo = imaging.load(data, name, max_pixels=max_pixels)
    with stages("encode"):
        picture = codecs.Picture(photo.pixels, photo.alpha, photo.grey)
        bitstream = chosen.encode(picture, quality)
    with stages("decode"):
        decoded = chosen.decode(bitstream, max_pixels=max_pixels)
    shown = replace(photo, pixels=decoded.pixels)
    if to:
        with stages("render"):
            finished = imaging.render(shown, to)
            # What is assessed is what people will see, after the second format's own loss.
            shown = imaging.load(finished, name, max_pixels=max_pixels)
    label = _label(
        data,
        photo,
        shown,
        chosen.facts,
        chosen.model,
        QualityFacts(quality, _bits_per_pixel(len(bitstream), photo), None, None),
        stages,
    )
    with stages("pack"):
        packet = metadata.packet(label, photo.xmp)
        if to:
            media_type = imaging.RENDITIONS[to]
            finished = metadata.embed(finished, media_type, packet)
        else:
            media_type = AVIF
            small = imaging.preview(photo, preview) if preview else None
            finished = container.pack(
                bitstream,
                width=photo.width,
                height=photo.height,
                preview=small,
                xmp=packet,
                icc=photo.icc,
                exif=photo.exif,
            )
    labelled = _signed(
        finished, media_type, label, identity, trust, data, photo.media_type, name, stages
    )
    notes = (*photo.notes, *labelled.notes)
    return replace(labelled, notes=notes, bitstream_bytes=None if to else len(bitstream))


def decompress(
    source: Source,
    *,
    to: str = "png",
    identity: Identity | None = None,
    trust: TrustStore | None = None,
    max_pixels: int = MAX_PIXELS,
    stages: Stages | None = None,
) -> Labelled:
    """The full picture of a compressed file, as a labelled and signed rendition.

    The label is the compressed file's own, taken from its credential where that is intact and
    says what the XMP says; whoever needs to know that it was genuine calls `verify` first. The
    compressed file becomes the parent ingredient, so a broken credential stays visible.

    Raises:
        InputError: The source is missing or is no compressed file.
        InvalidError: Container or bitstream are broken.
        NotLabelledError: It carries no label.
        ModelError: Its model is not installed here.
    """
    stages = stages or Stages()
    name, data = _read(source)
    with stages("load"):
        parts = _unpack(data, name)
        if parts.xmp is None or (label := metadata.read_label(parts.xmp)) is None:
            raise NotLabelledError(f"{name}: carries no label; it was stripped or never written")
    with stages("decode"):
        photo = _decoded(parts, max_pixels)
    with stages("render"):
        finished = imaging.render(photo, to)
    with stages("pack"):
        media_type = imaging.RENDITIONS[to]
        finished = metadata.embed(finished, media_type, metadata.packet(label, parts.xmp))
    return _signed(finished, media_type, label, identity, trust, data, AVIF, name, stages)


def assess(
    original: Source,
    reconstruction: Source,
    *,
    max_pixels: int = MAX_PIXELS,
    stages: Stages | None = None,
) -> Risk:
    """The risk that ``reconstruction`` means something else than ``original``.

    Either may be a compressed file, which is decoded.

    Raises:
        InputError: A source is missing or no image, or the sizes differ.
    """
    stages = stages or Stages()
    with stages("load"):
        before = _load_any(original, max_pixels)[1]
        after = _load_any(reconstruction, max_pixels)[1]
    return _assess(before, after, stages)


def label(
    original: Source,
    reconstruction: Source,
    *,
    codec: CodecFacts,
    model: ModelFacts,
    quality: float | None = None,
    bits_per_pixel: float | None = None,
    identity: Identity | None = None,
    trust: TrustStore | None = None,
    max_pixels: int = MAX_PIXELS,
    stages: Stages | None = None,
) -> Labelled:
    """Assess, label and sign what another codec made of ``original``.

    The result is the reconstruction's own file, JPEG, PNG or WebP, with label and credential.

    Raises:
        InputError: A source is missing or no image, the sizes differ, or the reconstruction is
            in a format that cannot carry a label.
    """
    stages = stages or Stages()
    name, data = _read(original)
    with stages("load"):
        photo = imaging.load(data, name, max_pixels=max_pixels)
        other_name, other = _read(reconstruction)
        shown = imaging.load(other, other_name, max_pixels=max_pixels)
        if shown.media_type not in imaging.RENDITIONS.values():
            raise InputError(f"{other_name}: cannot carry a label; convert it to PNG, JPEG or WebP")
    facts = QualityFacts(quality, bits_per_pixel, None, None)
    made = _label(data, photo, shown, codec, model, facts, stages)
    with stages("pack"):
        finished = metadata.embed(other, shown.media_type, metadata.packet(made, shown.xmp))
    return _signed(
        finished,
        shown.media_type,
        made,
        identity,
        trust,
        data,
        photo.media_type,
        other_name,
        stages,
    )


def verify(
    source: Source, *, trust: TrustStore | None = None, max_score: float | None = None
) -> Report:
    """Whether to believe a file: see `provenance.verification.Report`.

    Args:
        trust: whose signatures to trust; None for this machine's anchors.
        max_score: highest risk score that meets the caller's policy.

    Raises:
        InputError: The file cannot be read. Whatever is wrong with its content is in the report.
    """
    name, data = _read(source)
    return verify_bytes(data, name, trust or default_trust(), max_score=max_score)


def show(source: Source) -> Label:
    """The label of a file, unverified.

    Raises:
        NotLabelledError: It carries none.
        InvalidError: What it carries is broken.
    """
    name, data = _read(source)
    packet = metadata.read_packet(data, imaging.media_type(data, name))
    found = metadata.read_label(packet) if packet else None
    if found is None:
        raise NotLabelledError(f"{name}: carries no label; it was stripped or never written")
    return found


def default_identity() -> Identity:
    """This machine's own identity; the first call makes it."""
    return local_identity(identity_folder())


def default_trust() -> TrustStore:
    """This machine's trust anchors and its own identity's CA."""
    return TrustStore(trust_folder(), identity_folder())


def _read(source: Source) -> tuple[str, bytes]:
    if isinstance(source, bytes):
        return "image", source
    path = Path(source)
    return ("standard input" if str(path) == "-" else str(path)), read(path)


def _unpack(data: bytes, name: str) -> container.Parts:
    if not container.is_container(data):
        raise InputError(f"{name}: not a compressed file of this tool; its picture is as it is")
    return container.unpack(data)


def _decoded(parts: container.Parts, max_pixels: int) -> Photo:
    picture = codecs.decode(parts.bitstream, max_pixels=max_pixels)
    height, width = picture.pixels.shape[:2]
    if (parts.width, parts.height) != (width, height):
        raise InputError("container and bitstream announce different sizes")
    return Photo(picture.pixels, picture.alpha, picture.grey, parts.icc, parts.exif, parts.xmp)


def _load_any(source: Source, max_pixels: int) -> tuple[bytes, Photo]:
    name, data = _read(source)
    if container.is_container(data):
        return data, _decoded(container.unpack(data), max_pixels)
    return data, imaging.load(data, name, max_pixels=max_pixels)


def _assess(original: Photo, shown: Photo, stages: Stages) -> Risk:
    from . import risk

    with stages("assess"):
        return risk.assess(original.pixels, shown.pixels)


def _label(
    data: bytes,
    original: Photo,
    shown: Photo,
    codec: CodecFacts,
    model: ModelFacts,
    quality: QualityFacts,
    stages: Stages,
) -> Label:
    from . import __version__, metrics

    found = _assess(original, shown, stages)
    with stages("measure"):
        psnr = metrics.psnr_db(original.pixels, shown.pixels)
        ms_ssim = metrics.ms_ssim(original.pixels, shown.pixels)
    quality = replace(quality, psnr_db=psnr if math.isfinite(psnr) else None, ms_ssim=ms_ssim)
    return Label(
        ToolFacts("provenance", __version__),
        codec,
        model,
        quality,
        OriginalFacts(sha256(data), original.width, original.height, original.media_type),
        found,
        warnings(codec, found),
    )


def _signed(
    finished: bytes,
    media_type: str,
    label: Label,
    identity: Identity | None,
    trust: TrustStore | None,
    parent: bytes,
    parent_media_type: str,
    name: str,
    stages: Stages,
) -> Labelled:
    from .credentials import sign

    with stages("sign"):
        signer = identity or default_identity()
        signed = sign(
            finished,
            media_type,
            label,
            signer,
            original=parent,
            original_media_type=parent_media_type,
            title=Path(name).name,
            trust=trust or default_trust(),
        )
    return Labelled(signed, media_type, label, None, signer.notes)


def _bits_per_pixel(size: int, photo: Photo) -> float:
    return 8 * size / (photo.width * photo.height)
