"""Why a regimen that is listed is none of those that are searched."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from dosing_app.decision.candidates import grid_limits, needed_doses
from dosing_app.decision.plan_limits import gives_less
from dosing_app.decision.reference_plan import HEART_FAILURE_MG_PER_KG, LAST_WINDOW_DAY, TOLERANCE
from dosing_app.language import Figure, Name, listed, message

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dosing_app.decision.candidates import CandidateGrid, GridLimits
    from dosing_app.decision.case_schema import CaseDose, PatientCase
    from dosing_app.decision.reference_plan import ReferencePlan
    from dosing_app.language import Message


def why_not_a_candidate(
    case: PatientCase, weight_kg: float, grid: CandidateGrid, reference: ReferencePlan, doses: Sequence[CaseDose]
) -> tuple[Message, ...]:
    """Return every reason why a regimen is no candidate.

    Parameters
    ----------
    case, weight_kg : PatientCase, float
        The patient.
    grid : CandidateGrid
        The regimens that are searched.
    reference : ReferencePlan
        What they intensify.
    doses : sequence of CaseDose
        Infusions from now on, in time order.
    """
    limits = grid_limits(case, weight_kg)
    early = [dose for dose in doses if dose.time_day < LAST_WINDOW_DAY]
    reasons: list[Message] = []
    if gives_less(early, needed_doses(case, reference, limits)):
        reasons.append(message("search.not.less_drug"))
    if tuple(doses[len(early) :]) != reference.kept:
        reasons.append(message("search.not.late_doses"))
    places = [int(np.searchsorted(grid.times, dose.time_day - TOLERANCE)) for dose in early]
    reasons += _of_amounts(case, limits, grid, early, places)
    reasons += _of_times(case, grid, early, places)
    return tuple(reasons)


def _of_amounts(
    case: PatientCase, limits: GridLimits, grid: CandidateGrid, early: Sequence[CaseDose], places: Sequence[int]
) -> Iterator[Message]:
    """Yield what is wrong with the amounts, each once."""
    strange = [
        dose.amount_mg
        for dose, place in zip(early, places, strict=True)
        if not np.any(np.abs(grid.levels[place] - dose.amount_mg) < TOLERANCE)
    ]
    if limits.capped_mg is not None and any(amount > limits.capped_mg + TOLERANCE for amount in strange):
        most = Figure(f"{HEART_FAILURE_MG_PER_KG:g}")
        yield message("search.not.heart_failure", limit=Name("heart_failure"), most=most)
    elif any(amount > limits.largest_mg + TOLERANCE for amount in strange):
        most = Figure(f"{case.limits.mg_per_kg_max:g}")
        yield message("search.not.mg_per_kg_max", limit=Name("mg_per_kg_max"), most=most)
    off = sorted(
        {amount for amount in strange if abs(amount - round(amount / grid.step_mg) * grid.step_mg) > TOLERANCE}
    )
    if off:
        amounts = [message("search.not.amount", amount=Figure(f"{amount:g}")) for amount in off]
        step = Figure(f"{grid.step_mg:g}")
        yield message("search.not.amounts", amounts=listed(amounts, join="list.and"), step=step)


def _of_times(
    case: PatientCase, grid: CandidateGrid, early: Sequence[CaseDose], places: Sequence[int]
) -> Iterator[Message]:
    """Yield what is wrong with the days."""
    closed = [
        Figure(f"{dose.time_day:g}") for dose, place in zip(early, places, strict=True) if not grid.is_usable[place]
    ]
    if closed:
        yield message("search.not.days", days=listed(closed))
    if not all(grid.may_precede[one, other] for one, other in pairwise(places)):
        gap = Figure(f"{case.limits.gap_day_min:g}")
        yield message("search.not.gap_day_min", limit=Name("gap_day_min"), gap=gap)
    n_left = range(len(places), 0, -1)
    is_too_many = any(number > grid.n_from[place] for number, place in zip(n_left, places, strict=True))
    if len(places) > grid.n_max or is_too_many:
        most = Figure(case.limits.doses_max_28_day)
        yield message("search.not.doses_max_28_day", limit=Name("doses_max_28_day"), most=most)
