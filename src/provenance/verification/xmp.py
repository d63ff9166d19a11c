"""The label in XMP (step 10), against the signed one and against its own signature.

A label whose own signature holds, for the very picture that the file shows, has outlived the
credential. Where the credential is still there it vouches for every byte, and the picture is not
decoded for this.
"""

from __future__ import annotations

from .. import binding, container, imaging, metadata
from ..binding import Binding
from ..credentials import Credential, LabelSignature, TrustStore, check_label_signature
from ..errors import InvalidError, ProvenanceError, TooLargeError
from ..labels import Label, to_json
from .content import contradiction
from .steps import Steps

STEP = "XMP"


def check_xmp(
    data: bytes,
    name: str,
    media_type: str | None,
    parts: container.Parts | None,
    credential: Credential | None,
    trust: TrustStore,
    max_pixels: int,
    steps: Steps,
) -> tuple[Label | None, LabelSignature | None, bool]:
    """10: does the XMP tell what the signed label tells, and is its label signed on its own?

    Returns:
        The label in XMP, what its own signature says, and whether nothing is wrong with them.
    """
    described, own = None, None
    signed = credential.label if credential else None
    try:
        if parts is not None:
            packet = parts.xmp
        else:
            packet = metadata.read_packet(data, media_type) if media_type else None
        described, jws = metadata.read_signed_label(packet, signed) if packet else (None, None)
        if described and jws:
            known = (trust.list(), trust.revocation_lists())
            own = check_label_signature(jws, described, *known)
            if signed is None and own.valid:
                own = own.beside(_shown(data, name, parts, max_pixels))
    except InvalidError as error:
        return None, None, steps.failed(STEP, str(error))
    except TooLargeError as error:
        # What we sign has no more XMP than is read.
        unread = steps.failed if signed is not None else steps.skipped
        return described, own, unread(STEP, str(error))
    except ProvenanceError as error:
        # The picture cannot be decoded here, so whether the label is about it is not known.
        return described, own, steps.skipped(STEP, str(error))
    if described is None:
        return None, None, steps.skipped(STEP, "no label; stripped, or never written")
    other = signed is not None and described is not signed
    if other and to_json(described) != to_json(signed):
        return described, own, steps.failed(STEP, "tells something else than the signed label")
    if own is not None and (not own.intact or own.picture_matches is False):
        return described, own, steps.failed(STEP, str(own.problem))
    if signed is None and (problem := contradiction(described)):
        return described, own, steps.failed(STEP, problem)
    if signed is not None:
        also = "" if own is None else f", and the label is signed on its own{_remark(own)}"
        return described, own, steps.passed(STEP, f"tells the same as the signed label{also}")
    left = "the file's credential has none" if credential else "credential stripped"
    more = "; it does not cover the preview" if parts and parts.preview_size else ""
    return described, own, _alone(own, left, more, steps)


def _alone(own: LabelSignature | None, left: str, more: str, steps: Steps) -> bool:
    """The verdict where no credential vouches for the label.

    Args:
        left: why none does.
        more: what else is to be said.
    """
    if own is None:
        return steps.skipped(STEP, "has a label that nobody signed")
    if not own.valid:
        return steps.skipped(STEP, str(own.problem))
    who = own.signer.organisation or own.signer.common_name
    chosen = f"trusted by the anchor {own.trusted_by}" if own.trusted_by else "not trusted here"
    return steps.passed(
        STEP, f"label intact, {left}: signed on its own by {who}, {chosen}{_remark(own)}{more}"
    )


def _remark(own: LabelSignature) -> str:
    """What is odd about a signature that holds."""
    return f" (it {own.problem})" if own.valid and own.problem else ""


def _shown(data: bytes, name: str, parts: container.Parts | None, max_pixels: int) -> Binding:
    """What the file shows, in the form that labels are signed for."""
    if parts is not None:
        return binding.of_bitstream(parts.bitstream, parts.icc)
    return binding.of_pixels(imaging.load(data, name, max_pixels=max_pixels))
