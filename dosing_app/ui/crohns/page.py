"""The layout of the page, and what changes it without changing the case."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dosing_app.decision.crohns.case import inputs
from dosing_app.language import say
from dosing_app.ui import ids
from dosing_app.ui.components import header
from dosing_app.ui.crohns import omop, results
from dosing_app.ui.crohns.inputs import rail
from dosing_app.ui.elements import App, Component, html
from dosing_app.ui.history import History, register_history

if TYPE_CHECKING:
    from dosing_app.decision.crohns.omop import OmopSource
    from dosing_app.ui.crohns.screen import CrohnsScreen

_JUMPS = {
    "crohns.jump.answer": ids.REGION_CROHNS_ANSWER,
    "crohns.jump.input": ids.REGION_CROHNS_INPUT,
    "crohns.jump.why": ids.REGION_CROHNS_WHY,
    "crohns.jump.what_if": ids.REGION_CROHNS_WHAT_IF,
    "crohns.jump.checks": ids.REGION_CROHNS_CHECKS,
}


def crohns_page(screen: CrohnsScreen, source: OmopSource | None) -> Component:
    """Return the page with what stands on it, and the choice from a database where there is one."""
    answer_line = html.Section(
        html.Div(id=ids.CROHNS_ANSWER_LINE, className="answer"),
        className="answer-line",
        **{"aria-label": say("crohns.answer_line")},
    )
    main = html.Main(
        [
            results.case_line(screen),
            header.connection(ids.CROHNS_CONNECTION),
            header.notice(ids.CROHNS_NOTICE),
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
        [answer_line, header.jumps(_JUMPS), html.Div([left, main], className="body")],
        id=ids.CROHNS_PAGE,
        className="colitis crohns",
        hidden=True,
    )


def register_undo(app: App) -> None:
    """Add undo and redo of the page."""
    places = [(ids.crohns_field(one.case), "value") for one in inputs()]
    places += [(ids.CROHNS_CLASSES, "value"), (ids.CROHNS_UNCERTAINTY, "value"), (ids.CROHNS_WORTHWHILE, "value")]
    places += [(ids.CROHNS_KEPT, "data")]
    buttons = History("rememberCrohns", "stepCrohns", ids.CROHNS_UNDO, ids.CROHNS_REDO)
    register_history(app, buttons, places, watched=places)
