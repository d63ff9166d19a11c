"""The benchmark of the risk score: truth, figures, and the command as a user runs it."""

from __future__ import annotations

import csv
import math
import subprocess
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image, ImageDraw, ImageFont

from provenance.annotation import Annotation, PairFacts, PictureFacts
from provenance.annotation import Finding as Boxed
from provenance.annotation.store import Store
from provenance.bench import risk as bench
from provenance.bench.baselines import BASELINES
from provenance.bench.pairs import find_pairs
from provenance.bench.planting import Truth
from provenance.bench.risk import Outcome, part_of
from provenance.bench.risk_figures import Figures, detection, mean_overlap, pointing, types_right
from provenance.bench.risk_report import summary, write
from provenance.bench.strings import ReadString, judged, read_again, stable_strings
from provenance.errors import InputError
from provenance.files import sha256
from provenance.labels import Assessor, Finding, Risk
from provenance.risk import assess
from provenance.taxonomy import Symbol, Type

Pixels = npt.NDArray[np.uint8]
Box = tuple[int, int, int, int]
PLACE = Truth((100, 100, 40, 40), (Type.AMPLITUDE,), None)


def finding(
    box: Box, probability: float, kind: str = "amplitude", symbol: str | None = None
) -> Finding:
    types = {str(name): float(name == kind) for name in Type}
    detector = "text" if symbol else "signal"
    return Finding(box, types, symbol, probability, 1.0, detector, {}, "Something changed.")


def outcome(
    source: str,
    *findings: Finding,
    score: float = 0.0,
    name: str = "darkened",
    photo: str = "a",
    setting: str = "10",
    order: float | None = None,
    truths: tuple[Truth, ...] | None = None,
    strings: tuple[ReadString, ...] = (),
) -> Outcome:
    risk = Risk(score, 1, 0.0, False, {}, findings, Assessor("1", "", ("signal",), ()))
    baselines = {**dict.fromkeys(BASELINES, -30.0), "butteraugli": None}
    return Outcome(source, photo, name, setting, order, truths, strings, risk, baselines, 1.0)


@pytest.fixture(scope="module")
def figures() -> Figures:
    here, aside = (105, 105, 30, 30), (300, 300, 20, 20)
    return Figures(
        (
            outcome("planted", finding(here, 0.8), score=0.5, truths=(PLACE,)),
            outcome("planted", finding(here, 0.3, "shape"), finding(aside, 0.6), truths=(PLACE,)),
            outcome("planted", truths=(PLACE,)),
            outcome("harmless", finding(aside, 0.4), score=0.2, name="blur", truths=()),
            outcome("codec", name="JPEG", setting="95", order=3.0),
            outcome("codec", name="JPEG", setting="75", order=1.0, score=0.06),
            outcome("codec", name="JPEG", setting="10", order=0.3, score=0.6),
        )
    )


def test_pictures_are_told_apart_by_their_score(figures: Figures) -> None:
    # Planted .5, 0, 0 against .2, 0, .06, .6: won 3 + ½ + ½ of 12.
    found = detection(figures.planted, figures.harmless, lambda o: o.risk.score)
    assert found is not None and found[0] == pytest.approx(4 / 12)


def test_a_baseline_that_is_missing_gives_no_number(figures: Figures) -> None:
    assert (
        detection(figures.planted, figures.harmless, lambda o: o.baselines["butteraugli"]) is None
    )
    assert detection(figures.planted, figures.harmless, lambda o: o.baselines["PSNR"]) == (
        0.5,
        3 / 7,
    )


def test_annotated_pairs_are_told_apart_beside_baselines() -> None:
    seen = (
        outcome("pair", finding((105, 105, 30, 30), 0.8), score=0.5, truths=(PLACE,)),
        outcome("pair", score=0.1, truths=()),
    )
    text = summary(Figures(seen), "test")
    assert "| suspicion | annotated pairs (1 and 1) |" in text
    assert "| risk score | 1.00 / 1.00 |" in text
    assert "above every baseline (best: text detector alone) | > 0.50 | 1.00 | 2 | yes |" in text
    assert "| heaviest finding lies in the place | >= .90 | – | 0 | unknown |" in text
    assert "nan" not in text


def test_findings_are_told_apart_by_their_place(figures: Figures) -> None:
    # Right .8 and .3, wrong .6 and .4 (all times the same weight), one place without a finding.
    area, precision = figures.findings(figures.planted)
    assert area == pytest.approx(2 / 4)
    assert precision == pytest.approx((1 + 2 / 4) / 3)


def test_the_heaviest_finding_must_lie_in_the_place(figures: Figures) -> None:
    assert pointing(figures.planted) == pytest.approx(1 / 3)
    assert mean_overlap(figures.planted) == pytest.approx((30 * 30 / (40 * 40)) / 3)


def test_types_are_those_of_the_finding_at_the_place(figures: Figures) -> None:
    assert types_right(figures.planted) == (1, 2)
    assert figures.confusion(figures.planted, Type.AMPLITUDE) == {
        "amplitude": 1,
        "geometry": 0,
        "shape": 1,
        "missed": 1,
    }


def test_calibration_holds_every_finding_of_known_truth(figures: Figures) -> None:
    made, real = (figures.calibration("rest", source) for source in ("made", "annotated"))
    assert made.findings + real.findings == 4
    together = [
        sum(part.findings * number for part, number in ((made, a), (real, b)) if part.findings) / 4
        for a, b in ((made.promised, real.promised), (made.right, real.right))
    ]
    assert together == pytest.approx([2.1 / 4, 0.5])
    # .8 true, .3 true, .6 false, .4 false, each in a bin of its own.
    errors = [part.findings * part.error for part in (made, real) if part.findings]
    assert sum(errors) == pytest.approx(0.2 + 0.7 + 0.6 + 0.4)
    assert made.interval[0] <= made.error <= made.interval[1]
    assert figures.calibration("text", "made").findings == 0


def test_what_tells_of_text_is_right_only_where_text_changed() -> None:
    lettered = Truth((200, 100, 40, 40), (Type.SHAPE,), Symbol.NUMERAL)
    found = [
        finding(truth.box, 0.9, symbol=symbol)
        for truth in (PLACE, lettered)
        for symbol in ("text", "numeral", None)
    ]
    figures = Figures((outcome("pair", *found, truths=(PLACE, lettered)),))
    assert figures.calibration("text", "annotated").right == pytest.approx(0.5)
    assert figures.calibration("rest", "annotated").right == pytest.approx(1)


def test_false_alarms_are_those_of_ordinary_jpeg(figures: Figures) -> None:
    assert figures.false_alarms() == (1, 2, 1)


def test_rate_and_score_are_ranked(figures: Figures) -> None:
    overall, count, within, photos = figures.rank("JPEG")
    assert (count, photos) == (3, 1)
    assert overall == pytest.approx(-1) and within == pytest.approx(-1)


def test_a_changed_string_is_found_by_a_text_finding_on_it() -> None:
    strings = (ReadString(PLACE.box, "14", "11", True), ReadString((0, 0, 9, 9), "a", "a", False))
    seen = outcome("pair", finding(PLACE.box, 0.7, "shape", "numeral"), name="new", strings=strings)
    blind = outcome("pair", finding(PLACE.box, 0.7, "shape"), name="new", strings=strings)
    assert Figures((seen,)).strings("new") == (1, 2, 1.0, 1.0)
    assert Figures((blind,)).strings("all") == (1, 2, 0.5, 0.5)


def test_the_split_never_changes() -> None:
    names = [f"kodim{number:02d}" for number in range(1, 13)]
    assert [name[-2:] for name in names if part_of(name) == "test"] == [
        *("01", "03", "04", "08", "10", "12")
    ]


@pytest.mark.parametrize(
    ("crop", "photo"),
    [
        ("kodim04-original", "kodim04"),
        ("kodim04-at-12-original", "kodim04"),
        ("kodim05-at-2", "kodim05"),
        ("partial-face-at-3", "portrait-2"),
    ],
)
def test_a_photograph_is_of_one_part(crop: str, photo: str) -> None:
    assert part_of(crop) == part_of(photo)


def signs(words: Sequence[str]) -> Pixels:
    board = Image.new("RGB", (300, 60 * len(words)), (236, 233, 224))
    for row, text in enumerate(words):
        where = (20, 10 + 60 * row)
        ImageDraw.Draw(board).text(where, text, (30, 30, 48), ImageFont.load_default(34))
    return np.asarray(board)


def test_strings_that_read_otherwise_have_changed() -> None:
    known = stable_strings(signs(["HOTEL", "4719"]))
    assert sorted(string.text for string in known) == ["4719", "hotel"]
    found = {s.before: s.changed for s in read_again(known, signs(["HOTEL", "4779"]))}
    assert found == {"hotel": False, "4719": True}


def test_observers_overrule_the_reader() -> None:
    reader = [ReadString((10, 10, 80, 20), "hotel", "h0tei", True)]
    (kept,) = judged(reader, [(200, 10, 20, 20)])
    (changed,) = judged([kept], [(60, 12, 20, 16)])
    assert (kept.changed, changed.changed) == (False, True)


def test_reconstructions_may_lie_in_a_folder_for_each_codec(tmp_path: Path) -> None:
    for name in ("a-original.png", "of/JPEG/a-10.png", "of/WebP/a-5.png"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    found = [(p.codec, p.photo, p.setting) for p in find_pairs(tmp_path, tmp_path / "of")]
    assert found == [("JPEG", "a", "10"), ("WebP", "a", "5")]


def test_pairs_are_matched_by_name(tmp_path: Path) -> None:
    for name in ("01-original", "01-q4", "01-q16", "02-original", "02"):
        Image.new("RGB", (8, 8)).save(tmp_path / f"{name}.png")
    found = [(p.photo, p.setting, p.order) for p in find_pairs(tmp_path, tmp_path)]
    assert found == [("01", "q16", 16.0), ("01", "q4", 4.0), ("02", "", None)]
    (tmp_path / "others").mkdir()
    Image.new("RGB", (8, 8)).save(tmp_path / "others" / "03-q4.png")
    with pytest.raises(InputError, match=r"03-q4\.png: no original of that name"):
        find_pairs(tmp_path, tmp_path / "others")


def test_two_photos_give_all_tables(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bench, "assess", lambda a, b: assess(a, b, detectors=["signal"]))
    monkeypatch.setattr(bench, "JPEG_QUALITIES", (10, 90))
    monkeypatch.setattr(bench, "OUR_QUALITIES", (20,))
    monkeypatch.setattr(bench, "stable_strings", lambda _: [])
    monkeypatch.setattr(bench, "OTHERS", {"WebP": ("WEBP", (5, 60))})
    said: list[str] = []
    photos = [data / "kodak" / f"kodim{number}.png" for number in (20, 23)]
    outcomes = list(bench.run(photos, [], None, said.append, split="all", side=256))
    assert len(outcomes) == len(said)
    planted = [o for o in outcomes if o.source == "planted"]
    assert len({o.name for o in planted}) == 9 and len(planted) >= 16
    assert sum(o.source == "harmless" for o in outcomes) == 8
    text = write(outcomes, tmp_path, split="all")
    assert text.startswith("All photos. Photos, each with a sign and a lamp painted in: 2;")
    assert "| butteraugli | not available: no maintained package" in text
    for title in (
        "Goals",
        "by type",
        "by kind",
        "Calibration",
        "Spearman",
        "Strings",
        "Invention",
    ):
        assert title in text
    assert "nan" not in text
    made = [o for o in outcomes if o.invention]
    assert [o.name for o in made] == ["msh, perceptual"] * 2
    for o in made:
        assert o.invention and o.invention.strength > 0.3
        assert o.invention.error > 0.4
    assert "| msh, perceptual | 20 | 2 |" in text
    with (tmp_path / "pictures.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == len(outcomes)
    area = detection(planted, Figures(tuple(outcomes)).harmless, lambda o: o.risk.score)
    assert area is not None and area[0] > 0.6
    with Image.open(tmp_path / "risk.png") as plot:
        assert plot.width > 1000
    assert (tmp_path / "risk.svg").read_text().startswith("<?xml")


@pytest.fixture
def pair(parrots: Pixels, tmp_path: Path) -> Path:
    """A folder with one original and one reconstruction with a dark patch, 256x256."""
    folder = tmp_path / "codec"
    folder.mkdir()
    original = parrots[:256, :256]
    rebuilt = original.copy()
    rebuilt[150:190, 60:100] //= 3
    Image.fromarray(original).save(folder / "07-original.png")
    Image.fromarray(rebuilt).save(folder / "07-q1.png")
    return folder


def boxed(
    folder: Path, notes: Path, observer: str, box: Box | None, kinds: tuple[Type, ...] = ()
) -> None:
    """What an observer says of the pair."""
    facts = [
        PictureFacts(name, sha256((folder / name).read_bytes()))
        for name in ("07-original.png", "07-q1.png")
    ]
    places = []
    if box is not None:
        kinds = kinds or (Type.AMPLITUDE,)
        places = [Boxed(box, kinds, False, Symbol.OTHER, "green leaf", "black hole", True)]
    made = Annotation(
        observer,
        PairFacts("07-q1", 256, 256, *facts),
        True,
        tuple(places),
        datetime(2026, 1, 1, tzinfo=UTC),
        "test 1",
    )
    Store(notes, observer).put(made, None)


def test_what_half_of_the_observers_box_is_true(pair: Path, tmp_path: Path) -> None:
    notes = tmp_path / "notes"
    boxed(pair, notes, "anna", (60, 150, 40, 40))
    boxed(pair, notes, "ben", (58, 152, 40, 40))
    boxed(pair, notes, "cleo", (2, 2, 20, 20))
    outcomes = list(bench.run([], find_pairs(pair, pair), notes, lambda _: None, split="all"))
    assert outcomes[0].truths == (Truth((60, 150, 40, 40), (Type.AMPLITUDE,), Symbol.OTHER),)
    found = Figures(tuple(outcomes))
    assert types_right(found.annotated) == (1, 1)
    assert "| places boxed | 1 |" in write(outcomes, tmp_path / "out", split="all")


@pytest.mark.parametrize(
    ("named", "true"),
    [
        (("as", "s", "g"), "s"),
        (("a", "s"), "as"),
        (("a", "g", "s"), "ags"),
    ],
)
def test_types_are_those_that_half_of_the_observers_name(
    pair: Path, tmp_path: Path, named: tuple[str, ...], true: str
) -> None:
    kinds = {kind.value[0]: kind for kind in Type}
    for observer, letters in enumerate(named):
        types = tuple(kinds[letter] for letter in letters)
        boxed(pair, tmp_path / "notes", f"observer-{observer}", (60, 150, 40, 40), types)
    pairs = find_pairs(pair, pair)
    [outcome] = bench.run([], pairs, tmp_path / "notes", lambda _: None, split="all")
    assert outcome.truths
    assert {kind.value[0] for kind in outcome.truths[0].types} == set(true)


def test_annotations_of_other_pairs_are_an_error(pair: Path, tmp_path: Path) -> None:
    notes = tmp_path / "notes"
    boxed(pair, notes, "anna", None)
    Image.new("RGB", (256, 256)).save(pair / "07-q1.png")
    with pytest.raises(InputError, match="no complete annotation belongs to one of the pairs"):
        bench.run([], find_pairs(pair, pair), notes, lambda _: None, split="all")


def test_what_is_wrong_with_a_file_is_told_before_any_work(
    pair: Path, data: Path, tmp_path: Path
) -> None:
    photo, small, cut = data / "kodak" / "kodim20.png", tmp_path / "a.png", tmp_path / "b.png"
    Image.new("RGB", (90, 90)).save(small)
    cut.write_bytes(photo.read_bytes()[:4000])
    said: list[str] = []
    for bad in (small, cut):
        with pytest.raises(InputError, match=bad.stem):
            bench.run([photo, bad], [], None, said.append, split="all", side=256)
    Image.new("RGB", (256, 255)).save(pair / "07-q2.png")
    with pytest.raises(InputError, match=r"07-q2\.png: not of the size"):
        bench.run([photo], find_pairs(pair, pair), None, said.append, split="all", side=256)
    assert not said


def test_a_run_that_is_broken_off_leaves_what_it_found(tmp_path: Path) -> None:
    def outcomes() -> Iterator[Outcome]:
        yield outcome("planted", finding((105, 105, 30, 30), 0.8), truths=(PLACE,))
        for name, rows in (("pictures", 1), ("findings", 1)):
            with (tmp_path / f"{name}.csv").open() as stream:
                assert len(list(csv.DictReader(stream))) == rows
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write(outcomes(), tmp_path, split="all")


def test_a_calibration_is_computed_once(
    figures: Figures, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []

    def interval(promised: Sequence[float], *rest: Sequence[object]) -> tuple[float, float]:
        asked.append(len(promised))
        return 0.0, 1.0

    monkeypatch.setattr("provenance.bench.risk_figures.calibration_interval", interval)
    write(figures.outcomes, tmp_path, split="all")
    # All findings are of one class, in made pictures.
    assert asked == [4]


def test_a_user_measures_a_codec_of_theirs(pair: Path, tmp_path: Path, home: Path) -> None:
    script = Path(sys.executable).with_name("provenance")
    target = tmp_path / "bench"
    done = subprocess.run(
        [script, "bench", "risk", "--pairs", pair, pair, "--split", "all", "-o", target],
        capture_output=True,
        text=True,
        check=True,
    )
    assert (
        "Pairs: 1, of 1 photos." in done.stdout and "| codec | number in the name |" in done.stdout
    )
    with (target / "pictures.csv").open() as stream:
        row = next(csv.DictReader(stream))
    assert row["photo"] == "07" and float(row["risk_score"]) > 0.2 and row["truths"] == ""
    assert math.isclose(float(row["rate"]), 1)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "name photos, or --pairs"),
        (["--annotations", "x", "photo.png"], "add --pairs"),
        (["--pairs", "nowhere", "nowhere"], "nowhere: no such folder"),
    ],
)
def test_what_is_missing_is_said(arguments: list[str], message: str) -> None:
    script = Path(sys.executable).with_name("provenance")
    done = subprocess.run([script, "bench", "risk", *arguments], capture_output=True, text=True)
    assert done.returncode in (2, 6) and message in done.stderr
