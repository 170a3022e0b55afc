"""Which limits a given plan breaks, and its totals."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING

from dosing_app.decision.candidates import WINDOW_DAY
from dosing_app.decision.reference_plan import (
    HEART_FAILURE_MG_PER_KG,
    LAST_WINDOW_DAY,
    TOLERANCE,
    is_allowed_day,
)
from dosing_app.language import Figure, listed, message

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dosing_app.decision.case_schema import CaseDose, PatientCase
    from dosing_app.decision.optimize_result import LimitName
    from dosing_app.language import Message, Value


def limits_broken(
    case: PatientCase, doses: Sequence[CaseDose], weight_kg: float
) -> Iterator[tuple[LimitName, Message]]:
    """Yield each limit that planned infusions break, with what was found.

    Parameters
    ----------
    case : PatientCase
        Given doses and limits.
    doses : sequence of CaseDose
        Infusions from now on, in time order.
    weight_kg : float
        Body weight [kg].

    Yields
    ------
    limit : str
        Name of the limit.
    found : Message
        What breaks it, to follow "The plan breaks <limit>: ".
    """
    limits = case.limits
    over = [dose for dose in doses if dose.amount_mg > limits.mg_per_kg_max * weight_kg + TOLERANCE]
    if over:
        most = Figure(f"{limits.mg_per_kg_max:g}")
        yield "mg_per_kg_max", message("search.found.mg_per_kg_max", infusions=_listed(over, weight_kg), most=most)
    starts = sorted([*(dose.time_day for dose in case.doses), *(dose.time_day for dose in doses)])
    coming = {dose.time_day for dose in doses}
    close = [
        (one, other)
        for one, other in pairwise(starts)
        if other in coming and other - one < limits.gap_day_min - TOLERANCE
    ]
    if close:
        pairs = [
            message("search.found.days", one=Figure(f"{one:g}"), other=Figure(f"{other:g}")) for one, other in close
        ]
        gap = Figure(f"{limits.gap_day_min:g}")
        yield "gap_day_min", message("search.found.gap_day_min", pairs=listed(pairs, join="list.and"), gap=gap)
    windows = [[at for at in starts if start - TOLERANCE <= at < start + WINDOW_DAY - TOLERANCE] for start in starts]
    counts = [len(window) for window in windows if coming.intersection(window)]
    if counts and max(counts) > limits.doses_max_28_day:
        number, most = Figure(max(counts)), Figure(limits.doses_max_28_day)
        yield "doses_max_28_day", message("search.found.doses_max_28_day", number=number, most=most)
    unusual = [Figure(f"{dose.time_day:g}") for dose in doses if not is_allowed_day(case, dose.time_day)]
    if unusual:
        yield "days", message("search.found.days_not_allowed", days=listed(unusual))
    above = [dose for dose in doses if dose.amount_mg > HEART_FAILURE_MG_PER_KG * weight_kg + TOLERANCE]
    if case.heart_failure and above:
        most = Figure(f"{HEART_FAILURE_MG_PER_KG:g}")
        yield "heart_failure", message("search.found.heart_failure", infusions=_listed(above, weight_kg), most=most)


def drug_before_day_28(doses: Sequence[CaseDose]) -> float:
    """Return the drug of the infusions before day 28 [mg]."""
    return math.fsum(dose.amount_mg for dose in doses if dose.time_day < LAST_WINDOW_DAY)


def gives_less(doses: Sequence[CaseDose], needed: Sequence[tuple[float, float]]) -> bool:
    """Return whether infusions have given less drug at any time than what is needed: days and amounts [mg]."""

    def given_by(day: float) -> float:
        return math.fsum(dose.amount_mg for dose in doses if dose.time_day <= day + TOLERANCE)

    def needed_by(day: float) -> float:
        return math.fsum(amount for at, amount in needed if at <= day + TOLERANCE)

    return any(given_by(day) < needed_by(day) - TOLERANCE for day, _ in needed)


def vials_before_day_28(doses: Sequence[CaseDose], vial_mg: float) -> int:
    """Return the vials of the infusions before day 28, each infusion rounded up."""
    early = (dose for dose in doses if dose.time_day < LAST_WINDOW_DAY)
    return sum(math.ceil(dose.amount_mg / vial_mg - TOLERANCE) for dose in early)


def most_in_28_days(doses: Sequence[CaseDose]) -> float:
    """Return the most drug in any window of 28 days [mg]; 0 without any."""
    return max(
        (
            math.fsum(
                dose.amount_mg
                for dose in doses
                if start.time_day - TOLERANCE <= dose.time_day < start.time_day + WINDOW_DAY - TOLERANCE
            )
            for start in doses
        ),
        default=0.0,
    )


def _listed(doses: Sequence[CaseDose], weight_kg: float) -> Value:
    infusions = [
        message(
            "search.found.infusion",
            amount=Figure(f"{dose.amount_mg:g}"),
            per_kg=Figure(f"{dose.amount_mg / weight_kg:.1f}"),
            day=Figure(f"{dose.time_day:g}"),
        )
        for dose in doses
    ]
    return listed(infusions, join="list.and")
