"""The page opened, and from a value typed to every figure redrawn, in Chromium, the server in a process of its own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from playwright.sync_api import sync_playwright

from dosing_app.ui import ids

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Page

    from pkpd.arrays import FloatArray

_EXAMPLES = Path(__file__).parent.parent / "dosing_app" / "examples"
_CHROMIUM = os.environ.get("ASUC_CHROMIUM") or "/usr/bin/chromium"
_QUIET_MS = 600
# The time of the last key and of the last change of anything on the page, both by the page's own clock.
_WATCH = """
() => {
  window.lastKey = 0;
  window.lastChange = 0;
  document.addEventListener("keydown", event => {
    if (event.key === "Enter") { window.lastKey = performance.now(); }
  }, true);
  new MutationObserver(() => { window.lastChange = performance.now(); }).observe(
    document.body, {subtree: true, childList: true, characterData: true, attributes: true});
}
"""


def update_times(n: int) -> FloatArray:
    """Return the times from Enter to the last change of the page, for weights typed one after another [s].

    Parameters
    ----------
    n : int
        Number of values; every one is new, so that nothing comes from what the server remembers.
    """
    with _served() as address, sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=_CHROMIUM, args=["--disable-background-networking"])
        page = chromium.new_page(viewport={"width": 1366, "height": 768})
        page.goto(address)
        page.locator(f"#{ids.FINDER_BODY} table").wait_for()
        page.get_by_role("tab", name="Covariates").click()
        page.evaluate(_WATCH)
        times = np.array([_time_of(page, f"{50.0 + 0.3 * i:.1f}") for i in range(n)])
        chromium.close()
    return times


def opening_times(n: int) -> tuple[FloatArray, FloatArray]:
    """Return the times from asking for the page until it is there, and until its last answer is [s].

    Parameters
    ----------
    n : int
        How often it is opened, each time in a browser without a cache.
    """
    there, answered = np.empty(n), np.empty(n)
    with _served() as address, sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=_CHROMIUM, args=["--disable-background-networking"])
        for i in range(n):
            page = chromium.new_context(viewport={"width": 1366, "height": 768}).new_page()
            started = time.perf_counter()
            page.goto(address, wait_until="commit")
            page.locator("header.top").wait_for()
            there[i] = time.perf_counter() - started
            page.locator(f"#{ids.FINDER_BODY} table").wait_for()
            answered[i] = time.perf_counter() - started
            page.context.close()
        chromium.close()
    return there, answered


def _time_of(page: Page, weight: str) -> float:
    field = page.locator(f"#{ids.field('weight_kg')}")
    before = page.locator(f"#{ids.CASE_LINE}").inner_text()
    field.fill(weight)
    field.press("Enter")
    # The page's policy forbids the evaluation of strings, which Playwright's waiting for a function rests on.
    while page.locator(f"#{ids.CASE_LINE}").inner_text() == before:
        page.wait_for_timeout(_QUIET_MS / 10)
    while page.evaluate("performance.now() - window.lastChange") < _QUIET_MS:
        page.wait_for_timeout(_QUIET_MS / 10)
    return float(page.evaluate("window.lastChange - window.lastKey")) / 1e3


@contextmanager
def _served() -> Iterator[str]:
    command = [sys.executable, "-m", "asuc", "app", "--no-browser", "--port", "0", str(_EXAMPLES / "typical.json")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:  # noqa: S603
        assert process.stdout is not None
        try:
            for line in process.stdout:
                if found := re.search(r"http://\S+", line):
                    yield found.group()
                    break
        finally:
            process.terminate()
