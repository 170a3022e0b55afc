"""The layout of the page, and what changes it without changing the case."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dosing_app.decision.crohns.case import inputs
from dosing_app.language import say
from dosing_app.ui import ids
from dosing_app.ui.crohns import omop, results
from dosing_app.ui.crohns.inputs import rail
from dosing_app.ui.elements import App, Component, Input, Output, client_function, html

if TYPE_CHECKING:
    from dosing_app.decision.crohns.omop import OmopSource
    from dosing_app.ui.crohns.screen import CrohnsScreen


def crohns_page(screen: CrohnsScreen, connection: Component, source: OmopSource | None) -> Component:
    """Return the page with what stands on it, and the choice from a database where there is one."""
    answer_line = html.Section(
        html.Div(id=ids.CROHNS_ANSWER_LINE, className="answer"),
        className="answer-line",
        **{"aria-label": say("crohns.answer_line")},
    )
    notice = html.Div(
        [
            html.Div(id=ids.CROHNS_NOTICE, className="notice", **{"aria-live": "assertive"}),
            html.Button(say("show.close"), className="link notice-close", type="button"),
        ],
        className="notice-box",
    )
    main = html.Main(
        [
            results.case_line(screen),
            connection,
            notice,
            html.Div(id=ids.CROHNS_ANNOUNCED, className="only-heard", **{"aria-live": "polite"}),
            html.Div(
                [results.answer_region(), results.bars_region(), results.differences_region(screen)],
                className="crohns-main",
            ),
            html.Div(
                [results.why_region(), results.what_if_region(), results.labels_region()], className="crohns-side"
            ),
            *([omop.region(source)] if source else []),
        ],
        className="crohns-results",
    )
    left = html.Div(
        [rail(screen, *([omop.open_button()] if source else [])), results.checks_region()], className="left"
    )
    return html.Div(
        [answer_line, _jumps(), html.Div([left, main], className="body")],
        id=ids.CROHNS_PAGE,
        className="colitis crohns",
        hidden=True,
    )


def register_history(app: App) -> None:
    """Add undo and redo of the page."""
    places = [(ids.crohns_field(one.case), "value") for one in inputs()]
    places += [(ids.CROHNS_CLASSES, "value"), (ids.CROHNS_UNCERTAINTY, "value"), (ids.CROHNS_WORTHWHILE, "value")]
    places += [(ids.CROHNS_KEPT, "data")]
    app.clientside_callback(
        client_function("asuc", "rememberCrohns"),
        Output(ids.CROHNS_UNDO, "disabled"),
        Output(ids.CROHNS_REDO, "disabled"),
        *(Input(*place) for place in places),
    )
    app.clientside_callback(
        client_function("asuc", "stepCrohns"),
        *(Output(*place, allow_duplicate=True) for place in places),
        Input(ids.CROHNS_UNDO, "n_clicks"),
        Input(ids.CROHNS_REDO, "n_clicks"),
        prevent_initial_call=True,
    )


def _jumps() -> Any:  # noqa: ANN401 - an element
    """Return the links to the regions, for the narrow screen."""
    regions = {
        "answer": ids.REGION_CROHNS_ANSWER,
        "input": ids.REGION_CROHNS_INPUT,
        "why": ids.REGION_CROHNS_WHY,
        "what_if": ids.REGION_CROHNS_WHAT_IF,
        "checks": ids.REGION_CROHNS_CHECKS,
    }
    links = [html.A(say(f"crohns.jump.{name}"), href=f"#{region}") for name, region in regions.items()]
    return html.Nav(links, className="jumps", **{"aria-label": say("jump.sections")})
