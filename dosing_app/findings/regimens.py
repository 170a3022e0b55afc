"""The regimens of a search: what was searched, which are listed for a reason, their names and their rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from dosing_app.decision.reference_plan import LAST_WINDOW_DAY, reference_plan
from dosing_app.findings.case_words import infusions
from dosing_app.findings.numbers import interval_text, percent, shown, target_percent
from dosing_app.language import Message, say, spoken
from dosing_app.language.speaking import spoken_number
from tte import risk_day90

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dosing_app.decision.case_schema import CaseDose, PatientCase
    from dosing_app.decision.forecast import Forecast
    from dosing_app.decision.optimize_result import ListedRegimen, OptimizeResult, Relaxation
    from dosing_app.language import Value
    from tte import EventModel

Source = Literal["planned", "label"]

_KIND_ORDER = ("best", "nearest", "fixed_interval", "fixed_dose", "label", "reference")
_BEST, _KNOWN = frozenset({"best", "nearest"}), frozenset({"label", "reference"})
_LIMITS = ("mg_per_kg_max", "gap_day_min", "doses_max_28_day", "days", "heart_failure")
# From here on a number of regimens is told by its size only.
_COUNTED_TO = 10**9
_EVEN = 0.5
_RAISED = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


@dataclass(frozen=True, slots=True)
class RegimenRow:
    """What is said of one regimen in a row.

    Parameters
    ----------
    name : str
        What it is: least drug, label, and so on.
    infusions : str
        Those before day 28, in one line.
    drug, added : str
        Drug before day 28 and, in brackets, what that is more than in the plan that it is compared with [mg]; nothing
        where it is not more.
    highest : str
        Largest infusion before day 28 [mg/kg].
    chance : str
        Chance in 100 that it reaches the target.
    reached : str
        Whether that is as much as was asked for.
    risk : str
        90 % interval of the risk.
    """

    name: str
    infusions: str
    drug: str
    added: str
    highest: str
    chance: str
    reached: str
    risk: str


def headline(case: PatientCase, search: OptimizeResult) -> str:
    """Return in one sentence what was searched and whether it exists."""
    values: dict[str, Value] = {
        "target": target_percent(case.target.risk_day90),
        "confidence": target_percent(case.target.confidence),
        "searched": regimen_count(search.candidates_total, is_exact=search.is_total_exact),
    }
    asked = "plug_in" if case.target.criterion == "plug_in" else "posterior"
    if search.reachable:
        return spoken(Message(f"finder.reached_{asked}", values))
    if search.limiting in _LIMITS:
        values["limit"] = say(f"finder.limit_{search.limiting}")
        return spoken(Message(f"finder.not_reached_{asked}_limit", values))
    return spoken(Message(f"finder.not_reached_{asked}", values))


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


def named_regimens(search: OptimizeResult) -> list[ListedRegimen]:
    """Return the regimens that are listed for a reason, each once, the best first."""
    named = [regimen for regimen in search.regimens if regimen.kind]
    return sorted(named, key=lambda regimen: min(_KIND_ORDER.index(kind) for kind in regimen.kind))


def source_of(forecast: Forecast) -> Source:
    """Return where the plan that regimens are compared with comes from."""
    return reference_plan(forecast.case, forecast.covariates.values["weight_kg"]).source


def regimen_name(regimen: ListedRegimen, source: Source) -> str:
    """Return what a regimen is: least added drug, label, and so on; its rank where it is listed for no reason of its own.

    What the others are compared with comes from `source`, and is the current plan only where that is "planned".
    """
    kinds = sorted(regimen.kind, key=_KIND_ORDER.index)
    if source == "label" and "reference" in kinds:
        kinds = [kind for kind in kinds if kind != "reference"] or ["label"]
    # What somebody knows already names it, beside being the best; else the first reason does.
    known = [kind for kind in kinds if kind in _KNOWN]
    kinds = [kind for kind in kinds if kind in _BEST] + known or kinds[:1]
    names = " = ".join(say(f"kind.{kind}") for kind in kinds) or say("kind.other", rank=str(regimen.rank))
    return names[:1].upper() + names[1:]


def regimen_titles(case: PatientCase) -> tuple[str, ...]:
    """Return the titles of the columns of regimens, that of the name first."""
    return (
        "",
        say("finder.column_infusions"),
        say("finder.column_drug"),
        say("finder.column_highest"),
        say("finder.column_chance", target=target_percent(case.target.risk_day90)),
        say("finder.column_at"),
        say("finder.column_risk"),
    )


def regimen_rows(forecast: Forecast, regimens: Sequence[ListedRegimen]) -> list[RegimenRow]:
    """Return what is said of regimens in a row each."""
    source = source_of(forecast)
    return [_row(regimen, regimen_name(regimen, source), forecast) for regimen in regimens]


def reached_text(case: PatientCase, *, is_reached: bool) -> str:
    """Return whether a chance is as much as was asked for."""
    if case.target.criterion == "plug_in":
        return say("finder.reached_plan" if is_reached else "finder.not_reached_plan")
    asked = target_percent(case.target.confidence)
    return say("finder.reached" if is_reached else "finder.not_reached", confidence=asked)


def certainty_note(case: PatientCase, search: OptimizeResult) -> str:
    """Return what an even chance is, and which listed regimen is the most certain; nothing where either says nothing."""
    parts: list[str] = []
    if case.target.criterion == "posterior" and case.target.confidence == _EVEN:
        parts.append(say("finder.even"))
    best = max(search.regimens, key=lambda regimen: regimen.probability_target)
    first = search.regimens[0]
    if percent(best.probability_target) != percent(first.probability_target):
        chance = percent(best.probability_target)
        parts.append(say("finder.most_certain", infusions=infusions(early_infusions(best.doses)), chance=chance))
    return " ".join(parts)


def middle_risk(regimen: ListedRegimen, event_model: EventModel) -> float:
    """Return the risk of a regimen at the middle of its exposure; 1 without drug in the window."""
    if regimen.log_auc_cl_q50 is None:
        return 1.0
    return float(risk_day90(event_model, regimen.log_auc_cl_q50))


def relaxed_text(relaxation: Relaxation, case: PatientCase) -> str:
    """Return what one limit moved by one step would give."""
    risk = relaxation.risk_day90
    return say(
        "report.relaxed",
        step=spoken(relaxation.step),
        infusions=infusions(early_infusions(relaxation.doses)),
        chance=percent(relaxation.probability_target),
        interval=interval_text(risk.q05, risk.q95),
        reached=reached_text(case, is_reached=relaxation.is_reached),
    )


def early_infusions(doses: Sequence[CaseDose]) -> list[CaseDose]:
    """Return the infusions before day 28, in which regimens differ."""
    return [dose for dose in doses if dose.time_day < LAST_WINDOW_DAY]


def kept_infusions(search: OptimizeResult) -> list[CaseDose]:
    """Return the infusions on or after day 28, which all regimens of a search keep."""
    return [dose for dose in search.reference.doses if dose.time_day >= LAST_WINDOW_DAY]


def _row(regimen: ListedRegimen, name: str, forecast: Forecast) -> RegimenRow:
    early, risk = early_infusions(regimen.doses), regimen.risk_day90
    highest = max((dose.amount_mg for dose in early), default=0.0) / forecast.covariates.values["weight_kg"]
    return RegimenRow(
        name=name,
        infusions=infusions(early),
        drug=shown(regimen.total_mg),
        added=f" (+{shown(regimen.added_mg)})" if regimen.added_mg > 0 else "",
        highest=shown(round(highest, 1)),
        chance=percent(regimen.probability_target),
        reached=reached_text(forecast.case, is_reached=regimen.is_reached),
        risk=interval_text(risk.q05, risk.q95),
    )
