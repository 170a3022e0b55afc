"""Every state of the screen says what it is."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from playwright.sync_api import expect

from dosing_app.decision.examples import example_case
from dosing_app.decision.patient import to_json
from dosing_app.ui import ids
from tests.browser import actions
from tests.browser.test_case_files import open_file

if TYPE_CHECKING:
    from playwright.sync_api import Page


def open_changed(page: Page, **changes: Any) -> None:
    """Open the typical case with some keys changed."""
    tree = json.loads(to_json(example_case("typical"))) | changes
    open_file(page, json.dumps(tree | {"label": "changed"}).encode())
    expect(page.locator(f"#{ids.CASE_LINE}")).to_contain_text("changed")


def test_no_sample_yet(screen: Page):
    """Before the first level the interval rests on weight and CRP, and says so."""
    open_changed(screen, samples=[])

    expect(screen.locator(f"#{ids.CASE_LINE}")).to_contain_text("no sample yet")
    expect(screen.locator(f"#{ids.RISK_TEXT}")).to_contain_text("Rests on weight and CRP only")
    expect(screen.locator(f"#{ids.PARAMETERS} tbody tr").first.locator("strong")).to_have_text("–")
    names = screen.locator(f"#{ids.CONCENTRATION} .js-plotly-plot").evaluate("plot => plot.data.map(one => one.name)")
    assert "a posteriori" not in names


def test_a_sample_too_early(screen: Page):
    """A level a day after an infusion counts, with a warning."""
    open_changed(screen, samples=[{"time_day": 8, "concentration_mg_per_L": 60}])

    expect(screen.locator(f"#{ids.CHECKS}")).to_contain_text("after an infusion")


def test_outside_the_study(screen: Page):
    """A patient heavier than those of the study is answered, with words beside the headline."""
    actions.open_tab(screen, "Covariates")

    actions.type_into_field(screen, "weight_kg", "160")

    expect(screen.locator(f"#{ids.RISK_TEXT}")).to_contain_text("outside the study's range")
    expect(actions.headline(screen)).to_be_visible()


def test_a_patient_unlike_those_of_the_study(screen: Page):
    """Levels that no such patient has: the interval stands in the table only."""
    open_changed(screen, samples=[{"time_day": 13, "concentration_mg_per_L": 2500}])

    expect(screen.locator(f"#{ids.RISK_TEXT}")).to_contain_text("This patient is unlike those of the study.")
    expect(actions.headline(screen)).to_have_count(0)
    screen.locator(f"#{ids.RISK_AS_TABLE}").click()
    expect(screen.locator(f"#{ids.RISK_TABLE} tbody tr").first).to_be_visible()


def test_samples_that_nothing_explains(screen: Page):
    """A dose so small that no level can come of it: one sentence, and no figure made up."""
    open_changed(
        screen,
        doses=[{"time_day": 0, "amount_mg": 1e-200}],
        samples=[{"time_day": 6, "concentration_mg_per_L": 3000}],
    )

    expect(screen.locator(f"#{ids.RISK_TEXT}")).to_contain_text("No parameter values explain these samples.")
    expect(screen.locator(f"#{ids.FINDER_BODY}")).to_contain_text("No regimen is searched")
    assert "NaN" not in screen.locator("body").inner_text()


def test_the_target_is_reached_without_change(screen: Page):
    """The plan itself is the least drug that reaches the target."""
    first = screen.locator(f"#{ids.FINDER_BODY} tbody tr").first

    expect(first).to_contain_text("current plan")
    expect(first).to_contain_text("50\u202f% reached")


def test_day_28_has_passed(screen: Page):
    """After day 28 nothing can change the exposure any more."""
    open_changed(screen, now_day=30, planned=[{"time_day": 42, "amount_mg": 400}])

    expect(screen.locator(f"#{ids.FINDER_BODY}")).to_contain_text("Day 28 has passed")


def test_an_answer_that_takes_its_time_is_marked(screen: Page):
    """While an answer is computed for long, the old figures are not shown as new ones."""
    screen.route("**/_dash-update-component*", lambda _: None)
    actions.open_tab(screen, "Covariates")

    actions.type_into_field(screen, "weight_kg", "70")

    expect(screen.locator("html")).to_have_attribute("data-computing", "")
    assert actions.headline(screen).evaluate("one => getComputedStyle(one).color") == "rgb(78, 91, 101)"
