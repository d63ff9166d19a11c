"""How labelled files are put together: what `api.compress`, `decompress` and `label` share."""

from __future__ import annotations

import datetime
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from . import binding, codecs, container, formats, imaging, lineage, metadata, tags
from .codecs.bitstream import parse
from .credentials import Identity, TrustStore, default_identity, default_trust, sign_label
from .errors import InvalidError
from .files import sha256
from .imaging import Photo
from .labels import (
    CodecFacts,
    Invention,
    Label,
    ModelFacts,
    OriginalFacts,
    QualityFacts,
    Risk,
    ToolFacts,
)
from .labels.wording import caption as sentence
from .labels.wording import warnings
from .stages import Stages
from .viewer.stamp import Box


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


@dataclass(frozen=True, slots=True)
class Parent:
    """The file that another is made of, which becomes its parent ingredient."""

    name: str
    """What messages call it."""
    data: bytes
    media_type: str
    sidecar: bytes | None = None
    """Its manifest, where that lies beside it."""


@dataclass(frozen=True, slots=True)
class Signing:
    """Who signs, and whose signatures on the original are believed."""

    identity: Identity
    trust: TrustStore

    @staticmethod
    def by(identity: Identity | None, trust: TrustStore | None) -> Signing:
        """Both as they are now; this machine's own for None.

        Raises:
            InputError: Either cannot be read.
        """
        return Signing(identity or default_identity(), (trust or default_trust()).held())


def compressed(
    encoded: codecs.Encoded,
    photo: Photo,
    original: Parent,
    codec: codecs.Codec,
    signing: Signing,
    stages: Stages,
    *,
    to: str | None,
    preview: int | None,
    max_pixels: int,
    redact_evidence: bool,
    caption: str | None,
    seeds: int | None,
) -> Labelled:
    """Decode, assess, pack and sign what was encoded; see `api.compress`."""

    def decode(bitstream: bytes) -> NDArray[np.uint8]:
        return codec.decode(bitstream, max_pixels=max_pixels).pixels

    with stages("decode"):
        pixels = encoded.decoded(codec, max_pixels)
        others = [] if seeds is None else codecs.redrawn(encoded.bitstream, seeds)[1:]
        drawings = [decode(bitstream) for bitstream in others]
        invention = None
        if drawings:
            invention = _disagreement([pixels, *drawings])
        elif (expected := codecs.expected(encoded.bitstream)) is not None:
            invention = _invention(decode(expected), pixels)
    shown = replace(photo, pixels=pixels)
    if to:
        with stages("render"):
            finished = imaging.render(shown, to)
            # What is assessed is what people will see, after the second format's own loss.
            shown = imaging.load(finished, original.name, max_pixels=max_pixels)
    size = len(encoded.bitstream)
    # Small and smooth pictures may be encoded with another quality than was asked for.
    setting = None if encoded.quality is None else parse(encoded.bitstream).quality
    label = label_of(
        original,
        photo,
        shown,
        codecs.facts_of(codec, encoded.bitstream),
        codec.model,
        QualityFacts(setting, 8 * size / (photo.width * photo.height), None, None),
        stages,
        redact_evidence=redact_evidence,
        invention=invention,
        drawings=drawings,
        found=None if to or drawings else encoded.risk,
    )
    notes = left_out(photo, to)
    with stages("pack"):
        media_type = formats.RENDITIONS[to].media_type if to else container.MEDIA_TYPE
        bound = (
            binding.of_pixels(shown) if to else binding.of_bitstream(encoded.bitstream, photo.icc)
        )
        packet = described(label, photo, bound, media_type, signing.identity, caption, notes.append)
        if to:
            finished = metadata.embed(finished, media_type, packet)
        else:
            small = imaging.preview(photo, preview) if preview else None
            finished = container.pack(
                encoded.bitstream,
                width=photo.width,
                height=photo.height,
                preview=small,
                xmp=packet,
                icc=photo.icc,
                exif=photo.exif,
            )
    made = signed(finished, media_type, label, signing, original, stages)
    return replace(made, notes=(*notes, *made.notes), bitstream_bytes=None if to else size)


def left_out(photo: Photo, to: str | None) -> list[str]:
    """What to say where a format, the compressed file's for None, cannot hold all of a photo."""
    notes = [*photo.notes]
    if photo.alpha is not None and to == "jpeg":
        notes.append("Transparency was laid on white.")
    if photo.exif and to and imaging.is_too_long(photo.exif, to):
        notes.append("The EXIF data is too long for a JPEG and was left out.")
    holds_iim = to == "tiff" or (to == "jpeg" and tags.app13(photo.iim or b""))
    if photo.iim and not holds_iim and (datasets := metadata.without_property(photo.iim)):
        notes.append(f"IPTC-IIM that XMP has no property for was left out: {', '.join(datasets)}.")
    return notes


def assessed(
    original: Photo,
    shown: Photo,
    redact_evidence: bool,
    stages: Stages,
    drawings: Sequence[NDArray[np.uint8]] = (),
) -> Risk:
    """The risk that ``shown`` means something else than ``original``.

    Args:
        drawings: of the same bits as ``shown``, with other seeds.
    """
    from . import risk

    timing: dict[str, float] = {}
    with stages("assess"):
        before, after = imaging.on_white(original), imaging.on_white(shown)
        found = risk.assess(
            before.pixels,
            after.pixels,
            drawings=[imaging.laid_on_white(drawn, shown.alpha) for drawn in drawings],
            redact_evidence=redact_evidence,
            timing=timing,
        )
    stages.divide("assess", timing)
    return found


def label_of(
    original: Parent,
    photo: Photo,
    shown: Photo,
    codec: CodecFacts,
    model: ModelFacts,
    quality: QualityFacts,
    stages: Stages,
    *,
    redact_evidence: bool,
    invention: Invention | None = None,
    drawings: Sequence[NDArray[np.uint8]] = (),
    found: Risk | None = None,
) -> Label:
    """Assess and measure ``shown``, and write down what is known.

    Args:
        photo: what the original shows.
        invention: what the decoder added to the bits, where that is known.
        drawings: of the same bits, with other seeds.
        found: the risk of ``shown``, where it was assessed before.
    """
    from . import __version__, metrics

    found = found or assessed(photo, shown, redact_evidence, stages, drawings)
    with stages("measure"):
        before, after = (imaging.on_white(side).pixels for side in (photo, shown))
        psnr = metrics.psnr_db(before, after)
        ms_ssim = metrics.ms_ssim(before, after)
    quality = replace(quality, psnr_db=psnr if math.isfinite(psnr) else None, ms_ssim=ms_ssim)
    label = Label(
        ToolFacts("provenance", __version__),
        codec,
        model,
        quality,
        OriginalFacts(sha256(original.data), photo.width, photo.height, photo.media_type),
        found,
        warnings(codec, found),
        invention=invention,
    )
    return _with_history(label, original, photo, redact_evidence)


def _invention(conservative: NDArray[np.uint8], other: NDArray[np.uint8]) -> Invention:
    from .risk.invention import invention_map, measured

    return measured(invention_map(conservative, other))


def _disagreement(drawings: Sequence[NDArray[np.uint8]]) -> Invention:
    from .risk.invention import disagreement, measured

    return measured(disagreement(drawings)[1])


def _with_history(label: Label, original: Parent, photo: Photo, redact_evidence: bool) -> Label:
    """The label, with the risk of whatever compressed the original before."""
    from .credentials import check_label_signature, read

    described = jws = None
    try:
        if photo.xmp:
            described, jws = metadata.read_signed_label(photo.xmp)
        # Whoever signed it, and when, it is the label that was signed.
        if described and jws and not (said := check_label_signature(jws, described, ())).intact:
            raise InvalidError(said.problem)
    except InvalidError:
        described = None
        unknown = "The original's own label is broken; what was changed before is not known."
        label = replace(label, warnings=(*label.warnings, unknown))
    credential = None
    if original.media_type:
        credential = read(original.data, original.media_type, (), original.sidecar)
    earlier = lineage.earlier_label(credential, described)
    if earlier is None:
        return label
    return lineage.accumulated(label, earlier, redact_evidence=redact_evidence)


def described(
    label: Label,
    photo: Photo,
    bound: binding.Binding,
    media_type: str,
    identity: Identity,
    caption: str | None,
    note: Callable[[str], None],
) -> bytes:
    """An XMP packet with the label, which is signed on its own, and what the photo said.

    Args:
        bound: what the label is signed for.
        media_type: of the file that the packet is for.
        caption: language of a sentence for the picture's caption; None for none.
        note: told what of the photo's XMP could not be kept.
    """
    said = None if caption is None else metadata.Caption(sentence(label, caption), caption)
    return metadata.packet(
        label,
        photo.xmp,
        signature=sign_label(label, bound, identity),
        event=metadata.Event(datetime.datetime.now(datetime.UTC), media_type),
        caption=said,
        iim=photo.iim,
        turned=photo.turned,
        note=note,
    )


def said_of(reconstruction: Photo, original: Photo, shown: Photo) -> Photo:
    """The original, with what is to be told beside the label: codecs seldom keep what it said.

    Args:
        shown: the file that tells it; one that was stamped lies upright.
    """
    told = reconstruction if reconstruction.xmp else original
    iim = reconstruction.iim or original.iim
    return replace(original, xmp=told.xmp, iim=iim, turned=told.turned != shown.turned)


def _suffix(media_type: str) -> str:
    return formats.RENDITIONS[formats.kind_of(media_type)].suffix


def signed(
    finished: bytes,
    media_type: str,
    label: Label,
    signing: Signing,
    parent: Parent,
    stages: Stages,
    *,
    title: str | None = None,
    stamp: Box | None = None,
) -> Labelled:
    """Sign a finished file, whose parent ingredient is ``parent``.

    Args:
        media_type: `SIDECAR` for a detached manifest instead of the file with one.
        title: what the file is called; None for the parent's name with this format's suffix.
        stamp: where a visible mark was drawn into it.
    """
    from .credentials import SIDECAR, sign

    with stages("sign"):
        notes = [*signing.identity.notes]
        data = sign(
            finished,
            media_type,
            label,
            signing.identity,
            original=parent.data,
            original_media_type=parent.media_type,
            title=Path(title).name if title else f"{Path(parent.name).stem}{_suffix(media_type)}",
            trust=signing.trust,
            stamp=stamp,
            note=notes.append,
            original_sidecar=parent.sidecar,
            detached=media_type == SIDECAR,
        )
    return Labelled(data, media_type, label, None, tuple(notes))
