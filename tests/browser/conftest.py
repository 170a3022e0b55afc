"""A running app for the browser tests, and screens of it that must stay free of errors and of other hosts."""

from __future__ import annotations

from threading import Thread
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from crohns_srs.omop import ReadOptions, open_database
from crohns_srs.omop.demo import write_demo
from crohns_srs.omop.demo_people import CDAI_CONCEPT, DEMO_INDEX
from dosing_app.decision.crohns.case import example_tree
from dosing_app.decision.crohns.omop import OmopSource
from dosing_app.decision.examples import example_case
from dosing_app.language.catalogue import PSEUDO
from dosing_app.ui import create_app, ids
from dosing_app.ui.server import open_server
from tests.browser.screens import PATIENCE_MS, Screens
from tte import load_event_model

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser, Page

    from dosing_app.decision.case_schema import PatientCase
    from dosing_app.decision.crohns.case import Tree
    from tests.browser.screens import Screen

WIDE = {"width": 1366, "height": 768}
NARROW = {"width": 390, "height": 844}
expect.set_options(timeout=PATIENCE_MS)


def _serve(case: PatientCase | None, crohns_case: Tree | None = None, omop: OmopSource | None = None) -> Iterator[str]:
    app = create_app(event_model=load_event_model(), case=case, crohns_case=crohns_case, omop=omop)
    server = open_server(app, port=0)
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


@pytest.fixture(scope="session")
def crohns_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Serve the app on its examples, with the invented OMOP database; the address is that of the page on Crohn's disease."""
    file = tmp_path_factory.mktemp("omop") / "invented.sqlite"
    write_demo(file, 30, 1, lambda _: None)
    omop = OmopSource(open_database(str(file)), DEMO_INDEX, ReadOptions(cdai_concepts=(CDAI_CONCEPT,)))
    for url in _serve(example_case("typical"), example_tree(), omop):
        yield f"{url}crohns"


@pytest.fixture(scope="session")
def screens(browser: Browser, app_url: str, empty_app_url: str, crohns_url: str) -> Iterator[Screens]:  # noqa: ARG001 - closed before them
    """Return the pages that the tests of a worker take turns with."""
    kept = Screens(browser)
    yield kept
    kept.close()


@pytest.fixture
def open_screen(request: pytest.FixtureRequest, screens: Screens, app_url: str) -> Iterator[Callable[..., Page]]:
    """Return a function that opens the app, as a user whom nothing is known of, and waits for the finder's result.

    At the end of the test no page may have logged an error or asked anything of another host; errors are expected of one
    that is opened with ``may_err``.
    """
    failed_before = request.session.testsfailed
    opened: list[tuple[Screen, bool]] = []

    def open_page(
        viewport: dict[str, int] = WIDE, *, url: str = app_url, may_err: bool = False, **options: Any
    ) -> Page:
        screen = screens.take(url, options)
        opened.append((screen, may_err))
        if not screen.is_as_opened(viewport):
            screen.open(viewport)
            if url == app_url:
                screen.page.locator(f"#{ids.FINDER_BODY} table").wait_for()
            screen.watch()
        return screen.page

    yield open_page
    errors = [error for screen, may_err in opened if not may_err for error in screen.errors]
    for screen, _ in opened:
        screens.give_back(screen, is_sound=request.session.testsfailed == failed_before)
    assert not errors


@pytest.fixture
def pseudo_language(monkeypatch: pytest.MonkeyPatch) -> None:
    """Offer the made-up language, which no user is offered."""
    monkeypatch.setattr("dosing_app.ui.page.languages", lambda: ("en", PSEUDO))


@pytest.fixture
def open_crohns(open_screen: Callable[..., Page], crohns_url: str) -> Callable[..., Page]:
    """Return a function that opens the page on Crohn's disease with its example and waits for all of the answer."""

    def open_page(viewport: dict[str, int] = WIDE, *, url: str = crohns_url, **options: Any) -> Page:
        page = open_screen(viewport, url=url, **options)
        page.locator(f"#{ids.CROHNS_WHAT_IF} table").wait_for()
        return page

    return open_page


@pytest.fixture
def crohns(open_crohns: Callable[..., Page]) -> Page:
    """Return the page on Crohn's disease at 1366 by 768 pixels."""
    return open_crohns()


@pytest.fixture
def screen(open_screen: Callable[..., Page]) -> Page:
    """Return the app at 1366 by 768 pixels."""
    return open_screen()
