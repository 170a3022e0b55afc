"""The first screen, as a clinician meets it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from dosing_app.decision.examples import example_case
from dosing_app.decision.patient import to_json
from dosing_app.decision.view import compute_view
from dosing_app.ui import ids
from dosing_app.ui.wording import interval
from tests.browser import actions
from tte import load_event_model

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page

NARROW = {"width": 390, "height": 844}


def test_opens_with_the_example(screen: Page):
    """I open the app and see an example patient with a risk, its curve, its checks and its regimens."""
    risk = compute_view(example_case("typical"), load_event_model()).forecast.risk
    assert risk is not None

    expect(actions.headline(screen)).to_have_text(interval(risk.total.day90.quantiles))
    expect(screen.locator(f"#{ids.CASE_LINE}")).to_contain_text("63 kg")
    expect(screen.locator(f"#{ids.FINDER_BODY} tbody tr").first).to_be_visible()
    assert max(actions.trace(screen, ids.CONCENTRATION, "a posteriori")["y"]) > 20.0
    expect(screen.get_by_text("Research use only.")).to_be_visible()


def test_everything_that_matters_is_visible_without_scrolling(screen: Page):
    """At 1366 by 768 the answer, its basis and its doubts share one glance."""
    for region in (ids.RISK_TEXT, ids.CONCENTRATION, ids.SURVIVAL, ids.PARAMETERS, ids.CHECKS, ids.FINDER_BODY):
        expect(screen.locator(f"#{region}")).to_be_in_viewport()
    assert not screen.evaluate("document.documentElement.scrollHeight > window.innerHeight")


def test_a_dose_changes_the_risk(screen: Page):
    """I double the planned dose and the risk falls."""
    before = actions.trace(screen, ids.SURVIVAL, "middle")["y"][-1]
    shown = actions.headline(screen).inner_text()

    actions.type_into_cell(screen, ids.DOSES, 2, "mg", "800")

    expect(actions.headline(screen)).not_to_have_text(shown)
    assert actions.trace(screen, ids.SURVIVAL, "middle")["y"][-1] > before


def test_a_sample_changes_the_curve(screen: Page):
    """I type the laboratory's level with a decimal comma and the curve moves to it."""
    actions.open_tab(screen, "Samples")
    shown = actions.headline(screen).inner_text()

    actions.type_into_cell(screen, ids.SAMPLES, 2, "level", "5,2")

    expect(actions.headline(screen)).not_to_have_text(shown)
    assert actions.trace(screen, ids.CONCENTRATION, "samples")["y"] == [5.2]


def test_a_level_below_the_limit_is_drawn_at_its_limit(screen: Page):
    """I type <0.4 as the laboratory reports it."""
    actions.open_tab(screen, "Samples")

    actions.type_into_cell(screen, ids.SAMPLES, 2, "level", "< 0,4")

    expect(screen.locator(f"#{ids.CASE_LINE}")).to_contain_text("1 below the limit")
    assert 0.4 in actions.trace(screen, ids.CONCENTRATION, "samples beyond a limit")["y"]


def test_a_covariate_changes_the_risk(screen: Page):
    """I type today's CRP and the risk follows."""
    actions.open_tab(screen, "Covariates")
    shown = actions.headline(screen).inner_text()

    actions.type_into_field(screen, "crp_mg_per_L", "140")

    expect(actions.headline(screen)).not_to_have_text(shown)
    expect(screen.locator(f"#{ids.CASE_LINE}")).to_contain_text("CRP 140 mg/L")


def test_an_emptied_covariate_is_assumed_and_said_so(screen: Page):
    """I do not know the CRP; the field says what is assumed."""
    actions.open_tab(screen, "Covariates")

    actions.type_into_field(screen, "crp_mg_per_L", "")

    expect(screen.locator(f"#{ids.CASE_LINE}")).to_contain_text("CRP assumed")
    expect(screen.locator(f"#{ids.field('crp_mg_per_L')}")).to_have_attribute("placeholder", "30 assumed")


def test_another_model_shows_no_risk_that_it_is_not_calibrated_for(screen: Page):
    """I choose another model and am told that no risk is given with it."""
    screen.locator(f"#{ids.field('model')}").click()

    screen.get_by_role("option", name="Fasanmade 2009").click()

    expect(screen.locator(f"#{ids.RISK_TEXT}")).to_contain_text("not calibrated")
    expect(screen.locator(f"#{ids.FINDER_BODY}")).to_contain_text("No regimen is searched")


def test_the_target_steers_the_finder(screen: Page):
    """I ask for a risk of 5 % and the finder searches for that."""
    actions.open_tab(screen, "Limits")

    actions.type_into_field(screen, "risk_day90", "5")

    expect(screen.locator(f"#{ids.FINDER_BODY}")).to_contain_text("5\u202f% or less")


def test_a_wrong_cell_keeps_the_last_result(screen: Page):
    """I mistype a level: the cell is outlined, one sentence says why, and the figures stay and say so."""
    actions.open_tab(screen, "Samples")
    shown = actions.headline(screen).inner_text()

    actions.type_into_cell(screen, ids.SAMPLES, 2, "level", "1O.5")

    sentence = "Samples row 3, level: “1O.5” has the letter O in it."
    expect(screen.locator(f"#{ids.SAMPLES_NOTE}")).to_contain_text(sentence)
    expect(screen.locator(f"#{ids.CHECKS}")).to_contain_text(sentence)
    expect(screen.locator(f"#{ids.CHECKS}")).to_contain_text("All figures are those of the last valid entry.")
    expect(screen.locator(f"#{ids.TAB_SAMPLES}")).to_contain_text("1 error")
    wrong = actions.cell(screen, ids.SAMPLES, 2, "level")
    expect(wrong).to_have_class(pattern("cell-error"))
    expect(wrong).to_have_text("1O.5")
    expect(actions.headline(screen)).to_have_text(shown)


def test_figures_that_are_out_of_date_say_so_beside_themselves(open_screen: Callable[..., Page]):
    """On the telephone I mistype a dose: the line with the answer says that it is not up to date."""
    page = open_screen(NARROW)

    actions.type_into_cell(page, ids.DOSES, 2, "mg", "4OO")

    expect(page.locator(f"#{ids.ANSWER_STALE}")).to_have_text("not up to date: see Checks")
    expect(page.locator(f"#{ids.STALE}")).to_have_text("not up to date: see Checks")


def test_a_corrected_cell_is_no_longer_marked(screen: Page):
    """I correct what I mistyped and the mark goes."""
    actions.open_tab(screen, "Samples")
    actions.type_into_cell(screen, ids.SAMPLES, 2, "level", "1O.5")
    expect(actions.cell(screen, ids.SAMPLES, 2, "level")).to_have_class(pattern("cell-error"))

    actions.type_into_cell(screen, ids.SAMPLES, 2, "level", "10.5")

    expect(actions.cell(screen, ids.SAMPLES, 2, "level")).not_to_have_class(pattern("cell-error"))
    expect(screen.locator(f"#{ids.CHECKS}")).not_to_contain_text("last valid entry")


def test_a_wrong_field_says_what_was_expected(screen: Page):
    """I type a weight in grams and the field tells me."""
    actions.open_tab(screen, "Covariates")

    actions.type_into_field(screen, "weight_kg", "63000")

    expect(
        screen.get_by_text("Weight: 63000 is too large; expected a body weight from 10 to 300 kg.").first
    ).to_be_visible()
    expect(screen.locator(f"#{ids.TAB_COVARIATES}")).to_contain_text("1 error")


def test_a_dose_is_added(screen: Page):
    """I add a row, fill it in any order of days, and it counts."""
    screen.get_by_role("button", name="Add a dose").click()
    actions.type_into_cell(screen, ids.DOSES, 4, "day", "21")

    actions.type_into_cell(screen, ids.DOSES, 4, "mg", "400")

    expect(screen.locator(f"#{ids.DOSES_NOTE}")).to_contain_text("Planned 1200 mg")


def test_a_dose_is_added_with_the_keyboard_alone(screen: Page):
    """I press Add, type day and dose with Tab between them, and say that it was given, with Enter and an arrow."""
    button = screen.get_by_role("button", name="Add a dose")
    button.focus()
    screen.keyboard.press("Enter")
    expect(actions.cell(screen, ids.DOSES, 4, "day").locator("input")).to_be_focused()

    screen.keyboard.type("13.5")
    screen.keyboard.press("Tab")
    screen.keyboard.type("400")
    screen.keyboard.press("Tab")
    screen.keyboard.press("Tab")
    for key in ("Enter", "ArrowUp", "Enter"):
        screen.keyboard.press(key)

    expect(actions.cell(screen, ids.DOSES, 4, "status")).to_have_text("given")
    expect(screen.locator(f"#{ids.DOSES_NOTE}")).to_contain_text("Given 1600 mg")


@pytest.mark.parametrize("delay", [0, 30, 90, 150])
def test_no_letter_is_lost_however_fast_it_is_typed(screen: Page, delay: int):
    """I type day and dose into a new row without looking, and answers of the server come in between."""
    screen.get_by_role("button", name="Add a dose").click()
    expect(actions.cell(screen, ids.DOSES, 4, "day").locator("input")).to_be_focused()

    screen.keyboard.type("49", delay=delay)
    screen.keyboard.press("Tab")
    screen.keyboard.type("1200", delay=delay)
    screen.keyboard.press("Enter")

    expect(actions.cell(screen, ids.DOSES, 4, "mg")).to_have_text("1200")
    expect(actions.cell(screen, ids.DOSES, 4, "day")).to_have_text("49")


def test_enter_opens_the_cell_that_has_the_focus(screen: Page):
    """I walk to a cell with the arrows and press Enter to change it."""
    actions.cell(screen, ids.DOSES, 1, "mg").click()
    screen.keyboard.press("ArrowDown")

    screen.keyboard.press("Enter")

    expect(actions.cell(screen, ids.DOSES, 2, "mg").locator("input")).to_be_focused()


def test_an_answer_that_does_not_come_is_said(open_screen: Callable[..., Page]):
    """The server goes away while I type: I am told, and told no longer once it is back."""
    page = open_screen(may_err=True)
    actions.open_tab(page, "Covariates")

    page.route("**/_dash-update-component*", lambda route: route.abort())
    actions.type_into_field(page, "weight_kg", "64")
    expect(page.locator(f"#{ids.CONNECTION}")).to_contain_text("Not connected")

    page.unroute("**/_dash-update-component*")
    page.route("**/_dash-update-component*", lambda route: route.fulfill(status=500))
    actions.type_into_field(page, "weight_kg", "65")
    expect(page.locator(f"#{ids.CONNECTION}")).to_contain_text("could not compute")

    page.unroute("**/_dash-update-component*")
    actions.type_into_field(page, "weight_kg", "66")
    expect(page.locator(f"#{ids.CASE_LINE}")).to_contain_text("66 kg")
    expect(page.locator(f"#{ids.CONNECTION}")).to_be_empty()


def test_a_long_search_does_not_show_the_regimens_of_before(open_screen: Callable[..., Page]):
    """I open another patient; while its search runs, the regimens of the one before are not shown."""
    page = open_screen()
    page.route(
        "**/_dash-update-component*",
        lambda route: None if '"output":"finder-body' in (route.request.post_data or "") else route.continue_(),
    )

    actions.type_into_cell(page, ids.DOSES, 2, "mg", "800")

    expect(page.locator(f"#{ids.FINDER_BODY} table")).to_be_hidden()


def test_a_row_is_removed(screen: Page):
    """I select a row and remove it."""
    actions.cell(screen, ids.DOSES, 3, "day").click()

    screen.get_by_role("button", name="Remove row").first.click()

    expect(screen.locator(f"#{ids.DOSES_NOTE}")).to_contain_text("Planned 400 mg")


def test_an_example_is_opened(screen: Page):
    """I choose an example from the list."""
    screen.locator(f"#{ids.EXAMPLES}").click()

    screen.get_by_role("option", name="Fast clearance").click()

    expect(screen.locator(f"#{ids.CASE_LINE}")).to_contain_text("71 kg")
    expect(screen.locator(f"#{ids.FINDER_BODY}")).to_contain_text("Not reachable within these limits")


def test_the_empty_screen_waits_for_the_first_dose(open_screen: Callable[..., Page], empty_app_url: str):
    """I start without a case and see what the screen will show, and no invented curve."""
    page = open_screen(url=empty_app_url)

    expect(page.locator(f"#{ids.CASE_LINE}")).to_contain_text("No case yet")
    expect(page.locator(f"#{ids.RISK_TEXT}")).to_contain_text("once a dose is entered")
    expect(actions.headline(page)).to_have_count(0)


def test_the_empty_screen_opens_an_example(open_screen: Callable[..., Page], empty_app_url: str):
    """I start without a case and want to see one."""
    page = open_screen(url=empty_app_url)

    page.get_by_role("button", name="Open example").click()

    expect(actions.headline(page)).to_be_visible()
    expect(page.get_by_role("button", name="Open example")).to_have_count(0)


def test_the_empty_screen_opens_a_case(open_screen: Callable[..., Page], empty_app_url: str):
    """I start without a case and have one in a file."""
    page = open_screen(url=empty_app_url)

    case_bytes = to_json(example_case("typical")).encode()
    with page.expect_file_chooser() as chooser:
        page.locator(f"#{ids.RISK_TEXT}").get_by_role("button", name="Open case").click()
    chooser.value.set_files({"name": "case.json", "mimeType": "application/json", "buffer": case_bytes})

    expect(actions.headline(page)).to_be_visible()


def test_the_first_dose_typed_gives_the_first_forecast(open_screen: Callable[..., Page], empty_app_url: str):
    """I type the first dose into the empty screen."""
    page = open_screen(url=empty_app_url)
    actions.type_into_cell(page, ids.DOSES, 0, "day", "0")

    actions.type_into_cell(page, ids.DOSES, 0, "mg", "300")

    expect(actions.headline(page)).to_be_visible()
    expect(page.locator(f"#{ids.RISK_TEXT}")).to_contain_text("no sample is in use")


def test_two_users_do_not_see_each_other(open_screen: Callable[..., Page]):
    """A colleague works on another patient at the same time; my screen stays mine."""
    mine, theirs = open_screen(), open_screen()
    shown = actions.headline(mine).inner_text()

    actions.type_into_cell(theirs, ids.DOSES, 2, "mg", "1200")
    expect(actions.headline(theirs)).not_to_have_text(shown)
    actions.type_into_cell(mine, ids.DOSES, 0, "hours", "2")
    mine.once("dialog", lambda dialog: dialog.accept())  # leaving with changes asks first
    mine.reload()

    expect(actions.headline(mine)).to_have_text(shown)
    expect(actions.cell(mine, ids.DOSES, 2, "mg")).to_have_text("400")


@pytest.mark.parametrize("viewport", [{"width": 1366, "height": 768}, NARROW], ids=["1366", "390"])
def test_nothing_scrolls_sideways(open_screen: Callable[..., Page], viewport: dict[str, int]):
    """I use the app on my telephone and on the ward's computer, whichever tab is open."""
    page = open_screen(viewport)

    for tab in ("Dosing", "Samples", "Covariates", "Limits"):
        actions.open_tab(page, tab)
        assert not actions.scrolls_sideways(page), tab


def test_the_answer_stays_in_sight_on_the_telephone(open_screen: Callable[..., Page]):
    """On the telephone I scroll down to the doses and still see the risk."""
    page = open_screen(NARROW)

    page.locator(f"#{ids.DOSES}").scroll_into_view_if_needed()

    expect(page.locator(f"#{ids.ANSWER_LINE}")).to_be_in_viewport()
    expect(page.locator(f"#{ids.ANSWER_LINE}")).to_contain_text("90\u202f% interval")


def test_nothing_about_the_patient_is_kept_by_the_browser(screen: Page):
    """I close the tab of a shared computer and nothing of my patient is left."""
    actions.type_into_cell(screen, ids.DOSES, 2, "mg", "700")
    expect(screen.locator(f"#{ids.DOSES_NOTE}")).to_contain_text("Planned 1100 mg")

    assert screen.evaluate("[localStorage.length, sessionStorage.length, document.cookie]") == [0, 0, ""]
    assert screen.url.endswith("/")


def pattern(css_class: str) -> re.Pattern[str]:
    """Return what the class attribute of an element with this class matches."""
    return re.compile(rf"(^|\s){css_class}(\s|$)")
