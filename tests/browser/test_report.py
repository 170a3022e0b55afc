"""The report of what stands on the screen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playwright.sync_api import expect

from dosing_app.ui import ids
from tests.browser import actions

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from playwright.sync_api import Page


def report(page: Page, folder: Path, form: str) -> bytes:
    """Ask for the report in one of its forms."""
    page.locator(f"#{ids.REPORT_MENU} summary").click()
    with page.expect_download() as download:
        page.get_by_role("button", name=form).click()
    path = folder / download.value.suggested_filename
    download.value.save_as(path)
    return path.read_bytes()


def test_the_report_says_what_the_screen_says(screen: Page, tmp_path: Path):
    """I download the report: its headline, parameters and regimens are those of the screen."""
    shown = actions.headline(screen).inner_text()
    clearance = screen.locator(f"#{ids.PARAMETERS} tbody tr").first.locator("td").nth(2).inner_text()

    page = report(screen, tmp_path, "Report as web page").decode()

    assert shown in page
    assert clearance in page
    assert "Research use only." in page
    assert "sha256" in page or "3b7f0c11" in page
    expect(screen.locator(f"#{ids.NOTICE}")).to_contain_text("Report written as asuc-report.html.")


def test_what_is_still_being_typed_is_in_the_report(screen: Page, tmp_path: Path):
    """I type a weight and ask for the report without leaving the field."""
    actions.open_tab(screen, "Covariates")
    screen.locator(f"#{ids.field('weight_kg')}").fill("77,5")

    assert "77.5" in report(screen, tmp_path, "Report as web page").decode()


def test_the_report_is_a_pdf(screen: Page, tmp_path: Path):
    """I download the report for the paper file."""
    assert report(screen, tmp_path, "Report as PDF").startswith(b"%PDF-")


def test_the_keyboard_asks_for_the_report(screen: Page):
    """Ctrl+P gives the report rather than a picture of the screen."""
    with screen.expect_download() as download:
        screen.locator("body").press("Control+P")

    assert download.value.suggested_filename == "asuc-report.pdf"


def test_the_report_is_in_the_language_of_the_screen(open_screen: Callable[..., Page], tmp_path: Path):
    """On a German screen the report is German."""
    page = open_screen(locale="de-DE")

    assert "Kolektomierisiko bis Tag 90" in report(page, tmp_path, "Bericht als Webseite").decode()


def test_no_report_is_written_while_an_entry_is_wrong(screen: Page):
    """I mistype and ask for the report: I am told to correct it first."""
    actions.type_into_cell(screen, ids.DOSES, 2, "mg", "4OO")
    expect(screen.locator(f"#{ids.CHECKS}")).to_contain_text("has the letter O")

    screen.locator(f"#{ids.REPORT_MENU} summary").click()
    screen.get_by_role("button", name="Report as PDF").click()

    expect(screen.locator(f"#{ids.NOTICE}")).to_contain_text("Not saved")
