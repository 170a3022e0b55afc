"""The risk in words: the interval first, the middle small, frequencies, the chance, and what it all rests on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dosing_app.findings.risk_words import risk_words, shown_risk, study_facts, validation_words
from dosing_app.language import say
from dosing_app.ui.elements import Component, html
from dosing_app.ui.wording import answer_in_words

if TYPE_CHECKING:
    from dosing_app.decision.view import View
    from tte import EventModel


def risk_text(view: View) -> list[Any]:
    """Return headline and sentences."""
    said = risk_words(view)
    sentences = [html.P(sentence) for sentence in said.sentences]
    if not view.has_mass:
        return [html.P(answer, className="words") for answer in said.answers]
    if not said.interval:
        return [*(html.P(html.Strong(answer), className="words") for answer in said.answers), *sentences]
    outside = [html.Br(), html.Strong(said.outside)] if said.outside else []
    headline = html.Div(
        [
            html.Span(said.interval, className="interval"),
            html.Span([said.middle, html.Br(), said.from_now, *outside], className="unit small"),
        ],
        className="headline",
    )
    return [headline, *sentences, *(html.P(html.Strong(answer)) for answer in said.answers)]


def answer_line(view: View) -> list[Any]:
    """Return the risk in one line, which stays on the narrow screen."""
    risk = shown_risk(view)
    if risk is None:
        return []
    spread, chance = answer_in_words(risk, view.forecast.case.target.risk_day90)
    return [
        html.Span(
            [
                html.Span(say("risk.answer_title"), className="unit small"),
                html.Br(),
                html.Strong(spread),
                html.Span(f" {say('risk.answer_interval')}", className="unit small"),
            ]
        ),
        html.Span(chance, className="small"),
    ]


def announced(view: View) -> str:
    """Return what is read aloud after a change."""
    risk = shown_risk(view)
    if risk is None:
        return say("risk.announce_none")
    quantiles = risk.total.day90.quantiles
    low, middle, high = (f"{100.0 * quantiles[i]:.0f}" for i in (0, 2, 4))
    return say("risk.announce", low=low, middle=middle, high=high)


def risk_basis(event_model: EventModel) -> list[Any]:
    """Return what the risk rests on."""
    return [html.P(f"{study_facts(event_model)} {validation_words(event_model)}", className="note")]


def stop_rule() -> Component:
    """Return the rule that stands above every figure, and stays when the panel is scrolled."""
    return html.P(html.Strong(say("risk.stop_rule")), className="stop-rule")
