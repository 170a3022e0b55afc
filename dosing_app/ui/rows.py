"""Adding, moving, removing, pasting and inserting rows of the grids."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Literal

from dosing_app.decision.level_text import TextFault, read_quantity
from dosing_app.decision.pasted_rows import LEFT_OUT, read_pasted_rows
from dosing_app.findings.numbers import number_text
from dosing_app.language import say, spoken
from dosing_app.language.speaking import spoken_number
from dosing_app.ui import ids
from dosing_app.ui.answering import answering
from dosing_app.ui.elements import App, Input, Output, State, client_function, ctx, html, no_update
from dosing_app.ui.fields import BY_NAME
from dosing_app.ui.presets import ASSAY_BY_NAME, PRESET_BY_NAME
from dosing_app.ui.reading import day_in, row_day, settled, start_of
from dosing_app.ui.screen_state import SCREEN_STATE, screen_of
from dosing_app.ui.state import GIVEN, PLANNED, new_dose, new_sample

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from dosing_app.decision.pasted_rows import PastedRows
    from dosing_app.ui.presets import Preset
    from dosing_app.ui.state import Row

_VIAL_MG = 100.0
_TYPED = ("day", "date", "mg", "per_kg", "level", "exclude")
_LIMITS = ("lloq", "uloq")


def register(app: App) -> None:
    """Add the callbacks."""
    _register(app, ids.DOSES, (ids.ADD_DOSE, ids.DOSE_UP, ids.DOSE_DOWN, ids.REMOVE_DOSE), new_dose)
    _register(app, ids.SAMPLES, (ids.ADD_SAMPLE, ids.SAMPLE_UP, ids.SAMPLE_DOWN, ids.REMOVE_SAMPLE), new_sample)
    _register_paste(app)
    _register_presets(app)
    app.clientside_callback(client_function("asuc", "focusNewDose"), Input(ids.ADD_DOSE, "n_clicks"))
    app.clientside_callback(client_function("asuc", "focusNewSample"), Input(ids.ADD_SAMPLE, "n_clicks"))
    app.clientside_callback(
        client_function("asuc", "showColumns"), Input(ids.TIMES, "value"), Input(ids.AMOUNTS, "value")
    )
    for one, other in ((ids.TIMES, ids.SAMPLE_TIMES), (ids.SAMPLE_TIMES, ids.TIMES)):
        app.clientside_callback(client_function("asuc", f"alike_{other.replace('-', '_')}"), Input(one, "value"))


def without_rows(rows: Sequence[Row], removed: Sequence[Row]) -> list[Row]:
    """Return the rows without those of the given ids."""
    gone = {row["id"] for row in removed}
    return [row for row in rows if row["id"] not in gone]


def moved(rows: Sequence[Row], row: Row, by: Literal[-1, 1]) -> list[Row]:
    """Return the rows with one of them a place up (-1) or down (1); the first stays first, the last last."""
    order = list(rows)
    place = next(i for i, other in enumerate(order) if other["id"] == row["id"])
    target = min(max(place + by, 0), len(order) - 1)
    order.insert(target, order.pop(place))
    return order


def with_preset(
    rows: Sequence[Row],
    preset: Preset,
    *,
    weight_kg: float | None,
    now_day: float | None,
    start: datetime | None = None,
) -> list[Row] | None:
    """Return the doses with a published regimen in them.

    Where no dose was typed yet, the whole regimen is inserted, its first infusion as given. Otherwise what is given stays
    and what is planned is replaced by the infusions of the regimen after now and after the last given dose.

    Parameters
    ----------
    rows : sequence of Row
        The doses on the screen.
    preset : Preset
        The regimen.
    weight_kg : float or None
        Body weight: with it amounts are in whole vials of 100 mg, rounded up; without it they are for each kilogram.
    now_day : float or None
        Now, where it was typed.
    start : datetime, optional
        Moment of the first infusion, for rows that hold a date.

    Returns
    -------
    list of Row or None
        None where every infusion of the regimen lies before now, so that nothing could be inserted.
    """
    given = [row for row in rows if row["status"] == GIVEN and _is_typed(row)]
    days = [day for row in given if (day := row_day(row, start)) is not None]
    now = [now_day] if now_day is not None and given else []
    after: float | None = max([*days, *now], default=None)
    kept = list(given)
    later = [(day, per_kg) for day, per_kg in preset.doses if after is None or day > after]
    if not later:
        return None
    for day, per_kg in later:
        amount = (
            {"per_kg": number_text(per_kg)}
            if weight_kg is None
            else {"mg": number_text(_VIAL_MG * math.ceil(per_kg * weight_kg / _VIAL_MG - 1e-9))}
        )
        status = GIVEN if not kept else PLANNED
        kept.append(new_dose(kept, day=number_text(day), status=status, **amount))
    return kept


def with_pasted(rows: Sequence[Row], pasted: PastedRows, new: Callable[..., Row]) -> list[Row]:
    """Return the rows, without empty ones, and the pasted ones after them."""
    kept = [row for place, row in enumerate(rows) if _is_typed(row) or _has_own_limits(row, rows[:place])]
    # A table with limits of its own says by an empty cell that there is none.
    limits = dict.fromkeys(_LIMITS, "") if any(name in cells for cells in pasted.rows for name in _LIMITS) else {}
    for cells in pasted.rows:
        reason = {"exclude": say("paste.excluded")} if cells.get("exclude") == LEFT_OUT else {}
        kept.append(new(kept, **(limits | dict(cells) | reason)))
    return kept


def _is_typed(row: Row) -> bool:
    return any((row.get(column) or "").strip() for column in _TYPED)


def _has_own_limits(row: Row, before: Sequence[Row]) -> bool:
    """Return whether limits were typed into a row, as opposed to taken from the row before it."""
    last = before[-1] if before else {}
    return any((row.get(name) or "").strip() and row.get(name) != last.get(name) for name in _LIMITS)


def _register(app: App, grid: str, buttons: tuple[str, str, str, str], new: Callable[..., Row]) -> None:
    add_button, up, down, remove = buttons

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
        Input(up, "n_clicks"),
        Input(down, "n_clicks"),
        Input(remove, "n_clicks"),
        State(grid, "rowData"),
        State(grid, "selectedRows"),
        prevent_initial_call=True,
    )
    def change(  # pyright: ignore[reportUnusedFunction]
        up_clicks: int | None,
        down_clicks: int | None,
        remove_clicks: int | None,
        rows: list[Row] | None,
        selected: list[Row] | None,
    ) -> object:
        if not selected or not rows or not (up_clicks or down_clicks or remove_clicks):
            return no_update, no_update
        if ctx.triggered_id == remove:
            nothing: list[Row] = []
            return without_rows(rows, selected), nothing
        return moved(rows, selected[0], -1 if ctx.triggered_id == up else 1), no_update


def _register_paste(app: App) -> None:
    places = {
        ids.DOSES: (ids.PASTE_DOSES, ids.PASTE_DOSES_BOX, ids.PASTE_DOSES_TEXT, ids.PASTE_DOSES_DONE),
        ids.SAMPLES: (ids.PASTE_SAMPLES, ids.PASTE_SAMPLES_BOX, ids.PASTE_SAMPLES_TEXT, ids.PASTE_SAMPLES_DONE),
    }
    for grid, (button, box, area, done) in places.items():
        app.clientside_callback(
            client_function("asuc", "showBox"),
            Output(box, "hidden"),
            Input(button, "n_clicks"),
            Input(done, "n_clicks"),
        )
        app.clientside_callback(
            client_function("asuc", f"pasteInto_{grid}"),
            Output(area, "value"),
            Input(done, "n_clicks"),
            State(area, "value"),
            prevent_initial_call=True,
        )

    @app.callback(
        Output(ids.DOSES, "rowData", allow_duplicate=True),
        Output(ids.SAMPLES, "rowData", allow_duplicate=True),
        Output(ids.NOTICE, "children", allow_duplicate=True),
        Input(ids.PASTED, "data"),
        State(ids.DOSES, "rowData"),
        State(ids.SAMPLES, "rowData"),
        State(ids.LANGUAGE, "value"),
        prevent_initial_call=True,
    )
    def paste(  # pyright: ignore[reportUnusedFunction]
        pasted: dict[str, Any] | None, doses: list[Row] | None, samples: list[Row] | None, language: str | None
    ) -> tuple[Any, Any, Any]:
        if not pasted:
            return no_update, no_update, no_update
        with answering(language):
            into_doses = pasted["grid"] == ids.DOSES
            read = read_pasted_rows(str(pasted["text"]), "doses" if into_doses else "samples")
            rows = with_pasted((doses if into_doses else samples) or [], read, new_dose if into_doses else new_sample)
            said = [html.P(say("rows.pasted", count=len(read.rows)), className="done")]
            said += [html.P(spoken(note)) for note in read.notes]
        return (rows, no_update, said) if into_doses else (no_update, rows, said)


def _register_presets(app: App) -> None:
    @app.callback(
        output=(
            Output(ids.DOSES, "rowData", allow_duplicate=True),
            Output(ids.PRESET, "value"),
            Output(ids.NOTICE, "children", allow_duplicate=True),
        ),
        inputs={"name": Input(ids.PRESET, "value")},
        state={"screen": SCREEN_STATE, "language": State(ids.LANGUAGE, "value")},
        prevent_initial_call=True,
    )
    def insert(  # pyright: ignore[reportUnusedFunction]
        *, name: str | None, screen: dict[str, Any], language: str | None
    ) -> tuple[Any, Any, Any]:
        preset = PRESET_BY_NAME.get(name or "")
        if preset is None:
            return no_update, no_update, no_update
        entered = settled(screen_of(screen))
        weight = read_quantity(entered.fields.get("weight_kg") or "", BY_NAME["weight_kg"].units)
        start = start_of(entered)
        with answering(language):
            changed = with_preset(
                entered.doses,
                preset,
                weight_kg=None if isinstance(weight, TextFault) else weight,
                now_day=day_in(entered.fields.get("now_day") or "", start),
                start=start,
            )
            if changed is not None:
                return changed, None, []
            said = say("dosing.preset_past", regimen=say(f"preset.{preset.name}"))
        return no_update, None, [html.P(said, className="done")]

    @app.callback(
        Output(ids.SAMPLES, "rowData", allow_duplicate=True),
        Output(ids.ASSAY, "value"),
        Input(ids.ASSAY, "value"),
        State(ids.SAMPLES, "rowData"),
        State(ids.LANGUAGE, "value"),
        prevent_initial_call=True,
    )
    def set_limits(  # pyright: ignore[reportUnusedFunction]
        name: str | None, rows: list[Row] | None, language: str | None
    ) -> tuple[Any, Any]:
        assay = ASSAY_BY_NAME.get(name or "")
        if assay is None:
            return no_update, no_update
        with answering(language):
            limits = {"lloq": spoken_number(assay.lloq), "uloq": spoken_number(assay.uloq)}
        # Limits that were typed are the laboratory's own: only rows without any take those of the assay.
        changed = [row if row.get("lloq") or row.get("uloq") else row | limits for row in rows or []]
        return changed or [new_sample([], **limits)], no_update
