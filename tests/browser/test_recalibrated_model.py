"""The app with a recalibrated event model: its risk, its numbers and its card, without those of the published study."""

from __future__ import annotations

from threading import Thread
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from dosing_app.decision.examples import example_case
from dosing_app.ui import create_app, ids
from dosing_app.ui.server import open_server
from tests.dosing_app.recalibrated import EVENTS, recalibrated

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Page

    from tests.browser.screens import Screens


@pytest.fixture
def url(screens: Screens) -> Iterator[str]:
    server = open_server(create_app(event_model=recalibrated(), case=example_case("typical")), port=0)
    thread = Thread(target=server.run, daemon=True)
    thread.start()
    address = f"http://127.0.0.1:{server.effective_port}/"
    yield address
    screens.forget(address)
    server.close()
    thread.join(timeout=10)


def test_the_screen_shows_the_new_models_numbers(url: str, open_screen: Callable[..., Page]):
    screen = open_screen(url=url)

    basis = screen.locator(f"#{ids.RISK_BASIS}")
    expect(basis).to_contain_text("Risk model: Our hospital 2.1.0, Bayesian update of Niyigena 2026 ASUC 1.0.0.")
    expect(basis).to_contain_text(f"({EVENTS.n_subjects} patients, {EVENTS.n_events} colectomies in all)")
    expect(screen.locator("body")).to_contain_text("risk model Our hospital 2.1.0")
    expect(screen.locator("body")).not_to_contain_text("5 of 14")

    screen.get_by_role("link", name="Models").click()

    expect(screen.locator("#card-event-model")).to_contain_text("by the method bayes, on 220 patients")
