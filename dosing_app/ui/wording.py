"""Numbers and findings in words, as the screen says them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from dosing_app.ui.state import number_text
from dosing_app.ui.text import NBSP
from pkpd.units import percent_from_fraction

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dosing_app.decision.case_schema import CaseDose, PatientCase
    from dosing_app.decision.forecast import RiskForecast
    from pkpd.arrays import FloatArray
    from tte import EventModel


def percent(fraction: float) -> str:
    """Return a fraction in whole percent without its sign; <1 and >99 where it is neither 0 nor 100."""
    value = percent_from_fraction(fraction)
    if 0.0 < value < 1.0:
        return "<1"
    return ">99" if 99.0 < value < 100.0 else f"{value:.0f}"


def interval(quantiles: FloatArray) -> str:
    """Return the 90 % interval of a risk in percent: 8-54 %."""
    return interval_text(float(quantiles[0]), float(quantiles[-1]))


def interval_text(low: float, high: float) -> str:
    """Return an interval of fractions in percent: 8-54 %, or 28 to >99 % where a dash would stand before a sign."""
    ends = percent(low), percent(high)
    return f"{ends[0]}{' to ' if ends[1].startswith(('<', '>')) else '–'}{ends[1]}{NBSP}%"


def figures(value: float) -> str:
    """Return a positive quantity with as many digits as its size deserves."""
    if not math.isfinite(value):
        return "–"
    decimals = 0 if abs(value) >= 100.0 else 1 if abs(value) >= 3.0 else 2
    return f"{value:.{decimals}f}"


def frequency(risk: RiskForecast) -> str:
    """Return the natural frequency of the total interval."""
    low, high = percent(risk.total.day90.quantiles[0]), percent(risk.total.day90.quantiles[-1])
    return (
        f"Of 100 patients like this one, between {low} and {high} are expected to have a colectomy by day 90 "
        "with the current plan. The true figure may still lie outside: 1 chance in 10."
    )


def chance_in_words(risk: RiskForecast, case: PatientCase) -> str:
    """Return what the chance of reaching the target means; by the patient's parameters only, as in the finder."""
    target = f"{number_text(round(percent_from_fraction(case.target.risk_day90), 6))}{NBSP}%"
    chance = risk.probability_target
    if chance < 0.5:
        words = (
            f"Higher predicted risk: {percent(1.0 - chance)} chances in 100 that exposure is too low "
            f"for a risk of {target} or less."
        )
    else:
        highest = percent(risk.total.day90.quantiles[-1])
        words = (
            f"Lower predicted risk: {percent(chance)} chances in 100 that exposure suffices for {target} or less. "
            f"Not zero: up to {highest} in 100 still fits."
        )
    if 0.4 <= chance <= 0.6:
        words += " The levels do not settle on which side this patient lies."
    return words


def side_in_words(risk: RiskForecast) -> str:
    """Return the side of the target in three words."""
    return "higher predicted risk" if risk.probability_target < 0.5 else "lower predicted risk"


def study_facts(model: EventModel) -> str:
    """Return what the study behind the risk was, with what it does not show."""
    facts = {fact.name: fact for fact in model.facts}
    said: list[str] = []
    high, low = facts.get("high_risk_colectomies"), facts.get("low_risk_colectomies")
    total = facts.get("colectomies")
    if high and low and total and high.out_of and low.out_of and total.out_of:
        said.append(
            f"Study: {high.value:.0f} of {high.out_of:.0f} patients with too little exposure and {low.value:.0f} of "
            f"{low.out_of:.0f} others had a colectomy between week 4 and day 90 "
            f"({total.out_of:.0f} patients, {total.value:.0f} colectomies in all)."
        )
    said.append(
        "Not externally validated; pharmacokinetics as published. "
        "Randomised trials have not shown that a higher dose prevents colectomy."
    )
    return " ".join(said)


STOP_RULE = "Deterioration, megacolon, perforation or bleeding: surgical review, whatever is shown here."


def case_words(case: PatientCase, imputed: Sequence[str]) -> list[str]:
    """Return the inputs of a case in words, so that a wrong one is seen from every tab."""
    known = case.covariates
    words = [f"day {number_text(case.now_day)}"]
    for name, label, unit in (
        ("weight_kg", "", "kg"),
        ("crp_mg_per_L", "CRP ", "mg/L"),
        ("albumin_g_per_L", "albumin ", "g/L"),
    ):
        value = getattr(known, name)
        if value is not None:
            words.append(f"{label}{number_text(value)} {unit}")
        elif name == "crp_mg_per_L" and known.crp_below_mg_per_L is not None:
            words.append(f"CRP <{number_text(known.crp_below_mg_per_L)} {unit}")
        elif name in imputed:
            words.append(f"{label or 'weight '}assumed")
    words.append(f"{total_mg(case.doses)} mg given")
    used = [sample for sample in case.samples if sample.exclude is None]
    above = sum(sample.censored == "above" for sample in used)
    below = sum(sample.censored == "below" for sample in used)
    samples = f"{len(used)} of {len(case.samples)} samples used" if case.samples else "no sample yet"
    limits = [f"{n} {side} the limit" for n, side in ((above, "above"), (below, "below")) if n]
    words.append(", ".join((samples, *limits)))
    return words


def total_mg(doses: Sequence[CaseDose]) -> str:
    """Return the drug in some infusions [mg]."""
    return number_text(round(math.fsum(dose.amount_mg for dose in doses), 6))


def model_name(model_id: str) -> str:
    """Return the id of a model as words: Niyigena 2026 ASUC."""
    words = model_id.replace("_", " ").replace("asuc", "ASUC")
    return words[:1].upper() + words[1:]


def infusions(doses: Sequence[CaseDose]) -> str:
    """Return infusions in one line: 600 mg d14 + 400 mg d17."""
    return " + ".join(f"{number_text(dose.amount_mg)} mg d{number_text(dose.time_day)}" for dose in doses) or "none"
