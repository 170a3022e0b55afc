"""The strip of the regimen finder: what was asked, and the regimens that answer it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from dosing_app.decision.reference_plan import reference_plan
from dosing_app.ui import text
from dosing_app.ui.elements import Component, html
from dosing_app.ui.state import number_text
from dosing_app.ui.text import NBSP
from dosing_app.ui.wording import infusions, interval_text, percent
from pkpd.units import percent_from_fraction

if TYPE_CHECKING:
    from dosing_app.decision.case_schema import PatientCase
    from dosing_app.decision.forecast import Forecast
    from dosing_app.decision.optimize_result import ListedRegimen, OptimizeResult

_LAST_DAY = 28.0
# From here on a number of regimens is told by its size only.
_COUNTED_TO = 10**9
_RAISED = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
_KIND_ORDER = ("best", "nearest", "fixed_interval", "fixed_dose", "label", "reference")
_KIND_NAMES = {
    "best": "Least drug",
    "nearest": "Nearest",
    "fixed_interval": "weekly",
    "fixed_dose": "5 mg/kg each time",
    "label": "Label",
    "reference": "Current plan",
}
_COLUMNS = ("", "infusions to day 28", "drug", "highest dose", "chance", "", "from levels, 90 %")
_LIMITS = {
    "mg_per_kg_max": "the highest dose",
    "gap_day_min": "the shortest gap",
    "doses_max_28_day": "the number of infusions within 28 days",
    "days": "the days left or allowed",
    "heart_failure": "heart failure",
}


def finder_strip(forecast: Forecast, result: OptimizeResult) -> list[Any]:
    """Return the strip of one search."""
    case, weight_kg = forecast.case, forecast.covariates.values["weight_kg"]
    title = html.Div([html.H2("Regimen finder"), html.Span(headline(case, result))], className="title")
    head = html.Thead(html.Tr([html.Th(name, scope="col") for name in _columns(case)]))
    source = reference_plan(case, weight_kg).source
    rows = [_row(regimen, regimen_name(regimen, source), weight_kg) for regimen in named_regimens(result)]
    notes = [html.P(text.in_words(warning.text), className="note") for warning in result.warnings]
    return [title, html.Table([head, html.Tbody(rows)], className="finder-table"), *notes]


def headline(case: PatientCase, result: OptimizeResult) -> str:
    """Return in one sentence what was searched and whether it exists."""
    target = f"{number_text(round(percent_from_fraction(case.target.risk_day90), 6))}{NBSP}%"
    confidence = f"{number_text(round(percent_from_fraction(case.target.confidence), 6))}{NBSP}%"
    searched = f"{regimen_count(result.candidates_total)} within the limits"
    if case.target.criterion == "plug_in":
        asked = f"the risk at the best estimate to {target} or less"
    else:
        asked = f"the risk to {target} or less with {confidence} confidence"
    if result.reachable:
        return f"Least drug that brings {asked} · {searched}."
    if result.limiting in _LIMITS:
        return f"None of {searched} brings {asked}. What binds most: {_LIMITS[result.limiting]}."
    return f"None of {searched} brings {asked}."


def named_regimens(result: OptimizeResult) -> list[ListedRegimen]:
    """Return the regimens that are listed for a reason, each once, the best first."""
    named = [regimen for regimen in result.regimens if regimen.kind]
    return sorted(named, key=lambda regimen: min(_KIND_ORDER.index(kind) for kind in regimen.kind))


def regimen_count(number: int) -> str:
    """Return how many regimens in words: 1 regimen, 268 regimens, more than 10^21 regimens."""
    if number >= _COUNTED_TO:
        return f"more than 10{str(len(str(number)) - 1).translate(_RAISED)} regimens"
    return f"{number:,} regimen{'' if number == 1 else 's'}"


def regimen_name(regimen: ListedRegimen, source: Literal["planned", "label"]) -> str:
    """Return what a regimen is: least drug, label, and so on.

    What the others are compared with comes from `source`, and is the current plan only where that is "planned".
    """
    kinds = sorted(regimen.kind, key=_KIND_ORDER.index)
    if source == "label":
        kinds = [kind for kind in kinds if kind != "reference"] or ["label"]
    names = list(dict.fromkeys(_KIND_NAMES[kind] for kind in kinds))
    joined = " = ".join(names)
    return joined[:1].upper() + joined[1:]


def _columns(case: PatientCase) -> tuple[str, ...]:
    target = number_text(round(percent_from_fraction(case.target.risk_day90), 6))
    return tuple(f"chance of {target}{NBSP}% or less" if name == "chance" else name for name in _COLUMNS)


def _row(regimen: ListedRegimen, name: str, weight_kg: float) -> Component:
    early = [dose for dose in regimen.doses if dose.time_day < _LAST_DAY]
    risk = regimen.risk_day90
    highest = max((dose.amount_mg for dose in early), default=0.0) / weight_kg
    added = f" (+{number_text(round(regimen.added_mg, 6))})" if regimen.added_mg > 0 else ""
    return html.Tr(
        [
            html.Th(name, scope="row"),
            html.Td(infusions(early), className="words"),
            html.Td([number_text(round(regimen.total_mg, 6)), html.Span(f" mg{added}", className="unit")]),
            html.Td([f"{highest:.3g}", html.Span(" mg/kg", className="unit")]),
            html.Td([html.Strong(percent(regimen.probability_target)), html.Span(" in 100", className="unit")]),
            html.Td("reached" if regimen.is_reached else "not reached", className="words"),
            html.Td(interval_text(risk.q05, risk.q95)),
        ]
    )
