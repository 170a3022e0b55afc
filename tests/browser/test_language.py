"""The screen in another language."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from dosing_app.language.catalogue import PSEUDO
from dosing_app.ui import ids
from tests.browser import actions

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page


def test_the_page_opens_in_the_language_of_the_browser(open_screen: Callable[..., Page]):
    """My browser asks for German."""
    page = open_screen(locale="de-DE")

    expect(page.locator(f"#{ids.PAGE}")).to_have_attribute("lang", "de")
    expect(page.locator(f"#{ids.RISK_TEXT}")).to_contain_text("von 100 solchen Patienten")
    expect(page.locator(f"#{ids.CASE_LINE}")).to_contain_text("Tag 13,75")


def test_an_opened_example_has_the_decimal_signs_of_the_language(open_screen: Callable[..., Page]):
    """I look at the samples of the example on a German screen."""
    page = open_screen(locale="de-DE")
    actions.open_tab(page, "Proben")

    expect(actions.cell(page, ids.SAMPLES, 0, "level")).to_have_text(re.compile(r"^[<>]?\d+(,\d+)?$"))
    expect(page.locator(f"#{ids.SAMPLES} [col-id=day]").filter(has_text=re.compile(r"\d,\d")).first).to_be_visible()
    expect(page.locator(f"#{ids.SAMPLES} .ag-row").filter(has_text=re.compile(r"\d\.\d"))).to_have_count(0)


def test_the_language_is_changed_and_nothing_typed_is_lost(screen: Page):
    """I change the language in the middle of an entry."""
    actions.type_into_cell(screen, ids.DOSES, 2, "mg", "700")
    expect(screen.locator(f"#{ids.DOSES_NOTE}")).to_contain_text("Planned 1100 mg")
    screen.locator(f"#{ids.LANGUAGE}").click()

    screen.get_by_role("option", name="Deutsch").click()

    expect(screen.locator(f"#{ids.DOSES_NOTE}")).to_contain_text("Geplant 1100 mg")
    expect(screen.locator(f"#{ids.CHECKS}")).to_contain_text("Prüfung")
    expect(actions.cell(screen, ids.DOSES, 2, "mg")).to_have_text("700")


def test_a_mistake_is_said_in_the_language_of_the_reader(open_screen: Callable[..., Page]):
    """I mistype a level on a German screen."""
    page = open_screen(locale="de-DE")
    actions.open_tab(page, "Proben")

    actions.type_into_cell(page, ids.SAMPLES, 2, "level", "1O,5")

    expect(page.locator(f"#{ids.SAMPLES_NOTE}")).to_contain_text("Proben Zeile 3, Spiegel:")
    expect(page.locator(f"#{ids.SAMPLES_NOTE}")).not_to_contain_text("has the letter")


@pytest.mark.usefixtures("pseudo_language")
def test_longer_texts_have_room(open_screen: Callable[..., Page]):
    """In a language with much longer words nothing scrolls sideways and nothing falls back to a key."""
    page = open_screen(extra_http_headers={"Accept-Language": PSEUDO})

    expect(page.locator(f"#{ids.PAGE}")).to_have_attribute("lang", PSEUDO)
    assert not actions.scrolls_sideways(page)
    expect(page.locator(f"#{ids.RISK_TEXT}")).to_contain_text("~~~")
