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


def screen(driver: Chrome, width: int, height: int) -> None:
    """Give the page another size, px."""
    metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)


def prefer(driver: Chrome, **features: str) -> None:
    """What the system asks for, as in ``prefers_color_scheme="dark"``."""
    wanted = [{"name": k.replace("_", "-"), "value": v} for k, v in features.items()]
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": wanted})
