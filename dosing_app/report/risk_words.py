"""The risk in words and as rows: the interval first, the middle small, what each of them rests on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dosing_app.language import say
from dosing_app.report.words import interval, one_percent, percent, shown, target_percent

if TYPE_CHECKING:
    from dosing_app.decision.case_schema import PatientCase
    from dosing_app.decision.forecast import RiskForecast
    from dosing_app.decision.view import View
    from pkpd.arrays import FloatArray
    from tte import EventModel

_OUTSIDE = frozenset(
    {"covariate_outside", "covariate_floored", "crp_below_limit", "dose_outside_study", "unlike_study"}
)


@dataclass(frozen=True, slots=True)
class RiskWords:
    """What is said of the risk.

    Parameters
    ----------
    interval, middle, from_now, outside : str
        The headline, the last saying that the case lies outside the study; empty where it is not to be read at a glance.
    sentences, answers : tuple of str
        What stands below it, and what stands below that in bold.
    """

    interval: str
    middle: str
    from_now: str
    outside: str
    sentences: tuple[str, ...]
    answers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RiskRow:
    """One interval of the risk.

    Parameters
    ----------
    name : str
        What it rests on, in words.
    quantiles : (5,) array
        Risk at 5, 25, 50, 75 and 95 %.
    is_headline : bool
        Whether it is the one that leads.
    """

    name: str
    quantiles: FloatArray
    is_headline: bool


def shown_risk(view: View) -> RiskForecast | None:
    """Return the risk; None where the event model gives none, or no parameters explain the samples."""
    return view.forecast.risk if view.has_mass else None


def risk_words(view: View) -> RiskWords:
    """Return headline and sentences."""
    risk = shown_risk(view)
    if not view.has_mass:
        return RiskWords("", "", "", "", (), (say("risk.no_mass"),))
    if risk is None:
        return RiskWords("", "", "", "", (say("risk.not_calibrated", model=view.forecast.model.title),), ())
    codes = {warning.code for warning in view.warnings}
    if "very_unlike_study" in codes:
        # The interval stands in the table only: nobody should read it at a glance.
        return RiskWords("", "", "", "", (say("risk.unlike_study_why"),), (say("risk.unlike_study"),))
    total = risk.total.day90.quantiles
    basis = () if view.forecast.samples else (say("risk.no_sample"),)
    return RiskWords(
        interval=interval(total),
        middle=say("risk.interval_of", middle=one_percent(total[2])),
        from_now=_from_now(view, risk),
        outside=say("risk.outside_study") if codes & _OUTSIDE else "",
        sentences=(*basis, say("risk.frequency", low=percent(total[0]), high=percent(total[-1]))),
        answers=_chance(risk, view.forecast.case),
    )


def risk_rows(view: View) -> tuple[RiskRow, ...]:
    """Return the intervals of the risk: of everything, from the levels alone, and with the other form of the CRP effect."""
    risk = shown_risk(view)
    if risk is None:
        return ()
    return (
        RiskRow(say("risk.row_total"), risk.total.day90.quantiles, is_headline=True),
        RiskRow(say("risk.row_levels"), risk.day90.quantiles, is_headline=False),
        *(
            RiskRow(say("risk.row_other_form"), other.quantiles, is_headline=False)
            for other in view.other_forms.values()
        ),
    )


def study_facts(model: EventModel) -> str:
    """Return what the study behind the risk was."""
    facts = {fact.name: fact for fact in model.facts}
    high, low = facts.get("high_risk_colectomies"), facts.get("low_risk_colectomies")
    total = facts.get("colectomies")
    if high and low and total and high.out_of and low.out_of and total.out_of:
        return say(
            "risk.study",
            high=f"{high.value:.0f}",
            of_high=f"{high.out_of:.0f}",
            low=f"{low.value:.0f}",
            of_low=f"{low.out_of:.0f}",
            patients=f"{total.out_of:.0f}",
            colectomies=f"{total.value:.0f}",
        )
    return say("risk.study_unknown")


def _chance(risk: RiskForecast, case: PatientCase) -> tuple[str, ...]:
    """Return what the chance of reaching the target means; by the patient's parameters only, as in the search."""
    target, chance = target_percent(case.target.risk_day90), risk.probability_target
    if chance < 0.5:
        words = say("risk.higher", chance=percent(1.0 - chance), target=target)
    else:
        highest = percent(risk.total.day90.quantiles[-1])
        words = say("risk.lower", chance=percent(chance), target=target, highest=highest)
    return (words, say("risk.undecided")) if 0.4 <= chance <= 0.6 else (words,)


def _from_now(view: View, risk: RiskForecast) -> str:
    case = view.forecast.case
    if case.now_day >= view.forecast.event_model.horizon_day:
        return say("risk.day_90_passed")
    return say("risk.from_now", day=shown(round(case.now_day, 1)), interval=interval(risk.total.from_now.quantiles))
