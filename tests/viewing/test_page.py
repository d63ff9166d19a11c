"""The page in a real browser, against the command as a user starts it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from selenium.webdriver import Chrome, Keys
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.wait import WebDriverWait

from ..annotation import browser

PROVENANCE = Path(sys.executable).with_name("provenance")


def _or_skip(problem: str | None) -> None:
    if problem is None:
        return
    if os.environ.get("PROVENANCE_BROWSER") == "required":
        pytest.fail(f"{problem}: the page must be tested here")
    pytest.skip(problem)


@pytest.fixture(scope="module")
def chrome(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chrome]:
    """One browser for all tests; where it could be installed, it must be."""
    _or_skip(browser.missing())
    with browser.chromium(tmp_path_factory.mktemp("profile")) as driver:
        yield driver


@contextmanager
def command(*arguments: object) -> Iterator[str]:
    """The address that ``provenance view`` prints, until it is interrupted."""
    started = [str(PROVENANCE), "view", *map(str, arguments), "--no-browser"]
    with subprocess.Popen(started, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout and process.stderr
        try:
            process.stdout.readline()
            url = process.stdout.readline().decode().strip()
            assert url.startswith("http://127.0.0.1:"), process.stderr.read().decode()
            yield url
        finally:
            process.send_signal(signal.SIGINT)
            _, err = process.communicate(timeout=20)
    assert (process.returncode, err) == (0, b""), err.decode()


class Page:
    """The page as somebody uses it."""

    def __init__(self, chrome: Chrome, url: str, files: int) -> None:
        self.chrome = chrome
        self.wait = WebDriverWait(chrome, 60, 0.05)
        chrome.get("about:blank")
        self.complaints()  # of the page before
        chrome.get(url)
        self.looked(files)

    def looked(self, files: int) -> None:
        """Until that many files were looked at."""
        self.wait.until(lambda _: len(self.all(".tile:not([data-pending])")) == files)

    def one(self, css: str) -> WebElement:
        return self.chrome.find_element(By.CSS_SELECTOR, css)

    def all(self, css: str) -> list[WebElement]:
        return self.chrome.find_elements(By.CSS_SELECTOR, css)

    def names(self) -> list[str]:
        """Of the tiles that are shown, in their order."""
        return [tile.text for tile in self.all(".tile:not([hidden]) .name")]

    def tile(self, name: str) -> WebElement:
        [found] = [
            t for t in self.all(".tile") if t.find_element(By.CSS_SELECTOR, ".name").text == name
        ]
        return found

    def choose(self, element: str, value: str) -> None:
        self.one(f"#{element} option[value='{value}']").click()

    def type(self, *keys: str) -> None:
        """Into whatever has the focus."""
        self.chrome.switch_to.active_element.send_keys(*keys)

    def drop(self, *names: str) -> None:
        """Files onto the page, out of thin air: what they hold is their name."""
        self.chrome.execute_script(
            "const data = new DataTransfer();"
            "for (const name of arguments) data.items.add(new File([name], name));"
            "dispatchEvent(new DragEvent('drop', { dataTransfer: data, cancelable: true }));",
            *names,
        )

    def report(self) -> str:
        """The text of the report, once it is shown."""
        self.wait.until(lambda _: self.one("#report").is_displayed())
        self.chrome.switch_to.frame(self.one("#report"))
        try:
            self.wait.until(lambda _: self.all("h1"))
            return self.one("body").text
        finally:
            self.chrome.switch_to.default_content()

    def complaints(self) -> list[str]:
        """What the browser had to say: scripts that failed, policies that were broken."""
        log = self.chrome.get_log("browser")  # type: ignore[no-untyped-call]
        return [str(entry["message"]) for entry in log]


ORDER = [
    "changed.avif",
    "desk/coarse.avif",
    "original.png",
    "small & <b>odd.png",
    "words.jpg",
]


def test_a_folder_is_shown_by_risk_and_filtered(chrome: Chrome, folder: Path) -> None:
    with command(folder) as url:
        page = Page(chrome, url, 5)
        assert page.names() == ORDER
        coarse = page.tile("desk/coarse.avif")
        assert "of 5" in coarse.text and "text" in coarse.text and "whom you trust" in coarse.text
        icons = [i.get_attribute("alt") for i in coarse.find_elements(By.CSS_SELECTOR, ".icon")]
        assert "level" in str(icons[0]) and icons[1] == "intact, trusted signer"
        assert "tampered with, or broken" in page.tile("changed.avif").text
        page.wait.until(
            lambda _: chrome.execute_script(
                "return [...document.querySelectorAll('.picture > img')]"
                ".filter((image) => image.naturalWidth > 0).length >= 3"
            )
        )
        page.choose("symbol", "text")
        assert page.names() == ["desk/coarse.avif"]
        assert page.one("#count").text == "1 of 5 files shown"
        page.choose("symbol", "hand")
        assert page.names() == []
        page.one("#reset").click()
        page.wait.until(lambda _: len(page.names()) == 5)
        page.choose("state", "tampered")
        assert page.names() == ["changed.avif"]
        page.choose("state", "")
        page.choose("type", "shape")
        assert page.names() in (["desk/coarse.avif"], [])
        page.choose("type", "")
        page.choose("sort", "name")
        assert page.names() == sorted(ORDER)
        assert page.complaints() == []


def test_a_report_opens_and_closes_by_keyboard(chrome: Chrome, folder: Path) -> None:
    with command(folder) as url:
        page = Page(chrome, url, 5)
        chrome.execute_script("document.querySelector('.open').focus()")
        page.type(Keys.ARROW_RIGHT)
        page.type(Keys.ENTER)
        told = page.report()
        assert "desk/coarse.avif" in told and "Signed by" in told
        assert page.one("#file-name").text == "desk/coarse.avif"
        page.one("#next").click()
        page.wait.until(lambda _: page.one("#file-name").text == "original.png")
        assert "says nothing about itself" in page.report()
        page.type(Keys.ESCAPE)
        page.wait.until(lambda _: page.one("#overview").is_displayed())
        focused = chrome.switch_to.active_element
        assert focused.find_element(By.CSS_SELECTOR, ".name").text == "desk/coarse.avif"
        # A name with markup in it stays a name.
        page.tile("small & <b>odd.png").find_element(By.CSS_SELECTOR, ".open").click()
        assert "small & <b>odd.png" in page.report()
        assert page.complaints() == []


def test_two_files_are_compared_in_full_and_measured(chrome: Chrome, folder: Path) -> None:
    with command(folder) as url:
        page = Page(chrome, url, 5)
        for name in ("original.png", "desk/coarse.avif"):
            page.tile(name).find_element(By.CSS_SELECTOR, ".tick input").click()
        page.one("#go-compare").click()
        page.wait.until(lambda _: len(page.all(".pane")) == 3)
        sizes = chrome.execute_script(
            "return [...document.querySelectorAll('.pane img')].map((i) => i.naturalWidth)"
        )
        assert set(sizes) == {512}  # the decoded picture, and not the preview of 320 px
        badges = [pane.text for pane in page.all(".badge")]
        assert badges[:2] == ["A original.png", "B desk/coarse.avif"]
        facts = page.one("#facts").text
        assert "no label" in facts and "msh" in facts and "27." in facts
        page.one("#stage").click()
        page.type("2")
        assert page.one("#stage").get_attribute("data-view") == "slider"
        before = page.one("#zoom").text
        page.type("+")
        assert page.one("#zoom").text != before
        page.one("#swap").click()
        page.wait.until(lambda _: page.one("#compare-name").text.startswith("desk/coarse.avif"))
        page.one("#swap").click()
        page.wait.until(lambda _: page.one("#compare-name").text.startswith("original.png"))
        page.wait.until(lambda _: page.one("#measure").is_displayed())
        page.one("#measure").click()
        assert "original" in page.report()
        assert page.one("#file-name").text == "desk/coarse.avif, measured against original.png"
        # Others of other sizes are not laid over each other.
        chrome.execute_script("location.hash = ''")
        page.wait.until(lambda _: page.one("#overview").is_displayed())
        page.one("#clear").click()
        for name in ("original.png", "small & <b>odd.png"):
            page.tile(name).find_element(By.CSS_SELECTOR, ".tick input").click()
        page.one("#go-compare").click()
        page.wait.until(lambda _: "different sizes" in page.one("#sizes").text)
        assert not page.all(".pane") and not page.one("#measure").is_displayed()
        assert page.complaints() == []


def test_files_are_sent_from_the_disk_and_dropped(chrome: Chrome, coarse: Path) -> None:
    with command() as url:
        page = Page(chrome, url, 0)
        page.wait.until(lambda _: "Drop pictures here" in page.one("#hint").text)
        chrome.execute_script("document.querySelector('#picker').hidden = false")
        page.one("#picker").send_keys(str(coarse))
        page.looked(1)
        assert "whom you trust" in page.tile("coarse.avif").text
        page.drop("<img src=x onerror=alert(1)>.png", "b.txt")
        page.looked(3)
        odd = page.tile("<img src=x onerror=alert(1)>.png")
        assert "no picture that can be read" in odd.text
        odd.find_element(By.CSS_SELECTOR, ".foot button").click()
        page.looked(2)
        page.tile("coarse.avif").find_element(By.CSS_SELECTOR, ".open").click()
        assert "coarse.avif" in page.report()
        assert page.complaints() == []


def test_it_speaks_german_to_those_who_ask(chrome: Chrome, folder: Path) -> None:
    with command(folder / "desk", folder / "original.png") as url:
        page = Page(chrome, url, 2)
        page.choose("language", "de")
        page.wait.until(lambda _: page.one("#add").text == "Dateien hinzufügen")
        assert chrome.execute_script("return document.documentElement.lang") == "de"
        assert "von 5" in page.tile("coarse.avif").text
        said = page.one("body").text
        assert "view." not in said and "{" not in said
        page.tile("coarse.avif").find_element(By.CSS_SELECTOR, ".open").click()
        assert "signiert" in page.report().lower()
        assert page.complaints() == []


def test_one_file_opens_at_once_and_small_screens_hold_it(
    chrome: Chrome, coarse: Path, folder: Path
) -> None:
    with command(coarse) as url:
        page = Page(chrome, url, 1)
        assert "coarse.avif" in page.report()
    browser.screen(chrome, 360, 640)
    try:
        with command(folder) as url:
            page = Page(chrome, url, 5)
            for scheme in ("light", "dark"):
                browser.prefer(chrome, prefers_color_scheme=scheme)
                wide = chrome.execute_script("return document.documentElement.scrollWidth")
                assert wide <= 360
    finally:
        browser.screen(chrome, 1280, 900)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(chrome: Chrome, folder: Path, scheme: str) -> None:
    _or_skip(browser.axe_missing())
    browser.prefer(chrome, prefers_color_scheme=scheme, prefers_reduced_motion="reduce")
    with command(folder) as url:
        page = Page(chrome, url, 5)
        assert browser.serious(chrome) == {}
        chrome.execute_script(
            "const [a, b] = ['original.png', 'desk/coarse.avif'].map((name) =>"
            " [...document.querySelectorAll('.tile')].find((t) =>"
            " t.querySelector('.name').textContent === name).dataset.id);"
            "location.hash = `compare=${a},${b}`"
        )
        page.wait.until(lambda _: len(page.all(".pane")) == 3)
        assert browser.serious(chrome) == {}
