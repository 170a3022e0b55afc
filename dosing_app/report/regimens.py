"""The regimens that were compared, within which limits, and what relaxed limits would give."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dosing_app.decision.reference_plan import LAST_WINDOW_DAY, reference_plan
from dosing_app.language import Message, say, spoken
from dosing_app.language.speaking import spoken_number
from dosing_app.report.tables import Table
from dosing_app.report.words import infusions, interval_text, one_percent, percent, shown, target_percent, warning_text
from tte import risk_day90

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dosing_app.decision.case_schema import PatientCase
    from dosing_app.decision.forecast import Forecast
    from dosing_app.decision.optimize_result import ListedRegimen, OptimizeResult, Relaxation
    from dosing_app.decision.view import View
    from dosing_app.language import Value

_KIND_ORDER = ("best", "nearest", "fixed_interval", "fixed_dose", "label", "reference")
_LIMITS = ("mg_per_kg_max", "gap_day_min", "doses_max_28_day", "days", "heart_failure")
# From here on a number of regimens is told by its size only.
_COUNTED_TO = 10**9
_RAISED = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


@dataclass(frozen=True, slots=True)
class Regimens:
    """What is said of the regimen search.

    Parameters
    ----------
    asked : str
        Target and limits.
    headline : str
        What was searched and whether it exists.
    table : Table
        The regimens that are listed for a reason.
    remarks : tuple of str
        What relaxed limits would give, what all regimens keep, and what to know of the search.
    """

    asked: str
    headline: str
    table: Table
    remarks: tuple[str, ...]


def compared_regimens(view: View, search: OptimizeResult) -> Regimens:
    """Return what is said of one search."""
    forecast = view.forecast
    case = forecast.case
    kept = [dose for dose in search.reference.doses if dose.time_day >= LAST_WINDOW_DAY]
    return Regimens(
        asked="; ".join(_asked(case)),
        headline=_headline(case, search),
        table=Table(_titles(case), tuple(_row(regimen, forecast) for regimen in _named_regimens(search)), words=1),
        remarks=(
            *(_relaxed(relaxation) for relaxation in search.relaxations),
            *((say("report.kept", infusions=infusions(kept)),) if kept else ()),
            *(warning_text(warning) for warning in search.warnings),
            say("comparison.association"),
        ),
    )


def _asked(case: PatientCase) -> Iterator[str]:
    """Yield target and limits, those that are not set left out."""
    target, limits = case.target, case.limits
    risk = target_percent(target.risk_day90)
    if target.criterion == "plug_in":
        yield say("report.asked_plug_in", target=risk)
    else:
        yield say("report.asked", target=risk, confidence=target_percent(target.confidence))
    yield say(
        "report.limits",
        most=shown(limits.mg_per_kg_max),
        vial=shown(limits.vial_mg),
        step=shown(limits.dose_step_mg),
        gap=shown(limits.gap_day_min),
        number=shown(limits.doses_max_28_day),
    )
    if limits.first_day is not None:
        yield say("report.first_day", day=shown(limits.first_day))
    if limits.days_allowed is not None:
        yield say("report.days", days=", ".join(map(shown, limits.days_allowed)))
    if limits.weekdays_allowed is not None:
        yield say("report.weekdays", days=", ".join(limits.weekdays_allowed))


def _headline(case: PatientCase, search: OptimizeResult) -> str:
    values: dict[str, Value] = {
        "target": target_percent(case.target.risk_day90),
        "confidence": target_percent(case.target.confidence),
        "searched": _regimen_count(search.candidates_total, is_exact=search.is_total_exact),
    }
    asked = "plug_in" if case.target.criterion == "plug_in" else "posterior"
    if search.reachable:
        return spoken(Message(f"finder.reached_{asked}", values))
    if search.limiting in _LIMITS:
        values["limit"] = say(f"finder.limit_{search.limiting}")
        return spoken(Message(f"finder.not_reached_{asked}_limit", values))
    return spoken(Message(f"finder.not_reached_{asked}", values))


def _named_regimens(search: OptimizeResult) -> list[ListedRegimen]:
    """Return the regimens that are listed for a reason, each once, the best first."""
    named = [regimen for regimen in search.regimens if regimen.kind]
    return sorted(named, key=lambda regimen: min(_KIND_ORDER.index(kind) for kind in regimen.kind))


def _regimen_count(number: int, *, is_exact: bool) -> str:
    """Return how many regimens in words: 268 regimens, at most 400 regimens, more than 10^21 regimens."""
    if not is_exact:
        size = (
            f"10{str(len(str(number))).translate(_RAISED)}" if number >= _COUNTED_TO else spoken_number(f"{number:,}")
        )
        return say("finder.regimens_at_most", number=size)
    if number >= _COUNTED_TO:
        return say("finder.regimens_more", power=f"10{str(len(str(number)) - 1).translate(_RAISED)}")
    return say("finder.regimens", count=number)


def _titles(case: PatientCase) -> tuple[str, ...]:
    target = case.target
    return (
        "",
        say("finder.column_infusions"),
        say("finder.column_drug"),
        say("finder.column_highest"),
        say("finder.column_chance", target=target_percent(target.risk_day90)),
        say("finder.column_at", confidence=target_percent(target.confidence)),
        say("finder.column_risk"),
        say("twin.middle"),
        *((say("report.column_plug_in"),) if target.criterion == "plug_in" else ()),
    )


def _row(regimen: ListedRegimen, forecast: Forecast) -> tuple[str, ...]:
    weight_kg, risk = forecast.covariates.values["weight_kg"], regimen.risk_day90
    early = [dose for dose in regimen.doses if dose.time_day < LAST_WINDOW_DAY]
    highest = max((dose.amount_mg for dose in early), default=0.0) / weight_kg
    added = f" (+{shown(regimen.added_mg)})" if regimen.added_mg > 0 else ""
    # Without drug in the window the risk is 1.
    middle = 1.0
    if regimen.log_auc_cl_q50 is not None:
        middle = float(risk_day90(forecast.event_model, regimen.log_auc_cl_q50))
    return (
        _name(regimen, forecast.case, weight_kg),
        infusions(early),
        f"{shown(regimen.total_mg)} mg{added}",
        f"{shown(round(highest, 1))} mg/kg",
        f"{percent(regimen.probability_target)} {say('finder.in_100')}",
        say("finder.reached" if regimen.is_reached else "finder.not_reached"),
        interval_text(risk.q05, risk.q95),
        one_percent(middle),
        *((one_percent(risk.plug_in),) if forecast.case.target.criterion == "plug_in" else ()),
    )


def _name(regimen: ListedRegimen, case: PatientCase, weight_kg: float) -> str:
    """Return what a regimen is: least drug, label, and so on; the current plan only where infusions are planned."""
    kinds = sorted(regimen.kind, key=_KIND_ORDER.index)
    if reference_plan(case, weight_kg).source == "label":
        kinds = [kind for kind in kinds if kind != "reference"] or ["label"]
    names = " = ".join(dict.fromkeys(say(f"kind.{kind}") for kind in kinds))
    return names[:1].upper() + names[1:]


def _relaxed(relaxation: Relaxation) -> str:
    risk = relaxation.risk_day90
    return say(
        "report.relaxed",
        step=spoken(relaxation.step),
        infusions=infusions([dose for dose in relaxation.doses if dose.time_day < LAST_WINDOW_DAY]),
        chance=percent(relaxation.probability_target),
        interval=interval_text(risk.q05, risk.q95),
        reached=say("finder.reached" if relaxation.is_reached else "finder.not_reached"),
    )
