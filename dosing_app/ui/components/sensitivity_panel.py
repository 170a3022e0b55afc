"""What every model says of the patient, side by side, and their average by evidence."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from dosing_app.findings.case_words import model_name
from dosing_app.findings.numbers import UNKNOWN, figures, interval, one_percent, range_of
from dosing_app.language import say
from dosing_app.ui.components.results import graph_config
from dosing_app.ui.elements import dcc, html
from dosing_app.ui.figures import averaged_concentration_figure

if TYPE_CHECKING:
    from dosing_app.decision.sensitivity import ModelAverage, ModelView
    from dosing_app.decision.view import View
    from pkpd.arrays import FloatArray
    from tte import EventModel

# Of half a screen's width the table has little: cells of words take more lines instead of being cut.
_WRAPS = {"whiteSpace": "normal"}


def sensitivity_panel(view: View, average: ModelAverage) -> list[Any]:
    """Return the models as a table, heaviest first, with the average of concentration and clearance."""
    ordered = sorted(average.views, key=lambda one: (-one.weight, one.model.id))
    titles = ("model", "weight", "clearance", "auc_cl", "risk")
    head = html.Thead(
        html.Tr([html.Th(say(f"sensitivity.column_{title}"), scope="col", style=_WRAPS) for title in titles])
    )
    table = html.Table(
        [head, html.Tbody([_row(one, view) for one in ordered]), html.Tbody(_average_row(average))],
        className="sensitivity-table",
    )
    skipped = [html.Li(say("sensitivity.skipped", model=model_name(name), why=why)) for name, why in average.skipped]
    drawn: list[Any] = []
    if average.concentrations is not None:
        figure = averaged_concentration_figure(view, average.concentrations)
        drawn = [
            html.H2([say("sensitivity.average_curve"), html.Span(" mg/L", className="unit")]),
            dcc.Graph(id="averaged-curve", figure=figure, config=graph_config(), className="averaged-curve"),
        ]
    return [
        html.P(_help(view.forecast.event_model), className="note"),
        html.Div([html.Div(table, className="scrolled", tabIndex=0), html.Div(drawn)], className="sensitivity"),
        html.Ul(skipped, className="note") if skipped else html.P(""),
    ]


def _help(event_model: EventModel) -> str:
    """Return what weights and risks are, and for which models the latter are calibrated."""
    if not event_model.pk_models:
        return say("sensitivity.help_none")
    return say("sensitivity.help", models=", ".join(model_name(name) for name in event_model.pk_models))


def _row(one: ModelView, view: View) -> Any:  # noqa: ANN401 - a component of Dash
    name = model_name(one.model.id)
    middle = one_percent(float(one.risk_quantiles[2]))
    risk = (
        say("sensitivity.no_drug")
        if one.log_auc_cl == -math.inf
        else say("sensitivity.risk", interval=interval(one.risk_quantiles), middle=middle)
    )
    said = risk if one.is_calibrated else say("sensitivity.not_calibrated", risk=risk)
    in_use = (
        [html.Span(f" {say('sensitivity.in_use')}", className="unit")] if one.model.id == view.forecast.model.id else []
    )
    return html.Tr(
        [
            html.Th([name, *in_use], scope="row", style=_WRAPS),
            html.Td(one_percent(one.weight) if one.weight > 0.0 else UNKNOWN),
            html.Td(_with_range(one.cl_quantiles), style=_WRAPS),
            html.Td(_with_range(one.log_auc_cl_quantiles) if one.log_auc_cl > -math.inf else UNKNOWN, style=_WRAPS),
            html.Td(said, className="words", style=_WRAPS),
        ]
    )


def _average_row(average: ModelAverage) -> list[Any]:
    return [
        html.Tr(
            [
                html.Th(say("sensitivity.average"), scope="row"),
                html.Td(one_percent(1.0)),
                html.Td(_with_range(average.cl_quantiles), style=_WRAPS),
                html.Td(UNKNOWN),
                html.Td(UNKNOWN, className="words"),
            ]
        )
    ]


def _with_range(quantiles: FloatArray) -> str:
    """Return the middle of a quantity and its 90 % interval."""
    return f"{figures(float(quantiles[2]))} ({range_of(quantiles)})"
