"""The page for who uses a screen reader or the keyboard alone: no serious barrier in any state."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from dosing_app.ui import ids
from tests.browser import actions

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page

NARROW = {"width": 390, "height": 844}


def barriers(page: Page) -> list[tuple[str, Any]]:
    """Return the serious and critical findings of axe."""
    found = Axe().run(page).response["violations"]
    return [
        (one["id"], [node["html"][:200] for node in one["nodes"]])
        for one in found
        if one["impact"] in {"serious", "critical"}
    ]


@pytest.mark.parametrize("tab", ["Dosing", "Samples", "Covariates", "Limits"])
def test_no_tab_has_a_barrier(screen: Page, tab: str):
    """I hear and reach every input."""
    actions.open_tab(screen, tab)

    assert barriers(screen) == []


def test_the_narrow_screen_has_no_barrier(open_screen: Callable[..., Page]):
    """On the telephone as well."""
    assert barriers(open_screen(NARROW)) == []


def test_the_empty_screen_has_no_barrier(open_screen: Callable[..., Page], empty_app_url: str):
    """Before anything was entered."""
    page = open_screen(url=empty_app_url)
    expect(page.locator(f"#{ids.CASE_LINE}")).to_contain_text("No case yet")

    assert barriers(page) == []


def test_an_error_has_no_barrier(screen: Page):
    """While an entry is wrong."""
    actions.type_into_cell(screen, ids.DOSES, 2, "mg", "4OO")
    expect(screen.locator(f"#{ids.DOSES_NOTE}")).to_contain_text("has the letter O")

    assert barriers(screen) == []


def test_tables_and_dark_scheme_have_no_barrier(screen: Page):
    """With the tables in place of the figures, in the dark scheme."""
    for button in (ids.CURVE_AS_TABLE, ids.RISK_AS_TABLE, ids.SURVIVAL_AS_TABLE):
        screen.locator(f"#{button}").click()
    screen.locator(".mantine-Switch-root").click()
    expect(screen.locator("html")).to_have_attribute("data-mantine-color-scheme", "dark")
    expect(screen.locator(f"#{ids.SURVIVAL_TABLE} table")).to_be_visible()

    assert barriers(screen) == []


def test_regimens_side_by_side_have_no_barrier(screen: Page):
    """While regimens are compared."""
    screen.locator(f"#{ids.COMPARE}").click()
    expect(screen.locator(f"#{ids.COMPARISON_BODY} .comparison-table")).to_be_visible()

    assert barriers(screen) == []


def test_models_side_by_side_have_no_barrier(screen: Page):
    """While models are compared."""
    screen.locator(f"#{ids.OTHER_MODELS}").click()
    expect(screen.locator(f"#{ids.SENSITIVITY_BODY} table")).to_be_visible()

    assert barriers(screen) == []


def test_the_cards_have_no_barrier(screen: Page):
    """On the page of the models."""
    screen.get_by_role("link", name="Models").click()
    expect(screen.locator(".card").first).to_be_visible()

    assert barriers(screen) == []


def test_the_whole_page_is_reached_with_the_tab_key(screen: Page):
    """I tab through the page: skip links first, then header, then the inputs."""
    screen.keyboard.press("Tab")
    expect(screen.locator(".skip").first).to_be_focused()
    reached: list[str] = []
    for _ in range(60):  # Tab walks through the cells of the grid one by one
        screen.keyboard.press("Tab")
        reached.append(screen.evaluate("document.activeElement.id || document.activeElement.textContent.trim()"))
    for wanted in ("Open case", ids.SAVE, ids.PRESET, ids.field("now_day"), ids.ADD_DOSE):
        assert wanted in reached, wanted
