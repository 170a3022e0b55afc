"""Root test plugin: the reference folder, the browser, and how hypothesis searches."""

from __future__ import annotations

import json
import os
from contextlib import ExitStack
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, settings
from playwright.sync_api import sync_playwright

from asuc.qualification.requirements import requirements
from asuc.qualification.traceability import table_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from playwright.sync_api import Browser, BrowserContext, Page

REPOSITORY = Path(__file__).resolve().parents[1]
REFERENCE_DIR = Path(os.environ.get("ASUC_REFERENCE_DIR") or REPOSITORY.parent / "shared" / "reference")
CHROMIUM = Path(os.environ.get("ASUC_CHROMIUM") or "/usr/bin/chromium")

NO_REFERENCE = "reference data absent"

# No deadline: the first example of a test may wait for the compiler. "Too slow" measures how busy the machine is.
# The suite tries the same cases every time, so that a run says something about a change; `make fuzz` tries others.
_UNHURRIED: dict[str, Any] = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow], "print_blob": True}
settings.register_profile("suite", derandomize=True, **_UNHURRIED)
settings.register_profile("fuzz", derandomize=False, max_examples=400, **_UNHURRIED)
settings.load_profile("suite")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that writes which test speaks for which requirement."""
    text = "write the tests that name a requirement, with how they ended, as JSON"
    parser.addoption("--traceability", metavar="FILE", help=text)


@pytest.fixture(scope="session")
def reference_dir() -> Path:
    """Return the folder with the numbers of others; tests that use it are skipped where it is absent."""
    return REFERENCE_DIR


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Start the system's Chromium, with what would ask something of the network switched off."""
    if not os.access(CHROMIUM, os.X_OK):
        pytest.fail(f"browser: no program at {CHROMIUM}; run `make chromium`, or set ASUC_CHROMIUM", pytrace=False)
    arguments = [
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-gpu",
        "--disable-quic",
        "--disable-sync",
        "--no-first-run",
    ]
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        yield chromium
        chromium.close()


@pytest.fixture
def new_context(browser: Browser) -> Iterator[Callable[..., BrowserContext]]:
    """Return a function that opens a separate user's session, given Playwright's options of a context."""
    with ExitStack() as opened:

        def open_context(**options: Any) -> BrowserContext:  # options are Playwright's own
            context = browser.new_context(**options)
            opened.callback(context.close)
            return context

        yield open_context


@pytest.fixture
def page(new_context: Callable[..., BrowserContext]) -> Page:
    """Return an empty page of a session of its own."""
    return new_context().new_page()


def pytest_collection_modifyitems(items: Sequence[pytest.Item]) -> None:
    """Mark tests by the fixtures they use, and let their reports carry the reference mark to the summary."""
    for item in items:
        fixtures = set(getattr(item, "fixturenames", ()))
        if "browser" in fixtures:
            item.add_marker(pytest.mark.browser)
        if "reference_dir" in fixtures:
            item.add_marker(pytest.mark.reference)
        if item.get_closest_marker("reference"):
            item.user_properties.append(("reference", True))  # unlike marks, sent by xdist's workers
        for mark in item.iter_markers("requirement"):
            for one in mark.args:
                if one not in requirements():
                    raise pytest.UsageError(f"{item.nodeid}: {one} is no id of asuc/qualification/requirements.toml")
                item.user_properties.append(("requirement", one))


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip a reference test where the folder is absent, before any of its fixtures reads from it."""
    if item.get_closest_marker("reference") and not REFERENCE_DIR.is_dir():
        pytest.skip(f"{NO_REFERENCE}: no folder {REFERENCE_DIR}; set ASUC_REFERENCE_DIR to where it is")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say how many reference tests ran and how many were skipped for want of the reference folder."""
    target = config.getoption("--traceability")
    if target:
        _write_traceability(Path(target), terminalreporter)
    reports = [
        report
        for category in ("passed", "failed", "skipped", "xfailed", "error")
        for report in terminalreporter.getreports(category)
        if isinstance(report, pytest.TestReport) and ("reference", True) in map(tuple, report.user_properties)
    ]
    skipped = {report.nodeid for report in reports if report.skipped and NO_REFERENCE in str(report.longrepr)}
    ran = {report.nodeid for report in reports} - skipped
    line = f"reference tests: {len(ran)} ran, {len(skipped)} skipped"
    if skipped:
        line += f" for want of {REFERENCE_DIR} (ASUC_REFERENCE_DIR names another place)"
    terminalreporter.write_line(line)


def _write_traceability(target: Path, terminalreporter: pytest.TerminalReporter) -> None:
    """Write the tests that name a requirement with how each of their cases ended."""
    cases: dict[str, tuple[tuple[str, ...], str]] = {}
    words = {"passed": "passed", "failed": "failed", "error": "failed", "skipped": "skipped", "xfailed": "skipped"}
    for category, word in words.items():
        for report in terminalreporter.getreports(category):
            if not isinstance(report, pytest.TestReport):
                continue
            ids = tuple(str(value) for name, value in report.user_properties if name == "requirement")
            worse = word == "failed" or report.nodeid not in cases
            if ids and worse:
                cases[report.nodeid] = (ids, word)
    table = table_of(cases, when=date.today().isoformat(), software=f"asuc {version('asuc')}")  # noqa: DTZ011 - a day of the machine
    target.write_text(json.dumps(table, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
