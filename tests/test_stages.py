"""Where the time went."""

from __future__ import annotations

import pytest

from provenance.stages import Stages


def test_a_stage_is_divided_into_its_parts_and_a_rest() -> None:
    stages = Stages()
    stages.seconds = {"load": 1.0, "assess": 5.0}
    stages.divide("assess", {"signal": 1.0, "text": 3.5})
    assert stages.seconds == {
        "load": 1.0,
        "assess: signal": 1.0,
        "assess: text": 3.5,
        "assess": pytest.approx(0.5),
    }


def test_a_stage_that_came_twice_adds_up() -> None:
    stages = Stages()
    for whole, part in ((5.0, 4.0), (3.0, 2.0)):
        stages.seconds["assess"] = stages.seconds.get("assess", 0.0) + whole
        stages.divide("assess", {"text": part})
    assert stages.seconds == {"assess: text": 6.0, "assess": 2.0}


def test_announcements_name_the_stage_itself() -> None:
    heard: list[str] = []
    stages = Stages(heard.append)
    with stages("assess"):
        pass
    stages.divide("assess", {"text": 0.0})
    assert heard == ["assess"]
