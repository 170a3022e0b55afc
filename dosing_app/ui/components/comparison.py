"""Up to four regimens side by side, each with what a pharmacist asks, and a button that makes it the plan."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dosing_app.decision.view import View, compute_view
from dosing_app.findings.case_words import infusions
from dosing_app.findings.numbers import UNKNOWN, interval, interval_text, one_percent, percent, shown, target_percent
from dosing_app.findings.regimens import (
    early_infusions,
    headline,
    kept_infusions,
    named_regimens,
    reached_text,
    regimen_count,
    regimen_name,
    relaxed_text,
    source_of,
)
from dosing_app.language import say
from dosing_app.ui import ids
from dosing_app.ui.components.finder import bar_ticks, interval_bar, shared_scale
from dosing_app.ui.components.results import graph_config
from dosing_app.ui.elements import Component, dcc, dmc, html
from dosing_app.ui.figures import small_concentration_figure

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dosing_app.decision.case_schema import PatientCase
    from dosing_app.decision.forecast import Forecast
    from dosing_app.decision.optimize_result import ListedRegimen, OptimizeResult
    from dosing_app.findings.regimens import Source

SIDE_BY_SIDE = 4


def pinned_at_first(result: OptimizeResult) -> list[int]:
    """Return the places in the list of the regimens that are compared unless others are chosen."""
    return [result.regimens.index(regimen) for regimen in named_regimens(result)[:SIDE_BY_SIDE]]


def still_pinned(pinned: Sequence[int], before: OptimizeResult, now: OptimizeResult) -> list[int]:
    """Return where the regimens of some places of one list are in another, without those that it does not have."""
    places = {regimen.doses: place for place, regimen in enumerate(now.regimens)}
    chosen = [before.regimens[place].doses for place in pinned if place < len(before.regimens)]
    return [places[doses] for doses in chosen if doses in places]


def comparison(view: View, result: OptimizeResult, pinned: Sequence[int], *, is_open: bool) -> list[Any]:
    """Return the regimens of some places in the list side by side, and the whole list to choose others from.

    Parameters
    ----------
    view, result : View, OptimizeResult
        The case and its search.
    pinned : sequence of int
        Places in the list, at most four are shown.
    is_open : bool
        Whether the whole list is unfolded, because somebody is choosing from it.
    """
    forecast = view.forecast
    chosen = [result.regimens[place] for place in pinned if place < len(result.regimens)][:SIDE_BY_SIDE]
    source = source_of(forecast)
    views = [_view_of(view, regimen) for regimen in chosen]
    scale = shared_scale(chosen)
    top = max((float(one.bands[:, 3].max()) for one in views if one.bands is not None), default=1.0)
    last = max((float(one.times[-1]) for one in (view, *views)), default=0.0)
    rows = [
        ("comparison.row_infusions", [_infusions(forecast, regimen) for regimen in chosen]),
        ("comparison.row_drug", [_drug(regimen) for regimen in chosen]),
        ("comparison.row_28_days", [_most(forecast, regimen) for regimen in chosen]),
        ("comparison.row_chance", [_chance(forecast, regimen) for regimen in chosen]),
        ("comparison.row_risk", [_risk(one, regimen, scale) for one, regimen in zip(views, chosen, strict=True)]),
        ("comparison.row_curve", [_curve(one, view, (last, top), place) for place, one in enumerate(views)]),
        ("comparison.row_use", [_use(forecast, regimen, result.regimens.index(regimen)) for regimen in chosen]),
    ]
    head = [html.Td("")] + [
        html.Th(
            [regimen_name(regimen, source), html.Div(_why(regimen, forecast.case), className="unit small")], scope="col"
        )
        for regimen in chosen
    ]
    target = target_percent(forecast.case.target.risk_day90)
    body = [
        html.Tr([html.Th(say(key, target=target), scope="row"), *(html.Td(cell) for cell in cells)])
        for key, cells in rows
    ]
    table = html.Table([html.Thead(html.Tr(head)), html.Tbody(body)], className="comparison-table")
    kept = kept_infusions(result)
    notes = [html.P(say("comparison.association"), className="note")]
    if kept:
        key = "comparison.kept" if forecast.case.planned else "comparison.kept_label"
        notes.append(html.P(say(key, infusions=infusions(kept)), className="note"))
    asked = [html.P(html.Strong(headline(forecast.case, result)))] if not result.reachable else []
    relaxed = [html.Li(relaxed_text(relaxation, forecast.case)) for relaxation in result.relaxations]
    moved = [html.H2(say("finder.if_relaxed")), html.Ul(relaxed)] if relaxed else []
    listed = _all(result, pinned, source, is_open=is_open)
    return [*asked, html.Div(table, className="scrolled", tabIndex=0), *moved, *notes, listed]


def _view_of(view: View, regimen: ListedRegimen) -> View:
    case = view.forecast.case.model_copy(update={"planned": regimen.doses})
    return compute_view(case, view.forecast.event_model)


def _why(regimen: ListedRegimen, case: PatientCase) -> str:
    if regimen.added_mg == 0 and not case.planned:
        return say("comparison.as_label")
    if regimen.added_mg > 0:
        return say("comparison.added", mg=shown(regimen.added_mg))
    return say("comparison.as_compared" if regimen.added_mg == 0 else "comparison.less", mg=shown(-regimen.added_mg))


def _infusions(forecast: Forecast, regimen: ListedRegimen) -> Component:
    weight_kg = forecast.covariates.values["weight_kg"]
    lines = [
        html.Div(
            [
                html.Span(
                    [
                        html.Strong(f"{shown(dose.amount_mg)} mg"),
                        f" {shown(round(dose.amount_mg / weight_kg, 1))} mg/kg",
                    ]
                ),
                html.Span(say("case.day", day=shown(dose.time_day))),
            ],
            className="infusion",
        )
        for dose in early_infusions(regimen.doses)
    ]
    return html.Div(lines or say("finder.no_infusion"))


def _drug(regimen: ListedRegimen) -> str:
    return say("comparison.drug", mg=shown(regimen.total_mg), count=regimen.vials)


def _most(forecast: Forecast, regimen: ListedRegimen) -> str:
    per_kg = regimen.total_28_day_mg / forecast.covariates.values["weight_kg"]
    return f"{shown(regimen.total_28_day_mg)} mg · {shown(round(per_kg, 1))} mg/kg"


def _chance(forecast: Forecast, regimen: ListedRegimen) -> Component:
    chance = html.Strong(percent(regimen.probability_target), className="key-figure")
    return html.Span(
        [chance, f" {say('finder.in_100')} · {reached_text(forecast.case, is_reached=regimen.is_reached)}"]
    )


def _risk(one: View, regimen: ListedRegimen, scale: int) -> Component | str:
    risk = one.forecast.risk
    if risk is None:
        return UNKNOWN
    quantiles = risk.day90.quantiles
    words = [
        html.Strong(interval(quantiles), className="key-figure"),
        html.Span(f" {say('risk.interval_of', middle=one_percent(float(quantiles[2])))}", className="unit small"),
    ]
    bar = interval_bar(one.forecast, regimen, scale, (float(quantiles[1]), float(quantiles[3])))
    return html.Div([html.Div(words), bar_ticks(scale), bar])


def _curve(one: View, plan: View, ends: tuple[float, float], place: int) -> Component:
    figure = small_concentration_figure(one, plan, ends)
    graph = dcc.Graph(id=f"comparison-curve-{place}", figure=figure, config=graph_config(), className="small-curve")
    return html.Div(graph, **{"aria-hidden": "true"})


def _use(forecast: Forecast, regimen: ListedRegimen, place: int) -> Component:
    if regimen.doses == forecast.case.planned:
        return html.Span(say("comparison.in_use"), className="unit")
    return dmc.Button(say("comparison.use"), id=ids.use_as_plan(place), size="compact-sm", variant="default")


def _all(result: OptimizeResult, pinned: Sequence[int], source: Source, *, is_open: bool) -> Component:
    """Return the ranked list, of which any four can be put side by side."""
    rows = [
        html.Tr(
            [
                html.Td(
                    dmc.Checkbox(
                        id=ids.pin(place),
                        checked=place in pinned,
                        disabled=place not in pinned and len(pinned) >= SIDE_BY_SIDE,
                        size="xs",
                        **{"aria-label": say("comparison.pin", rank=str(regimen.rank))},
                    ),
                    title=say("comparison.pin_full") if place not in pinned and len(pinned) >= SIDE_BY_SIDE else "",
                ),
                html.Th(f"{regimen.rank}", scope="row"),
                html.Td(infusions(regimen.doses), className="words"),
                html.Td(f"{shown(regimen.total_mg)} mg"),
                html.Td(f"{percent(regimen.probability_target)} {say('finder.in_100')}"),
                html.Td(interval_text(regimen.risk_day90.q05, regimen.risk_day90.q95)),
                html.Td(regimen_name(regimen, source) if regimen.kind else "", className="words"),
            ]
        )
        for place, regimen in enumerate(result.regimens)
    ]
    titles = ("pin", "rank", "infusions", "drug", "chance", "risk", "kind")
    head = html.Thead(html.Tr([html.Th(say(f"comparison.column_{title}"), scope="col") for title in titles]))
    summary = html.Summary(
        say(
            "comparison.all",
            listed=str(len(result.regimens)),
            searched=regimen_count(result.candidates_total, is_exact=result.is_total_exact),
        )
    )
    return html.Details(
        [summary, html.Table([head, html.Tbody(rows)], className="list-table")], className="all", open=is_open
    )
