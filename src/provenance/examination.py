"""Everything that can be found out about one file, and its pictures: what a report shows."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from . import container, imaging, sources
from .credentials import TrustStore, default_trust
from .errors import ImageError, ProvenanceError
from .files import MAX_PIXELS, STANDARD_STREAM, read, shown
from .imaging import Photo
from .lineage import trace
from .sources import Source
from .stages import Stages
from .verification import Original, Policy, verify
from .viewer.subject import Subject


def examine(
    source: Source,
    *,
    original: Source | None = None,
    name: str | None = None,
    trust: TrustStore | None = None,
    policy: Policy | None = None,
    sidecar: bytes | None = None,
    max_pixels: int = MAX_PIXELS,
    stages: Stages | None = None,
) -> Subject:
    """Verify a file and open its pictures, for `provenance.viewer.report.render`.

    Whatever is wrong with the file is in the result, and so is why a picture cannot be shown.

    Args:
        original: what to compare the picture with; the risk is measured anew. Where the label
            names it, the verification tells whether the label is true. One of another size is not
            shown.
        name: what the report calls the file; by default the last part of its path, as the
            folders of this machine are nobody's business.
        policy: what the caller demands, as for `provenance.verify`.
        sidecar: a detached manifest; by default the one beside the file.

    Raises:
        InputError: A file cannot be read, or the original is no image.
        ModelError: The picture is to be measured and its codec or model is not installed here.
    """
    stages, trust = stages or Stages(), trust or default_trust()
    data = source if isinstance(source, bytes) else read(Path(source))
    name = name or _name(source)
    with stages("decode"):
        picture, preview, problem = _pictures(data, name, max_pixels)
    before = given = None
    if original is not None:
        with stages("load"):
            before_data, before = sources.load(original, max_pixels)
        given = Original(_name(original), before_data)
        if picture and before.pixels.shape != picture.pixels.shape:
            before = None  # The verification tells.
    with stages("verify"):
        report = verify(
            data,
            name,
            trust,
            policy=policy,
            original=given,
            max_pixels=max_pixels,
            sidecar=sidecar or sources.beside(source, data),
            picture=imaging.on_white(picture).pixels if picture else None,
        )
        history = trace(report.credential, Path(name).name) if report.credential else None
    return Subject(
        verification=report,
        history=history,
        size=len(data),
        picture=picture,
        problem=problem,
        is_decoded=container.is_container(data),
        preview=preview,
        original=before,
    )


def _name(source: Source) -> str:
    if isinstance(source, bytes):
        return "image"
    return "standard input" if Path(source) == STANDARD_STREAM else shown(Path(source).name)


def _pictures(
    data: bytes, name: str, max_pixels: int
) -> tuple[Photo | None, Photo | None, str | None]:
    """The full picture, the preview beside it, and why there is no full picture."""
    if not container.is_container(data):
        try:
            return imaging.load(data, name, max_pixels=max_pixels), None, None
        except ProvenanceError as error:
            return None, None, str(error)
    picture = preview = problem = None
    try:
        picture = sources.load(data, max_pixels)[1]
    except ProvenanceError as error:
        problem = str(error)
    with suppress(ImageError):  # It holds no preview, or a broken one.
        preview = imaging.load(data, name, max_pixels=max_pixels)
    return picture, preview, problem
