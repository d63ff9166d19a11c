"""Which detectors run, and what is said of those that do not."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from importlib.metadata import EntryPoint, EntryPoints
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from provenance.errors import UsageError
from provenance.labels import Finding
from provenance.risk import Detector, Pair, assess
from provenance.risk.detectors import ENTRY_POINTS, registry

Pixels = npt.NDArray[np.uint8]


class Plates:
    """A newsroom's own detector."""

    name = "plates"

    def available(self) -> bool:
        return True

    def find(self, pair: Pair) -> Sequence[Finding]:
        box = (0, 0, pair.original.shape[1], pair.original.shape[0])
        seen = pair.signals.measure(box)
        return [Finding(box, seen.types, "other", 0.8, 1.0, self.name, {}, "The plate changed.")]


class Impostor(Plates):
    """One that would be taken for ours."""

    name = "text"


class Unlicensed(Plates):
    """One whose weights are not there."""

    name = "unlicensed"

    def available(self) -> bool:
        return False


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Detectors of other packages: one that works, one without weights, three broken."""
    points = EntryPoints(
        [
            EntryPoint("plates", "sample:Plates", ENTRY_POINTS),
            EntryPoint("unlicensed", "sample:Unlicensed", ENTRY_POINTS),
            EntryPoint("broken", "sample_that_is_not_there:Nothing", ENTRY_POINTS),
            EntryPoint("leaving", "sample:leave", ENTRY_POINTS),
            EntryPoint("impostor", "sample:Impostor", ENTRY_POINTS),
            EntryPoint("signal", "sample:Plates", ENTRY_POINTS),
        ]
    )
    monkeypatch.setattr(registry, "entry_points", lambda group: points.select(group=group))
    module = type(sys)("sample")
    vars(module).update(Plates=Plates, Unlicensed=Unlicensed, Impostor=Impostor, leave=sys.exit)
    monkeypatch.setitem(sys.modules, "sample", module)


def pair() -> tuple[Pixels, Pixels]:
    noise = np.random.default_rng(3).integers(0, 256, (2, 64, 70, 3), dtype=np.uint8)
    return noise[0], noise[1]


def test_what_nobody_looks_for_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("provenance.risk.detectors.identity._models", lambda: None)
    assessor = assess(*pair()).assessor
    assert assessor.detectors == ("signal", "text", "faces", "lights", "objects")
    assert assessor.unavailable == ("identity",)
    assert "diffusion codec" in assessor.calibration


def test_a_detector_that_was_not_asked_for_is_named() -> None:
    assessor = assess(*pair(), detectors=["signal"]).assessor
    assert assessor.detectors == ("signal",)
    assert "text" in assessor.unavailable


def test_a_detector_asked_for_in_vain_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("provenance.risk.detectors.identity.PACKAGE", "not_installed")
    assert "identity" in assess(*pair(), detectors=["signal", "identity"]).assessor.unavailable


def test_a_detector_without_its_weights_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("provenance.risk.detectors.text.models", dict)
    assessor = assess(*pair()).assessor
    assert "text" not in assessor.detectors
    assert "text" in assessor.unavailable


def test_faces_without_their_weights_are_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("provenance.risk.detectors.facial.WEIGHTS", tmp_path)
    assert "faces" in assess(*pair(), detectors=["signal", "faces"]).assessor.unavailable


@pytest.mark.parametrize(
    ("height", "width", "blind"),
    [
        (39, 64, {"lights", "objects"}),
        (40, 63, {"objects"}),
        (64, 64, set()),
        (1, 1, {"lights", "objects"}),
        (70, 7000, {"objects"}),
    ],
)
def test_detectors_for_which_a_picture_is_too_small_are_named(
    height: int, width: int, blind: set[str]
) -> None:
    noise = np.random.default_rng(3).integers(0, 256, (2, height, width, 3), dtype=np.uint8)
    names = {"signal", "lights", "objects"}
    assessor = assess(noise[0], noise[1], detectors=sorted(names)).assessor
    assert set(assessor.detectors) == names - blind
    assert blind == names & set(assessor.unavailable)


@pytest.mark.usefixtures("installed")
def test_a_detector_of_another_package_is_used() -> None:
    risk = assess(*pair(), detectors=["plates"])
    assert [finding.sentence for finding in risk.findings] == ["The plate changed."]
    assert risk.high_impact
    assert risk.score == pytest.approx(0.8)
    assert isinstance(Plates(), Detector)


@pytest.mark.usefixtures("installed")
def test_detectors_of_other_packages_that_cannot_run_are_named() -> None:
    with pytest.warns(RuntimeWarning) as told:
        assessor = assess(*pair()).assessor
    assert assessor.detectors == (
        "signal",
        "text",
        "faces",
        "lights",
        "objects",
        "identity",
        "plates",
    )
    assert assessor.unavailable == ("broken", "impostor", "leaving", "unlicensed")
    assert [str(warning.message) for warning in told] == [
        "detector broken: ModuleNotFoundError: No module named 'sample_that_is_not_there'",
        "detector impostor: TypeError: its name is 'text', but that of its entry point 'impostor'",
        "detector leaving: SystemExit: ",
    ]


def test_a_detector_that_does_not_exist_is_an_error() -> None:
    with pytest.raises(
        UsageError, match="'tattoos'; there are signal, text, faces, lights, objects"
    ):
        assess(*pair(), detectors=["tattoos"])


def test_each_detectors_time_is_reported() -> None:
    timing: dict[str, float] = {}
    assess(*pair(), timing=timing)
    assert list(timing) == ["signal", "text", "faces", "lights", "objects", "identity"]
    assert all(seconds >= 0 for seconds in timing.values())


def test_importing_the_package_loads_no_heavy_library() -> None:
    heavy = "cv2", "onnxruntime", "rapidocr", "torch"
    code = f"import sys, provenance.risk; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_example_in_the_docs_works(monkeypatch: pytest.MonkeyPatch) -> None:
    page = (Path(__file__).parents[2] / "docs" / "risk.md").read_text()
    code = page.split("## A detector of your own")[1].split("```python")[1].split("```")[0]
    module = type(sys)("desk_detectors")
    exec(code, vars(module))
    points = EntryPoints([EntryPoint("blue", "desk_detectors:Blue", ENTRY_POINTS)])
    monkeypatch.setattr(registry, "entry_points", lambda group: points.select(group=group))
    monkeypatch.setitem(sys.modules, "desk_detectors", module)
    grey = np.full((64, 64, 3), 90, dtype=np.uint8)
    flag = grey.copy()
    flag[:32] = (20, 20, 200)
    found = assess(flag, grey, detectors=["blue"])
    assert [f.sentence for f in found.findings] == ["Something blue has gone."]
    assert found.findings[0].probability == 0.5
    assert "blue" in assess(grey, grey).assessor.detectors
