"""The plan that a search intensifies: what is planned, or what the label gives from now on."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import timedelta
from itertools import count
from typing import TYPE_CHECKING, Literal

from dosing_app.decision.case_fields import LATEST_DAY
from dosing_app.decision.case_schema import CaseDose
from pkpd.data.label_regimen import LABEL_DURATION_HOUR, TOLERANCE, label_days_left
from pkpd.data.label_regimen import label_amount as label_dose

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dosing_app.decision.case_schema import PatientCase

# Summary of product characteristics of infliximab: doses above 5 mg/kg are contraindicated in moderate or severe heart failure.
HEART_FAILURE_MG_PER_KG = 5.0
# The exposure that the risk is read from ends here.
LAST_WINDOW_DAY = 28.0


@dataclass(frozen=True, slots=True)
class ReferencePlan:
    """The infusions from now on that candidates intensify.

    Parameters
    ----------
    doses : tuple of CaseDose
        In time order, the ones from day 28 on included.
    source : {"planned", "label"}
        Where they come from.
    """

    doses: tuple[CaseDose, ...]
    source: Literal["planned", "label"]

    @property
    def early(self) -> tuple[CaseDose, ...]:
        """Return the infusions before day 28, the ones that may be intensified."""
        return tuple(dose for dose in self.doses if dose.time_day < LAST_WINDOW_DAY)

    @property
    def kept(self) -> tuple[CaseDose, ...]:
        """Return the infusions on or after day 28, which stay as they are."""
        return tuple(dose for dose in self.doses if dose.time_day >= LAST_WINDOW_DAY)


def reference_plan(case: PatientCase, weight_kg: float) -> ReferencePlan:
    """Return the reference plan: the planned infusions, or the label regimen where none is planned or it is asked for.

    Parameters
    ----------
    case : PatientCase
        A checked case.
    weight_kg : float
        Body weight [kg].

    Returns
    -------
    ReferencePlan
        Never altered, even where it breaks a limit. ``limits.reference`` "none" gives the same plan as "planned": it
        is then what others are compared with and no longer what they must reach.
    """
    if case.planned and case.limits.reference != "label":
        return ReferencePlan(case.planned, "planned")
    return ReferencePlan(label_regimen(case, weight_kg), "label")


def label_amount(case: PatientCase, weight_kg: float) -> float:
    """Return 5 mg/kg in whole vials [mg]: rounded up, under heart failure down (then 0 where less than one vial)."""
    return label_dose(weight_kg, vial_mg=case.limits.vial_mg, rounds_down=bool(case.heart_failure))


def label_regimen(case: PatientCase, weight_kg: float) -> tuple[CaseDose, ...]:
    """Return what is left of the label regimen from now on.

    A label day counts as given if a dose was given from ``gap_day_min`` before it on. One that passed without it is
    due on the first allowed day at which the gap holds (to given doses and to the other label days); the others keep
    their day. Where the limits leave no such day, ``days_allowed`` and ``weekdays_allowed`` give way.
    """
    amount = label_amount(case, weight_kg)
    if amount <= 0:
        return ()
    days = label_days_left(
        max(dose.time_day for dose in case.doses),
        case.now_day,
        gap=case.limits.gap_day_min,
        due=lambda taken: _due_day(case, taken),
    )
    return tuple(CaseDose(time_day=day, amount_mg=amount, duration_hour=LABEL_DURATION_HOUR) for day in days)


def with_durations_of(reference: ReferencePlan, doses: tuple[CaseDose, ...]) -> tuple[CaseDose, ...]:
    """Return infusions with the reference plan's duration on its days."""
    durations = {dose.time_day: dose.duration_hour for dose in reference.doses}
    return tuple(
        dose.model_copy(update={"duration_hour": durations.get(dose.time_day, dose.duration_hour)}) for dose in doses
    )


def first_whole_day(case: PatientCase) -> int:
    """Return the first whole day at or after now."""
    return math.ceil(case.now_day - TOLERANCE)


def is_allowed_day(case: PatientCase, day: float) -> bool:
    """Return whether ``first_day``, ``days_allowed`` and ``weekdays_allowed`` admit an infusion on a day."""
    limits = case.limits
    if limits.first_day is not None and day < limits.first_day - TOLERANCE:
        return False
    if limits.days_allowed is not None and not any(abs(day - other) < TOLERANCE for other in limits.days_allowed):
        return False
    weekdays = limits.allowed_weekday_numbers()
    if weekdays is None or case.start_date is None:
        return True
    return (case.start_date + timedelta(days=math.floor(day + TOLERANCE))).weekday() in weekdays


def _due_day(case: PatientCase, others: Iterable[float]) -> float:
    """Return the first whole day from now on that is allowed and keeps the gap to the other infusions."""
    taken, gap, start = tuple(others), case.limits.gap_day_min, first_whole_day(case)

    def keeps_gap(day: int) -> bool:
        return all(abs(day - other) >= gap - TOLERANCE for other in taken)

    first = math.ceil(max(start, case.limits.first_day or 0.0) - TOLERANCE)
    for day in range(start, int(LATEST_DAY) + 1):
        if keeps_gap(day) and is_allowed_day(case, day):
            return float(day)
    return float(next(day for day in count(first) if keeps_gap(day)))
