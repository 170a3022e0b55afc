"""The main states look as they did: compared with stored pictures, which `make pictures` writes anew."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect

from dosing_app.ui import ids
from tests.browser import actions

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page

STORED = Path(__file__).parent / "pictures"
WRITE = "ASUC_WRITE_PICTURES"
NARROW = {"width": 390, "height": 844}
# Less than this of a channel is the smoothing of letters, which moves with the browser.
_SMALL = 24
# A greater share of differing pixels is a change: look at it, then `make pictures`.
MOST_DIFFERING = 0.01


def share_differing(page: Page, name: str) -> float:
    """Return the share of pixels in which the window differs from a stored picture, 1 where its size does."""
    page.evaluate("document.fonts.ready")
    page.mouse.move(0, 0)
    page.wait_for_timeout(300)  # figures are drawn in the next frame
    taken = Image.open(io.BytesIO(page.screenshot(animations="disabled", caret="hide"))).convert("RGB")
    path = STORED / f"{name}.png"
    if os.environ.get(WRITE):
        STORED.mkdir(exist_ok=True)
        taken.quantize(64).save(path, optimize=True)
        return 0.0
    stored = Image.open(path).convert("RGB")
    if taken.size != stored.size:
        return 1.0
    difference = np.abs(np.asarray(taken, dtype=np.int16) - np.asarray(stored, dtype=np.int16)).max(axis=2)
    return float(np.mean(difference > _SMALL))


def test_typical(screen: Page):
    assert share_differing(screen, "typical") <= MOST_DIFFERING


def test_typical_dark(screen: Page):
    screen.locator(".mantine-Switch-root").click()
    expect(screen.locator("html")).to_have_attribute("data-mantine-color-scheme", "dark")
    screen.wait_for_timeout(500)
    assert share_differing(screen, "typical_dark") <= MOST_DIFFERING


def test_narrow(open_screen: Callable[..., Page]):
    assert share_differing(open_screen(NARROW), "narrow") <= MOST_DIFFERING


def test_german(open_screen: Callable[..., Page]):
    assert share_differing(open_screen(locale="de-DE"), "german") <= MOST_DIFFERING


def test_empty(open_screen: Callable[..., Page], empty_app_url: str):
    page = open_screen(url=empty_app_url)
    expect(page.locator(f"#{ids.CASE_LINE}")).to_contain_text("No case yet")
    assert share_differing(page, "empty") <= MOST_DIFFERING


def test_error(screen: Page):
    actions.open_tab(screen, "Samples")
    actions.type_into_cell(screen, ids.SAMPLES, 2, "level", "1O.5")
    expect(screen.locator(f"#{ids.STALE}")).not_to_be_empty()
    assert share_differing(screen, "error") <= MOST_DIFFERING


@pytest.mark.parametrize("tab", ["Samples", "Covariates", "Limits"])
def test_tab(screen: Page, tab: str):
    actions.open_tab(screen, tab)
    assert share_differing(screen, f"tab_{tab.lower()}") <= MOST_DIFFERING


def test_target_out_of_reach(screen: Page):
    screen.locator(f"#{ids.EXAMPLES}").click()
    screen.get_by_role("option", name="Target out of reach").click()
    expect(screen.locator(f"#{ids.FINDER_BODY}")).to_contain_text("Not reachable")
    assert share_differing(screen, "out_of_reach") <= MOST_DIFFERING


def test_comparison(screen: Page):
    screen.locator(f"#{ids.EXAMPLES}").click()
    screen.get_by_role("option", name="Fast clearance").click()
    expect(screen.locator(f"#{ids.FINDER_BODY}")).to_contain_text("Not reachable")
    screen.locator(f"#{ids.COMPARE}").click()
    expect(screen.locator(f"#{ids.COMPARISON_BODY} .comparison-table")).to_be_visible()
    screen.wait_for_timeout(700)
    assert share_differing(screen, "comparison") <= MOST_DIFFERING


def test_other_models(screen: Page):
    screen.locator(f"#{ids.OTHER_MODELS}").click()
    expect(screen.locator(f"#{ids.SENSITIVITY_BODY} .js-plotly-plot")).to_be_visible()
    assert share_differing(screen, "other_models") <= MOST_DIFFERING


def test_crohns(crohns: Page):
    assert share_differing(crohns, "crohns") <= MOST_DIFFERING


def test_crohns_dark(open_crohns: Callable[..., Page]):
    page = open_crohns(color_scheme="dark")
    expect(page.locator("html")).to_have_attribute("data-mantine-color-scheme", "dark")
    assert share_differing(page, "crohns_dark") <= MOST_DIFFERING


def test_crohns_inside_the_bars_of_a_browser(open_crohns: Callable[..., Page]):
    assert share_differing(open_crohns({"width": 1366, "height": 650}), "crohns_low") <= MOST_DIFFERING


def test_crohns_narrow(open_crohns: Callable[..., Page]):
    assert share_differing(open_crohns(NARROW), "crohns_narrow") <= MOST_DIFFERING


def test_crohns_german(open_crohns: Callable[..., Page]):
    assert share_differing(open_crohns(locale="de-DE"), "crohns_german") <= MOST_DIFFERING


def test_crohns_with_gaps_and_a_class_taken_out(crohns: Page):
    crohns.locator(f"#{ids.crohns_field('crp_mg_per_L')}").fill("")
    crohns.locator(f"#{ids.crohns_field('sex')} label").last.click()
    crohns.get_by_role("checkbox", name="Anti-TNF", exact=True).uncheck()
    expect(crohns.locator(f"#{ids.CROHNS_CHECKS}")).to_contain_text("Sex is not known.")
    expect(crohns.locator(f"#{ids.CROHNS_WHAT_IF} thead th")).to_have_count(2)
    assert share_differing(crohns, "crohns_gaps") <= MOST_DIFFERING


def test_crohns_person_of_a_database(crohns: Page):
    crohns.locator(f"#{ids.OMOP_OPEN}").click()
    crohns.locator(f"#{ids.OMOP_PEOPLE}").get_by_role("button", name="6", exact=True).click()
    expect(crohns.locator(f"#{ids.OMOP_PERSON}")).to_contain_text("Person 6 on")
    expect(crohns.locator(f"#{ids.CROHNS_CHECKS}")).to_contain_text("Person 6 of the database")
    assert share_differing(crohns, "crohns_database") <= MOST_DIFFERING
