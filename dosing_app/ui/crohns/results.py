"""The regions of the results, as they stand before anything was computed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dosing_app.language import say
from dosing_app.ui import ids
from dosing_app.ui.components.results import empty_figure, graph_config
from dosing_app.ui.crohns.screen import UNCERTAINTIES
from dosing_app.ui.elements import Component, dcc, dmc, html

if TYPE_CHECKING:
    from dosing_app.ui.crohns.screen import CrohnsScreen

CHANGED, MISSING = "changed", "missing"


def case_line(screen: CrohnsScreen) -> Component:
    """Return the line that says what was entered, and the choice of the uncertainty."""
    select = dmc.Select(
        id=ids.CROHNS_UNCERTAINTY,
        data=[{"value": one, "label": say(f"crohns.uncertainty.{one}")} for one in UNCERTAINTIES],
        value=screen.uncertainty,
        allowDeselect=False,
        size="xs",
        className="model",
        comboboxProps={"width": 260, "position": "bottom-end"},
        **{"aria-label": say("crohns.uncertainty_choice")},
    )
    return html.Div(
        [
            html.Ul(id=ids.CROHNS_CASE_LINE),
            html.Strong(id=ids.CROHNS_STALE, className="stale"),
            html.Div([html.Span(say("crohns.uncertainty_choice"), className="unit"), select], className="model-choice"),
        ],
        className="case-line",
    )


def answer_region() -> Component:
    """Return the region of the answer in words."""
    body = html.Div(html.P(say("crohns.empty")), id=ids.CROHNS_WORDS)
    return _pane(ids.REGION_CROHNS_ANSWER, "crohns-answer", "crohns.answer", body)


def bars_region() -> Component:
    """Return the region of the bars and their table; the key stands in the title line."""
    title = html.Div(
        [
            html.H2([say("crohns.bars"), html.Span(f" {say('crohns.bars_unit')}", className="unit")]),
            html.Span(say("crohns.key_placebo"), className="key bar-placebo"),
            html.Span(say("crohns.key_drug"), className="key bar-drug"),
            html.Span(say("crohns.key_interval"), className="key bar-interval"),
        ],
        className="title",
        **{"data-stale": say("state.not_up_to_date")},
    )
    graph = dcc.Graph(
        id=ids.CROHNS_FIGURE, figure=empty_figure(""), config=graph_config(), responsive=True, className="graph"
    )
    figure = html.Figure(
        [
            html.Div(graph, className="graph-box", **{"aria-hidden": "true"}),
            html.Figcaption(id=ids.CROHNS_FIGURE_LABEL, className="only-heard"),
        ],
        className="figure",
    )
    table = html.Div(id=ids.CROHNS_EFFECTS, className="scrolled", tabIndex=0)
    return _pane(ids.REGION_CROHNS_BARS, "crohns-bars", "crohns.bars", title, figure, table)


def differences_region(screen: CrohnsScreen) -> Component:
    """Return the region of the differences, with the smallest one that counts beside them."""
    worthwhile = dmc.TextInput(
        id=ids.CROHNS_WORTHWHILE,
        value=screen.worthwhile or "",
        debounce=True,
        size="xs",
        className="asked-field",
        inputProps={"autoComplete": "off"},
        **{"aria-label": say("crohns.input.worthwhile")},
    )
    note = html.Div(
        [
            html.Div(
                [
                    html.Span(f"{say('crohns.worthwhile_before')} "),
                    worthwhile,
                    html.Span(f" {say('crohns.worthwhile_after')}"),
                ],
                className="worthwhile",
            ),
            html.P(say("crohns.limits_of_it")),
        ],
        className="note crohns-note",
    )
    body = html.Div(
        [html.Div(id=ids.CROHNS_DIFFERENCES, className="scrolled", tabIndex=0), note], className="crohns-pair"
    )
    return _pane(ids.REGION_CROHNS_DIFFERENCES, "crohns-differences", "crohns.differences", body)


def why_region() -> Component:
    """Return the region of what each input does."""
    title = html.Div(
        html.H2([say("crohns.why"), html.Span(f" {say('crohns.why_unit')}", className="unit")]), className="title"
    )
    return _pane(ids.REGION_CROHNS_WHY, "crohns-why", "crohns.why", title, html.Div(id=ids.CROHNS_WHY))


def what_if_region() -> Component:
    """Return the region of how the answer would change."""
    switch = dmc.SegmentedControl(
        id=ids.CROHNS_VARIANTS,
        data=[{"value": one, "label": say(f"crohns.variants.{one}")} for one in (CHANGED, MISSING)],
        value=CHANGED,
        size="xs",
        transitionDuration=0,
        **{"aria-label": say("crohns.what_if")},
    )
    title = html.Div(
        [html.H2([say("crohns.what_if"), html.Span(f" {say('crohns.what_if_unit')}", className="unit")]), switch],
        className="title",
    )
    return _pane(ids.REGION_CROHNS_WHAT_IF, "crohns-what-if", "crohns.what_if", title, html.Div(id=ids.CROHNS_WHAT_IF))


def labels_region() -> Component:
    """Return the region of the labels by each way to state uncertainty."""
    title = html.Div(html.H2(say("crohns.labels")), className="title")
    return _pane(ids.REGION_CROHNS_LABELS, "crohns-labels", "crohns.labels", title, html.Div(id=ids.CROHNS_LABELS))


def checks_region() -> Component:
    """Return the region of the checks."""
    body = html.Div(id=ids.CROHNS_CHECKS, **{"aria-live": "polite"})
    return html.Section(
        body, id=ids.REGION_CROHNS_CHECKS, className="checks", **{"aria-label": say("checks.title"), "tabIndex": "0"}
    )


def _pane(region: str, kind: str, key: str, *parts: Any) -> Component:  # noqa: ANN401 - elements
    return html.Section(list(parts), id=region, className=f"pane {kind}", **{"aria-label": say(key)})
