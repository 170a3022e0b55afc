"""Whether the infusions are those of the study, of practice, and of a patient without heart failure."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING

from dosing_app.decision.case_warning import check, day_count, note, reading, reading_apart
from dosing_app.decision.optimize_warnings import USUAL_MG_PER_KG_MAX
from dosing_app.decision.reference_plan import HEART_FAILURE_MG_PER_KG, TOLERANCE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dosing_app.decision.case_schema import CaseDose
    from dosing_app.decision.case_warning import CaseWarning
    from dosing_app.decision.forecast import Forecast

# The accelerated regimens of PREDICT-UC gave the second infusion from day 3 on.
SHORTEST_GAP_DAY = 3.0
# 16 weeks: an interruption after which the label advises against a plain restart (more infusion reactions).
LONGEST_GAP_DAY = 112.0


def first_day(forecast: Forecast) -> Iterator[CaseWarning]:
    """Warn where the clock does not start at the first infusion."""
    first = forecast.case.doses[0].time_day
    if first > TOLERANCE:
        yield check(
            "first_dose_not_day_0",
            f"The first infusion is on day {reading(first)}. Days count from the first infusion: shift all times so "
            "that it is day 0.",
            place="doses[0]",
        )


def size(forecast: Forecast) -> Iterator[CaseWarning]:
    """Warn of doses per kg beyond those of the study and of practice."""
    weight = body_weight(forecast)
    if weight is None:
        yield check(
            "weight_unknown", "Weight not entered: doses per kg cannot be checked.", place="covariates.weight_kg"
        )
        return
    study = forecast.model.study
    for place, dose in _infusions(forecast):
        per_kg = dose.amount_mg / weight
        low, high = (study.first_dose_mg_per_kg if study else None) or (0.0, math.inf)
        if not low - TOLERANCE <= per_kg <= high + TOLERANCE:
            yield check(
                "dose_outside_study",
                f"Dose of day {reading(dose.time_day)} is {reading_apart(per_kg, low, high)} mg/kg; first doses of the "
                f"study were {reading(low)} to {reading(high)} mg/kg. The answer is an extrapolation.",
                place=place,
            )
        elif per_kg > USUAL_MG_PER_KG_MAX + TOLERANCE:
            yield note(
                "dose_above_usual",
                f"Dose of day {reading(dose.time_day)} is {reading_apart(per_kg, USUAL_MG_PER_KG_MAX)} mg/kg, above "
                f"the usual range that ends at {reading(USUAL_MG_PER_KG_MAX)} mg/kg.",
                place=place,
            )


def heart_failure(forecast: Forecast) -> Iterator[CaseWarning]:
    """Warn of doses that heart failure forbids, or might forbid."""
    case, weight = forecast.case, body_weight(forecast)
    most = HEART_FAILURE_MG_PER_KG * (weight or 0.0) + TOLERANCE
    above = [(place, dose) for place, dose in _infusions(forecast) if dose.amount_mg > most]
    if case.heart_failure is None and (above or case.limits.mg_per_kg_max > HEART_FAILURE_MG_PER_KG):
        yield (check if above else note)(
            "heart_failure_unknown",
            f"Doses above {reading(HEART_FAILURE_MG_PER_KG)} mg/kg are contraindicated in moderate or severe heart "
            "failure. Confirm that there is none.",
            place="heart_failure",
        )
    if not case.heart_failure or weight is None:
        return
    for place, dose in above:
        is_planned = place.startswith("planned")
        yield (check if is_planned else note)(
            "heart_failure_dose",
            f"Dose of day {reading(dose.time_day)} is {reading_apart(dose.amount_mg / weight, HEART_FAILURE_MG_PER_KG)}"
            f" mg/kg: above {reading(HEART_FAILURE_MG_PER_KG)} mg/kg is contraindicated in moderate or severe heart "
            f"failure.{' Plan less.' if is_planned else ''}",
            place=place,
        )


def number(forecast: Forecast) -> Iterator[CaseWarning]:
    """Say where there are more infusions than any patient of the study had."""
    count, study = len(forecast.regimen.doses), forecast.model.study
    if study is not None and study.infusions is not None and count > study.infusions[1]:
        yield note(
            "many_infusions",
            f"{count} infusions, given and planned: patients of the study had {study.infusions[0]} to "
            f"{study.infusions[1]}.",
            place="planned" if forecast.case.planned else "doses",
        )


def gaps(forecast: Forecast) -> Iterator[CaseWarning]:
    """Warn of infusions very close to each other, and of a restart after a long break."""
    for (_, one), (place, other) in pairwise(_infusions(forecast)):
        gap = other.time_day - one.time_day
        days = f"Infusions of days {reading(one.time_day)} and {reading(other.time_day)}"
        if gap < SHORTEST_GAP_DAY - TOLERANCE:
            yield check(
                "infusions_close",
                f"{days} are {day_count(gap, SHORTEST_GAP_DAY)} apart; trials gave them at least "
                f"{day_count(SHORTEST_GAP_DAY)} apart. Check the days.",
                place=place,
            )
        elif gap > LONGEST_GAP_DAY + TOLERANCE:
            yield note(
                "restart_after_break",
                f"{days} are {day_count(gap, LONGEST_GAP_DAY)} apart: a restart after a break brings more "
                "infusion reactions, and the model does not describe it.",
                place=place,
            )


def body_weight(forecast: Forecast) -> float | None:
    """Return the weight that doses are divided by [kg]: entered, else the model's assumption, else None."""
    entered = forecast.case.covariates.weight_kg
    return forecast.covariates.values.get("weight_kg") if entered is None else entered


def _infusions(forecast: Forecast) -> list[tuple[str, CaseDose]]:
    """Return place and infusion, the given ones first."""
    lists = (("doses", forecast.case.doses), ("planned", forecast.case.planned))
    return [(f"{name}[{row}]", dose) for name, doses in lists for row, dose in enumerate(doses)]


DOSE_RULES = (first_day, size, heart_failure, number, gaps)
