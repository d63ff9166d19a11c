"""The report in a real browser, from a file and without a network."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver import ActionChains, Chrome, Keys
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.wait import WebDriverWait

from provenance.viewer.report import render
from provenance.viewer.subject import Subject

from ..annotation import browser
from .test_report import HOSTILE, hostile


def _or_skip(problem: str | None) -> None:
    if problem is None:
        return
    if os.environ.get("PROVENANCE_BROWSER") == "required":
        pytest.fail(f"{problem}: the report must be tested here")
    pytest.skip(problem)


@pytest.fixture(scope="module")
def chrome(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chrome]:
    _or_skip(browser.missing())
    with browser.chromium(tmp_path_factory.mktemp("profile")) as driver:
        yield driver


class Page:
    """A report as somebody reads it."""

    def __init__(self, chrome: Chrome, folder: Path, page: str) -> None:
        file = folder / "report.html"
        file.write_text(page, encoding="utf-8")
        self.chrome = chrome
        chrome.get("about:blank")
        self.complaints()  # of the page before
        browser.prefer(chrome, prefers_color_scheme="light", prefers_reduced_motion="reduce")
        chrome.get(file.as_uri())
        WebDriverWait(chrome, 10).until(
            lambda driver: driver.execute_script("return document.readyState") == "complete"
        )

    def all(self, css: str) -> list[WebElement]:
        return self.chrome.find_elements(By.CSS_SELECTOR, css)

    def one(self, css: str) -> WebElement:
        return self.chrome.find_element(By.CSS_SELECTOR, css)

    def run(self, script: str, *arguments: Any) -> Any:
        return self.chrome.execute_script(script, *arguments)

    def focus(self, element: WebElement) -> None:
        self.run("arguments[0].focus({focusVisible: true})", element)

    def complaints(self) -> list[str]:
        """What the browser had to say: scripts that failed, policies that were broken."""
        log = self.chrome.get_log("browser")  # type: ignore[no-untyped-call]
        return [str(entry["message"]) for entry in log]


@pytest.fixture
def page(chrome: Chrome, subject: Subject, tmp_path: Path) -> Page:
    return Page(chrome, tmp_path, render(subject))


def test_the_findings_lie_where_they_are_on_the_picture(page: Page, subject: Subject) -> None:
    assert subject.risk and subject.picture
    links = page.all(".outlines a")
    assert len(links) == len(subject.risk.findings) == len(page.all(".findings > li"))
    room = page.one(".stage").rect
    for link in links:
        number = int(link.get_attribute("data-number") or 0)
        finding = subject.risk.findings[number - 1]
        found = link.find_element(By.CSS_SELECTOR, ".area").rect
        scale = room["width"] / subject.picture.width
        expected = [side * scale for side in finding.box]
        placed = (found["x"] - room["x"], found["y"] - room["y"], found["width"], found["height"])
        assert placed == pytest.approx(expected, abs=1)
        flagged = bool(link.find_elements(By.CSS_SELECTOR, ".tag path"))
        assert flagged is (finding.symbol is not None)
    assert page.complaints() == []


def test_types_differ_by_colour_and_by_pattern(page: Page) -> None:
    lines = {kind: page.one(f".legend .line.{kind}") for kind in ("amplitude", "geometry", "shape")}
    for name in ("stroke", "stroke-dasharray"):
        assert len({line.value_of_css_property(name) for line in lines.values()}) == 3


def test_pointer_and_keyboard_hear_the_sentence(page: Page, subject: Subject) -> None:
    assert subject.risk
    first = subject.risk.findings[0]
    tip = page.one("#tip")
    assert not tip.is_displayed()
    link = page.one('.outlines a[data-number="1"]')
    ActionChains(page.chrome).move_to_element(link.find_element(By.CSS_SELECTOR, ".area")).perform()
    assert tip.is_displayed() and first.sentence in tip.text
    assert page.one("#finding-1").get_attribute("class") == f"{_kind(first.types)} told"
    page.one("body").send_keys(Keys.ESCAPE)
    assert not tip.is_displayed()

    page.focus(link)
    assert tip.is_displayed() and "symbol: face" in tip.text.lower()
    link.send_keys(Keys.ENTER)
    assert page.run("return location.hash") == "#finding-1"


def _kind(types: Any) -> str:
    return str(max(types, key=lambda name: types[name]))


def test_the_slider_moves_by_keyboard_and_by_hand(page: Page) -> None:
    stage, split = page.one(".stage"), page.one("#split")
    page.focus(split)
    split.send_keys(Keys.HOME)
    assert "inset(0px 100% 0px 0px)" in page.one(".before").value_of_css_property("clip-path")
    split.send_keys(Keys.END, Keys.ARROW_LEFT)
    assert split.get_attribute("value") == "99"
    page.run("scrollTo(0, arguments[0].offsetTop)", stage)
    page.run("arguments[0].value = 50; arguments[0].dispatchEvent(new Event('input'))", split)
    width, height = stage.rect["width"], stage.rect["height"]
    chain = ActionChains(page.chrome).move_to_element_with_offset(stage, 0, height * 0.38 - 22)
    chain.click_and_hold().move_by_offset(-int(width / 4), 0).release().perform()
    assert float(split.get_attribute("value") or 0) == pytest.approx(25, abs=1)
    chain.move_by_offset(50, 0).perform()
    assert float(split.get_attribute("value") or 0) == pytest.approx(25, abs=1)


def test_one_heat_map_shows_at_a_time(page: Page) -> None:
    assert [heat.value_of_css_property("opacity") for heat in page.all(".heat")] == ["0"] * 3
    page.run("arguments[0].click()", page.one('[name="heat"][value="shape"]'))
    wait = WebDriverWait(page.chrome, 5)
    wait.until(lambda _: page.one(".heat.shape").value_of_css_property("opacity") == "1")
    assert page.one(".heat.amplitude").value_of_css_property("opacity") == "0"
    page.run("arguments[0].click()", page.one("#outlined"))
    assert page.one(".outlines").value_of_css_property("visibility") == "hidden"


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(
    chrome: Chrome, subject: Subject, tmp_path: Path, language: str, scheme: str
) -> None:
    _or_skip(browser.axe_missing())
    page = Page(chrome, tmp_path, render(subject, language=language))
    browser.prefer(chrome, prefers_color_scheme=scheme)
    page.run("document.querySelector('details').open = true")
    assert browser.serious(page.chrome) == {}


def test_a_narrow_screen_needs_no_sideways_scrolling(page: Page) -> None:
    for width in (360, 1280):
        browser.screen(page.chrome, width, 900)
        assert page.run("return document.documentElement.scrollWidth") <= width
    browser.screen(page.chrome, 1280, 900)


def test_dark_and_light_differ(page: Page) -> None:
    light = page.one("body").value_of_css_property("background-color")
    browser.prefer(page.chrome, prefers_color_scheme="dark")
    assert page.one("body").value_of_css_property("background-color") != light


def test_on_paper_there_is_the_outlined_picture_and_nothing_to_press(page: Page) -> None:
    page.chrome.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    assert page.one(".outlines").is_displayed() and page.one(".after img").is_displayed()
    assert page.one(".after img").rect == pytest.approx(page.one(".outlines").rect, abs=1)
    for css in (".before", ".split", ".handle", ".controls", "details"):
        assert not page.one(css).is_displayed(), css
    page.chrome.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})
    printed = page.chrome.execute_cdp_cmd("Page.printToPDF", {"preferCSSPageSize": True})
    assert base64.b64decode(printed["data"]).startswith(b"%PDF")


def test_without_scripts_the_pictures_stand_side_by_side(
    chrome: Chrome, subject: Subject, tmp_path: Path
) -> None:
    chrome.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        page = Page(chrome, tmp_path, render(subject))
        before, after = page.one(".before").rect, page.one(".after").rect
        assert before["x"] + before["width"] <= after["x"] and before["y"] == after["y"]
        assert page.one(".over").rect == pytest.approx(after, abs=1)
        assert not page.one(".split").is_displayed()
    finally:
        chrome.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})


def test_hostile_words_stay_words(chrome: Chrome, subject: Subject, tmp_path: Path) -> None:
    page = Page(chrome, tmp_path, render(hostile(subject)))
    assert page.complaints() == []
    assert page.chrome.title == f"Report on {HOSTILE}"
    assert page.one("#finding-1 h3").text.endswith(HOSTILE)
    assert json.loads(page.run("return document.querySelector('pre').textContent"))["label"]
