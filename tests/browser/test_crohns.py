"""The page on Crohn's disease, as somebody uses it."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from dosing_app.decision.crohns.case import example_tree, inputs, to_json
from dosing_app.language.catalogue import PSEUDO
from dosing_app.ui import ids
from tests.browser import actions
from tests.browser.conftest import NARROW

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from playwright.sync_api import Download, Locator, Page

WIDE = {"width": 1366, "height": 768}
LOW = {"width": 1366, "height": 650}
HEADLINE = "Anti-IL-12/23 comes out ahead; the difference is not settled."


def headline(page: Page) -> Locator:
    """Return the answer's first sentence."""
    return page.locator(f"#{ids.CROHNS_WORDS} h1")


def enter(page: Page, key: str, text: str) -> None:
    """Type into an input and press Enter."""
    field = page.locator(f"#{ids.crohns_field(key)}")
    field.fill(text)
    field.press("Enter")


def choose(page: Page, key: str, value: str) -> None:
    """Choose an answer of an input that is chosen."""
    page.locator(f"#{ids.crohns_field(key)} label").filter(has_text=re.compile(rf"^{re.escape(value)}")).click()


def open_file(page: Page, content: bytes) -> None:
    """Choose a file."""
    page.locator(f"#{ids.CROHNS_OPEN} input[type=file]").set_input_files(
        {"name": "case.json", "mimeType": "application/json", "buffer": content}
    )


def downloaded(page: Page, button: str, folder: Path) -> bytes:
    """Press a button, of the report's menu or not, and return the file that comes."""
    in_menu = page.locator(f"#{ids.CROHNS_REPORT_MENU} #{button}")
    if in_menu.count():
        page.locator(f"#{ids.CROHNS_REPORT_MENU} summary").click()
    with page.expect_download() as found:
        page.locator(f"#{button}").click()
    return _saved(found.value, folder)


def _saved(download: Download, folder: Path) -> bytes:
    path = folder / download.suggested_filename
    download.save_as(path)
    return path.read_bytes()


def test_the_answer_stands_in_words_first(crohns: Page):
    """I open the page with its example."""
    expect(headline(crohns)).to_have_text(HEADLINE)
    expect(crohns.locator(f"#{ids.CROHNS_WORDS}")).to_contain_text(
        "An association across trials, not a proven benefit."
    )
    expect(crohns.locator(f"#{ids.CROHNS_CASE_LINE}")).to_contain_text("woman, 70 years")
    expect(crohns.locator(f"#{ids.CROHNS_EFFECTS} tbody tr")).to_have_count(3)
    expect(crohns.locator(f"#{ids.CROHNS_DIFFERENCES} tbody tr")).to_have_count(3)
    expect(crohns.locator(f"#{ids.CROHNS_LABELS}")).to_contain_text("IL-12/23 ahead, not settled")
    expect(crohns.locator("footer")).to_contain_text("Research use only.")
    expect(crohns.locator("footer")).to_contain_text("Rudrapatna 2025")


def test_each_bar_has_its_parts_and_the_interval_below_it(crohns: Page):
    """I look at the bars: placebo and drug end where the sum is, and its interval lies below."""
    row = crohns.locator(f"#{ids.CROHNS_EFFECTS} tbody tr").first
    total = float(row.locator("td").nth(2).inner_text())
    placebo = actions.trace(crohns, ids.CROHNS_FIGURE, "placebo anti_il12_23")
    drug = actions.trace(crohns, ids.CROHNS_FIGURE, "drug anti_il12_23")
    interval = actions.trace(crohns, ids.CROHNS_FIGURE, "interval anti_il12_23")

    assert placebo["x"][0] + drug["x"][0] == pytest.approx(total, abs=0.5)
    assert interval["x"][0] < total < interval["x"][1]
    assert interval["y"][0] < placebo["y"][0]


def test_an_entry_changes_the_answer(crohns: Page):
    """I make the patient young."""
    enter(crohns, "age_year", "25")

    expect(crohns.locator(f"#{ids.CROHNS_CASE_LINE}")).to_contain_text("woman, 25 years")
    expect(headline(crohns)).not_to_have_text(HEADLINE)
    expect(crohns.locator(f"#{ids.CROHNS_WHY}")).to_contain_text("Age 25")


@pytest.mark.requirement("CD-04")
def test_a_question_mark_is_averaged_over_and_told(crohns: Page):
    """I do not know the sex and the CRP."""
    choose(crohns, "sex", "?")
    enter(crohns, "crp_mg_per_L", "")

    expect(crohns.locator(f"#{ids.CROHNS_CHECKS}")).to_contain_text("Not known: CRP, Sex.")
    expect(crohns.locator(f"#{ids.CROHNS_CHECKS}")).to_contain_text("Averaged over what is likely")
    expect(crohns.locator(f"#{ids.CROHNS_CASE_LINE}")).to_contain_text("sex not known")


def test_a_class_that_is_taken_out_leaves_everything_and_the_sentence_says_so(crohns: Page):
    """Anti-TNF cannot be used."""
    crohns.get_by_role("checkbox", name="Anti-TNF", exact=True).uncheck()

    expect(crohns.locator(f"#{ids.CROHNS_WORDS}")).to_contain_text(
        "Anti-TNF was taken out before anything was compared."
    )
    expect(crohns.locator(f"#{ids.CROHNS_EFFECTS} tbody tr")).to_have_count(2)
    expect(crohns.locator(f"#{ids.CROHNS_DIFFERENCES} tbody tr")).to_have_count(1)
    expect(crohns.locator(f"#{ids.CROHNS_WHAT_IF} thead th")).to_have_count(2)
    expect(crohns.locator(f"#{ids.CROHNS_EFFECTS}")).not_to_contain_text("Anti-TNF")


def test_without_any_class_there_is_a_sentence_and_no_figure(crohns: Page):
    """Nothing can be used."""
    for name in ("Anti-TNF", "Anti-integrin", "Anti-IL-12/23"):
        crohns.get_by_role("checkbox", name=name, exact=True).uncheck()

    expect(headline(crohns)).to_have_text("No class is left; there is nothing to compare.")
    expect(crohns.locator(f"#{ids.CROHNS_EFFECTS}")).to_be_empty()
    assert "NaN" not in crohns.locator("body").inner_text()


def test_a_wrong_entry_gets_a_sentence_at_its_field_and_the_last_answer_stays(crohns: Page):
    """I mistype the age."""
    enter(crohns, "age_year", "7O")

    field = crohns.locator(f"#{ids.crohns_field('age_year')}")
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(crohns.locator(".mantine-InputWrapper-error")).to_contain_text("letter O")
    expect(crohns.locator(f"#{ids.CROHNS_STALE}")).not_to_be_empty()
    expect(headline(crohns)).to_have_text(HEADLINE)

    enter(crohns, "age_year", "71")
    expect(crohns.locator(f"#{ids.CROHNS_STALE}")).to_be_empty()
    expect(crohns.locator(f"#{ids.CROHNS_CASE_LINE}")).to_contain_text("woman, 71 years")


def test_a_sentence_at_a_field_leaves_the_fields_below_it_to_the_mouse(crohns: Page):
    """I mistype the age and go on to the CDAI with the mouse."""
    enter(crohns, "age_year", "abc")
    expect(crohns.locator(f"#{ids.crohns_field('age_year')}")).to_have_attribute("aria-invalid", "true")
    below = crohns.locator(f"#{ids.crohns_field('cdai')}")
    below.click(position={"x": 10, "y": 10}, timeout=5_000)
    expect(below).to_be_focused()
    database = crohns.locator(f"#{ids.OMOP_OPEN}").bounding_box()
    assert database is not None
    assert database["height"] > 20


def test_a_check_leads_to_its_field(crohns: Page):
    """The age is beyond the trials': I follow the check to it."""
    enter(crohns, "age_year", "105")
    crohns.get_by_role("button", name="Age 105 lies outside").click()

    expect(crohns.locator(f"#{ids.crohns_field('age_year')}")).to_be_focused()


def test_the_smallest_worthwhile_difference_decides_what_is_settled(crohns: Page):
    """Of a class that is far ahead I ask for ever more."""
    enter(crohns, "age_year", "20")
    expect(crohns.locator(f"#{ids.CROHNS_CASE_LINE}")).to_contain_text("20 years")
    worthwhile = crohns.locator(f"#{ids.CROHNS_WORTHWHILE}")
    worthwhile.fill("0")
    worthwhile.press("Enter")
    expect(worthwhile).to_have_attribute("aria-invalid", "true")
    worthwhile.fill("1")
    worthwhile.press("Enter")

    expect(worthwhile).not_to_have_attribute("aria-invalid", "true")
    expect(crohns.locator(f"#{ids.CROHNS_STALE}")).to_be_empty()


@pytest.mark.requirement("CD-03")
def test_uncertainty_is_a_choice(crohns: Page):
    """I ask for the publication's own error: the difference gets smaller p-values."""
    before = crohns.locator(f"#{ids.CROHNS_DIFFERENCES} tbody tr").first.inner_text()
    crohns.locator(f"#{ids.CROHNS_UNCERTAINTY}").click()
    crohns.get_by_role("option", name="Paper").click()

    expect(crohns.locator(f"#{ids.CROHNS_DIFFERENCES} tbody tr").first).not_to_have_text(before)
    expect(crohns.locator(f"#{ids.CROHNS_LABELS} strong").first).to_have_text("Paper")


@pytest.mark.requirement("CD-04")
def test_what_if_an_input_were_not_known(crohns: Page):
    """I switch from changed inputs to missing ones."""
    crohns.locator(f"#{ids.CROHNS_VARIANTS} label").filter(has_text="not known").click()

    expect(crohns.locator(f"#{ids.CROHNS_WHAT_IF}")).to_contain_text("Age not known")
    expect(crohns.locator(f"#{ids.CROHNS_WHAT_IF} tbody tr")).to_have_count(1 + len(inputs()))


def test_undo_and_redo(crohns: Page):
    """I change the age, take it back and bring it again."""
    enter(crohns, "age_year", "30")
    line = crohns.locator(f"#{ids.CROHNS_CASE_LINE}")
    expect(line).to_contain_text("30 years")
    crohns.locator(f"#{ids.CROHNS_UNDO}").click()
    expect(line).to_contain_text("70 years")
    crohns.locator(f"#{ids.CROHNS_REDO}").click()
    expect(line).to_contain_text("30 years")


def test_keys_act_on_the_page_that_is_looked_at(crohns: Page):
    """Control+Z takes back a choice here, and nothing of the other page."""
    crohns.get_by_role("checkbox", name="Anti-TNF", exact=True).uncheck()
    expect(crohns.locator(f"#{ids.CROHNS_EFFECTS} tbody tr")).to_have_count(2)
    # The box keeps the focus, and is nothing that is typed into.
    crohns.keyboard.press("Control+z")

    expect(crohns.locator(f"#{ids.CROHNS_EFFECTS} tbody tr")).to_have_count(3)


def test_a_saved_case_is_the_opened_one(crohns: Page, tmp_path: Path):
    """I open a case and save it: it is the same case."""
    tree = example_tree() | {"label": "bed 7", "age_year": 33, "crp_mg_per_L": None, "unavailable": ["anti_tnf"]}
    open_file(crohns, to_json(tree).encode())
    expect(crohns.locator(f"#{ids.CROHNS_CASE_LINE}")).to_contain_text("bed 7")

    saved = json.loads(downloaded(crohns, ids.CROHNS_SAVE, tmp_path))
    assert to_json(saved) == to_json(tree)


def test_a_file_that_is_no_case_changes_nothing(crohns: Page):
    """I choose the wrong file."""
    open_file(crohns, b'{"schema": "asuc-crohns-case/1", "cdai": 5000, "agee": 3}')

    notice = crohns.locator(f"#{ids.CROHNS_NOTICE}")
    expect(notice).to_contain_text("cdai: 5000")
    expect(notice).to_contain_text("agee")
    expect(headline(crohns)).to_have_text(HEADLINE)


def test_figures_are_exported(crohns: Page, tmp_path: Path):
    """I take the figures elsewhere."""
    table = downloaded(crohns, ids.CROHNS_EXPORT_CSV, tmp_path).decode()
    document = json.loads(downloaded(crohns, ids.CROHNS_EXPORT_JSON, tmp_path))

    assert table.startswith("table,row,figure,value\n")
    assert document["schema"] == "asuc-crohns/1"
    assert f"classes,anti_tnf,expected,{document['classes']['anti_tnf']['expected']}" in table


def test_the_report_comes_as_pdf_and_as_a_page(crohns: Page, tmp_path: Path):
    """I take the report along."""
    assert downloaded(crohns, ids.CROHNS_REPORT_PDF, tmp_path).startswith(b"%PDF-")
    assert HEADLINE in downloaded(crohns, ids.CROHNS_REPORT_HTML, tmp_path).decode()


def test_an_empty_page_says_what_it_waits_for(open_screen: Callable[..., Page], empty_app_url: str):
    """I come without a case, and open the example."""
    page = open_screen(url=f"{empty_app_url}crohns")
    expect(page.locator(f"#{ids.CROHNS_WORDS}")).to_contain_text("Enter what is known of the patient")
    expect(page.locator(f"#{ids.CROHNS_EFFECTS}")).to_be_empty()
    page.get_by_role("button", name="Open example").click()

    expect(headline(page)).to_have_text(HEADLINE)
    assert page.locator(f"#{ids.OMOP_OPEN}").count() == 0


def test_a_new_case_takes_everything_of_the_patient_away(crohns: Page):
    """I begin with another patient."""
    crohns.locator(f"#{ids.CROHNS_NEW}").click()

    expect(crohns.locator(f"#{ids.CROHNS_WORDS}")).to_contain_text("Enter what is known of the patient")
    expect(crohns.locator(f"#{ids.CROHNS_WHAT_IF}")).to_be_empty()
    expect(crohns.locator(f"#{ids.crohns_field('age_year')}")).to_have_value("")


@pytest.mark.requirement("OMOP-01")
def test_a_person_of_the_database_fills_the_inputs_with_their_sources(crohns: Page):
    """I choose somebody from the database of whom neither CDAI nor BMI is recorded."""
    crohns.locator(f"#{ids.OMOP_OPEN}").click()
    crohns.locator(f"#{ids.OMOP_PEOPLE}").get_by_role("button", name="6", exact=True).click()

    read = crohns.locator(f"#{ids.OMOP_PERSON}")
    expect(read).to_contain_text("Person 6 on")
    expect(read.locator("tbody tr")).to_have_count(len(inputs()))
    expect(read.locator("tr").filter(has_text="BMI")).to_contain_text("missing")
    expect(read.locator("tr").filter(has_text="completed years")).to_contain_text("person 6")
    expect(crohns.locator(f"#{ids.CROHNS_CHECKS}")).to_contain_text("Person 6 of the database")
    assert crohns.evaluate("location.search + location.hash") == ""

    crohns.locator(f"#{ids.OMOP_CLOSE}").click()
    expect(headline(crohns)).to_be_visible()
    expect(crohns.locator(f"#{ids.CROHNS_CASE_LINE}")).to_contain_text("2 inputs not known")
    enter(crohns, "age_year", "44")
    expect(crohns.locator(f"#{ids.CROHNS_CHECKS}")).to_contain_text("Changed since: Age.")


def test_a_day_that_is_none_is_told_at_its_field(crohns: Page):
    """I mistype the index date."""
    crohns.locator(f"#{ids.OMOP_OPEN}").click()
    crohns.locator(f"#{ids.OMOP_INDEX_DATE}").fill("30.6.2024")
    crohns.locator(f"#{ids.OMOP_PEOPLE}").get_by_role("button", name="1", exact=True).click()

    expect(crohns.locator(f"#{ids.OMOP_REGION} .mantine-InputWrapper-error")).to_have_text(
        "Type a day such as 2026-01-15."
    )
    crohns.locator(f"#{ids.OMOP_CLOSE}").click()
    expect(crohns.locator(f"#{ids.CROHNS_CASE_LINE}")).to_contain_text("Example 1")


def test_the_address_holds_nothing_of_the_patient(crohns: Page):
    """I look at the address after an entry."""
    enter(crohns, "age_year", "51")
    expect(crohns.locator(f"#{ids.CROHNS_CASE_LINE}")).to_contain_text("51 years")

    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/crohns", crohns.url)


def test_both_pages_keep_what_was_entered(crohns: Page):
    """I look at the other page and come back."""
    enter(crohns, "age_year", "52")
    expect(crohns.locator(f"#{ids.CROHNS_CASE_LINE}")).to_contain_text("52 years")
    crohns.locator(f"#{ids.NAV_COLITIS}").click()
    expect(crohns.locator(f"#{ids.CASE_LINE}")).to_be_visible()
    expect(crohns.locator(f"#{ids.SAVE}")).to_be_visible()
    expect(crohns.locator(f"#{ids.CROHNS_SAVE}")).to_be_hidden()
    crohns.locator(f"#{ids.NAV_CROHNS}").click()

    expect(crohns.locator(f"#{ids.CROHNS_CASE_LINE}")).to_contain_text("52 years")


def test_the_language_is_changed_and_nothing_entered_is_lost(crohns: Page):
    """I change the language in the middle of an entry."""
    enter(crohns, "age_year", "53")
    expect(crohns.locator(f"#{ids.CROHNS_CASE_LINE}")).to_contain_text("53 years")
    crohns.locator(f"#{ids.LANGUAGE}").click()
    crohns.get_by_role("option", name="Deutsch").click()

    expect(crohns.locator(f"#{ids.CROHNS_CASE_LINE}")).to_contain_text("53 Jahre")
    expect(crohns.locator(f"#{ids.CROHNS_WHY}")).to_contain_text("Alter 53")
    expect(crohns.locator(f"#{ids.CROHNS_WHAT_IF}")).to_contain_text("wie eingegeben")


@pytest.mark.parametrize("options", [{}, {"color_scheme": "dark"}, {"locale": "de-DE"}])
@pytest.mark.parametrize("viewport", [WIDE, LOW, NARROW])
def test_no_barrier_is_found(open_crohns: Callable[..., Page], viewport: dict[str, int], options: dict[str, Any]):
    """Axe finds nothing on the answer."""
    page = open_crohns(viewport, **options)

    assert barriers(page) == []
    assert not actions.scrolls_sideways(page)


def test_no_barrier_is_found_with_a_fault_or_in_the_database(crohns: Page):
    """Nor where something is wrong, nor where a person is chosen."""
    enter(crohns, "age_year", "7O")
    expect(crohns.locator(f"#{ids.CROHNS_STALE}")).not_to_be_empty()
    assert barriers(crohns) == []
    enter(crohns, "age_year", "70")
    crohns.locator(f"#{ids.OMOP_OPEN}").click()
    crohns.locator(f"#{ids.OMOP_PEOPLE}").get_by_role("button", name="1", exact=True).click()
    expect(crohns.locator(f"#{ids.OMOP_PERSON} tbody tr")).to_have_count(len(inputs()))
    assert barriers(crohns) == []


def barriers(page: Page) -> list[str]:
    """Return what axe finds."""
    found = Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
    return [f"{one['id']}: {node['html'][:200]}" for one in found for node in one["nodes"]]


@pytest.mark.parametrize("viewport", [WIDE, LOW])
def test_all_of_the_answer_is_seen_without_scrolling(open_crohns: Callable[..., Page], viewport: dict[str, int]):
    """On the window of a small laptop everything is on the screen."""
    page = open_crohns(viewport)

    for part in ("crohns-main", "crohns-side", "crohns-rail"):
        room = page.locator(f".{part}").evaluate("box => box.scrollHeight - box.clientHeight")
        assert room <= 1, part


def test_everything_is_reached_with_the_keyboard_alone(crohns: Page):
    """I walk through the page with Tab and choose with arrows and space."""
    crohns.locator(f"#{ids.crohns_field('age_year')}").focus()
    reached = ""
    for _ in range(24):
        crohns.keyboard.press("Tab")
        # What is pressed of a group carries an id of its own; the group above it has ours.
        reached += crohns.evaluate(
            "(e => { let said = ''; for (; e; e = e.parentElement) { said += ' ' + e.id + ' '; } return said; })(document.activeElement)"
        )
    for wanted in (one.case for one in inputs() if one.case != "age_year"):
        assert f" {ids.crohns_field(wanted)} " in reached, wanted
    for wanted in (ids.OMOP_OPEN, ids.CROHNS_UNCERTAINTY, ids.CROHNS_WORTHWHILE, ids.CROHNS_VARIANTS):
        assert f" {wanted} " in reached, wanted
    crohns.get_by_role("checkbox", name="Anti-TNF", exact=True).focus()
    crohns.keyboard.press("Space")
    expect(crohns.locator(f"#{ids.CROHNS_EFFECTS} tbody tr")).to_have_count(2)

    crohns.locator(f"#{ids.crohns_field('steroid')} input:checked").focus()
    crohns.keyboard.press("ArrowRight")
    expect(crohns.locator(f"#{ids.CROHNS_WHAT_IF}")).to_contain_text("Corticosteroid now")
    expect(crohns.locator(f"#{ids.CROHNS_CASE_LINE}")).not_to_contain_text("corticosteroid")


def test_whatever_is_typed_into_shows_the_focus(crohns: Page):
    """I come to a field with the keyboard and see where I am."""
    field = crohns.locator(f"#{ids.crohns_field('age_year')}")
    crohns.get_by_role("switch").first.focus()
    crohns.keyboard.press("Tab")

    expect(field).to_be_focused()
    expect(field).to_have_css("outline-style", "solid")
    expect(field).to_have_css("outline-width", "2px")


def test_the_skip_links_are_those_of_the_page(crohns: Page):
    """Links that a keyboard finds first lead to the answer and the inputs of this page."""
    for link, region in (("To the answer", ids.REGION_CROHNS_ANSWER), ("To the inputs", ids.REGION_CROHNS_INPUT)):
        found = crohns.get_by_role("link", name=link, exact=True)
        expect(found).to_have_attribute("href", f"#{region}")
    expect(crohns.get_by_role("link", name="To the risk")).to_have_count(0)


@pytest.mark.usefixtures("pseudo_language")
def test_longer_texts_have_room(open_crohns: Callable[..., Page]):
    """In a language with much longer words nothing scrolls sideways and nothing falls back to a key."""
    page = open_crohns(extra_http_headers={"Accept-Language": PSEUDO})

    expect(page.locator(f"#{ids.PAGE}")).to_have_attribute("lang", PSEUDO)
    assert not actions.scrolls_sideways(page)
    expect(page.locator(f"#{ids.CROHNS_WORDS}")).to_contain_text("~~~")
    assert "crohns." not in page.locator(f"#{ids.CROHNS_PAGE}").inner_text()
