"""Reading the results: figures and their tables, regimens and models side by side, checks that lead to their input."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from playwright.sync_api import expect

from dosing_app.decision.examples import example_case
from dosing_app.decision.regimen_search import find_regimens
from dosing_app.decision.sensitivity import compare_models
from dosing_app.ui import ids
from tests.browser import actions
from tte import load_event_model

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page


def fast_clearance(page: Page) -> None:
    """Open the example whose finder has something to offer."""
    page.locator(f"#{ids.EXAMPLES}").click()
    page.get_by_role("option", name="Fast clearance").click()
    expect(page.locator(f"#{ids.CASE_LINE}")).to_contain_text("71 kg")
    expect(page.locator(f"#{ids.FINDER_BODY}")).to_contain_text("Not reachable")


def test_the_curve_has_a_logarithmic_axis(screen: Page):
    """I look at the low levels on a logarithmic axis."""
    screen.locator(f"#{ids.CURVE_LOG}").click()

    expect(screen.locator(f"#{ids.CURVE_LOG}")).to_have_attribute("aria-pressed", "true")
    expect(screen.locator(f"#{ids.CONCENTRATION} .ytick").filter(has_text="10").first).to_be_visible()
    kind = screen.locator(f"#{ids.CONCENTRATION} .js-plotly-plot").evaluate("plot => plot.layout.yaxis.type")
    assert kind == "log"


def test_every_figure_has_its_table(screen: Page):
    """I read the numbers behind the three figures."""
    for button, table in (
        (ids.CURVE_AS_TABLE, ids.CONCENTRATION_TABLE),
        (ids.RISK_AS_TABLE, ids.RISK_TABLE),
        (ids.SURVIVAL_AS_TABLE, ids.SURVIVAL_TABLE),
    ):
        screen.locator(f"#{button}").click()
        expect(screen.locator(f"#{table} tbody tr").first).to_be_visible()
    expect(screen.locator(f"#{ids.CONCENTRATION_TABLE} tbody tr")).to_have_count(52)
    # Every whole day to 49, and the days of two samples between them.
    expect(screen.locator(f"#{ids.CONCENTRATION_TABLE}")).to_contain_text(">20, left out: drawn from the infusion line")
    expect(screen.locator(f"#{ids.SURVIVAL_TABLE} tbody tr").last).to_contain_text("90")


def test_a_figure_is_described_in_a_sentence(screen: Page):
    """I do not see the curve and hear what it shows."""
    expect(screen.locator(f"#{ids.CONCENTRATION_LABEL}")).to_contain_text("Concentration of infliximab, day 0 to 49")
    expect(screen.locator(f"#{ids.ANNOUNCED}")).to_contain_text("percent, middle")


def test_a_check_leads_to_its_row(screen: Page):
    """I follow a check to the sample that it speaks of."""
    screen.get_by_role("button", name=re.compile("Sample of day 6.9 is above")).click()

    expect(screen.get_by_role("tab", name="Samples")).to_have_attribute("aria-selected", "true")
    expect(actions.cell(screen, ids.SAMPLES, 1, "day")).to_have_class(re.compile("ag-cell-focus"))


def test_a_check_leads_to_its_field(screen: Page):
    """I follow a check to the albumin that it speaks of."""
    screen.get_by_role("button", name=re.compile("Albumin 31 g")).click()

    expect(screen.locator(f"#{ids.field('albumin_g_per_L')}")).to_be_focused()


def test_regimens_stand_side_by_side(screen: Page):
    """I compare the regimens of the finder with all that a pharmacist asks."""
    fast_clearance(screen)
    result = find_regimens(example_case("fast_clearance"), load_event_model())

    screen.locator(f"#{ids.COMPARE}").click()

    table = screen.locator(f"#{ids.COMPARISON_BODY} .comparison-table")
    expect(table).to_be_visible()
    assert table.locator("thead th").count() == len([one for one in result.regimens if one.kind][:4])
    expect(table).to_contain_text("Nearest")
    expect(table).to_contain_text("vials")
    expect(screen.locator(f"#{ids.RISK_TEXT}")).to_be_hidden()
    screen.locator(f"#{ids.COMPARISON_CLOSE}").click()
    expect(screen.locator(f"#{ids.RISK_TEXT}")).to_be_visible()


def test_any_regimen_of_the_list_is_put_side_by_side(screen: Page):
    """I take one regimen away and put another one there."""
    fast_clearance(screen)
    screen.locator(f"#{ids.COMPARE}").click()
    table = screen.locator(f"#{ids.COMPARISON_BODY} .comparison-table")
    expect(table).to_be_visible()
    before = table.locator("thead th").count()
    screen.locator(f"#{ids.COMPARISON_BODY} summary").click()

    screen.locator(f"#{ids.COMPARISON_BODY} input[type=checkbox]:checked").first.click()

    expect(table.locator("thead th")).to_have_count(before - 1)


def test_a_regimen_becomes_the_plan_and_is_undone(screen: Page):
    """I take over the nearest regimen, see what follows, and take it back."""
    fast_clearance(screen)
    shown = actions.headline(screen).inner_text()
    planned = screen.locator(f"#{ids.DOSES_NOTE}").inner_text()
    screen.locator(f"#{ids.COMPARE}").click()

    screen.get_by_role("button", name="Use as plan").first.click()

    expect(screen.locator(f"#{ids.DOSES_NOTE}")).not_to_have_text(planned)
    screen.locator(f"#{ids.COMPARISON_CLOSE}").click()
    expect(actions.headline(screen)).not_to_have_text(shown)
    screen.get_by_role("button", name="Undo").click()
    expect(actions.headline(screen)).to_have_text(shown)


def test_other_models_stand_side_by_side(screen: Page):
    """I ask what other models say, and how much each of them counts."""
    average = compare_models(example_case("typical"), load_event_model())

    screen.locator(f"#{ids.OTHER_MODELS}").click()

    rows = screen.locator(f"#{ids.SENSITIVITY_BODY} .sensitivity-table tbody").first.locator("tr")
    expect(rows).to_have_count(len(average.views))
    expect(screen.locator(f"#{ids.SENSITIVITY_BODY}")).to_contain_text("not calibrated for it")
    expect(screen.locator(f"#{ids.SENSITIVITY_BODY} .js-plotly-plot")).to_be_visible()


def test_the_cards_of_the_models_are_a_page_of_their_own(screen: Page):
    """I read who was studied, and come back to my patient."""
    actions.type_into_cell(screen, ids.DOSES, 2, "mg", "700")
    expect(screen.locator(f"#{ids.DOSES_NOTE}")).to_contain_text("Planned 1100 mg")

    screen.get_by_role("link", name="Models").click()

    expect(screen.locator("#card-fasanmade_2009")).to_contain_text("ulcerative colitis")
    expect(screen.locator("#card-event-model")).to_contain_text("5.79")
    screen.get_by_role("link", name="Ulcerative colitis").click()
    expect(screen.locator(f"#{ids.DOSES_NOTE}")).to_contain_text("Planned 1100 mg")


def test_the_target_is_asked_in_the_finder(screen: Page):
    """I change the target where the regimens stand; the Limits tab says the same."""
    field = screen.locator(f"#{ids.FINDER_TARGET}")
    field.fill("5")

    field.press("Enter")

    expect(screen.locator(f"#{ids.FINDER_BODY}")).to_contain_text("5\u202f% or less")
    expect(screen.locator(f"#{ids.field('risk_day90')}")).to_have_value("5")


def test_f6_walks_through_the_regions(screen: Page):
    """I move from region to region with one key."""
    screen.locator("body").press("F6")
    expect(screen.locator(f"#{ids.REGION_RISK}")).to_be_focused()

    screen.keyboard.press("F6")

    expect(screen.locator(f"#{ids.REGION_CURVE}")).to_be_focused()


def test_the_dark_scheme_changes_page_and_figures(screen: Page):
    """At night I switch to dark."""
    screen.locator(".mantine-Switch-root").click()

    expect(screen.locator("html")).to_have_attribute("data-mantine-color-scheme", "dark")
    colour = "getComputedStyle(document.body).backgroundColor"
    assert screen.evaluate(colour) == "rgb(18, 24, 29)"
    line = "plot => plot.data.find(trace => trace.name === 'a posteriori').line.color"
    expect(screen.locator(f"#{ids.RISK_TEXT}")).to_be_visible()
    assert screen.locator(f"#{ids.CONCENTRATION} .js-plotly-plot").evaluate(line) == "#6db4e3"


def test_the_comparison_fits_a_telephone(open_screen: Callable[..., Page]):
    """On a telephone the page itself never scrolls sideways, whatever is open."""
    page = open_screen({"width": 390, "height": 844})

    page.locator(f"#{ids.COMPARE}").click()
    expect(page.locator(f"#{ids.COMPARISON_BODY} .comparison-table")).to_be_visible()

    assert not actions.scrolls_sideways(page)


def test_a_regimen_is_not_taken_over_while_an_entry_is_wrong(screen: Page):
    """I mistype a given dose while regimens are compared: what is compared is not what stands there any more."""
    fast_clearance(screen)
    screen.locator(f"#{ids.COMPARE}").click()
    expect(screen.get_by_role("button", name="Use as plan").first).to_be_visible()
    actions.type_into_cell(screen, ids.DOSES, 0, "mg", "6OO")
    expect(screen.locator(f"#{ids.DOSES_NOTE}")).to_contain_text("has the letter O")

    screen.get_by_role("button", name="Use as plan").first.click()

    expect(screen.locator(f"#{ids.NOTICE}")).to_contain_text("Not taken over")
    expect(actions.cell(screen, ids.DOSES, 2, "mg")).to_have_text("400")


def test_what_was_typed_while_the_server_was_away_is_sent_once_it_is_back(open_screen: Callable[..., Page]):
    """The server goes away; I go on typing; once it answers again, the figures follow by themselves."""
    screen = open_screen(may_err=True)
    screen.route("**/_dash-update-component*", lambda route: route.abort())
    screen.route("**/health", lambda route: route.abort())
    actions.open_tab(screen, "Covariates")
    actions.type_into_field(screen, "weight_kg", "64")
    expect(screen.locator(f"#{ids.CONNECTION}")).to_contain_text("Not connected")

    screen.unroute("**/_dash-update-component*")
    screen.unroute("**/health")

    expect(screen.locator(f"#{ids.CASE_LINE}")).to_contain_text("64 kg", timeout=15_000)
    expect(screen.locator(f"#{ids.CONNECTION}")).to_be_empty()


def test_the_first_screen_has_the_colours_of_the_system(open_screen: Callable[..., Page]):
    """My computer is set to dark: the page opens dark, and the switch says so."""
    page = open_screen(color_scheme="dark")

    expect(page.locator("html")).to_have_attribute("data-mantine-color-scheme", "dark")
    expect(page.get_by_role("switch")).to_be_checked()
    line = "plot => plot.data.find(trace => trace.name === 'a posteriori').line.color"
    assert page.locator(f"#{ids.CONCENTRATION} .js-plotly-plot").evaluate(line) == "#6db4e3"


def test_chosen_regimens_stay_side_by_side_when_an_entry_changes(screen: Page):
    """I put one more regimen beside the others and correct the albumin: my choice stands."""
    fast_clearance(screen)
    screen.locator(f"#{ids.COMPARE}").click()
    body = screen.locator(f"#{ids.COMPARISON_BODY}")
    body.locator("summary").click()
    before = body.get_by_role("checkbox", checked=True).count()
    body.get_by_role("checkbox", checked=False).last.click()
    expect(body.get_by_role("checkbox", checked=True)).to_have_count(before + 1)
    columns = body.locator(".comparison-table thead th")
    expect(columns).to_have_count(before + 1)
    chosen = columns.all_inner_texts()

    field = screen.locator(f"#{ids.field('albumin_g_per_L')}")
    actions.open_tab(screen, "Covariates")
    field.fill("27")
    field.press("Tab")

    expect(screen.locator(f"#{ids.CASE_LINE}")).to_contain_text("27")
    expect(body.get_by_role("checkbox", checked=True)).to_have_count(before + 1)
    assert columns.all_inner_texts() == chosen


def test_every_course_that_fits_is_drawn_where_there_are_several(screen: Page):
    """All my levels are beyond limits: I see that more than one course explains them."""
    screen.locator(f"#{ids.EXAMPLES}").click()
    screen.get_by_role("option", name="No level qua").click()

    expect(screen.locator(f"#{ids.COURSES_KEY}")).to_have_text("courses that fit")
    drawn = "plot => plot.data.filter(trace => trace.name === 'course that fits').length"
    assert screen.locator(f"#{ids.CONCENTRATION} .js-plotly-plot").evaluate(drawn) >= 2
    expect(screen.locator(f"#{ids.CHECKS}")).to_contain_text("Several different courses")


def test_what_moved_limits_would_give_stands_beside_the_regimens(screen: Page):
    """No regimen reaches my target: I read which limit binds and what moving one would give."""
    screen.locator(f"#{ids.EXAMPLES}").click()
    screen.get_by_role("option", name="Target out of reach").click()
    expect(screen.locator(f"#{ids.FINDER_BODY}")).to_contain_text("Not reachable")
    screen.locator(f"#{ids.COMPARE}").click()

    expect(screen.locator(f"#{ids.COMPARISON_BODY}")).to_contain_text("Not reachable within these limits")
    expect(screen.locator(f"#{ids.COMPARISON_BODY}")).to_contain_text("If limits moved")


def test_the_inputs_are_a_drawer_on_a_small_laptop(open_screen: Callable[..., Page]):
    """On 1200 pixels the answer keeps its place and the inputs come and go."""
    page = open_screen({"width": 1200, "height": 768})
    expect(page.locator(f"#{ids.DOSES}")).not_to_be_visible()

    page.get_by_role("button", name="Inputs and checks").click()

    expect(page.locator(f"#{ids.DOSES}")).to_be_visible()
    assert not actions.scrolls_sideways(page)
