"""A running app for the browser tests, and screens of it that must stay free of errors and of other hosts."""

from __future__ import annotations

from threading import Thread
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect

from dosing_app.decision.examples import example_case
from dosing_app.language.catalogue import PSEUDO
from dosing_app.ui import create_app, ids
from dosing_app.ui.server import open_server
from tte import load_event_model

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import BrowserContext, ConsoleMessage, Page, Request

    from dosing_app.decision.case_schema import PatientCase

WIDE = {"width": 1366, "height": 768}
NARROW = {"width": 390, "height": 844}
_PATIENCE_MS = 30_000  # the machine may be busy with other tests
expect.set_options(timeout=_PATIENCE_MS)


def _serve(case: PatientCase | None) -> Iterator[str]:
    server = open_server(create_app(event_model=load_event_model(), case=case), port=0)
    thread = Thread(target=server.run, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.effective_port}/"
    server.close()
    thread.join(timeout=10)


@pytest.fixture(scope="session")
def app_url() -> Iterator[str]:
    """Serve the app on the typical example."""
    yield from _serve(example_case("typical"))


@pytest.fixture(scope="session")
def empty_app_url() -> Iterator[str]:
    """Serve the app without a case."""
    yield from _serve(None)


@pytest.fixture
def open_screen(new_context: Callable[..., BrowserContext], app_url: str) -> Iterator[Callable[..., Page]]:
    """Return a function that opens the app in a session of its own and waits for the finder's result.

    At the end of the test no page may have logged an error or asked anything of another host.
    """
    errors: list[str] = []

    def heard(message: ConsoleMessage) -> None:
        if message.type == "error":
            errors.append(message.text)

    def asked(request: Request) -> None:
        if request.url.startswith(("http", "ws")) and urlsplit(request.url).hostname != "127.0.0.1":
            errors.append(f"request to {request.url}")

    def open_page(viewport: dict[str, int] = WIDE, *, url: str = app_url, **options: Any) -> Page:
        page = new_context(viewport=viewport, **options).new_page()
        page.set_default_timeout(_PATIENCE_MS)
        page.on("console", heard)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("request", asked)
        page.goto(url)
        if url == app_url:
            page.locator(f"#{ids.FINDER_BODY} table").wait_for()
        return page

    yield open_page
    assert not errors


@pytest.fixture
def pseudo_language(monkeypatch: pytest.MonkeyPatch) -> None:
    """Offer the made-up language, which no user is offered."""
    monkeypatch.setattr("dosing_app.ui.page.languages", lambda: ("en", PSEUDO))


@pytest.fixture
def screen(open_screen: Callable[..., Page]) -> Page:
    """Return the app at 1366 by 768 pixels."""
    return open_screen()
