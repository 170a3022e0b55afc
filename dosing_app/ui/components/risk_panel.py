"""The risk in words: the interval first, the middle small, frequencies, the chance, and what it all rests on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dosing_app.language import say
from dosing_app.ui.elements import html
from dosing_app.ui.wording import (
    chance_in_words,
    frequency,
    interval,
    one_percent,
    shown,
    side_in_words,
    study_facts,
)

if TYPE_CHECKING:
    from dosing_app.decision.forecast import RiskForecast
    from dosing_app.decision.view import View
    from tte import EventModel


def risk_words(view: View) -> list[Any]:
    """Return headline and sentences."""
    risk = view.forecast.risk
    if not view.has_mass:
        return [html.P(say("risk.no_mass"), className="words")]
    if risk is None:
        return [html.P(say("risk.not_calibrated", model=view.forecast.model.title))]
    total = risk.total
    codes = {warning.code for warning in view.warnings}
    if "very_unlike_study" in codes:
        # The interval stands in the table only: nobody should read it at a glance.
        return [html.P(html.Strong(say("risk.unlike_study")), className="words"), html.P(say("risk.unlike_study_why"))]
    headline = html.Div(
        className="headline",
        children=[
            html.Span(interval(total.day90.quantiles), className="interval"),
            html.Span(
                [
                    say("risk.interval_of", middle=one_percent(total.day90.quantiles[2])),
                    html.Br(),
                    _from_now(view, risk),
                    *([html.Br(), html.Strong(say("risk.outside_study"))] if codes & _OUTSIDE else []),
                ],
                className="unit small",
            ),
        ],
    )
    basis = [] if view.forecast.samples else [html.P(say("risk.no_sample"))]
    return [
        headline,
        *basis,
        html.P(frequency(risk)),
        *(html.P(html.Strong(sentence)) for sentence in chance_in_words(risk, view.forecast.case)),
    ]


_OUTSIDE = frozenset(
    {"covariate_outside", "covariate_floored", "crp_below_limit", "dose_outside_study", "unlike_study"}
)


def answer_line(view: View) -> list[Any]:
    """Return the risk in one line, which stays on the narrow screen."""
    risk = view.forecast.risk
    if risk is None or not view.has_mass:
        return []
    return [
        html.Span(
            [
                html.Span(say("risk.answer_title"), className="unit small"),
                html.Br(),
                html.Strong(interval(risk.total.day90.quantiles)),
                html.Span(f" {say('risk.answer_interval')}", className="unit small"),
            ]
        ),
        html.Strong(side_in_words(risk)),
    ]


def announced(view: View) -> str:
    """Return what is read aloud after a change."""
    risk = view.forecast.risk
    if risk is None or not view.has_mass:
        return say("risk.announce_none")
    quantiles = risk.total.day90.quantiles
    low, middle, high = (f"{100.0 * quantiles[i]:.0f}" for i in (0, 2, 4))
    return say("risk.announce", low=low, middle=middle, high=high)


def risk_basis(event_model: EventModel) -> list[Any]:
    """Return what the risk rests on, and the rule that stands above it."""
    facts = f"{study_facts(event_model)} {say('risk.not_validated')}"
    return [html.P(facts, className="note"), html.P(html.Strong(say("risk.stop_rule")), className="stop-rule")]


def _from_now(view: View, risk: RiskForecast) -> str:
    case = view.forecast.case
    if case.now_day >= view.forecast.event_model.horizon_day:
        return say("risk.day_90_passed")
    return say("risk.from_now", day=shown(round(case.now_day, 1)), interval=interval(risk.total.from_now.quantiles))
