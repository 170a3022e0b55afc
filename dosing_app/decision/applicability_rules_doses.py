"""Whether the infusions are those of the study, of practice, and of a patient without heart failure."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING

from dosing_app.decision.case_warning import check, day_count, figure, note
from dosing_app.decision.optimize_warnings import USUAL_MG_PER_KG_MAX
from dosing_app.decision.reference_plan import HEART_FAILURE_MG_PER_KG, TOLERANCE
from dosing_app.language import Figure, message

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dosing_app.decision.case_schema import CaseDose
    from dosing_app.decision.case_warning import CaseWarning
    from dosing_app.decision.forecast import Forecast

# The accelerated regimens of PREDICT-UC gave the second infusion from day 3 on.
SHORTEST_GAP_DAY = 3.0
# 16 weeks: an interruption after which the label advises against a plain restart (more infusion reactions).
LONGEST_GAP_DAY = 112.0
# A later dose below this share of the smallest first one of the study is likelier mistyped than reduced.
FAR_BELOW = 0.5
_FIRST = "doses[0]"


def first_day(forecast: Forecast) -> Iterator[CaseWarning]:
    """Warn where the clock does not start at the first infusion."""
    first = forecast.case.doses[0].time_day
    if first > TOLERANCE:
        yield check(
            "first_dose_not_day_0",
            message("check.first_dose_not_day_0", day=figure(first)),
            place="doses[0]",
        )


def size(forecast: Forecast) -> Iterator[CaseWarning]:
    """Warn of doses per kg beyond those of the study and of practice.

    What is published of the study are its first doses: a later one is held against them with room below, since it may be
    smaller than any first one without being unusual.
    """
    weight = body_weight(forecast)
    if weight is None:
        yield check("weight_unknown", message("check.weight_unknown"), place="covariates.weight_kg")
        return
    study = forecast.model.study
    for place, dose in _infusions(forecast):
        per_kg = dose.amount_mg / weight
        low, high = (study.first_dose_mg_per_kg if study else None) or (0.0, math.inf)
        least = low if place == _FIRST else FAR_BELOW * low
        if not least - TOLERANCE <= per_kg <= high + TOLERANCE:
            yield _outside_study(place, dose, per_kg, (low, high))
        elif per_kg > USUAL_MG_PER_KG_MAX + TOLERANCE:
            yield note(
                "dose_above_usual",
                message(
                    "check.dose_above_usual",
                    day=figure(dose.time_day),
                    per_kg=figure(per_kg, USUAL_MG_PER_KG_MAX),
                    usual=figure(USUAL_MG_PER_KG_MAX),
                ),
                place=place,
            )


def _outside_study(place: str, dose: CaseDose, per_kg: float, study: tuple[float, float]) -> CaseWarning:
    """Return the warning of a dose per kg beyond the first doses of the study."""
    low, high = study
    if place == _FIRST:
        key = "check.dose_outside_study.first"
    else:
        key = "check.dose_outside_study.above" if per_kg > high else "check.dose_outside_study.below"
    day, shown = figure(dose.time_day), figure(per_kg, low, high, FAR_BELOW * low)
    return check(
        "dose_outside_study", message(key, day=day, per_kg=shown, low=figure(low), high=figure(high)), place=place
    )


def heart_failure(forecast: Forecast) -> Iterator[CaseWarning]:
    """Warn of doses that heart failure forbids, or might forbid."""
    case, weight = forecast.case, body_weight(forecast)
    most = HEART_FAILURE_MG_PER_KG * (weight or 0.0) + TOLERANCE
    above = [(place, dose) for place, dose in _infusions(forecast) if dose.amount_mg > most]
    if case.heart_failure is None and (above or case.limits.mg_per_kg_max > HEART_FAILURE_MG_PER_KG):
        yield (check if above else note)(
            "heart_failure_unknown",
            message("check.heart_failure_unknown", most=figure(HEART_FAILURE_MG_PER_KG)),
            place="heart_failure",
        )
    if not case.heart_failure or weight is None:
        return
    for place, dose in above:
        is_planned = place.startswith("planned")
        yield (check if is_planned else note)(
            "heart_failure_dose",
            message(
                "check.heart_failure_dose.planned" if is_planned else "check.heart_failure_dose.given",
                day=figure(dose.time_day),
                per_kg=figure(dose.amount_mg / weight, HEART_FAILURE_MG_PER_KG),
                most=figure(HEART_FAILURE_MG_PER_KG),
            ),
            place=place,
        )


def number(forecast: Forecast) -> Iterator[CaseWarning]:
    """Say where there are more infusions than any patient of the study had."""
    count, study = len(forecast.regimen.doses), forecast.model.study
    if study is not None and study.infusions is not None and count > study.infusions[1]:
        yield note(
            "many_infusions",
            message(
                "check.many_infusions",
                infusions=Figure(count),
                least=Figure(study.infusions[0]),
                most=Figure(study.infusions[1]),
            ),
            place="planned" if forecast.case.planned else "doses",
        )


def gaps(forecast: Forecast) -> Iterator[CaseWarning]:
    """Warn of infusions very close to each other, and of a restart after a long break."""
    for (_, one), (place, other) in pairwise(_infusions(forecast)):
        gap = other.time_day - one.time_day
        one_day, other_day = figure(one.time_day), figure(other.time_day)
        if gap < SHORTEST_GAP_DAY - TOLERANCE:
            yield check(
                "infusions_close",
                message(
                    "check.infusions_close",
                    one=one_day,
                    other=other_day,
                    gap=day_count(gap, SHORTEST_GAP_DAY),
                    shortest=day_count(SHORTEST_GAP_DAY),
                ),
                place=place,
            )
        elif gap > LONGEST_GAP_DAY + TOLERANCE:
            yield note(
                "restart_after_break",
                message("check.restart_after_break", one=one_day, other=other_day, gap=day_count(gap, LONGEST_GAP_DAY)),
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
