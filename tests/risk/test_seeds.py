"""What other drawings of the same bits show otherwise is a finding."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest

from provenance import risk
from provenance.errors import InputError

Pixels = npt.NDArray[np.uint8]


def test_seeds_that_disagree_are_found_without_the_original(
    lighthouse: Pixels, with_sign: Callable[..., Pixels]
) -> None:
    # The picture agrees with its original; only other drawings read another number.
    own = with_sign(lighthouse, "EXIT 42")
    others = [own, with_sign(lighthouse, "EXIT 73"), with_sign(lighthouse, "EXIT 73")]
    found = risk.assess(own, own + np.uint8(0), drawings=others)
    assert not found.findings and found.assessor.detectors[-1] == "seeds"
    noisy = np.clip(own.astype(int) + np.indices(own.shape).sum(0) % 2, 0, 255).astype(np.uint8)
    found = risk.assess(own, noisy, drawings=others)
    worst = found.findings[0]
    assert worst.detector == "seeds" and worst.symbol in ("text", "numeral")
    assert worst.evidence == {"seeds": 4, "differing": 2}
    assert worst.sentence.startswith("Other seeds draw something else ")
    x, y, width, height = worst.box
    assert x < 330 and x + width > 200 and y < 160 and y + height > 110
    # Two of three drawings say so: so likely is it that another one does.
    (both,) = risk.assess(own, noisy, drawings=others[1:2]).findings[:1]
    assert worst.probability == pytest.approx(2 / 3 * both.probability, abs=0.02)


def test_seeds_that_mean_the_same_are_none(
    lighthouse: Pixels, jpeg: Callable[[Pixels, int], Pixels]
) -> None:
    drawings = [jpeg(lighthouse, quality) for quality in (80, 90)]
    found = risk.assess(lighthouse, jpeg(lighthouse, 95), drawings=drawings)
    assert found.score < 0.1 and "seeds" in found.assessor.detectors
    assert "seeds" not in risk.assess(lighthouse, drawings[0]).assessor.detectors


def test_a_drawing_of_another_size_is_refused(lighthouse: Pixels) -> None:
    with pytest.raises(InputError, match="drawing"):
        risk.assess(lighthouse, lighthouse, drawings=[lighthouse[1:]])
