"""The report: one page, complete in itself, that shows a file's findings and whether to believe it.

Everything is in the page, under a content security policy that allows its own style, its own script
and inlined pictures, and nothing else. What a file says is text and never markup.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import resources

import jinja2

from .. import __version__
from ..files import printable
from ..imaging import Photo
from ..labels import Finding, Label, Risk
from ..labels.catalogue import DEFAULT
from ..labels.translation import message, translated
from ..taxonomy import Type
from . import chain, icons, pictures, verdicts
from .pictures import Inline
from .subject import Subject
from .words import Words

STAGE = (1080, 760)
"""Most room that the picture takes on a screen, CSS px."""

MAX_ENLARGED = 2.0
"""How much small pictures are enlarged."""

MAX_PLACES = 60
"""More findings, which only a stranger's label can have, are counted and not shown."""

TRACE = 0.05
"""A type with a smaller share of a change is not named."""

DASHES = {Type.AMPLITUDE: "", Type.GEOMETRY: "9 5", Type.SHAPE: "1.5 5"}
"""Patterns of the outlines, in CSS px: a line, dashes, dots."""


_SAID = ("sentence.warning.level", "sentence.warning.missing")
"""Warnings of a label that every report has anyway."""


@dataclass(frozen=True, slots=True)
class _Place:
    """A finding as the page shows it."""

    number: int
    finding: Finding
    kind: Type
    """The type with the largest share."""
    types: tuple[tuple[Type, str], ...]
    """All types with more than a trace, and their shares in words."""
    sentence: str
    language: str
    spoken: str
    """All of it in one line, for those who do not see the picture."""
    corners: str
    """Of its outline, as SVG's ``points``; empty where the box is all that is known."""
    outlined: tuple[int, int, int, int]
    """Box around the outline: x, y, width, height, in pixels of the picture."""
    tag_y: float
    """Upper end of the number, in pixels of the picture."""
    window: pictures.Window
    """What the details show, in pixels of the picture."""
    before: Inline | None
    after: Inline | None


def policy() -> str:
    """The content security policy of every report; a server may send it as a header as well."""
    style, script = (_hash(_page_file(name)) for name in ("report.css", "report.js"))
    return (
        f"default-src 'none'; img-src data:; style-src '{style}'; script-src '{script}'; "
        "base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; "
        "trusted-types 'none'"
    )


def render(subject: Subject, *, language: str = DEFAULT, made_at: datetime | None = None) -> str:
    """The page, as HTML.

    Args:
        subject: from `provenance.api.examine`.
        language: one of `provenance.labels.catalogue.languages`.
        made_at: what the page tells of when it was made; None for now.

    Raises:
        UsageError: There is no such language.
    """
    words = Words(language)
    picture = subject.picture or subject.preview
    before = None
    if picture is subject.picture:
        before = subject.original or subject.preview
    size = _full_size(subject)
    is_placed = _fits(subject, size)
    places = _places(subject, words, size, is_placed=is_placed)
    risk = subject.risk
    is_believed = verdicts.is_believed(subject)
    heat = {}
    if subject.picture and subject.original:
        heat = pictures.measured_heat(subject.original, subject.picture)
    elif picture and is_placed and risk and risk.findings:
        heat = pictures.labelled_heat(risk.findings, size)
    scale = min(STAGE[0] / size[0], STAGE[1] / size[1], MAX_ENLARGED)
    record = subject.verification.to_json()
    history, left_out = chain.rows(subject.history, words) if subject.history else ([], 0)
    return _template().render(
        w=words,
        policy=policy(),
        style=_page_file("report.css"),
        script=_page_file("report.js"),
        version=__version__,
        made_at=(made_at or datetime.now(UTC)).strftime("%Y-%m-%d %H:%M UTC"),
        subject=subject,
        report=subject.verification,
        label=subject.label,
        risk=risk,
        headline=verdicts.headline(subject, words),
        verdicts=verdicts.verdicts(subject, words),
        icon=_icon(risk if is_believed else None),
        is_placed=is_placed,
        is_believed=is_believed,
        after=pictures.whole(picture) if picture else None,
        before=pictures.whole(before) if before else None,
        heat=heat,
        width=size[0],
        height=size[1],
        shown=(round(size[0] * scale), round(size[1] * scale)),
        unit=round(1 / scale, 4),
        places=places,
        drawn=places if is_placed else [],
        unshown=len(risk.findings) - len(places) if risk else 0,
        dashes=DASHES,
        colours=pictures.COLOURS,
        made=_made(subject, words),
        remarks=_remarks(subject.label, words) if subject.label else (),
        history=history,
        left_out=left_out,
        record=json.dumps(record, ensure_ascii=False, indent=2),
    )


def _full_size(subject: Subject) -> tuple[int, int]:
    """Width and height of the whole picture, pixels: a preview is a smaller version of it."""
    if subject.picture:
        return subject.picture.width, subject.picture.height
    if subject.preview is None:
        return 1, 1
    size, label = (subject.preview.width, subject.preview.height), subject.label
    if label and _is_version(size, (label.original.width, label.original.height)):
        return label.original.width, label.original.height
    return size


def _is_version(small: tuple[int, int], full: tuple[int, int]) -> bool:
    """Whether a picture has the other's proportions, its sides rounded to pixels."""
    scale = max(small) / max(full)
    return all(abs(a - scale * b) < 1 for a, b in zip(small, full, strict=True))


def _fits(subject: Subject, size: tuple[int, int]) -> bool:
    """Whether the places that are told lie in the picture that is shown."""
    label = subject.label
    return label is None or (label.original.width, label.original.height) == size


def _places(
    subject: Subject, words: Words, size: tuple[int, int], *, is_placed: bool
) -> list[_Place]:
    findings = subject.risk.findings[:MAX_PLACES] if subject.risk else ()
    unit = max(1.0, size[0] / STAGE[0], size[1] / STAGE[1])
    sides = (subject.original or subject.preview, subject.picture) if is_placed else (None, None)
    return [_place(i, f, sides, words, size, unit) for i, f in enumerate(findings, 1)]


def _place(
    number: int,
    finding: Finding,
    sides: tuple[Photo | None, Photo | None],
    words: Words,
    size: tuple[int, int],
    unit: float,
) -> _Place:
    shares = sorted(finding.types.items(), key=lambda entry: -entry[1])
    shares = shares[:1] + [entry for entry in shares[1:] if entry[1] >= TRACE]
    types = tuple((Type(name), words.percent(share)) for name, share in shares)
    sentence, language = translated(finding.sentence, words.language)
    facts = [words(f"type.{types[0][0]}")]
    if finding.symbol:
        facts.append(words("findings.symbol", kind=words(f"symbol.{finding.symbol}")))
    facts.append(words("findings.probability", percent=words.percent(finding.probability)))
    name = words("findings.number", number=number)
    said = "; ".join(facts)
    at = pictures.window(finding, *size)
    before, after = (pictures.detail(side, at, size) if side else None for side in sides)
    outlined = _box_around(finding)
    above = outlined[1] - 22 * unit
    return _Place(
        number,
        finding,
        types[0][0],
        types,
        sentence,
        language,
        f"{name}: {sentence} {said[:1].upper()}{said[1:]}.",
        _points(finding.polygon),
        outlined,
        above if above >= 0 else outlined[1] + outlined[3],
        at,
        before,
        after,
    )


def _box_around(finding: Finding) -> tuple[int, int, int, int]:
    if not finding.polygon:
        return finding.box
    xs, ys = finding.polygon[::2], finding.polygon[1::2]
    return min(xs), min(ys), max(xs) - min(xs), max(ys) - min(ys)


def _points(polygon: tuple[int, ...] | None) -> str:
    corners = zip(*[iter(polygon or ())] * 2, strict=False)
    return " ".join(f"{x},{y}" for x, y in corners)


def _made(subject: Subject, words: Words) -> list[tuple[str, str]]:
    """Names and values of what is known about how the file was made."""
    rows = []
    label, risk = subject.label, subject.risk
    size = words("label.bytes", bytes=words.whole(subject.size), media_type=_type(subject))
    rows.append((words("label.file"), size))
    if label:
        rows += _made_by(label, words)
    if risk:
        name = words(f"level.{risk.level}")
        level = words("risk.level", level=risk.level, name=name)
        rows.append((words("label.score"), f"{words.number(risk.score, 2)} ({level})"))
        rows.append((words("label.area"), words.percent(risk.affected_area, 2)))
        looked = [words.named("detector", name) for name in risk.assessor.detectors]
        missing = [words.named("detector", name) for name in risk.assessor.unavailable]
        rows.append((words("label.looked"), ", ".join(looked)))
        if missing:
            rows.append((words("label.missing"), ", ".join(missing)))
        rows.append((words("label.calibration"), risk.assessor.calibration))
    return rows


def _made_by(label: Label, words: Words) -> list[tuple[str, str]]:
    quality, original = label.quality, label.original
    rows = [
        (words("label.codec"), f"{label.codec.name} ({label.codec.family})"),
        (words("label.model"), f"{label.model.name} {(label.model.sha256 or '')[:12]}".strip()),
    ]
    if quality.setting is not None:
        setting = words.number(quality.setting, 1).removesuffix(f"{words('decimal')}0")
        rows.append((words("label.quality"), words("label.quality.of", setting=setting)))
    if quality.bits_per_pixel is not None:
        rate = words.number(quality.bits_per_pixel, 3)
        rows.append((words("label.rate"), words("label.rate.of", rate=rate)))
    likeness = []
    if quality.psnr_db is not None:
        likeness.append(f"PSNR {words.number(quality.psnr_db, 2)} dB")
    if quality.ms_ssim is not None:
        likeness.append(f"MS-SSIM {words.number(quality.ms_ssim, 4)}")
    if likeness:
        rows.append((words("label.likeness"), ", ".join(likeness)))
    if (invention := label.invention) is not None:
        told = {
            "strength": words.number(invention.strength, 2),
            "percent": words.percent(invention.area, 1),
        }
        rows.append((words("label.invention"), words("label.invention.of", **told)))
    size = f"{original.width} × {original.height} px, {original.media_type}"
    rows.append((words("label.original"), size))
    return rows


def _type(subject: Subject) -> str:
    return subject.verification.media_type or "application/octet-stream"


def _remarks(label: Label, words: Words) -> list[tuple[str, str]]:
    """What the label warns of and the page has not said yet, with the language it is in."""
    said = {finding.sentence for finding in label.risk.findings}
    left = [text for text in label.warnings if text not in said and message(text) not in _SAID]
    return [translated(text, words.language) for text in left]


def _icon(risk: Risk | None) -> str:
    """What a browser shows beside the title."""
    name = icons.level(risk.level) if risk else "none"
    return f"data:image/svg+xml;base64,{base64.b64encode(icons.svg(name).encode()).decode()}"


def _shown(value: object) -> object:
    """What is written into the page: what a file says must not steer the display."""
    return printable(value) if type(value) is str else value


def _hash(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


@functools.cache
def _page_file(name: str) -> str:
    folder = resources.files("provenance").joinpath("viewer", "page")
    return folder.joinpath(name).read_text("utf-8")


@functools.cache
def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_shown,
    )
    return environment.from_string(_page_file("report.html"))
