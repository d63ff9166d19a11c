"""The library: what the commands do, as functions.

Each takes a path, or the bytes themselves, and returns a frozen result; none writes a file.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from . import binding, codecs, container, formats, imaging, metadata
from .arguments import PREVIEW_SIDE, check_facts, check_goals, check_noise, check_result
from .assembly import (
    Labelled,
    Parent,
    Signing,
    assessed,
    compressed,
    described,
    label_of,
    left_out,
    said_of,
    signed,
)
from .credentials import SIDECAR, Identity, TrustStore, default_trust
from .credentials import read as read_credential
from .errors import InputError, InvalidError, NotLabelledError, UsageError
from .files import MAX_PIXELS
from .goals import fitting, goal_of, overhead
from .labels import CodecFacts, Label, ModelFacts, QualityFacts, Risk
from .lineage import Generation, trace
from .sources import Source, beside, decoded, load, loaded, named, read_source, unpack
from .stages import Stages
from .verification import Original, Policy, Report
from .verification import verify as verify_bytes
from .viewer.stamp import stamp as stamped


def compress(
    source: Source,
    *,
    quality: float | None = None,
    bits_per_pixel: float | None = None,
    max_bytes: int | None = None,
    min_psnr: float | None = None,
    codec: str = codecs.DEFAULT,
    decoder: str | None = None,
    tune: str | None = None,
    effort: int | None = None,
    steps: int | None = None,
    seed: int | None = None,
    seeds: int | None = None,
    to: str | None = None,
    preview: int | None = PREVIEW_SIDE,
    identity: Identity | None = None,
    trust: TrustStore | None = None,
    max_pixels: int = MAX_PIXELS,
    redact_evidence: bool = False,
    caption: str | None = None,
    stages: Stages | None = None,
) -> Labelled:
    """Compress a photo, assess what that changed, and sign it all into one file.

    Args:
        quality: 1, smallest, to 100, best; 50 where none of the four goals is given. Codecs made
            of published weights have one rate, and take no goal.
        bits_per_pixel: choose the best quality whose bitstream needs no more.
        max_bytes: choose the best quality whose finished file is no larger.
        min_psnr: choose the lowest quality that reaches this many dB (RGB).
        decoder: ``conservative`` or ``perceptual``, of the default codec: by which the picture is
            to be decoded, here and by every reader; None for the conservative one.
        tune: ``psnr``, ``ssim`` or ``meaning``, of the default codec: the same quality everywhere;
            more of it where errors are seen and less where the picture is busy; or, in two to
            five times the time, more where the risk score finds a change; None for the first.
        effort: of the default codec, passes in which the encoder refines what it found, 0 to 100:
            fewer bits for the same fidelity, in more time; None for 0.
        steps, seed: of a decoder that draws from noise, 1 to 100 and 0 to 2**32 - 1; None for the
            codec's own.
        seeds: of such a decoder, compare that many drawings, 2 to 16: where they differ is a
            finding, and the label tells by how much.
        to: None for the compressed file, an AVIF that holds the bitstream; one of
            `formats.RENDITIONS` for the decoded picture in an ordinary format.
        preview: longest side of the preview within the compressed file, 16 to 4096 px; None for
            none.
        identity: who signs; None for this machine's own identity, made at its first use.
        redact_evidence: leave the words that changed out of the label.
        caption: language (``en`` or ``de``) of a sentence on the risk that goes to the end of the
            picture's caption; None for none.
        stages: receives how long each stage took.

    Raises:
        InputError: The source is missing, no image, or beyond ``max_pixels``.
        UsageError: A quality, codec, format, language or size of preview that does not exist, more
            than one goal, or a goal or format that this picture cannot meet.
        SigningError: The signer refused.
    """
    has_goal = check_goals(quality, bits_per_pixel, max_bytes, min_psnr, to)
    check_result(to, caption, preview)
    stages = stages or Stages()
    name, data = read_source(source)
    chosen = codecs.get(codec, decoder, tune, effort)
    check_noise(chosen, steps=steps, seed=seed, seeds=seeds)
    if has_goal and not chosen.variable_rate:
        raise UsageError(
            f"{codec}: has one rate; leave quality, bits per pixel, size and PSNR out, or choose "
            "another codec"
        )
    signing = Signing.by(identity, trust)
    with stages("load"):
        photo = loaded(data, name, max_pixels)
    if to:
        formats.check_kind(to, photo.width, photo.height)
    original = Parent(name, data, photo.media_type, beside(source, data))
    picture = codecs.Picture(photo.pixels, photo.alpha, photo.grey)

    def finish(encoded: codecs.Encoded) -> Labelled:
        if steps is not None or seed is not None:
            bitstream = codecs.resampled(encoded.bitstream, steps=steps, seed=seed)
            encoded = replace(encoded, bitstream=bitstream, pixels=None, risk=None)
        return compressed(
            encoded,
            photo,
            original,
            chosen,
            signing,
            stages,
            to=to,
            preview=preview,
            max_pixels=max_pixels,
            redact_evidence=redact_evidence,
            caption=caption,
            seeds=seeds,
        )

    def encode(choose: codecs.Choice) -> codecs.Encoded | None:
        if tune == codecs.MEANING:
            return codecs.keeping_meaning(
                chosen,
                picture,
                choose,
                lambda made: assessed(photo, replace(photo, pixels=made), redact_evidence, stages),
                max_pixels=max_pixels,
                stages=stages,
            )
        with stages("encode"):
            return choose(picture)

    if max_bytes is not None:
        around = overhead(photo, preview)
        return fitting(chosen, picture, max_bytes, around, encode, finish, stages)
    choose, unmet = goal_of(
        chosen, photo, quality, bits_per_pixel=bits_per_pixel, psnr=min_psnr, max_pixels=max_pixels
    )
    if (encoded := encode(choose)) is None:
        raise UsageError(f"{name}: {unmet}")
    return finish(encoded)


def decompress(
    source: Source,
    *,
    to: str = "png",
    identity: Identity | None = None,
    trust: TrustStore | None = None,
    max_pixels: int = MAX_PIXELS,
    stamp: bool = False,
    caption: str | None = None,
    stages: Stages | None = None,
) -> Labelled:
    """The full picture of a compressed file, as a labelled and signed rendition.

    The label is the compressed file's own. One that contradicts the credential, its own signature
    or the bitstream is not signed anew; whoever needs to know that it is genuine calls `verify`
    first. The compressed file becomes the parent ingredient, so a broken credential stays visible.

    Args:
        stamp: draw the risk level into a corner, for where no metadata survives.

    Raises:
        InputError: The source is missing or is no compressed file.
        InvalidError: Container or bitstream are broken, or the label is told to be false.
        NotLabelledError: It carries no label.
        ModelError: Its model is not installed here.
        UsageError: No such format or language, or a picture too small for a mark or too large for
            the format.
    """
    check_result(to, caption)
    stages, signing = stages or Stages(), Signing.by(identity, trust)
    name, data = read_source(source)
    with stages("load"):
        parts = unpack(data, name)
        formats.check_kind(to, parts.width, parts.height)
        report = verify_bytes(data, name, signing.trust, sidecar=beside(source, data))
        if problem := report.label_problem:
            raise InvalidError(f"{name}: its label is not to be believed: {problem}")
        if (label := report.label) is None:
            raise NotLabelledError(f"{name}: carries no label; it was stripped or never written")
    with stages("decode"), named(name):
        photo = decoded(parts, max_pixels)
    with stages("render"):
        photo, place = stamped(photo, label.risk, name) if stamp else (photo, None)
        finished = imaging.render(photo, to)
    with stages("pack"):
        media_type = formats.RENDITIONS[to].media_type
        shown = imaging.load(finished, name, max_pixels=max_pixels)
        bound = binding.of_pixels(shown)
        notes = left_out(photo, to)
        if not report.label_trusted:
            notes.append("The label is taken over, and nobody whom you trust has signed it.")
        packet = described(label, photo, bound, media_type, signing.identity, caption, notes.append)
        finished = metadata.embed(finished, media_type, packet)
    parent = Parent(name, data, container.MEDIA_TYPE)
    made = signed(finished, media_type, label, signing, parent, stages, stamp=place)
    return replace(made, notes=(*notes, *made.notes))


def assess(
    original: Source,
    reconstruction: Source,
    *,
    max_pixels: int = MAX_PIXELS,
    redact_evidence: bool = False,
    note: Callable[[str], None] | None = None,
    stages: Stages | None = None,
) -> Risk:
    """The risk that ``reconstruction`` means something else than ``original``.

    Either may be a compressed file, which is decoded.

    Args:
        redact_evidence: leave the words that changed out of the label.
        note: told what of a picture could not be read as it is.

    Raises:
        InputError: A source is missing or no image, or the sizes differ.
    """
    stages = stages or Stages()
    with stages("load"):
        before = load(original, max_pixels, note)[1]
        after = load(reconstruction, max_pixels, note)[1]
    return assessed(before, after, redact_evidence, stages)


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
    redact_evidence: bool = False,
    stamp: bool = False,
    caption: str | None = None,
    sidecar: bool = False,
    stages: Stages | None = None,
) -> Labelled:
    """Assess, label and sign what another codec made of ``original``.

    The result is the reconstruction's own file, in its own format, with label and credential.

    Args:
        redact_evidence: leave the words that changed out of the label.
        stamp: draw the risk level into a corner, for where no metadata survives; the picture is
            then encoded anew, and assessed as it is after that.
        caption: as for `compress`.
        sidecar: give a detached manifest alone, which goes beside the reconstruction, of whatever
            format; the file itself stays as it is.

    Raises:
        InputError: A source is missing or no image, the sizes differ, or the reconstruction is
            in a format that cannot carry a label, has several frames, or has a label by nature.
        UsageError: The picture is too small for a mark, a sidecar is to be given for a picture
            that is to be changed, no such language, or what no label can say of a codec.
    """
    check_facts(codec, model, quality, bits_per_pixel)
    check_result(caption=caption)
    if sidecar and (stamp or caption):
        raise UsageError("a sidecar leaves the picture's file as it is: no stamp, no caption")
    signing = Signing.by(identity, trust)
    stages, notes = stages or Stages(), list[str]()
    name, data = read_source(original)
    with stages("load"):
        photo = loaded(data, name, max_pixels, notes.append)
        other_name, other = read_source(reconstruction)
        if container.is_container(other):
            raise InputError(f"{other_name}: a compressed file, which has a label of its own")
        shown = loaded(other, other_name, max_pixels, notes.append)
        if shown.frames > 1:
            raise InputError(
                f"{other_name}: has {shown.frames} frames, and one would be assessed; label each "
                "as a picture of its own"
            )
        if shown.media_type not in metadata.CARRIERS and not sidecar:
            raise InputError(
                f"{other_name}: cannot carry a label; convert it to PNG, JPEG or WebP, or use "
                "--sidecar"
            )
    unmarked = shown
    if stamp:
        with stages("render"):
            # A mark means to encode again: what is assessed is what people will see around it.
            kind = formats.kind_of(unmarked.media_type)
            again = imaging.render(unmarked, kind)
            shown = imaging.load(again, other_name, max_pixels=max_pixels)
    facts = QualityFacts(quality, bits_per_pixel, None, None)
    parent = Parent(name, data, photo.media_type, beside(original, data))
    made = label_of(
        parent, photo, shown, codec, model, facts, stages, redact_evidence=redact_evidence
    )
    if sidecar:
        manifest = signed(other, SIDECAR, made, signing, parent, stages, title=other_name)
        return replace(manifest, notes=(*notes, *manifest.notes))
    place = None
    if stamp:
        with stages("render"):
            marked, place = stamped(unmarked, made.risk, other_name)
            other = imaging.render(marked, kind)
    with stages("pack"):
        if stamp:
            shown = imaging.load(other, other_name, max_pixels=max_pixels)
        said = said_of(unmarked, photo, shown)
        bound = binding.of_pixels(shown)
        kind = shown.media_type
        packet = described(made, said, bound, kind, signing.identity, caption, notes.append)
        with named(other_name):
            finished = metadata.embed(other, shown.media_type, packet)
    labelled = signed(finished, kind, made, signing, parent, stages, title=other_name, stamp=place)
    return replace(labelled, notes=(*notes, *labelled.notes))


def verify(
    source: Source,
    *,
    trust: TrustStore | None = None,
    policy: Policy | None = None,
    original: Source | None = None,
    decode: bool = False,
    max_pixels: int = MAX_PIXELS,
    remote: bool = False,
) -> Report:
    """Whether to believe a file: see `provenance.verification.Report`.

    Args:
        trust: whose signatures to trust; None for this machine's anchors.
        policy: what to demand, from `provenance.load_policy` or put together from the objects in
            `provenance.verification`; None demands nothing.
        original: what it was made from: the risk is assessed again, and a label that understates
            it is not true.
        decode: decode the bitstream, too, where there is one, and compare checksums.
        max_pixels: largest picture that is decoded.
        remote: fetch the credential where the file says that it is elsewhere; nothing else ever
            uses the network.

    Raises:
        InputError: The file or the original cannot be read. Whatever is wrong with the file's
            content is in the report.
        ModelError: What was to be decoded needs a codec or model that is not installed here.
    """
    name, data = read_source(source)
    return verify_bytes(
        data,
        name,
        trust or default_trust(),
        sidecar=beside(source, data),
        policy=policy,
        original=None if original is None else Original(*read_source(original)),
        decode=decode,
        max_pixels=max_pixels,
        remote=remote,
    )


def show(source: Source) -> Label:
    """The label of a file, unverified.

    Raises:
        NotLabelledError: It carries none.
        InvalidError: What it carries is broken.
    """
    name, data = read_source(source)
    media_type = container.media_type(data, name)
    with named(name):
        packet = metadata.read_packet(data, media_type)
        found = metadata.read_label(packet) if packet else None
    if found is None and (manifest := beside(source, data)) is not None:
        credential = read_credential(data, media_type, (), manifest)
        found = credential.label if credential else None
    if found is None:
        raise NotLabelledError(f"{name}: carries no label; it was stripped or never written")
    return found


def history(source: Source, *, trust: TrustStore | None = None) -> Generation | None:
    """The chain of ingredients of a file as a tree, other tools' manifests included.

    Args:
        trust: by whose anchors signers are called trusted; None for this machine's.

    Returns:
        The file itself, the root; None where it carries no credential.

    Raises:
        InputError: The file cannot be read.
    """
    name, data = read_source(source)
    media_type = container.media_type(data, name)
    credential = read_credential(data, media_type, trust or default_trust(), beside(source, data))
    return trace(credential, Path(name).name) if credential else None
