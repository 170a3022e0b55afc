"""Opening and saving cases."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from playwright.sync_api import expect

from dosing_app.decision.examples import example_case
from dosing_app.decision.patient import read_case, to_json
from dosing_app.ui import ids
from tests.browser import actions

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Page


def open_file(page: Page, content: bytes, name: str = "case.json") -> None:
    """Choose a file."""
    page.locator(f"#{ids.OPEN} input[type=file]").set_input_files(
        {"name": name, "mimeType": "application/json", "buffer": content}
    )


def saved(page: Page, folder: Path) -> bytes:
    """Press Save and return the file's bytes."""
    with page.expect_download() as download:
        page.get_by_role("button", name="Save case").click()
    path = folder / "saved.json"
    download.value.save_as(path)
    return path.read_bytes()


def test_a_case_is_opened(screen: Page):
    """I open the case that I saved yesterday."""
    open_file(screen, to_json(example_case("fast_clearance")).encode())

    expect(screen.locator(f"#{ids.CASE_LINE}")).to_contain_text("71 kg")
    expect(actions.cell(screen, ids.DOSES, 1, "mg")).to_have_text("700")


def test_a_saved_case_is_the_opened_one(screen: Page, tmp_path: Path):
    """I open a case and save it: it is the same case."""
    case = example_case("target_out_of_reach")
    open_file(screen, to_json(case).encode())
    expect(screen.locator(f"#{ids.CASE_LINE}")).to_contain_text("54 kg")

    assert read_case(saved(screen, tmp_path)) == case


def test_what_was_typed_is_saved(screen: Page, tmp_path: Path):
    """I correct a dose and save."""
    actions.type_into_cell(screen, ids.DOSES, 2, "mg", "700")
    expect(screen.locator(f"#{ids.DOSES_NOTE}")).to_contain_text("Planned 1100 mg")

    assert read_case(saved(screen, tmp_path)).planned[0].amount_mg == 700.0


def test_what_is_still_being_typed_is_saved(screen: Page, tmp_path: Path):
    """I type a dose and press Save without leaving the cell."""
    actions.cell(screen, ids.DOSES, 2, "mg").dblclick()
    screen.keyboard.press("Control+A")
    screen.keyboard.type("900")

    assert read_case(saved(screen, tmp_path)).planned[0].amount_mg == 900.0


def test_a_field_that_is_still_being_typed_is_saved(screen: Page, tmp_path: Path):
    """I type a weight and press Save without leaving the field."""
    actions.open_tab(screen, "Covariates")
    screen.locator(f"#{ids.field('weight_kg')}").fill("64,5")

    assert read_case(saved(screen, tmp_path)).covariates.weight_kg == 64.5


def test_limits_of_a_file_are_seen(screen: Page):
    """I open a case with its own days and criterion: the Limits tab shows them."""
    tree = json.loads(to_json(example_case("typical")))
    limits = {"days_allowed": [14, 16], "weekdays_allowed": ["Mon", "Wed"], "reference": "label"}
    open_file(screen, json.dumps(tree | {"limits": limits, "target": {"criterion": "plug_in"}}).encode())

    actions.open_tab(screen, "Limits")

    expect(screen.locator(f"#{ids.field('days_allowed')}")).to_have_value("14, 16")
    expect(screen.locator(f"#{ids.field('weekdays_allowed')}")).to_have_value("Mon, Wed")
    expect(screen.locator(f"#{ids.field('criterion')}")).to_have_value("best estimate")
    expect(screen.locator(f"#{ids.field('reference')}")).to_have_value("label")


def test_a_refused_file_leaves_the_screen_as_it_is(screen: Page):
    """I open a file with two mistakes: both are listed and my patient stays on the screen."""
    shown = actions.headline(screen).inner_text()

    open_file(
        screen,
        b'{"schema": "asuc-case/1", "covariates": {"weight_kg": 3}, "doses": [{"time_day": 0, "amount_mg": -300}]}',
        "wrong.json",
    )

    notice = screen.locator(f"#{ids.NOTICE}")
    expect(notice).to_contain_text("wrong.json is not a case of this app. The case on screen is unchanged.")
    expect(notice).to_contain_text("doses[0].amount_mg: -300 is negative")
    expect(notice).to_contain_text("covariates.weight_kg: 3 is too small")
    expect(actions.headline(screen)).to_have_text(shown)
    expect(actions.cell(screen, ids.DOSES, 0, "mg")).to_have_text("600")


def test_a_file_that_is_no_text_is_refused(screen: Page):
    """I pick a picture by mistake."""
    open_file(screen, bytes(range(256)), "picture.png")

    expect(screen.locator(f"#{ids.NOTICE}")).to_contain_text("picture.png is not a case of this app.")


def test_the_same_file_can_be_opened_again(screen: Page):
    """I open a case, change it, and open the file once more to start over."""
    content = to_json(example_case("fast_clearance")).encode()
    open_file(screen, content)
    expect(actions.cell(screen, ids.DOSES, 1, "mg")).to_have_text("700")
    actions.type_into_cell(screen, ids.DOSES, 1, "mg", "900")
    expect(screen.locator(f"#{ids.DOSES_NOTE}")).to_contain_text("Given 1300 mg")

    open_file(screen, content)

    expect(screen.locator(f"#{ids.DOSES_NOTE}")).to_contain_text("Given 1100 mg")


def test_nothing_is_saved_while_an_entry_is_wrong(screen: Page):
    """I mistype and save: I am told to correct it first, so that nothing that I typed is lost."""
    actions.type_into_cell(screen, ids.DOSES, 2, "mg", "4OO")
    expect(screen.locator(f"#{ids.CHECKS}")).to_contain_text("has the letter O")

    screen.get_by_role("button", name="Save case").click()

    expect(screen.locator(f"#{ids.NOTICE}")).to_contain_text("Not saved")


def test_a_new_case_is_empty_and_undone(screen: Page):
    """I begin a new patient: nothing of the one before is left, and it is undone if it was a mistake."""
    screen.get_by_role("button", name="New case").click()

    expect(screen.locator(f"#{ids.field('weight_kg')}")).to_have_value("")
    expect(actions.cell(screen, ids.DOSES, 0, "mg")).to_have_text("")
    expect(screen.locator(f"#{ids.field('heart_failure')}")).to_have_value("")
    screen.get_by_role("button", name="Undo").click()
    expect(screen.locator(f"#{ids.field('weight_kg')}")).to_have_value("63")
