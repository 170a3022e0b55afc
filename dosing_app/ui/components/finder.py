"""The strip of the regimen finder: the regimens that answer what was asked, each with its interval drawn beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from dosing_app.decision.reference_plan import LAST_WINDOW_DAY, reference_plan
from dosing_app.language import Message, say, spoken
from dosing_app.language.speaking import spoken_number
from dosing_app.ui.elements import Component, html
from dosing_app.ui.wording import infusions, interval_text, one_percent, percent, shown, target_percent
from dosing_app.ui.words_for_keys import in_words
from pkpd.units import percent_from_fraction
from tte import risk_day90

if TYPE_CHECKING:
    from dosing_app.decision.case_schema import PatientCase
    from dosing_app.decision.forecast import Forecast
    from dosing_app.decision.optimize_result import ListedRegimen, OptimizeResult
    from dosing_app.language import Value

KIND_ORDER = ("best", "nearest", "fixed_interval", "fixed_dose", "label", "reference")
_LIMITS = ("mg_per_kg_max", "gap_day_min", "doses_max_28_day", "days", "heart_failure")
# From here on a number of regimens is told by its size only.
_COUNTED_TO = 10**9
_RAISED = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
_SCALES = (50, 80, 100)

Source = Literal["planned", "label"]


def finder_strip(forecast: Forecast, result: OptimizeResult) -> list[Any]:
    """Return the strip of one search."""
    case = forecast.case
    regimens = named_regimens(result)
    scale = shared_scale(regimens)
    source = reference_plan(case, forecast.covariates.values["weight_kg"]).source
    rows = [_row(regimen, regimen_name(regimen, source), forecast, scale) for regimen in regimens]
    notes = [html.P(spoken(in_words(warning.message)), className="note") for warning in result.warnings]
    table = html.Table([_head(case, scale), html.Tbody(rows)], className="finder-table")
    return [html.P(headline(case, result), className="finder-headline"), table, *notes]


def headline(case: PatientCase, result: OptimizeResult) -> str:
    """Return in one sentence what was searched and whether it exists."""
    values: dict[str, Value] = {
        "target": target_percent(case.target.risk_day90),
        "confidence": target_percent(case.target.confidence),
        "searched": regimen_count(result.candidates_total, is_exact=result.is_total_exact),
    }
    asked = "plug_in" if case.target.criterion == "plug_in" else "posterior"
    if result.reachable:
        return spoken(Message(f"finder.reached_{asked}", values))
    if result.limiting in _LIMITS:
        values["limit"] = say(f"finder.limit_{result.limiting}")
        return spoken(Message(f"finder.not_reached_{asked}_limit", values))
    return spoken(Message(f"finder.not_reached_{asked}", values))


def named_regimens(result: OptimizeResult) -> list[ListedRegimen]:
    """Return the regimens that are listed for a reason, each once, the best first."""
    named = [regimen for regimen in result.regimens if regimen.kind]
    return sorted(named, key=lambda regimen: min(KIND_ORDER.index(kind) for kind in regimen.kind))


def regimen_count(number: int, *, is_exact: bool = True) -> str:
    """Return how many regimens in words: 1 regimen, 268 regimens, at most 400 regimens, more than 10^21 regimens."""
    if not is_exact:
        size = (
            f"10{str(len(str(number))).translate(_RAISED)}" if number >= _COUNTED_TO else spoken_number(f"{number:,}")
        )
        return say("finder.regimens_at_most", number=size)
    if number >= _COUNTED_TO:
        return say("finder.regimens_more", power=f"10{str(len(str(number)) - 1).translate(_RAISED)}")
    return say("finder.regimens", count=number)


def regimen_name(regimen: ListedRegimen, source: Source) -> str:
    """Return what a regimen is: least drug, label, and so on.

    What the others are compared with comes from `source`, and is the current plan only where that is "planned".
    """
    kinds = sorted(regimen.kind, key=KIND_ORDER.index)
    if source == "label":
        kinds = [kind for kind in kinds if kind != "reference"] or ["label"]
    names = " = ".join(dict.fromkeys(say(f"kind.{kind}") for kind in kinds)) or say("kind.other")
    return names[:1].upper() + names[1:]


def shared_scale(regimens: list[ListedRegimen]) -> int:
    """Return where the axis of the intervals ends [%]: at 50, 80 or 100, alike for all regimens compared."""
    most = percent_from_fraction(max((regimen.risk_day90.q95 for regimen in regimens), default=0.0))
    return next((end for end in _SCALES if most <= end), _SCALES[-1])


def interval_bar(forecast: Forecast, regimen: ListedRegimen, scale: int) -> Component:
    """Return the 90 % interval of a regimen's risk as a line, its middle as a stroke, and the target."""
    risk = regimen.risk_day90
    middle = 1.0
    if regimen.log_auc_cl_q50 is not None:
        middle = float(risk_day90(forecast.event_model, regimen.log_auc_cl_q50))
    places = {name: percent_from_fraction(value) / scale for name, value in _ends(risk.q05, middle, risk.q95).items()}
    target = percent_from_fraction(forecast.case.target.risk_day90) / scale
    line = {"left": f"{places['low']:.2%}", "width": f"{places['high'] - places['low']:.2%}"}
    return html.Div(
        [
            html.Div(className="bar-target", style={"left": f"{target:.2%}"}) if target <= 1.0 else None,
            html.Div(className="bar-line", style=line),
            html.Div(className="bar-middle", style={"left": f"{places['middle']:.2%}"}),
        ],
        className="bar",
        **{"aria-hidden": "true"},
    )


def _ends(low: float, middle: float, high: float) -> dict[str, float]:
    return {"low": low, "middle": middle, "high": high}


def _head(case: PatientCase, scale: int) -> Component:
    titles = [
        "",
        say("finder.column_infusions"),
        say("finder.column_drug"),
        say("finder.column_highest"),
        say("finder.column_chance", target=target_percent(case.target.risk_day90)),
        say("finder.column_at", confidence=target_percent(case.target.confidence)),
        say("finder.column_risk"),
    ]
    ticks = [
        html.Span(f"{tick}", style={"left": f"{tick / scale:.2%}"}) for tick in range(0, scale + 1, 20) if tick < scale
    ]
    axis = html.Th(html.Div(ticks, className="bar-ticks"), scope="col", className="bar-cell", **{"aria-hidden": "true"})
    return html.Thead(html.Tr([*(html.Th(title, scope="col") for title in titles), axis]))


def _row(regimen: ListedRegimen, name: str, forecast: Forecast, scale: int) -> Component:
    early = [dose for dose in regimen.doses if dose.time_day < LAST_WINDOW_DAY]
    weight_kg = forecast.covariates.values["weight_kg"]
    risk = regimen.risk_day90
    highest = max((dose.amount_mg for dose in early), default=0.0) / weight_kg
    added = f" (+{shown(regimen.added_mg)})" if regimen.added_mg > 0 else ""
    reached = "finder.reached" if regimen.is_reached else "finder.not_reached"
    return html.Tr(
        [
            html.Th(name, scope="row"),
            html.Td(infusions(early), className="words"),
            html.Td([shown(regimen.total_mg), html.Span(f" mg{added}", className="unit")]),
            html.Td([shown(round(highest, 1)), html.Span(" mg/kg", className="unit")]),
            html.Td(
                [
                    html.Strong(percent(regimen.probability_target)),
                    html.Span(f" {say('finder.in_100')}", className="unit"),
                ]
            ),
            html.Td(say(reached), className="words"),
            html.Td(interval_text(risk.q05, risk.q95)),
            html.Td(interval_bar(forecast, regimen, scale), className="bar-cell"),
        ]
    )


def chance_of_target(regimen: ListedRegimen) -> str:
    """Return the chance that a regimen reaches the target, as on every other place of the screen."""
    return one_percent(regimen.probability_target)
