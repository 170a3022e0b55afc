"""What only the screen says: a case in one line, and its answer in one line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dosing_app.findings.case_words import samples_in_words, total_mg
from dosing_app.findings.numbers import interval, percent, shown, target_percent
from dosing_app.language import say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dosing_app.decision.case_schema import PatientCase
    from dosing_app.decision.forecast import RiskForecast


def answer_in_words(risk: RiskForecast, target: float) -> tuple[str, str]:
    """Return the 90 % interval of the total risk, and the chance that it is at or below a target."""
    chance = say("risk.answer_chance", chance=percent(risk.probability_target), target=target_percent(target))
    return interval(risk.total.day90.quantiles), chance


def case_words(case: PatientCase, imputed: Sequence[str]) -> list[str]:
    """Return the inputs of a case in words, so that a wrong one is seen from every tab."""
    known = case.covariates
    words = [say("case.day", day=shown(round(case.now_day, 2)))]
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
