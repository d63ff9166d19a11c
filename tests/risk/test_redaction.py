"""Words that changed stay out of the label on demand."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from provenance.labels import Finding, to_json
from provenance.risk import assess
from provenance.risk.redaction import redacted

Pixels = npt.NDArray[np.uint8]


def finding(evidence: dict[str, object], symbol: str | None = None) -> Finding:
    return Finding(
        (0, 0, 9, 9), {"shape": 1.0}, symbol, 0.5, 0.5, "plates", evidence, "It said B-XY 12."
    )


def test_words_go_and_what_was_measured_stays(
    lighthouse: Pixels, with_sign: Callable[..., Pixels]
) -> None:
    pair = with_sign(lighthouse, "HOTEL 63"), with_sign(lighthouse, "HOTEL 68")
    told = assess(*pair, detectors=["text"])
    hidden = assess(*pair, detectors=["text"], redact_evidence=True)
    assert told.findings[0].evidence["before"] == "63"
    worst = hidden.findings[0]
    assert worst.sentence == "A number at the top no longer reads as it did."
    assert worst.evidence["redacted"] is True
    assert worst.evidence["change"] == told.findings[0].evidence["change"]
    assert (worst.box, worst.symbol) == (told.findings[0].box, "numeral")
    assert hidden.score == told.score
    assert "68" not in json.dumps([f.sentence for f in hidden.findings])
    assert not {"before", "after"} & worst.evidence.keys()


def test_what_other_detectors_quote_goes_too() -> None:
    for evidence in ({"plate": "B-XY 12", "n": 2}, {"plates": ["B-XY 12"], "n": 2}):
        hidden = redacted(finding(evidence, "other"), 90, 90)
        assert hidden.evidence == {"n": 2, "redacted": True}
        assert "B-XY" not in json.dumps(to_json(hidden))
    assert "B-XY" not in redacted(finding({}, "text"), 90, 90).sentence
    hidden = redacted(finding({"B-XY 12": 1, "similarity": 0.4}, "sign"), 90, 90)
    assert hidden.evidence == {"similarity": 0.4, "redacted": True}
    assert "B-XY" not in json.dumps(to_json(hidden))


def test_a_finding_that_quotes_nothing_stays_as_it_is() -> None:
    kept = replace(finding({"contrast_left": 0.1}, "light"), detector="lights")
    assert redacted(kept, 90, 90) == kept
