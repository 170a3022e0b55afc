"""Entering doses, samples and covariates the way they are written on the ward."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

import dosing_app
from dosing_app.decision.patient import read_case
from dosing_app.ui import ids
from tests.browser import actions
from tests.browser.test_case_files import open_file, saved

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page

FHIR_BUNDLE = Path(str(dosing_app.__file__)).parent / "examples" / "fhir" / "bundle.json"


def switch(page: Page, switch_id: str, choice: str) -> None:
    """Choose one side of a switch."""
    page.locator(f"#{switch_id}").get_by_text(choice, exact=True).click()


def paste(page: Page, text: str) -> None:
    """Paste a text where the focus is, as the browser does on Ctrl+V."""
    page.evaluate(
        """(text) => {
            const data = new DataTransfer();
            data.setData("text/plain", text);
            document.activeElement.dispatchEvent(
                new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
        }""",
        text,
    )


def test_days_are_shown_as_dates(screen: Page):
    """I switch to dates and see when each infusion was."""
    switch(screen, ids.TIMES, "Dates")

    expect(actions.cell(screen, ids.DOSES, 1, "date")).to_have_text("2026-01-12")
    expect(actions.cell(screen, ids.DOSES, 1, "day")).to_have_count(0)
    expect(screen.locator(f"#{ids.CONCENTRATION} .xtick text").first).to_contain_text("Jan 5")


def test_a_date_and_time_are_typed(screen: Page, tmp_path: Path):
    """I type the date and time of the next infusion from the drug chart."""
    switch(screen, ids.TIMES, "Dates")

    actions.type_into_cell(screen, ids.DOSES, 2, "date", "20.01.2026 12:00")

    expect(screen.locator(f"#{ids.CASE_LINE}")).to_contain_text("63 kg")
    assert read_case(saved(screen, tmp_path)).planned[0].time_day == 15.5


def test_a_date_that_can_be_read_in_two_ways_is_refused(screen: Page):
    """I type 1/2/2026 and am asked for the other spelling."""
    switch(screen, ids.TIMES, "Dates")

    actions.type_into_cell(screen, ids.DOSES, 2, "date", "1/2/2026")

    expect(screen.locator(f"#{ids.DOSES_NOTE}")).to_contain_text("can be read in two ways")
    expect(actions.cell(screen, ids.DOSES, 2, "date")).to_have_class(re.compile("cell-error"))


def test_the_first_date_typed_is_day_0(open_screen: Callable[..., Page], empty_app_url: str, tmp_path: Path):
    """I start an empty case in dates: the first infusion's date becomes day 0."""
    page = open_screen(url=empty_app_url)
    switch(page, ids.TIMES, "Dates")
    actions.type_into_cell(page, ids.DOSES, 0, "date", "2026-03-02 10:00")

    actions.type_into_cell(page, ids.DOSES, 0, "mg", "300")

    expect(actions.headline(page)).to_be_visible()
    case = read_case(saved(page, tmp_path))
    assert (case.doses[0].time_day, str(case.start_date), case.start_time) == (0.0, "2026-03-02", "10:00")


def test_a_dose_is_typed_for_each_kilogram(screen: Page, tmp_path: Path):
    """I switch to mg/kg and type 10."""
    switch(screen, ids.AMOUNTS, "mg/kg")

    actions.type_into_cell(screen, ids.DOSES, 2, "per_kg", "10")

    expect(actions.cell(screen, ids.DOSES, 2, "mg")).to_have_text("630")
    assert read_case(saved(screen, tmp_path)).planned[0].amount_mg == 630.0


def test_the_dose_for_each_kilogram_stands_beside_the_milligrams(screen: Page):
    """I see at once that 600 mg are 9.5 mg/kg."""
    expect(actions.cell(screen, ids.DOSES, 0, "per_kg")).to_have_text("9.5")


def test_crp_is_typed_in_the_unit_of_the_laboratory(screen: Page, tmp_path: Path):
    """My laboratory reports CRP in mg/dL."""
    actions.open_tab(screen, "Covariates")
    screen.locator(f"#{ids.unit('crp_mg_per_L')}").click()
    screen.get_by_role("option", name="mg/dL").click()

    actions.type_into_field(screen, "crp_mg_per_L", "8,4")

    expect(screen.locator(f"#{ids.CASE_LINE}")).to_contain_text("CRP 84 mg/L")
    assert read_case(saved(screen, tmp_path)).covariates.crp_mg_per_L == 84.0


def test_an_albumin_in_the_other_unit_is_noticed(screen: Page):
    """I type an albumin of 5.1, which was meant in g/dL."""
    actions.open_tab(screen, "Covariates")

    actions.type_into_field(screen, "albumin_g_per_L", "5.1")

    expect(screen.locator(f"#{ids.CHECKS}")).to_contain_text("Did you mean 5.1 g/dL (51 g/L)?")


def test_a_crp_below_its_limit_is_typed_as_reported(screen: Page):
    """The laboratory reports CRP <5."""
    actions.open_tab(screen, "Covariates")

    actions.type_into_field(screen, "crp_mg_per_L", "<5")

    expect(screen.locator(f"#{ids.CASE_LINE}")).to_contain_text("CRP <5 mg/L")
    expect(screen.locator(f"#{ids.CHECKS}")).to_contain_text("CRP below 5 mg/L is taken as 1.5 mg/L")


def test_a_published_regimen_is_inserted(open_screen: Callable[..., Page], empty_app_url: str):
    """I start with the label regimen of a patient of 63 kg."""
    page = open_screen(url=empty_app_url)
    actions.open_tab(page, "Covariates")
    actions.type_into_field(page, "weight_kg", "63")
    actions.open_tab(page, "Dosing")
    page.locator(f"#{ids.PRESET}").click()

    page.get_by_role("option", name="Label: 5 mg/kg in weeks 0, 2, 6").click()

    expect(actions.cell(page, ids.DOSES, 2, "day")).to_have_text("42")
    expect(actions.cell(page, ids.DOSES, 2, "mg")).to_have_text("400")
    expect(actions.cell(page, ids.DOSES, 0, "status")).to_have_text("given")
    expect(actions.cell(page, ids.DOSES, 1, "status")).to_have_text("planned")


def test_a_published_regimen_replaces_what_is_planned_only(screen: Page):
    """I try the ACT regimen on a patient who has had two infusions."""
    screen.locator(f"#{ids.PRESET}").click()

    screen.get_by_role("option", name="ACT: 10 mg/kg").click()

    expect(actions.cell(screen, ids.DOSES, 2, "mg")).to_have_text("700")
    expect(screen.locator(f"#{ids.DOSES_NOTE}")).to_contain_text("Given 1200 mg")


def test_a_published_regimen_that_is_over_changes_nothing(screen: Page):
    """All infusions of this one lie before today: I am told, and my plan stays."""
    screen.locator(f"#{ids.PRESET}").click()

    screen.get_by_role("option", name="PREDICT-UC intensified").click()

    expect(screen.locator(f"#{ids.NOTICE}")).to_contain_text("the plan stays as it is")
    expect(screen.locator(f"#{ids.DOSES_NOTE}")).to_contain_text("Planned 800 mg")


def test_doses_are_pasted_from_a_spreadsheet(screen: Page):
    """I copy rows with decimal commas out of a spreadsheet and paste them into the grid."""
    actions.cell(screen, ids.DOSES, 0, "day").click()

    paste(screen, "21,5\t500\t2\tgeplant\n35\t400\t1,5\tplanned\n")

    expect(actions.cell(screen, ids.DOSES, 4, "day")).to_have_text("21,5")
    expect(actions.cell(screen, ids.DOSES, 5, "hours")).to_have_text("1,5")
    expect(screen.locator(f"#{ids.NOTICE}")).to_contain_text("2 rows pasted.")


def test_samples_are_pasted_on_a_telephone(open_screen: Callable[..., Page]):
    """On a telephone there is no Ctrl+V in a grid: I paste into a box."""
    page = open_screen({"width": 390, "height": 844})
    actions.open_tab(page, "Samples")
    page.get_by_role("button", name="Paste rows").locator("visible=true").click()
    page.locator(f"#{ids.PASTE_SAMPLES_TEXT}").fill("Tag;Spiegel\n10;<0,4\n12;7,5")

    page.get_by_role("button", name="Insert these rows").locator("visible=true").click()

    expect(actions.cell(page, ids.SAMPLES, 3, "level")).to_have_text("<0,4")
    expect(actions.cell(page, ids.SAMPLES, 4, "level")).to_have_text("7,5")
    expect(page.locator(f"#{ids.PASTE_SAMPLES_BOX}")).to_be_hidden()


def test_a_pasted_cell_without_a_column_is_named(screen: Page):
    """I paste one column too many: it is named and not lost."""
    actions.cell(screen, ids.DOSES, 0, "day").click()

    paste(screen, "21\t500\t2\tplanned\tWard 7\n")

    expect(screen.locator(f"#{ids.NOTICE}")).to_contain_text("Ward 7")


def test_rows_are_moved(screen: Page):
    """I move the last dose up."""
    actions.cell(screen, ids.DOSES, 3, "day").click()

    screen.get_by_role("button", name="Up").locator("visible=true").click()

    expect(actions.cell(screen, ids.DOSES, 2, "day")).to_have_text("42")


def test_insert_and_delete_keys_add_and_remove_rows(screen: Page):
    """I stay on the keyboard in the grid."""
    actions.cell(screen, ids.DOSES, 3, "day").click()
    screen.keyboard.press("Control+Delete")
    expect(screen.locator(f"#{ids.DOSES_NOTE}")).to_contain_text("Planned 400 mg")
    actions.cell(screen, ids.DOSES, 0, "day").click()

    screen.keyboard.press("Insert")

    expect(actions.cell(screen, ids.DOSES, 3, "day").locator("input")).to_be_focused()


def test_everything_is_undone_and_done_again(screen: Page):
    """I change a dose, a covariate and the target, take all three back, and do them again."""
    shown = actions.headline(screen).inner_text()
    actions.type_into_cell(screen, ids.DOSES, 2, "mg", "800")
    expect(screen.locator(f"#{ids.DOSES_NOTE}")).to_contain_text("Planned 1200 mg")
    actions.open_tab(screen, "Covariates")
    actions.type_into_field(screen, "weight_kg", "70")
    expect(screen.locator(f"#{ids.CASE_LINE}")).to_contain_text("70 kg")
    actions.open_tab(screen, "Limits")
    actions.type_into_field(screen, "risk_day90", "15")
    expect(screen.locator(f"#{ids.FINDER_BODY}")).to_contain_text("15\u202f% or less")

    for _ in range(3):
        screen.get_by_role("button", name="Undo").click()
    expect(actions.headline(screen)).to_have_text(shown)
    expect(screen.locator(f"#{ids.CASE_LINE}")).to_contain_text("63 kg")
    for _ in range(3):
        screen.get_by_role("button", name="Redo").click()

    expect(screen.locator(f"#{ids.CASE_LINE}")).to_contain_text("70 kg")
    expect(screen.locator(f"#{ids.FINDER_BODY}")).to_contain_text("15\u202f% or less")
    expect(screen.get_by_role("button", name="Redo")).to_be_disabled()


def test_the_keyboard_undoes(screen: Page):
    """Ctrl+Z takes the last change back, Ctrl+Y does it again."""
    actions.type_into_cell(screen, ids.DOSES, 2, "mg", "800")
    expect(screen.locator(f"#{ids.DOSES_NOTE}")).to_contain_text("Planned 1200 mg")

    screen.keyboard.press("Control+Z")
    expect(screen.locator(f"#{ids.DOSES_NOTE}")).to_contain_text("Planned 800 mg")
    screen.keyboard.press("Control+Y")

    expect(screen.locator(f"#{ids.DOSES_NOTE}")).to_contain_text("Planned 1200 mg")


def test_a_sample_is_left_out_with_a_reason(screen: Page):
    """I do not trust a sample and say why: it is drawn as a cross and counts no more."""
    actions.open_tab(screen, "Samples")

    actions.type_into_cell(screen, ids.SAMPLES, 2, "exclude", "haemolysed")

    expect(screen.locator(f"#{ids.CASE_LINE}")).to_contain_text("1 of 3 samples used")
    assert len(actions.trace(screen, ids.CONCENTRATION, "samples not used")["x"]) == 2


@pytest.mark.parametrize("typed", ["> 20", "≥20", ">20 mg/L"])
def test_a_level_above_the_limit_is_typed_in_any_spelling(screen: Page, typed: str):
    """The laboratory has its own way to say "above the limit"."""
    actions.open_tab(screen, "Samples")

    actions.type_into_cell(screen, ids.SAMPLES, 2, "level", typed)

    expect(screen.locator(f"#{ids.CASE_LINE}")).to_contain_text("2 above the limit")


def test_an_assay_gives_its_limits(screen: Page):
    """I add a sample and choose the assay for its limits."""
    actions.open_tab(screen, "Samples")
    actions.type_into_cell(screen, ids.SAMPLES, 2, "lloq", "")
    actions.type_into_cell(screen, ids.SAMPLES, 2, "uloq", "")
    screen.locator(f"#{ids.ASSAY}").click()

    screen.get_by_role("option", name="HMSA").click()

    expect(actions.cell(screen, ids.SAMPLES, 2, "lloq")).to_have_text("0.6")
    expect(actions.cell(screen, ids.SAMPLES, 1, "lloq")).to_have_text("0.4")


def test_a_fhir_bundle_is_opened(screen: Page):
    """I open the export of the hospital's record: its doses, levels and values stand on the screen, with notes."""
    open_file(screen, FHIR_BUNDLE.read_bytes(), "bundle.json")

    expect(screen.locator(f"#{ids.NOTICE}")).to_contain_text("bundle.json was read; please check what follows.")
    expect(screen.locator(f"#{ids.TAB_SAMPLES}")).to_contain_text("3")
    expect(screen.locator(f"#{ids.CASE_LINE}")).to_contain_text("1 above the limit")


def test_a_fhir_bundle_of_two_patients_is_refused(screen: Page):
    """I open an export of the whole ward by mistake."""
    bundle = json.loads(FHIR_BUNDLE.read_text(encoding="utf-8"))
    bundle["entry"] += [{"resource": {"resourceType": "Patient", "id": "another"}}]

    open_file(screen, json.dumps(bundle).encode(), "ward.json")

    expect(screen.locator(f"#{ids.NOTICE}")).to_contain_text("ward.json is not a case of this app.")
    expect(actions.cell(screen, ids.DOSES, 0, "mg")).to_have_text("600")


def test_a_dose_before_now_is_given_until_another_status_is_chosen(screen: Page):
    """I add an infusion of last week: it was given, nobody has to say so."""
    screen.locator(f"#{ids.ADD_DOSE}").click()
    editor = screen.locator(f"#{ids.DOSES} input")
    editor.fill("5")
    editor.press("Enter")

    expect(actions.cell(screen, ids.DOSES, 4, "status")).to_have_text("given")


def test_a_wrong_cell_says_so_to_a_screen_reader(screen: Page):
    """I hear that the cell is wrong, and the sentence on it."""
    actions.open_tab(screen, "Samples")
    actions.type_into_cell(screen, ids.SAMPLES, 1, "level", "1O.5")

    wrong = actions.cell(screen, ids.SAMPLES, 1, "level")
    expect(wrong).to_have_attribute("aria-invalid", "true")
    expect(screen.locator(f"#{wrong.get_attribute('aria-describedby')}")).to_contain_text("letter O")


def test_a_sentence_at_a_field_leaves_the_fields_below_it_to_the_mouse(screen: Page):
    """I mistype the weight and go on to the albumin, which the sentence lies over, with the mouse."""
    actions.open_tab(screen, "Covariates")
    actions.type_into_field(screen, "weight_kg", "abc")
    expect(screen.locator(f"#{ids.field('weight_kg')}")).to_have_attribute("aria-invalid", "true")
    below = screen.locator(f"#{ids.field('albumin_g_per_L')}")

    below.click(timeout=5_000)

    expect(below).to_be_focused()
    box = below.bounding_box()
    assert box is not None
    # What is seen there is the field: the mouse has left it, and the sentence takes no clicks.
    screen.mouse.move(0, 0)
    screen.add_style_tag(content=".mantine-InputWrapper-error { pointer-events: auto !important; }")
    at = [box["x"] + box["width"] / 2, box["y"] + box["height"] / 2]
    assert screen.evaluate("([x, y]) => document.elementFromPoint(x, y).id", at) == ids.field("albumin_g_per_L")


def test_a_wrong_field_moves_nothing(screen: Page):
    """I mistype the albumin and the other fields stay where they are."""
    actions.open_tab(screen, "Covariates")
    place = screen.locator(f"#{ids.field('sex')}")
    before = place.bounding_box()

    actions.type_into_field(screen, "albumin_g_per_L", "3.1")

    expect(screen.locator(f"#{ids.CHECKS}")).to_contain_text("Did you mean 3.1 g/dL")
    assert place.bounding_box() == before
