"""The dosing app: layout and callbacks put together."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from dosing_app.decision.examples import example_case, example_names
from dosing_app.decision.patient import read_case, to_json
from dosing_app.decision.regimen_search import find_regimens
from dosing_app.ui import case_file, ids, rows, text, tokens, update
from dosing_app.ui.components import header, inputs, results
from dosing_app.ui.elements import Component, Dash, dcc, dmc, html
from dosing_app.ui.security import secure
from dosing_app.ui.server import serve
from dosing_app.ui.state import empty_screen, screen_from_case
from dosing_app.ui.view import View, compute_view

if TYPE_CHECKING:
    from dosing_app.decision.case_schema import PatientCase
    from dosing_app.decision.optimize_result import OptimizeResult
    from dosing_app.ui.state import Screen
    from tte import EventModel

__all__ = ["create_app", "serve"]

_ASSETS = Path(__file__).parent / "assets"
_REMEMBERED_CASES = 8
_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
{%metas%}
<title>{%title%}</title>
{%favicon%}
{%css%}
<style>ROOT_VARIABLES</style>
</head>
<body>
{%app_entry%}
<div hidden>{%config%}{%scripts%}{%renderer%}</div>
</body>
</html>"""
_THEME = {
    "fontFamily": tokens.FONT,
    "defaultRadius": 4,
    "primaryColor": "accent",
    "primaryShade": 7,
    "colors": {"accent": [tokens.SEL] * 3 + [tokens.ACC90, tokens.ACC50, tokens.ACC50] + [tokens.ACC] * 4},
}


def create_app(*, event_model: EventModel, case: PatientCase | None = None) -> Dash:
    """Return the app, ready to be served.

    Parameters
    ----------
    event_model : EventModel
        The event model that every risk is computed with.
    case : PatientCase, optional
        The case that every visitor finds on the screen at first; without one the screen is empty.

    Returns
    -------
    Dash
        No state of a visitor is held by it: the screen's entries come with each request. The results of the last few
        cases are remembered by the case's JSON, so that one entry is not computed twice.
    """

    @lru_cache(maxsize=_REMEMBERED_CASES)
    def view_of(case_json: str) -> View:
        return compute_view(read_case(case_json), event_model)

    @lru_cache(maxsize=_REMEMBERED_CASES)
    def regimens_of(case_json: str) -> OptimizeResult:
        result = view_of(case_json).forecast
        return find_regimens(result.case, event_model, posterior=result.posterior)

    app = Dash(
        "asuc",
        title=f"{text.TITLE} · {text.PAGE_TITLE}",
        update_title="",
        assets_folder=str(_ASSETS),
        index_string=_PAGE.replace("ROOT_VARIABLES", tokens.root_variables()),
        meta_tags=[{"name": "viewport", "content": "width=device-width, initial-scale=1"}],
        serve_locally=True,
        enable_mcp=False,
        add_log_handler=False,
    )
    screen = empty_screen() if case is None else screen_from_case(case)
    app.layout = _layout(screen, event_model)
    update.register(app, view_of, regimens_of)
    rows.register(app)
    case_file.register(app)
    secure(app)
    # The first forecast of a process loads compiled code for a second; no visitor should wait for it.
    regimens_of(to_json(case or example_case(example_names()[0]), indent=None))
    return app


def _layout(screen: Screen, event_model: EventModel) -> Component:
    page = html.Div(
        className="page",
        children=[
            header.header(),
            html.Div(
                [html.Div(id=ids.ANSWER_LINE, className="answer"), html.Strong(id=ids.ANSWER_STALE, className="stale")],
                className="answer-line",
            ),
            header.jumps(),
            html.Div(
                className="body",
                children=[
                    html.Div([inputs.rail(screen), results.checks_region()], className="left"),
                    html.Main(
                        className="results",
                        children=[
                            header.case_line(inputs.model_select(screen)),
                            header.connection(),
                            html.Div(id=ids.NOTICE, className="notice", **{"aria-live": "assertive"}),
                            results.risk_region(event_model),
                            results.concentration_region(),
                            results.survival_region(),
                            results.parameters_region(),
                            results.finder_region(),
                        ],
                    ),
                ],
            ),
            header.footer(),
            dcc.Store(id=ids.KEPT, storage_type="memory", data=screen.kept),
            dcc.Store(id=ids.VALID_CASE, storage_type="memory"),
            dcc.Store(id=ids.FAULTS, storage_type="memory"),
            dcc.Store(id=ids.SHOWN, storage_type="memory"),
            dcc.Store(id=ids.SAVE_ASKED, storage_type="memory"),
        ],
    )
    return dmc.MantineProvider(page, theme=_THEME, forceColorScheme="light")
