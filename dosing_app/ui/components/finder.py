"""The strip of the regimen finder: the regimens that answer what was asked, each with its interval drawn beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dosing_app.findings.regimens import (
    certainty_note,
    headline,
    middle_risk,
    named_regimens,
    regimen_rows,
    regimen_titles,
)
from dosing_app.findings.warning_words import warning_text
from dosing_app.language import say
from dosing_app.ui.elements import Component, html
from pkpd.units import percent_from_fraction

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dosing_app.decision.case_schema import PatientCase
    from dosing_app.decision.forecast import Forecast
    from dosing_app.decision.optimize_result import ListedRegimen, OptimizeResult
    from dosing_app.findings.regimens import RegimenRow

_SCALES = (50, 80, 100)
_CHANCE = 4
"""Place of the chance among the titles of the columns."""


def finder_strip(forecast: Forecast, result: OptimizeResult) -> list[Any]:
    """Return the strip of one search."""
    case = forecast.case
    regimens = named_regimens(result)
    scale = shared_scale(regimens)
    said = regimen_rows(forecast, regimens)
    bars = [interval_bar(forecast, regimen, scale) for regimen in regimens]
    titles = regimen_titles(case)
    rows = [_row(row, bar, titles) for row, bar in zip(said, bars, strict=True)]
    notes = [html.P(warning_text(warning), className="note") for warning in result.warnings]
    table = html.Table([_head(case, scale), html.Tbody(rows)], className="finder-table")
    asked = " ".join(filter(None, (headline(case, result), certainty_note(case, result))))
    return [html.P(asked, className="finder-headline"), _in_one_line(said, titles[_CHANCE]), table, *notes]


def shared_scale(regimens: Sequence[ListedRegimen]) -> int:
    """Return where the axis of the intervals ends [%]: at 50, 80 or 100, alike for all regimens compared."""
    most = percent_from_fraction(max((regimen.risk_day90.q95 for regimen in regimens), default=0.0))
    return next((end for end in _SCALES if most <= end), _SCALES[-1])


def interval_bar(
    forecast: Forecast, regimen: ListedRegimen, scale: int, quartiles: tuple[float, float] | None = None
) -> Component:
    """Return the 90 % interval of a regimen's risk as a line, its middle as a stroke, and the target.

    Where the quartiles of the risk are known, the 50 % interval lies on the line as a box.
    """
    risk, middle = regimen.risk_day90, middle_risk(regimen, forecast.event_model)
    low, at_half, high = (percent_from_fraction(value) / scale for value in (risk.q05, middle, risk.q95))
    target = percent_from_fraction(forecast.case.target.risk_day90) / scale
    return html.Div(
        [
            html.Div(className="bar-target", style={"left": f"{target:.2%}"}) if target <= 1.0 else None,
            html.Div(className="bar-line", style=_span(low, high)),
            *_box(quartiles, scale),
            html.Div(className="bar-middle", style={"left": f"{at_half:.2%}"}),
        ],
        className="bar",
        **{"aria-hidden": "true"},
    )


def bar_ticks(scale: int) -> Component:
    """Return the numbers of the axis of the intervals [%]."""
    ticks = [
        html.Span(f"{tick}", style={"left": f"{tick / scale:.2%}"}) for tick in range(0, scale + 1, 20) if tick < scale
    ]
    return html.Div(ticks, className="bar-ticks", **{"aria-hidden": "true"})


def _span(low: float, high: float) -> dict[str, str]:
    return {"left": f"{low:.2%}", "width": f"{high - low:.2%}"}


def _box(quartiles: tuple[float, float] | None, scale: int) -> list[Component]:
    if quartiles is None:
        return []
    low, high = (percent_from_fraction(value) / scale for value in quartiles)
    return [html.Div(className="bar-box", style=_span(low, high))]


def _in_one_line(rows: Sequence[RegimenRow], title: str) -> Component:
    """Return infusions and chances of the regimens in one line, for a window that is too low for the table."""
    parts: list[Any] = [html.Span(f"{title[:1].upper()}{title[1:]}: ", className="unit")]
    for row in rows:
        parts += [f"{row.name} ", html.Strong(row.infusions), f" {row.chance} {say('finder.in_100')}", " · "]
    return html.P(parts[:-1], className="finder-line")


def _head(case: PatientCase, scale: int) -> Component:
    axis = html.Th(bar_ticks(scale), scope="col", className="bar-cell", **{"aria-hidden": "true"})
    return html.Thead(html.Tr([*(html.Th(title, scope="col") for title in regimen_titles(case)), axis]))


def _row(row: RegimenRow, bar: Component, titles: tuple[str, ...]) -> Component:
    """Return a row; on the narrow screen, which has no head, each cell says what it is."""
    _, _, drug, highest, chance, _, risk = ({"data-label": title} for title in titles)
    in_100 = html.Span(f" {say('finder.in_100')}", className="unit")
    return html.Tr(
        [
            html.Th(row.name, scope="row"),
            html.Td(row.infusions, className="words"),
            html.Td([row.drug, html.Span(f" mg{row.added}", className="unit")], **drug),
            html.Td([row.highest, html.Span(" mg/kg", className="unit")], **highest),
            html.Td([html.Strong(row.chance), in_100], **chance),
            html.Td(row.reached, className="words"),
            html.Td(row.risk, **risk),
            html.Td(bar, className="bar-cell"),
        ]
    )
