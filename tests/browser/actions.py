"""What a user does on the screen, one action each, and what is read from it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dosing_app.ui import ids

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

TABS = {"Dosing": ids.DOSES, "Samples": ids.SAMPLES, "Covariates": None, "Limits": None}


def open_tab(page: Page, name: str) -> None:
    """Open a tab of the inputs."""
    page.get_by_role("tab", name=name).click()


def cell(page: Page, grid: str, row: int, column: str) -> Locator:
    """Return a cell of a grid; rows count from 0."""
    return page.locator(f"#{grid} .ag-center-cols-container [row-index='{row}'] [col-id='{column}']")


def type_into_cell(page: Page, grid: str, row: int, column: str, text: str) -> None:
    """Type a text into a cell and press Enter."""
    cell(page, grid, row, column).dblclick()
    editor = cell(page, grid, row, column).locator("input")
    editor.fill(text)
    editor.press("Enter")


def type_into_field(page: Page, name: str, text: str) -> None:
    """Type a text into an input and press Enter."""
    field = page.locator(f"#{ids.field(name)}")
    field.fill(text)
    field.press("Enter")


def headline(page: Page) -> Locator:
    """Return the interval of the risk."""
    return page.locator(f"#{ids.RISK_TEXT} .interval")


def trace(page: Page, graph: str, name: str) -> dict[str, Any]:
    """Return a trace of a figure as it is drawn."""
    return page.locator(f"#{graph} .js-plotly-plot").evaluate(
        "(plot, name) => { const found = plot.data.find(trace => trace.name === name);"
        " return {x: Array.from(found.x), y: Array.from(found.y)}; }",
        name,
    )


def scrolls_sideways(page: Page) -> bool:
    """Return whether the page is wider than its window."""
    return page.evaluate("document.documentElement.scrollWidth > window.innerWidth")
