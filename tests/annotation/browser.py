"""A real browser without a window: Debian's Chromium, driven through its own driver."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from selenium.webdriver import Chrome, ChromeOptions, ChromeService

QUIET = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
"""Works as root, and asks nobody anything."""


AXE = Path(__file__).parents[1] / "readers" / "node_modules" / "axe-core" / "axe.min.js"
"""Looks for what keeps people out of a page."""


def axe_missing() -> str | None:
    """As `missing`, for axe-core."""
    return None if AXE.exists() else f"{AXE}: not installed; `npm ci` in tests/readers"


def missing() -> str | None:
    """What is not installed; None where all is there."""
    for program in ("chromium", "chromedriver"):
        if shutil.which(program) is None:
            return f"{program} is not installed"
    return None


@contextmanager
def chromium(profile: Path, width: int = 1280, height: int = 900) -> Iterator[Chrome]:
    """A browser with an empty profile, its page of that size in px."""
    options = ChromeOptions()
    options.binary_location = str(shutil.which("chromium"))
    for argument in (*QUIET, f"--user-data-dir={profile}", "--lang=en-GB"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    service = ChromeService(str(shutil.which("chromedriver")), log_output=os.devnull)
    driver = Chrome(options, service)
    try:
        screen(driver, width, height)
        driver.set_page_load_timeout(30)
        yield driver
    finally:
        driver.quit()


def serious(driver: Chrome) -> dict[str, list[str]]:
    """What axe-core finds on the page that keeps people out: elements by the rule they break."""
    driver.execute_script(AXE.read_text(encoding="utf-8"))
    found = driver.execute_async_script(
        "axe.run().then(arguments[0], (error) => arguments[0]({violations: [String(error)]}))"
    )
    assert found["passes"], found
    return {
        issue["id"]: [node["html"][:120] for node in issue["nodes"]]
        for issue in found["violations"]
        if issue["impact"] in ("serious", "critical")
    }


def screen(driver: Chrome, width: int, height: int) -> None:
    """Give the page another size, px."""
    metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)


def prefer(driver: Chrome, **features: str) -> None:
    """What the system asks for, as in ``prefers_color_scheme="dark"``."""
    wanted = [{"name": k.replace("_", "-"), "value": v} for k, v in features.items()]
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": wanted})
