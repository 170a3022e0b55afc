"""What takes the place of the results for a while: regimens side by side, and models side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dosing_app.decision.patient import to_json
from dosing_app.findings.numbers import number_text
from dosing_app.language import say
from dosing_app.ui import ids
from dosing_app.ui.answering import answering
from dosing_app.ui.components.comparison import SIDE_BY_SIDE, comparison, pinned_at_first, still_pinned
from dosing_app.ui.components.sensitivity_panel import sensitivity_panel
from dosing_app.ui.elements import ALL, App, Input, Output, State, client_function, ctx, html, no_update
from dosing_app.ui.reading import read_screen, settled
from dosing_app.ui.screen_state import SCREEN_STATE, screen_of
from dosing_app.ui.state import GIVEN, PLANNED, new_dose
from dosing_app.ui.still import still

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dosing_app.decision.case_schema import CaseDose
    from dosing_app.ui.answers import Answers
    from dosing_app.ui.state import Row


def register(app: App, answers: Answers) -> None:
    """Add the callbacks."""
    for region, opens, closes in (
        (ids.COMPARISON, ids.COMPARE, ids.COMPARISON_CLOSE),
        (ids.SENSITIVITY, ids.OTHER_MODELS, ids.SENSITIVITY_CLOSE),
    ):
        app.clientside_callback(
            client_function("asuc", "opens"),
            Output(region, "hidden"),
            Input(opens, "n_clicks"),
            Input(closes, "n_clicks"),
            prevent_initial_call=True,
        )
    # The server is asked only for what is open: every entry changes the case.
    for region, asked, more in (
        (ids.COMPARISON, ids.COMPARISON_ASKED, [Input(ids.PINNED, "data")]),
        (ids.SENSITIVITY, ids.SENSITIVITY_ASKED, []),
    ):
        app.clientside_callback(
            client_function("asuc", "askIfOpen"),
            Output(asked, "data"),
            Input(region, "hidden"),
            Input(ids.VALID_CASE, "data"),
            Input(ids.SCHEME, "checked"),
            *more,
            prevent_initial_call=True,
        )
    _register_comparison(app, answers)
    _register_choice(app)
    _register_use(app, answers)
    _register_sensitivity(app, answers)


def with_plan(rows: Sequence[Row], doses: Sequence[CaseDose]) -> list[Row]:
    """Return the doses of the screen with what is planned replaced by the infusions of a regimen."""
    kept = [row for row in rows if row["status"] == GIVEN]
    for dose in doses:
        cells = {
            "day": number_text(dose.time_day),
            "mg": number_text(dose.amount_mg),
            "hours": number_text(dose.duration_hour),
        }
        kept.append(new_dose(kept, status=PLANNED, **cells))
    return kept


def _pinned_now(pinned: dict[str, Any] | None, case_json: str, answers: Answers) -> dict[str, Any]:
    """Return which regimens are side by side: those chosen by hand as far as a new entry still lists them."""
    if pinned is not None and pinned["case"] == case_json:
        return pinned
    result = answers.regimens(case_json)
    places: list[int] = []
    if pinned is not None and pinned["by_hand"]:
        places = still_pinned(pinned["places"], answers.regimens(pinned["case"]), result)
    return {"case": case_json, "places": places or pinned_at_first(result), "by_hand": bool(places)}


def _register_comparison(app: App, answers: Answers) -> None:
    @app.callback(
        Output(ids.COMPARISON_BODY, "children"),
        Output(ids.PINNED, "data"),
        Input(ids.COMPARISON_ASKED, "data"),
        State(ids.VALID_CASE, "data"),
        State(ids.PINNED, "data"),
        State(ids.SCHEME, "checked"),
        State(ids.LANGUAGE, "value"),
        prevent_initial_call=True,
    )
    def compare(  # pyright: ignore[reportUnusedFunction]
        asked: float | None,
        case_json: str | None,
        pinned: dict[str, Any] | None,
        is_dark: bool | None,  # noqa: FBT001 - as the screen has it
        language: str | None,
    ) -> tuple[Any, Any]:
        if not asked or not case_json:
            return no_update, no_update
        with answering(language, is_dark=is_dark):
            view = answers.view(case_json)
            if view.forecast.risk is None:
                return html.P(say("finder.no_risk")), no_update
            result = answers.regimens(case_json)
            now = _pinned_now(pinned, case_json, answers)
            body = comparison(view, result, now["places"], is_open=now["by_hand"])
        return still(body), no_update if now == pinned else now


def _register_choice(app: App) -> None:
    @app.callback(
        Output(ids.PINNED, "data", allow_duplicate=True),
        Input(ids.pin(ALL), "checked"),
        State(ids.pin(ALL), "id"),
        State(ids.PINNED, "data"),
        prevent_initial_call=True,
    )
    def choose(  # pyright: ignore[reportUnusedFunction]
        checked: list[bool], places: list[dict[str, Any]], pinned: dict[str, Any] | None
    ) -> Any:  # noqa: ANN401 - what Dash sends
        chosen = [place["index"] for place, is_checked in zip(places, checked, strict=True) if is_checked]
        if pinned is None or not ctx.triggered_id or set(chosen) == set(pinned["places"]) or len(chosen) > SIDE_BY_SIDE:
            return no_update
        kept = [place for place in pinned["places"] if place in chosen]
        return {**pinned, "places": kept + [place for place in chosen if place not in kept], "by_hand": True}


def _register_use(app: App, answers: Answers) -> None:
    @app.callback(
        output=(
            Output(ids.DOSES, "rowData", allow_duplicate=True),
            Output(ids.NOTICE, "children", allow_duplicate=True),
        ),
        inputs={"clicks": Input(ids.use_as_plan(ALL), "n_clicks")},
        state={
            "pinned": State(ids.PINNED, "data"),
            "screen": SCREEN_STATE,
            "language": State(ids.LANGUAGE, "value"),
        },
        prevent_initial_call=True,
    )
    def use(  # pyright: ignore[reportUnusedFunction]
        *, clicks: list[int | None], pinned: dict[str, Any] | None, screen: dict[str, Any], language: str | None
    ) -> tuple[Any, Any]:
        if not any(clicks) or pinned is None or not ctx.triggered_id:
            return no_update, no_update
        with answering(language):
            entered = settled(screen_of(screen))
            case = read_screen(entered).case
            # The columns are those of an entry; only while it stands does a button do what its column says.
            if case is None or to_json(case, indent=None) != pinned["case"]:
                return no_update, [html.P(say("comparison.changed"))]
            place = int(ctx.triggered_id["index"])
            return with_plan(entered.doses, answers.regimens(pinned["case"]).regimens[place].doses), []


def _register_sensitivity(app: App, answers: Answers) -> None:
    @app.callback(
        Output(ids.SENSITIVITY_BODY, "children"),
        Input(ids.SENSITIVITY_ASKED, "data"),
        State(ids.VALID_CASE, "data"),
        State(ids.SCHEME, "checked"),
        State(ids.LANGUAGE, "value"),
        prevent_initial_call=True,
    )
    def show(  # pyright: ignore[reportUnusedFunction]
        asked: float | None,
        case_json: str | None,
        is_dark: bool | None,  # noqa: FBT001 - as the screen has it
        language: str | None,
    ) -> Any:  # noqa: ANN401 - what Dash sends
        if not asked or not case_json:
            return no_update
        with answering(language, is_dark=is_dark):
            return still(sensitivity_panel(answers.view(case_json), answers.models(case_json)))
