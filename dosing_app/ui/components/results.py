"""The regions of the results, as they stand before anything was computed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dosing_app.language import say
from dosing_app.ui import ids
from dosing_app.ui.components.risk_panel import risk_basis, stop_rule
from dosing_app.ui.elements import Component, dcc, dmc, html
from dosing_app.ui.figure_style import Figure, axis, layout

if TYPE_CHECKING:
    from tte import EventModel

_CONFIG = {"displayModeBar": False, "responsive": True, "doubleClick": False, "scrollZoom": False}


def concentration_region() -> Component:
    """Return the region of the concentration curve; the key stands in the title line."""
    title = [
        html.H2([say("curve.title"), html.Span(" mg/L", className="unit")]),
        html.Span(say("curve.key_patient"), className="key patient"),
        html.Span(say("curve.key_prior"), className="key prior"),
        html.Span(id=ids.COURSES_KEY, className="key courses"),
        html.Span([_toggle(ids.CURVE_LOG, "show.log"), _toggle(ids.CURVE_AS_TABLE, "show.table")], className="toggles"),
    ]
    graph = _graph(ids.CONCENTRATION, ids.CONCENTRATION_LABEL, say("empty.concentration"))
    return _pane(ids.REGION_CURVE, "curve", "curve.title", title, graph, _twin(ids.CONCENTRATION_TABLE))


def survival_region() -> Component:
    """Return the region of the survival curve."""
    title = [
        html.H2([say("survival.title"), html.Span(f" {say('survival.unit')}", className="unit")]),
        _toggle(ids.SURVIVAL_AS_TABLE, "show.table"),
    ]
    graph = _graph(ids.SURVIVAL, ids.SURVIVAL_LABEL, say("empty.survival"))
    return _pane(ids.REGION_SURVIVAL, "survival", "survival.title", title, graph, _twin(ids.SURVIVAL_TABLE))


def parameters_region() -> Component:
    """Return the region of the parameters."""
    title = [html.H2(say("parameters.title")), _open(ids.OTHER_MODELS, "parameters.other_models")]
    body = html.Div(html.P(say("empty.parameters")), id=ids.PARAMETERS)
    return _pane(ids.REGION_PARAMETERS, "parameters", "parameters.title", title, body)


def risk_region(event_model: EventModel) -> Component:
    """Return the region of the risk: words, figure, and what they rest on."""
    title = [
        html.H2([say("risk.title"), " ", html.Span(id=ids.RISK_PLAN, className="unit")]),
        _toggle(ids.RISK_AS_TABLE, "show.table"),
    ]
    return _pane(
        ids.REGION_RISK,
        "risk",
        "risk.title",
        title,
        # What does not fit is scrolled under the rule that must not be missed.
        html.Div(
            [
                html.Div(html.P(say("empty.risk")), id=ids.RISK_TEXT),
                html.Div(_graph(ids.RISK_FIGURE, ids.RISK_LABEL, ""), className="risk-figure"),
                _twin(ids.RISK_TABLE),
                html.Div(risk_basis(event_model), id=ids.RISK_BASIS),
            ],
            className="risk-body",
            tabIndex=0,
        ),
        stop_rule(),
    )


def checks_region() -> Component:
    """Return the region of the checks."""
    body = html.Div(id=ids.CHECKS, **{"aria-live": "polite"})
    return html.Section(body, id=ids.REGION_CHECKS, className="checks", **{"aria-label": say("checks.title")})


def finder_region() -> Component:
    """Return the region of the regimen finder."""
    title = [
        html.H2(say("finder.title")),
        html.Label([say("finder.ask_target"), _asked(ids.FINDER_TARGET)], className="asked"),
        html.Label([say("finder.ask_confidence"), _asked(ids.FINDER_CONFIDENCE)], className="asked"),
        html.Span(say("finder.searching"), className="searching unit"),
        _open(ids.COMPARE, "finder.compare"),
    ]
    body = html.Div(html.P(say("empty.finder")), id=ids.FINDER_BODY, className="finder-body")
    return _pane(ids.REGION_FINDER, "finder", "finder.title", title, body)


def comparison_region() -> Component:
    """Return what takes the place of the results while regimens stand side by side."""
    return _instead(ids.COMPARISON, ids.COMPARISON_BODY, ids.COMPARISON_CLOSE, "comparison.title")


def sensitivity_region() -> Component:
    """Return what takes the place of the results while models stand side by side."""
    return _instead(ids.SENSITIVITY, ids.SENSITIVITY_BODY, ids.SENSITIVITY_CLOSE, "sensitivity.title")


def empty_figure(words: str) -> Figure:
    """Return a figure that says in one line what it will show."""
    note: dict[str, Any] = {"x": 0.5, "y": 0.5, "xref": "paper", "yref": "paper", "showarrow": False, "text": words}
    return {
        "data": [],
        "layout": layout(xaxis=axis(visible=False), yaxis=axis(visible=False), annotations=[note]),
    }


def graph_config() -> dict[str, Any]:
    """Return what every figure lets the reader do: nothing but read."""
    return dict(_CONFIG)


def _pane(region: str, kind: str, key: str, title: list[Any], *parts: Component) -> Component:
    """Return a region with its title line."""
    return html.Section(
        [html.Div(title, className="title", **{"data-stale": say("state.not_up_to_date")}), *parts],
        id=region,
        className=f"pane {kind}",
        **{"aria-label": say(key)},
    )


def _twin(table_id: str) -> Component:
    """Return the place of the table that a figure can be shown as."""
    return html.Div(id=table_id, className="twin", tabIndex=0)


def _graph(graph_id: str, label_id: str, words: str) -> Component:
    graph = dcc.Graph(id=graph_id, figure=empty_figure(words), config=_CONFIG, responsive=True, className="graph")
    drawn = html.Div(graph, className="graph-box", **{"aria-hidden": "true"})
    # What the figure shows in a sentence, for who does not see it; the table beside it holds every number.
    return html.Figure([drawn, html.Figcaption(id=label_id, className="only-heard")], className="figure")


def _toggle(button_id: str, key: str) -> Component:
    return html.Button(say(key), id=button_id, className="link toggle", type="button", **{"aria-pressed": "false"})


def _open(button_id: str, key: str) -> Component:
    return dmc.Button(say(key), id=button_id, size="compact-xs", variant="default")


def _asked(input_id: str) -> Component:
    return dmc.TextInput(
        id=input_id, debounce=True, size="xs", className="asked-field", rightSection=html.Span("%", className="unit")
    )


def _instead(region: str, body: str, close: str, key: str) -> Component:
    head = html.Div(
        [html.H2(say(key)), dmc.Button(say("show.close"), id=close, size="compact-xs", variant="default")],
        className="title",
    )
    return html.Section(
        [head, html.Div(id=body)], id=region, className="pane instead", hidden=True, **{"aria-label": say(key)}
    )
