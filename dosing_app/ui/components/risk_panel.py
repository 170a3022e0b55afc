"""The risk in words: the interval first, the middle small, frequencies, the chance, and what it all rests on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dosing_app.ui import text
from dosing_app.ui.elements import html
from dosing_app.ui.text import NBSP
from dosing_app.ui.wording import (
    STOP_RULE,
    chance_in_words,
    frequency,
    interval,
    percent,
    side_in_words,
    study_facts,
)

if TYPE_CHECKING:
    from dosing_app.decision.forecast import RiskForecast
    from dosing_app.ui.view import View
    from tte import EventModel


def risk_words(view: View) -> list[Any]:
    """Return title, headline and sentences."""
    risk = view.forecast.risk
    title = html.H2(["Risk of colectomy by day 90", html.Span(" with the current plan", className="unit")])
    if not view.has_mass:
        return [title, html.P(text.NO_MASS, className="words")]
    if risk is None:
        model = view.forecast.model.title
        return [title, html.P(f"No risk is given with {model}: the risk model is not calibrated for it.")]
    total = risk.total
    headline = html.Div(
        className="headline",
        children=[
            html.Span(interval(total.day90.quantiles), className="interval"),
            html.Span(
                [
                    f"90{NBSP}% interval, middle {percent(total.day90.quantiles[2])}{NBSP}%",
                    html.Br(),
                    _from_now(view, risk),
                ],
                className="unit small",
            ),
        ],
    )
    basis = [] if view.forecast.samples else [html.P("Rests on weight and CRP only: no sample is in use.")]
    return [
        title,
        headline,
        *basis,
        html.P(frequency(risk)),
        html.P(html.Strong(chance_in_words(risk, view.forecast.case))),
    ]


def answer_line(view: View) -> list[Any]:
    """Return the risk in one line, which stays on the narrow screen."""
    risk = view.forecast.risk
    if risk is None or not view.has_mass:
        return []
    return [
        html.Span(
            [
                html.Span("Colectomy by day 90, current plan", className="unit small"),
                html.Br(),
                html.Strong(interval(risk.total.day90.quantiles)),
                html.Span(f" 90{NBSP}% interval", className="unit small"),
            ]
        ),
        html.Strong(side_in_words(risk)),
    ]


def risk_basis(event_model: EventModel) -> list[Any]:
    """Return what the risk rests on, and the rule that stands above it."""
    return [html.P(study_facts(event_model), className="note"), html.P(html.Strong(STOP_RULE), className="stop-rule")]


def _from_now(view: View, risk: RiskForecast) -> str:
    case = view.forecast.case
    if case.now_day >= view.forecast.event_model.horizon_day:
        return "day 90 has passed"
    return f"from day {case.now_day:.3g} on: {interval(risk.total.from_now.quantiles)}"
