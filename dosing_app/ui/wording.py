"""Numbers and findings in words, as the screen says them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from dosing_app.language import say
from dosing_app.language.speaking import spoken_number
from dosing_app.ui.state import number_text
from pkpd.units import percent_from_fraction

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dosing_app.decision.case_schema import CaseDose, PatientCase
    from dosing_app.decision.forecast import RiskForecast
    from pkpd.arrays import FloatArray
    from tte import EventModel

# Digits after which a difference is one of arithmetic.
_DECIMALS = 6


def shown(value: float) -> str:
    """Return a number as it was entered or follows from entries by a sum: 600, 6.9."""
    return spoken_number(number_text(round(value, _DECIMALS)))


def percent(fraction: float) -> str:
    """Return a fraction in whole percent without its sign; <1 and >99 where it is neither 0 nor 100."""
    value = percent_from_fraction(fraction)
    if 0.0 < value < 1.0:
        return "<1"
    return ">99" if 99.0 < value < 100.0 else f"{value:.0f}"


def one_percent(fraction: float) -> str:
    """Return a fraction in percent with its sign."""
    return say("number.percent", value=percent(fraction))


def target_percent(fraction: float) -> str:
    """Return a target in percent with its sign, with every digit that was entered."""
    return say("number.percent", value=shown(percent_from_fraction(fraction)))


def interval(quantiles: FloatArray | Sequence[float]) -> str:
    """Return the 90 % interval of a risk in percent: 8-54 %."""
    return interval_text(float(quantiles[0]), float(quantiles[-1]))


def interval_text(low: float, high: float) -> str:
    """Return an interval of fractions in percent: 8-54 %, or 28 to >99 % where a dash would stand before a sign."""
    upper = percent(high)
    return say(
        "number.interval_to" if upper.startswith(("<", ">")) else "number.interval", low=percent(low), high=upper
    )


def figures(value: float) -> str:
    """Return a positive quantity with as many digits as its size deserves."""
    if not math.isfinite(value):
        return "–"
    decimals = 0 if abs(value) >= 100.0 else 1 if abs(value) >= 3.0 else 2
    return spoken_number(f"{value:,.{decimals}f}")


def frequency(risk: RiskForecast) -> str:
    """Return the natural frequency of the total interval."""
    low, high = percent(risk.total.day90.quantiles[0]), percent(risk.total.day90.quantiles[-1])
    return say("risk.frequency", low=low, high=high)


def chance_in_words(risk: RiskForecast, case: PatientCase) -> list[str]:
    """Return what the chance of reaching the target means; by the patient's parameters only, as in the finder."""
    target = target_percent(case.target.risk_day90)
    chance = risk.probability_target
    if chance < 0.5:
        words = [say("risk.higher", chance=percent(1.0 - chance), target=target)]
    else:
        highest = percent(risk.total.day90.quantiles[-1])
        words = [say("risk.lower", chance=percent(chance), target=target, highest=highest)]
    if 0.4 <= chance <= 0.6:
        words.append(say("risk.undecided"))
    return words


def side_in_words(risk: RiskForecast) -> str:
    """Return the side of the target in three words."""
    return say("risk.side_higher" if risk.probability_target < 0.5 else "risk.side_lower")


def study_facts(model: EventModel) -> str:
    """Return what the study behind the risk was, with what it does not show."""
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


def case_words(case: PatientCase, imputed: Sequence[str]) -> list[str]:
    """Return the inputs of a case in words, so that a wrong one is seen from every tab."""
    known = case.covariates
    words = [say("case.day", day=shown(case.now_day))]
    if known.weight_kg is not None:
        words.append(f"{shown(known.weight_kg)} kg")
    elif "weight_kg" in imputed:
        words.append(say("case.weight_assumed"))
    if known.crp_mg_per_L is not None:
        words.append(f"CRP {shown(known.crp_mg_per_L)} mg/L")
    elif known.crp_below_mg_per_L is not None:
        words.append(f"CRP <{shown(known.crp_below_mg_per_L)} mg/L")
    elif "crp_mg_per_L" in imputed:
        words.append(say("case.crp_assumed"))
    if known.albumin_g_per_L is not None:
        words.append(say("case.albumin", value=shown(known.albumin_g_per_L)))
    elif "albumin_g_per_L" in imputed:
        words.append(say("case.albumin_assumed"))
    words.append(say("case.given", mg=total_mg(case.doses)))
    return [*words, samples_in_words(case)]


def samples_in_words(case: PatientCase) -> str:
    """Return how many samples there are, are used, and lie beyond a limit."""
    used = [sample for sample in case.samples if sample.exclude is None]
    if not case.samples:
        return say("case.no_sample")
    n, n_used = len(case.samples), len(used)
    words = say("case.samples", count=n) if n == n_used else say("case.samples_used", n_used=str(n_used), count=n)
    above = sum(sample.censored == "above" for sample in used)
    below = sum(sample.censored == "below" for sample in used)
    limits = [say(f"case.{side}", count=n) for n, side in ((above, "above"), (below, "below")) if n]
    return ", ".join((words, *limits))


def total_mg(doses: Sequence[CaseDose]) -> str:
    """Return the drug in some infusions [mg]."""
    return shown(math.fsum(dose.amount_mg for dose in doses))


def model_name(model_id: str) -> str:
    """Return the id of a model as words: Niyigena 2026 ASUC."""
    words = model_id.replace("_", " ").replace("asuc", "ASUC")
    return words[:1].upper() + words[1:]


def infusions(doses: Sequence[CaseDose]) -> str:
    """Return infusions in one line: 600 mg d14 + 400 mg d17."""
    one = (say("finder.infusion", mg=shown(dose.amount_mg), day=shown(dose.time_day)) for dose in doses)
    return " + ".join(one) or say("finder.no_infusion")
