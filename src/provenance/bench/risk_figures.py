"""From outcomes to numbers."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, get_args

from ..annotation import iou
from ..labels import Finding
from ..risk.scoring import score, weight
from ..taxonomy import LEVEL_BOUNDS, Symbol, Type, main_type
from .baselines import BASELINES
from .boxes import Box, centre, inside, is_at
from .planting import KINDS, Truth
from .risk import TEXT, Outcome
from .statistics import (
    auroc,
    average_precision,
    calibration_by_chance,
    calibration_error,
    calibration_interval,
    rank_correlation,
)

Source = Literal["made", "annotated"]
"""Planted and harmless pictures, or pairs that observers looked at."""
REPORTED = LEVEL_BOUNDS[0]
"""Score from which a picture is above the lowest level."""
MISSED = "missed"
ORDINARY_JPEG = 75
"""Quality from which JPEG should be silent."""
CLASSES: dict[str, frozenset[str | None]] = {
    "text": TEXT,
    "faces": frozenset({Symbol.FACE, Symbol.EYE}),
    "lights": frozenset({Symbol.LIGHT}),
    "rest": frozenset({None}),
}
"""Classes of content, by the symbol of a finding."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A finding whose truth is known."""

    finding: Finding
    right: bool
    picture: int
    """Which picture it is in: the findings of one are no independent draws."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """How far the probabilities of some findings can be believed."""

    findings: int
    promised: float
    """Mean probability."""
    right: float
    """Share that is right."""
    error: float
    """Expected calibration error."""
    interval: tuple[float, float]
    """Of the error: 95 % of what it is when pictures are drawn anew from these."""
    by_chance: float
    """What the error would be, were each probability exact."""


@dataclass(frozen=True)
class Figures:
    """All that the report says, computed when asked for."""

    outcomes: tuple[Outcome, ...]

    @cached_property
    def planted(self) -> list[Outcome]:
        """Pictures with one planted change each."""
        return [o for o in self.outcomes if o.source == "planted"]

    @cached_property
    def harmless(self) -> list[Outcome]:
        """Pictures to keep silent about: harm without meaning, and JPEG of all qualities."""
        return [
            o
            for o in self.outcomes
            if o.source == "harmless" or (o.source == "codec" and o.name == "JPEG")
        ]

    @cached_property
    def annotated(self) -> list[Outcome]:
        """Pairs that observers have looked at."""
        return [o for o in self.outcomes if o.source == "pair" and o.truths is not None]

    @cached_property
    def spoilt(self) -> list[Outcome]:
        """Annotated pairs with a miscompression."""
        return [o for o in self.annotated if o.truths]

    @cached_property
    def kept(self) -> list[Outcome]:
        """Annotated pairs without."""
        return [o for o in self.annotated if not o.truths]

    def of_type(self, kind: Type | None) -> list[Outcome]:
        """Planted pictures of one type; None for all."""
        return [o for o in self.planted if kind is None or kind in _only(o).types]

    def of_kind(self, name: str) -> list[Outcome]:
        """Planted pictures of one kind of change."""
        return [o for o in self.planted if o.name == name]

    def findings(self, planted: Sequence[Outcome]) -> tuple[float, float]:
        """AUROC and average precision of single findings by their weight.

        Right are those at the planted place; wrong all others in these and the harmless pictures.
        Of several at the place, the heaviest counts and the others are left out. For the average
        precision, places without a finding are never found.
        """
        right, wrong = [], []
        for outcome in planted:
            hits = [f for f in outcome.risk.findings if is_at(f.box, _only(outcome).box)]
            right += [max(weight(f) for f in hits)] if hits else []
            wrong += [weight(f) for f in outcome.risk.findings if f not in hits]
        wrong += [weight(f) for o in self.harmless for f in o.risk.findings]
        missed = len(planted) - len(right)
        return auroc(right, wrong), average_precision(right, wrong, missed=missed)

    def confusion(self, kinds: Iterable[Outcome], of: Type) -> dict[str, int]:
        """How often the heaviest finding at a place of this type has which main type."""
        counts = {**{str(kind): 0 for kind in Type}, MISSED: 0}
        for outcome in kinds:
            for truth in outcome.truths or ():
                if of in truth.types:
                    counts[found_type(outcome, truth)] += 1
        return counts

    def judged(self, source: Source) -> list[Judged]:
        """Every finding of the pictures of a source."""
        made = [*self.planted, *self.harmless]
        pictures = self.annotated if source == "annotated" else made
        return [
            Judged(f, any(_is_right(f, truth) for truth in o.truths or ()), number)
            for number, o in enumerate(pictures)
            for f in o.risk.findings
        ]

    def calibration(self, name: str, source: Source) -> Calibration:
        """Of the findings of a class of content."""
        return self._calibrations[name, source]

    @cached_property
    def _calibrations(self) -> dict[tuple[str, Source], Calibration]:
        sources: tuple[Source, ...] = get_args(Source)
        return {
            (name, source): self._calibrated(name, source) for name in CLASSES for source in sources
        }

    def _calibrated(self, name: str, source: Source) -> Calibration:
        chosen = [j for j in self.judged(source) if j.finding.symbol in CLASSES[name]]
        if not chosen:
            return Calibration(0, math.nan, math.nan, math.nan, (math.nan, math.nan), math.nan)
        promised = [j.finding.probability for j in chosen]
        right = [j.right for j in chosen]
        return Calibration(
            len(chosen),
            sum(promised) / len(chosen),
            sum(right) / len(chosen),
            calibration_error(promised, right),
            calibration_interval(promised, right, [j.picture for j in chosen]),
            calibration_by_chance(promised),
        )

    def false_alarms(self) -> tuple[int, int, int]:
        """JPEG pictures of ordinary quality above the threshold, all such pictures, and photos."""
        chosen = [
            o
            for o in self.outcomes
            if o.source == "codec" and o.name == "JPEG" and int(o.setting) >= ORDINARY_JPEG
        ]
        loud = sum(o.risk.score >= REPORTED for o in chosen)
        return loud, len(chosen), len({o.photo for o in chosen})

    def codecs(self) -> list[str]:
        """Names of codecs and of folders of pairs."""
        named = (o.name for o in self.outcomes if o.source in ("codec", "pair"))
        return list(dict.fromkeys(named))

    def of_codec(self, name: str) -> list[Outcome]:
        """What a codec made."""
        return [o for o in self.outcomes if o.source in ("codec", "pair") and o.name == name]

    def rank(self, name: str) -> tuple[float, int, float, int]:
        """Spearman's correlation of score and rate: over all pictures with their number, and its
        mean over the photos whose score varies at all, with their number.
        """
        chosen = [o for o in self.of_codec(name) if o.order is not None]
        overall = _rank(chosen)
        each = [
            _rank([o for o in chosen if o.photo == photo])
            for photo in dict.fromkeys(o.photo for o in chosen)
        ]
        varied = [value for value in each if not math.isnan(value)]
        mean = sum(varied) / len(varied) if varied else math.nan
        return overall, len(chosen), mean, len(varied)

    def strings(self, name: str) -> tuple[int, int, float, float]:
        """Stable strings that a codec changed, all of them, AUROC and average precision.

        The suspicion of a string is the highest probability of a text finding at it, which is how
        observers' places are matched with strings, too.
        """
        changed: list[float] = []
        kept: list[float] = []
        for outcome in self.outcomes:
            if outcome.source in ("codec", "pair") and name in ("all", outcome.name):
                for string in outcome.strings:
                    (changed if string.changed else kept).append(_belief(outcome, string.box))
        total = len(changed) + len(kept)
        return len(changed), total, auroc(changed, kept), average_precision(changed, kept)


def detection(
    changed: Sequence[Outcome],
    kept: Sequence[Outcome],
    suspicion: Callable[[Outcome], float | None],
) -> tuple[float, float] | None:
    """AUROC and average precision of changed pictures against others.

    None where the suspicion is not available.
    """
    above, below = ([suspicion(o) for o in chosen] for chosen in (changed, kept))
    right = [value for value in above if value is not None]
    wrong = [value for value in below if value is not None]
    if len(right) < len(above) or len(wrong) < len(below):
        return None
    return auroc(right, wrong), average_precision(right, wrong)


def by_score(outcome: Outcome) -> float:
    """The risk score itself."""
    return outcome.risk.score


def by_text(outcome: Outcome) -> float:
    """The score that the text detector alone would give."""
    return score([weight(f) for f in outcome.risk.findings if f.detector == "text"])


def suspicion_of(name: str) -> Callable[[Outcome], float | None]:
    """A baseline by its name."""
    return lambda outcome: outcome.baselines[name]


CONTENDERS: dict[str, Callable[[Outcome], float | None]] = {
    "risk score": by_score,
    "text detector alone": by_text,
    **{name: suspicion_of(name) for name in BASELINES},
}
"""What is compared: the score first."""


def points_at(outcome: Outcome, truth: Truth) -> bool:
    """Whether the centre of the heaviest finding lies within the truth."""
    top = _top(outcome.risk.findings)
    return top is not None and inside(centre(top.box), truth.box)


def overlap(outcome: Outcome, truth: Truth) -> float:
    """IoU of the heaviest finding with the truth, 0 without a finding."""
    top = _top(outcome.risk.findings)
    return 0.0 if top is None else iou(top.box, truth.box)


def found_type(outcome: Outcome, truth: Truth) -> str:
    """Main type of the heaviest finding at the truth, or `MISSED`."""
    top = _top([f for f in outcome.risk.findings if is_at(f.box, truth.box)])
    return MISSED if top is None else main_type(top.types)


def pointing(outcomes: Sequence[Outcome]) -> float:
    """Share of planted pictures whose heaviest finding lies in the truth; NaN without any."""
    return _share([points_at(o, _only(o)) for o in outcomes])


def mean_overlap(outcomes: Sequence[Outcome]) -> float:
    """Mean IoU of the heaviest finding with the truth; NaN without any."""
    return _share([overlap(o, _only(o)) for o in outcomes])


def types_right(outcomes: Sequence[Outcome]) -> tuple[int, int]:
    """Places found with a right main type, and places found at all."""
    found = [(found_type(o, t), t) for o in outcomes for t in o.truths or ()]
    return (
        sum(kind in truth.types for kind, truth in found),
        sum(kind != MISSED for kind, _ in found),
    )


def kinds_present(figures: Figures) -> list[str]:
    """Kinds of planted change that occur."""
    return [kind for kind in KINDS if figures.of_kind(kind)]


def _is_right(finding: Finding, truth: Truth) -> bool:
    """Whether a place says so: what tells of text is right only where text changed."""
    is_text = finding.symbol in TEXT
    return is_at(finding.box, truth.box) and (truth.symbol in TEXT or not is_text)


def _only(outcome: Outcome) -> Truth:
    assert outcome.truths is not None
    return outcome.truths[0]


def _top(findings: Sequence[Finding]) -> Finding | None:
    return max(findings, key=weight, default=None)


def _belief(outcome: Outcome, box: Box) -> float:
    return max(
        (
            f.probability
            for f in outcome.risk.findings
            if f.symbol in CLASSES["text"] and is_at(f.box, box)
        ),
        default=0.0,
    )


def _rank(outcomes: Sequence[Outcome]) -> float:
    return rank_correlation(
        [o.risk.score for o in outcomes], [o.order for o in outcomes if o.order is not None]
    )


def _share(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else math.nan
