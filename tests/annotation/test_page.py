"""The page in a real browser, against the command as a user starts it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from selenium.webdriver import ActionChains, Chrome, Keys
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.wait import WebDriverWait

from provenance.annotation import Annotation, load
from provenance.annotation.model import plain
from provenance.annotation.pairs import Pair, find
from provenance.annotation.store import Store
from provenance.taxonomy import Symbol, Type

from . import browser
from .conftest import Pictures, annotation, finding, running

PROVENANCE = Path(sys.executable).with_name("provenance")

SLOW = """
    const fetch = window.fetch;
    window.arrived = 0;
    window.fetch = async (path, ...more) => {
        if (!path.endsWith(".png")) return fetch(path, ...more);
        await new Promise((done) => setTimeout(done, 800));
        const answer = await fetch(path, ...more);
        setTimeout(() => { window.arrived += 1; }, 400);
        return answer;
    };
"""
"""Pictures take a while."""


@pytest.fixture(scope="module")
def chrome(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chrome]:
    """One browser for all tests; where it could be installed, it must be."""
    if problem := browser.missing():
        if os.environ.get("PROVENANCE_BROWSER") == "required":
            pytest.fail(f"{problem}: the page must be tested here")
        pytest.skip(problem)
    with browser.chromium(tmp_path_factory.mktemp("profile")) as driver:
        yield driver


@contextmanager
def command(folder: Path, *arguments: object) -> Iterator[str]:
    """The address that ``provenance annotate open`` prints, until it is interrupted."""
    started = [PROVENANCE, "annotate", "open", *arguments, "--observer", "Anna", "-o", folder]
    with subprocess.Popen(
        [*map(str, started), "--no-browser"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout and process.stderr
        try:
            process.stdout.readline()
            url = process.stdout.readline().decode().strip()
            assert url.startswith("http://127.0.0.1:"), process.stderr.read().decode()
            yield url
        finally:
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=20)
    assert (process.returncode, err) == (0, b""), err.decode()
    assert f"pairs completed; kept in {folder}" in out.decode()


class Page:
    """The page as somebody uses it."""

    def __init__(self, chrome: Chrome, url: str) -> None:
        self.chrome = chrome
        self.wait = WebDriverWait(chrome, 10, 0.05)
        chrome.get("about:blank")
        self.complaints()  # of the page before
        chrome.get(url)
        self.ready()

    def ready(self) -> None:
        """Until a pair is shown."""
        self.wait.until(lambda _: self.all(".pane") and self.text("#zoom"))

    def one(self, css: str) -> WebElement:
        return self.chrome.find_element(By.CSS_SELECTOR, css)

    def all(self, css: str) -> list[WebElement]:
        return self.chrome.find_elements(By.CSS_SELECTOR, css)

    def text(self, css: str) -> str:
        return self.one(css).text

    def type(self, *keys: str) -> None:
        """Into whatever has the focus."""
        self.chrome.switch_to.active_element.send_keys(*keys)

    def drag(self, element: WebElement, start: tuple[int, int], by: tuple[int, int]) -> None:
        """From ``start``, relative to the middle of ``element``, CSS px."""
        chain = ActionChains(self.chrome, duration=20)
        chain.move_to_element_with_offset(element, *start).click_and_hold()
        chain.move_by_offset(*by).release().perform()

    def saved(self) -> None:
        """Until all is saved."""
        self.wait.until(lambda _: self.one("#saving").get_attribute("data-state") == "saved")

    def style(self, css: str, name: str) -> str:
        return self.one(css).value_of_css_property(name)

    def complaints(self) -> list[str]:
        """What the browser had to say: scripts that failed, policies that were broken."""
        log = self.chrome.get_log("browser")  # type: ignore[no-untyped-call]
        return [str(entry["message"]) for entry in log]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "annotations"


def _only(folder: Path) -> Annotation:
    [annotation] = load(folder)
    return annotation


def test_a_box_is_drawn_typed_described_saved_and_exported(
    chrome: Chrome, pictures: Pictures, folder: Path, tmp_path: Path
) -> None:
    with command(folder, *pictures) as url:
        page = Page(chrome, url)
        assert page.text("#observer") == "Observer: anna"
        kinds = [pane.get_attribute("data-kind") for pane in page.all(".pane")]
        assert kinds == ["original", "reconstruction", "difference"]

        # The middle of the tag, (300, 370), in the pane of the reconstruction.
        scale = _scale(page)
        start = (round((270 - 256) * scale), round((345 - 256) * scale))
        page.drag(page.all(".pane")[1], start, (round(60 * scale), round(50 * scale)))
        assert len(page.all(".box")) == 3
        page.type("a name tag with wings")
        assert page.text(".verdict") == "Would you describe them differently?"
        page.one('[data-field="reconstruction"]').send_keys("a dark patch")
        page.one('[name="shape"]').click()
        page.one('[name="amplitude"]').click()
        page.one('[data-field="symbol"]').send_keys("logo")
        assert "the meaning changed" in page.text(".verdict")
        page.saved()
        assert not _only(folder).complete
        page.one("#done").click()
        page.saved()
        assert page.text("#progress") == "1 of 1 pairs done"

        # Reloaded, it is all there.
        chrome.refresh()
        page.ready()
        assert page.text("#findings .head") == "1\namplitude, shape · logo"
        page.one("#findings .head").click()
        field = page.one('[data-field="original"]')
        assert field.get_attribute("value") == "a name tag with wings"
        assert page.text("#done").startswith("Done")
        assert page.complaints() == []

    annotation = _only(folder)
    [finding] = annotation.findings
    assert annotation.complete and finding.is_miscompression and finding.sure
    assert finding.types == (Type.AMPLITUDE, Type.SHAPE) and finding.symbol is Symbol.LOGO
    assert finding.reconstruction == "a dark patch"
    assert finding.box == pytest.approx((270, 345, 60, 50), abs=3 / scale)
    assert annotation.pair.original.name == pictures.original.name

    target = tmp_path / "coco.json"
    options = ("--observer", "Anna", "-o", target)
    subprocess.run([PROVENANCE, "annotate", "export", folder, *options], check=True)
    coco = json.loads(target.read_text())
    assert {tuple(box["bbox"]) for box in coco["annotations"]} == {finding.box}


def test_the_keyboard_is_enough(chrome: Chrome, pictures: Pictures, folder: Path) -> None:
    with running(find(*pictures), folder) as url:
        page = Page(chrome, url)
        page.type("n")
        page.type(Keys.ARROW_RIGHT, Keys.ARROW_DOWN, Keys.SHIFT, Keys.ARROW_LEFT, Keys.SHIFT)
        page.saved()
        [first] = _only(folder).findings
        page.type(Keys.CONTROL, Keys.ARROW_UP, Keys.CONTROL, Keys.ENTER)
        page.type("an eye")
        page.one('[data-field="reconstruction"]').send_keys("An eye. ")
        assert "Same words" in page.text(".verdict")

        # What is unfinished cannot be done, and the page leads to it.
        page.one("#done").click()
        assert page.text("#message") == "Finding 1: tick what changed."
        assert page.chrome.switch_to.active_element.get_attribute("name") == "amplitude"
        page.type(Keys.SPACE)
        width = page.one('[data-field="width"]')
        width.send_keys(Keys.CONTROL, "a")
        width.send_keys("9999")
        assert width.get_attribute("aria-invalid") == "true"
        width.send_keys(Keys.CONTROL, "a")
        width.send_keys("17", Keys.CONTROL, "s")
        page.saved()
        [second] = _only(folder).findings
        step = round(1 / _scale(page))
        assert second.box == (first.box[0], first.box[1] - 10 * step, 17, first.box[3])
        assert second.types == (Type.AMPLITUDE,) and not second.is_miscompression

        page.type(Keys.ESCAPE, Keys.DELETE)
        assert page.text("#done") == "Looked, nothing found"
        page.one("#done").click()
        page.saved()
        assert page.complaints() == []
    annotation = _only(folder)
    assert annotation.complete and annotation.findings == ()


def test_boxes_are_moved_resized_and_removed(
    chrome: Chrome, pictures: Pictures, folder: Path
) -> None:
    with running(find(*pictures), folder) as url:
        page = Page(chrome, url)
        pane = page.all(".pane")[0]
        page.drag(pane, (-60, -60), (40, 40))
        scale = _scale(page)
        page.saved()
        before = _only(folder).findings[0].box
        page.drag(page.one(".box.selected"), (0, 0), (50, 0))
        page.drag(page.one(".handle.se"), (0, 0), (0, 30))
        page.drag(page.one(".handle.nw"), (0, 0), (-160, 0))
        page.saved()
        after = _only(folder).findings[0].box
        expected = (0, before[1], before[0] + 50 / scale + before[2], before[3] + 30 / scale)
        assert after == pytest.approx(expected, abs=2)

        # A drag on a box that is not selected draws another one; a click selects the smaller.
        page.type(Keys.ESCAPE)
        page.chrome.execute_script("document.activeElement.blur()")
        ActionChains(chrome).move_to_element_with_offset(pane, 120, 150).click().perform()
        page.drag(pane, (-80, -55), (15, 15))
        assert page.text("#findings-title") == "Findings (2)"
        ActionChains(chrome).move_to_element_with_offset(pane, -73, -48).click().perform()
        assert page.text(".box.selected .number") == "2"
        page.type(Keys.DELETE)
        assert page.text("#findings-title") == "Findings (1)"
        page.saved()
        assert _only(folder).findings[0].box == after


def test_what_was_removed_or_replaced_comes_back(
    chrome: Chrome, pictures: Pictures, folder: Path
) -> None:
    with running(find(*pictures), folder) as url:
        page = Page(chrome, url)
        page.type("n", Keys.ENTER, "a face")
        reconstruction = '[data-field="reconstruction"]'
        page.one(reconstruction).send_keys("a smear")
        page.type(Keys.ESCAPE, "n", Keys.ENTER, "a hand", Keys.ESCAPE, "k")

        page.type(Keys.BACKSPACE)
        assert page.text("#message") == "Finding 1 removed."
        page.type(Keys.CONTROL, "z")
        assert page.one(reconstruction).get_attribute("value") == "a smear"
        assert page.text(".box.selected .number") == "1"
        page.one(".danger").click()
        page.one("#undo").click()
        assert page.text("#message") == "" and not page.one("#undo").is_displayed()

        page.one(".row > button").click()  # same words
        assert page.one(reconstruction).get_attribute("value") == "a face"
        page.type(Keys.CONTROL, "z")
        page.saved()
        assert [(each.original, each.reconstruction) for each in _only(folder).findings] == [
            ("a face", "a smear"),
            ("a hand", ""),
        ]
        assert page.complaints() == []


def test_all_views_show_the_same_place(chrome: Chrome, pictures: Pictures, folder: Path) -> None:
    with running(find(*pictures), folder) as url:
        page = Page(chrome, url)
        page.type("+", "+", Keys.ARROW_RIGHT)
        transforms = {image.value_of_css_property("transform") for image in page.all(".layer img")}
        assert len(transforms) == 1

        page.type("2")
        page.drag(page.one(".divider"), (0, 0), (-100, 0))
        share = float(page.one("#split").get_attribute("value") or 0)
        assert 20 < share < 49
        assert page.style(".layer:nth-child(2)", "clip-path").startswith("inset(0px 0px 0px ")

        page.type("3")
        assert page.text(".badge") == "original"
        page.type("f")
        assert page.text(".badge") == "reconstruction"
        assert page.style(".layer:nth-child(2)", "visibility") == "visible"
        assert page.text("#play") == "Play"  # still until asked
        page.type("p")
        page.wait.until(lambda _: page.text(".badge") == "original")
        page.type("p")
        assert page.text("#play") == "Play"

        page.type("4")
        page.one("#gain").send_keys(Keys.END)
        assert page.style(".layer", "filter") == "brightness(32)"
        assert page.style(".reconstruction", "mix-blend-mode") == "difference"
        assert page.complaints() == []


def test_who_asks_for_less_motion_gets_none(
    chrome: Chrome, pictures: Pictures, folder: Path
) -> None:
    with running(find(*pictures), folder) as url:
        page = Page(chrome, url)
        page.type("3", "p")
        assert page.text("#play") == "Stop"
        browser.prefer(chrome, prefers_reduced_motion="reduce")
        try:
            page.wait.until(lambda _: page.text("#play") == "Play")
            assert not page.one("#play").is_enabled()
            assert "less motion" in page.text("#still")
            shown = page.text(".badge")
            page.type("p", "f")
            assert page.text(".badge") != shown
        finally:
            browser.prefer(chrome)


def test_work_is_not_lost_when_the_server_is_gone(
    chrome: Chrome, pictures: Pictures, folder: Path
) -> None:
    with running(find(*pictures), folder) as url:
        page = Page(chrome, url)
    page.type("n", Keys.ENTER, "words")
    page.wait.until(
        lambda _: "Not saved" in page.text("#saving") and "ended" in page.text("#saving")
    )
    # Leaving is asked about; the driver itself never waits for the answer.
    leave = "return dispatchEvent(new Event('beforeunload', { cancelable: true }))"
    assert chrome.execute_script(leave) is False
    assert page.one('[data-field="original"]').get_attribute("value") == "words"


def test_what_another_window_saved_is_saved_over_or_taken(
    chrome: Chrome, pictures: Pictures, folder: Path
) -> None:
    with running(find(*pictures), folder) as url:
        page = Page(chrome, url)
        page.type("n", Keys.ENTER, "mine")
        page.saved()
        pair = _only(folder).pair
        theirs = replace(annotation("anna", finding(words=("theirs", "theirs"))), pair=pair)
        store = Store(folder, "anna")

        def conflict(words: str) -> None:
            found = store.get(pair.id)
            assert found is not None
            store.put(theirs, found[1])
            page.one('[data-field="original"]').send_keys(words)
            page.wait.until(lambda _: page.one("#keep").is_displayed())
            assert "another window" in page.text("#saving")

        conflict(", too")
        page.one("#keep").click()
        page.saved()
        assert [each.original for each in _only(folder).findings] == ["mine, too"]
        assert page.text("#pairs small") == "begun, 1 found"
        assert not page.one("#keep").is_displayed()

        conflict("!")
        page.one("#take").click()
        page.saved()
        assert _only(folder) == theirs and page.text("#pairs small") == "done, 1 found"
        page.one("#findings .head").click()
        assert page.one('[data-field="original"]').get_attribute("value") == "theirs"
        assert page.text("#done").startswith("Done;")


def test_what_is_unsaved_can_be_copied(chrome: Chrome, pictures: Pictures, folder: Path) -> None:
    with running(find(*pictures), folder) as url:
        page = Page(chrome, url)
        page.type("n", Keys.ENTER)
        # As after a start with another secret.
        chrome.execute_script("history.replaceState(null, '', '/other/');")
        page.type("words")
        page.wait.until(lambda _: page.one("#copy").is_displayed())
        assert "has printed" in page.text("#saving")
        page.one("#copy").click()
        page.wait.until(lambda _: "copied" in page.text("#saving"))
        permission = {"permissions": ["clipboardReadWrite", "clipboardSanitizedWrite"]}
        chrome.execute_cdp_cmd("Browser.grantPermissions", permission)
        copied = json.loads(
            chrome.execute_async_script("navigator.clipboard.readText().then(arguments[0])")
        )
        assert [each["original"] for each in copied["findings"]] == ["words"]


def test_each_observer_sees_only_their_own(
    chrome: Chrome, pictures: Pictures, folder: Path, tmp_path: Path
) -> None:
    table = tmp_path / "pairs.csv"
    original, reconstruction = pictures
    table.write_text(
        "original,reconstruction,name\n"
        f"{original},{reconstruction},blurred <b>tag</b>\n{original},{original},the same\n"
    )
    with running(find(table, None), folder) as url:
        page = Page(chrome, url)
        assert [b.text for b in page.all("#pairs span")] == ["blurred <b>tag</b>", "the same"]
        page.type("n")
        page.one("#next").click()  # saves first
        page.wait.until(lambda _: "the same" in page.text("[aria-current]"))
        assert page.text("#pairs li") == "◐\nblurred <b>tag</b>\nbegun, 1 found"
        page.one("#done").click()
        page.saved()
    with running(find(table, None), folder, "bo") as url:
        page = Page(chrome, url)
        assert page.text("#progress") == "0 of 2 pairs done"
        assert page.all(".box") == []
        page.one("#done").click()
        page.saved()
        assert page.complaints() == []
    assert sorted((a.observer, len(a.findings), a.complete) for a in load(folder)) == [
        ("anna", 0, True),
        ("anna", 1, False),
        ("bo", 0, True),
    ]


def _two_pairs(pictures: Pictures, folder: Path) -> tuple[Pair, ...]:
    """Pairs called ``first`` and ``second``, of which the second has nothing to find."""
    table = folder / "pairs.csv"
    table.write_text(
        "original,reconstruction,name\n"
        f"{pictures.original},{pictures.reconstruction},first\n"
        f"{pictures.original},{pictures.original},second\n"
    )
    return find(table, None)


def test_words_typed_while_another_pair_loads_are_kept(
    chrome: Chrome, pictures: Pictures, folder: Path, tmp_path: Path
) -> None:
    with running(_two_pairs(pictures, tmp_path), folder) as url:
        page = Page(chrome, url)
        page.type("n")
        chrome.execute_script(SLOW)
        page.one("#next").click()
        page.one('[data-field="original"]').send_keys("late words")
        page.wait.until(lambda _: "second" in page.text("[aria-current]"))
        assert [f.original for f in _only(folder).findings] == ["late words"]
        assert page.text("#done") == "Looked, nothing found" and page.complaints() == []


def test_pairs_that_cannot_be_opened_are_passed_over(
    chrome: Chrome, pictures: Pictures, folder: Path, tmp_path: Path
) -> None:
    original, reconstruction = pictures
    broken = tmp_path / "broken.png"
    broken.write_text("no picture")
    table = tmp_path / "pairs.csv"
    table.write_text(f"original,reconstruction\n{original},{broken}\n")
    with running(find(table, None), folder) as url:
        chrome.get(url)
        wait = WebDriverWait(chrome, 10, 0.05)
        wait.until(lambda _: "broken" in chrome.find_element(By.ID, "message").text)
        assert not chrome.find_element(By.ID, "done").is_displayed()
        assert not chrome.find_element(By.ID, "next").is_enabled()
        hint = "return getComputedStyle(document.getElementById('stage'), '::before').content"
        assert chrome.execute_script(hint) == "none"

    with table.open("a") as more:
        more.write(f"{original},{reconstruction}\n{reconstruction},{broken}\n")
    with running(find(table, None), folder) as url:
        page = Page(chrome, url)
        told = [each.text for each in page.all("#pairs small")]
        assert told == ["cannot be opened", "not looked at", "not looked at"]
        page.one("#next").click()
        page.wait.until(lambda _: "broken.png: " in page.text("#message"))
        assert not page.one("#next").is_enabled() and page.one("#done").is_enabled()


def test_who_returns_to_the_open_pair_stays_there(
    chrome: Chrome, pictures: Pictures, folder: Path, tmp_path: Path
) -> None:
    with running(_two_pairs(pictures, tmp_path), folder) as url:
        page = Page(chrome, url)
        chrome.execute_script(SLOW)
        first, second = page.all("#pairs button")
        second.click()
        assert page.one("#stage").get_attribute("aria-busy") == "true"
        first.click()
        assert page.one("#stage").get_attribute("aria-busy") is None
        page.wait.until(lambda _: chrome.execute_script("return arrived") == 2)
        assert "first" in page.text("[aria-current]")


def test_it_fits_small_and_dark_screens(chrome: Chrome, pictures: Pictures, folder: Path) -> None:
    with running(find(*pictures), folder) as url:
        page = Page(chrome, url)
        light = page.style("body", "background-color")
        browser.prefer(chrome, prefers_color_scheme="dark")
        assert page.style("body", "background-color") != light
        browser.prefer(chrome)
        browser.screen(chrome, 400, 800)
        try:
            overflow = "return document.documentElement.scrollWidth - innerWidth"
            assert chrome.execute_script(overflow) <= 0
            # Whether all is saved is seen from everywhere.
            page.type("n", Keys.ENTER)
            page.saved()
            chrome.execute_script("scrollTo(0, document.body.scrollHeight)")
            seen = "return arguments[0].getBoundingClientRect().top"
            assert 0 <= chrome.execute_script(seen, page.one("#saving")) < 200
        finally:
            browser.screen(chrome, 1280, 900)


def test_fingers_scroll_until_boxes_are_chosen(
    chrome: Chrome, pictures: Pictures, folder: Path
) -> None:
    def swipe() -> None:
        # A browser hears of what an element does with touches when it next draws.
        chrome.execute_async_script(
            "const [done] = arguments;"
            "requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done, 100)))"
        )
        spot = chrome.execute_script(
            "return arguments[0].getBoundingClientRect().toJSON()", page.one(".pane")
        )
        x, y = spot["x"] + 30, spot["y"] + spot["height"] - 20
        steps = [("touchStart", y), *(("touchMove", y - up) for up in range(10, 110, 10))]
        for kind, at in steps:
            point = {"type": kind, "touchPoints": [{"x": x, "y": at}]}
            chrome.execute_cdp_cmd("Input.dispatchTouchEvent", point)
        chrome.execute_cdp_cmd("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})

    browser.screen(chrome, 390, 800)
    chrome.execute_cdp_cmd("Emulation.setTouchEmulationEnabled", {"enabled": True})
    try:
        with running(find(*pictures), folder) as url:
            page = Page(chrome, url)
            swipe()
            page.wait.until(lambda _: chrome.execute_script("return scrollY") > 50)
            assert page.all(".box") == []
            page.wait.until(lambda _: chrome.execute_script("scrollTo(0, 0); return !scrollY"))
            page.one("[value='box'] + span").click()
            swipe()
            page.wait.until(lambda _: page.text("#findings-title") == "Findings (1)")
            page.saved()
    finally:
        chrome.execute_cdp_cmd("Emulation.setTouchEmulationEnabled", {"enabled": False})
        browser.screen(chrome, 1280, 900)


def test_every_control_has_a_name(chrome: Chrome, pictures: Pictures, folder: Path) -> None:
    with running(find(*pictures), folder) as url:
        page = Page(chrome, url)
        page.type("n")
        controls = page.all("button, input, select, textarea, [tabindex='0']")
        shown = [c for c in controls if c.is_displayed()]
        assert len(shown) > 20
        unnamed = [c.get_attribute("outerHTML") for c in shown if not c.accessible_name]
        assert unnamed == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(
    chrome: Chrome, pictures: Pictures, folder: Path, scheme: str
) -> None:
    if problem := browser.axe_missing():
        pytest.skip(problem)
    browser.prefer(chrome, prefers_color_scheme=scheme, prefers_reduced_motion="reduce")
    try:
        with running(find(*pictures), folder) as url:
            page = Page(chrome, url)
            assert browser.serious(chrome) == {}
            page.type("n", Keys.ENTER)
            page.saved()
            assert browser.serious(chrome) == {}
            chrome.execute_script("document.activeElement.blur()")
            page.one("#done").click()  # which tells what is lacking
            page.one("#show-keys").click()
            assert browser.serious(chrome) == {}
    finally:
        browser.prefer(chrome)


def test_words_of_any_script_stand_in_their_own_direction(
    chrome: Chrome, pictures: Pictures, folder: Path
) -> None:
    with running(find(*pictures), folder) as url:
        page = Page(chrome, url)
        page.type("n")
        field = page.one('[data-field="original"]')
        field.send_keys("\N{ARABIC LETTER BEH}\N{ARABIC LETTER ALEF}\N{ARABIC LETTER BEH} 14")
        assert page.style('[data-field="original"]', "direction") == "rtl"
        page.one('[data-field="reconstruction"]').send_keys("door 14")
        assert page.style('[data-field="reconstruction"]', "direction") == "ltr"


def test_page_and_library_read_descriptions_alike(
    chrome: Chrome, pictures: Pictures, folder: Path
) -> None:
    words = [" The  number 14. ", "CAFE\N{COMBINING ACUTE ACCENT}!", "a\tb\nc", "Straße", "…", ""]
    script = """
        const [words, done] = arguments;
        import(new URL("page/findings.js", location.href)).then(
            ({ plain }) => done(words.map(plain)),
        );
    """
    with running(find(*pictures), folder) as url:
        page = Page(chrome, url)
        assert page.chrome.execute_async_script(script, words) == [plain(each) for each in words]


def _scale(page: Page) -> float:
    """CSS px per picture px."""
    return float(page.text("#zoom").rstrip(" %")) / 100
