"""The regions of the results, as they stand before anything was computed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dosing_app.ui import ids, text
from dosing_app.ui.components.risk_panel import risk_basis
from dosing_app.ui.elements import Component, dcc, html
from dosing_app.ui.figure_style import Figure, axis, layout

if TYPE_CHECKING:
    from tte import EventModel

_CONFIG = {"displayModeBar": False, "responsive": True, "doubleClick": False, "scrollZoom": False}


def concentration_region() -> Component:
    """Return the region of the concentration curve; the key stands in the title line."""
    title = [
        html.H2([text.CONCENTRATION_TITLE, html.Span(" mg/L", className="unit")]),
        html.Span(text.KEY_PATIENT, className="key patient"),
        html.Span(text.KEY_PRIOR, className="key prior"),
    ]
    return html.Section(
        [html.Div(title, className="title"), _graph(ids.CONCENTRATION, text.EMPTY["concentration"])],
        id=ids.REGION_CURVE,
        className="pane curve",
    )


def survival_region() -> Component:
    """Return the region of the survival curve."""
    title = html.H2([text.SURVIVAL_TITLE, html.Span(f" {text.SURVIVAL_UNIT}", className="unit")])
    return html.Section([title, _graph(ids.SURVIVAL, text.EMPTY["survival"])], className="pane survival")


def parameters_region() -> Component:
    """Return the region of the parameters."""
    return html.Section(
        [html.H2(text.PARAMETERS_TITLE), html.Div(html.P(text.EMPTY["parameters"]), id=ids.PARAMETERS)],
        className="pane parameters",
    )


def risk_region(event_model: EventModel) -> Component:
    """Return the region of the risk: words, figure, and what they rest on."""
    return html.Section(
        id=ids.REGION_RISK,
        className="pane risk",
        children=[
            html.Div(html.P(text.EMPTY["risk"]), id=ids.RISK_TEXT, **{"aria-live": "polite"}),
            html.Div(_graph(ids.RISK_FIGURE, ""), id=ids.RISK, className="risk-figure"),
            html.Div(risk_basis(event_model), id=ids.RISK_BASIS),
        ],
    )


def checks_region() -> Component:
    """Return the region of the checks."""
    return html.Section(html.Div(id=ids.CHECKS, **{"aria-live": "polite"}), id=ids.REGION_CHECKS, className="checks")


def finder_region() -> Component:
    """Return the region of the regimen finder."""
    return html.Section(
        html.Div(html.P(text.EMPTY["finder"]), id=ids.FINDER_BODY, className="finder-body"),
        id=ids.REGION_FINDER,
        className="pane finder",
        # Shown in place of the regimens of an earlier entry while those of this one are searched.
        **{"data-searching": text.SEARCHING},
    )


def empty_figure(words: str) -> Figure:
    """Return a figure that says in one line what it will show."""
    note: dict[str, Any] = {"x": 0.5, "y": 0.5, "xref": "paper", "yref": "paper", "showarrow": False, "text": words}
    return {
        "data": [],
        "layout": layout(xaxis=axis(visible=False), yaxis=axis(visible=False), annotations=[note]),
    }


def _graph(graph_id: str, words: str) -> Component:
    graph = dcc.Graph(id=graph_id, figure=empty_figure(words), config=_CONFIG, responsive=True, className="graph")
    return html.Div(graph, className="graph-box")
