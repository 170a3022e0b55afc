"""Adding and removing rows of the grids."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dosing_app.ui import ids
from dosing_app.ui.elements import App, Input, Output, State, client_function, no_update
from dosing_app.ui.state import new_dose, new_sample

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from dosing_app.ui.state import Row


def register(app: App) -> None:
    """Add the callbacks."""
    _register(app, ids.DOSES, (ids.ADD_DOSE, ids.REMOVE_DOSE), new_dose)
    _register(app, ids.SAMPLES, (ids.ADD_SAMPLE, ids.REMOVE_SAMPLE), new_sample)
    app.clientside_callback(client_function("asuc", "focusNewDose"), Input(ids.ADD_DOSE, "n_clicks"))
    app.clientside_callback(client_function("asuc", "focusNewSample"), Input(ids.ADD_SAMPLE, "n_clicks"))


def without_rows(rows: Sequence[Row], removed: Sequence[Row]) -> list[Row]:
    """Return the rows without those of the given ids."""
    gone = {row["id"] for row in removed}
    return [row for row in rows if row["id"] not in gone]


def _register(app: App, grid: str, buttons: tuple[str, str], new: Callable[[Sequence[Row]], Row]) -> None:
    add_button, remove_button = buttons

    @app.callback(
        Output(grid, "rowData", allow_duplicate=True),
        Input(add_button, "n_clicks"),
        State(grid, "rowData"),
        prevent_initial_call=True,
    )
    def add(clicks: int | None, rows: list[Row] | None) -> object:  # pyright: ignore[reportUnusedFunction]
        return [*(rows or []), new(rows or [])] if clicks else no_update

    @app.callback(
        Output(grid, "rowData", allow_duplicate=True),
        Output(grid, "selectedRows"),
        Input(remove_button, "n_clicks"),
        State(grid, "rowData"),
        State(grid, "selectedRows"),
        prevent_initial_call=True,
    )
    def remove(  # pyright: ignore[reportUnusedFunction]
        clicks: int | None, rows: list[Row] | None, selected: list[Row] | None
    ) -> object:
        if not clicks or not selected:
            return no_update, no_update
        nothing: list[Row] = []
        return without_rows(rows or [], selected), nothing
