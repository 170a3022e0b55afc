"""Which limit keeps the target out of reach: each one relaxed by one step, the others as they are."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from dosing_app.decision.candidates import LARGEST_AMOUNT_MG, candidate_grid, grid_limits
from dosing_app.decision.goal import score
from dosing_app.decision.ranking import best_plans, joined, no_plans
from dosing_app.decision.reference_plan import LAST_WINDOW_DAY, is_allowed_day
from dosing_app.decision.regimen_sets import amounts_of, day_sets

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dosing_app.decision.candidates import CandidateGrid, GridLimits
    from dosing_app.decision.case_schema import PatientCase
    from dosing_app.decision.goal import Goal
    from dosing_app.decision.optimize_result import LimitName
    from dosing_app.decision.ranking import Plans
    from dosing_app.decision.reference_plan import ReferencePlan

# A gain below this is none: it lies far below what the posterior is exact to.
LEAST_GAIN = 1e-6
_EVALUATIONS_MAX = 2_000_000


def relaxed_limits(case: PatientCase, weight_kg: float) -> Iterator[tuple[LimitName, str, GridLimits]]:
    """Yield each limit that can be relaxed, the step in words, and the limits with that one relaxed.

    Parameters
    ----------
    case : PatientCase
        Its limits.
    weight_kg : float
        Body weight [kg].

    Yields
    ------
    tuple
        In the fixed order in which ties are decided; ``days`` once for each whole day that is left out. The cap of heart
        failure also stands where ``mg_per_kg_max`` is relaxed; without heart failure it is not among them, nor are the
        days where every day is allowed.
    """
    limits, own = grid_limits(case, weight_kg), case.limits
    allowed_mg = own.mg_per_kg_max * weight_kg
    more_mg = min(allowed_mg + own.dose_step_mg, LARGEST_AMOUNT_MG, limits.capped_mg or np.inf)
    yield (
        "mg_per_kg_max",
        f"{own.dose_step_mg:g} mg more than {own.mg_per_kg_max:g} mg/kg in one infusion",
        replace(limits, largest_mg=max(more_mg, limits.largest_mg)),
    )
    gap = max(own.gap_day_min - 1.0, 0.0)
    yield "gap_day_min", f"{gap:g} instead of {own.gap_day_min:g} days between infusions", replace(limits, gap_day=gap)
    count = own.doses_max_28_day + 1
    yield (
        "doses_max_28_day",
        f"{count} instead of {own.doses_max_28_day} infusions within 28 days",
        replace(limits, doses_max=count),
    )
    for day in _days_left_out(case):
        yield "days", f"an infusion on day {day:g} as well", replace(limits, extra_day=day)
    if limits.capped_mg is not None:
        lifted = min(allowed_mg, LARGEST_AMOUNT_MG)
        yield (
            "heart_failure",
            "no cap of 5 mg/kg (contraindicated in moderate or severe heart failure)",
            replace(limits, largest_mg=lifted, capped_mg=None),
        )


def _days_left_out(case: PatientCase) -> Iterator[float]:
    """Yield the whole days from now to day 27 on which no infusion may be given."""
    for day in range(math.ceil(case.now_day), int(LAST_WINDOW_DAY)):
        if not is_allowed_day(case, float(day)):
            yield float(day)


@dataclass(frozen=True, slots=True)
class Relaxed:
    """The nearest regimen when one limit is relaxed by one step.

    Parameters
    ----------
    limit, change : str
        The limit and the step in words.
    grid : CandidateGrid
        Regimens within the relaxed limits.
    nearest : Plans
        The one with the largest measure.
    is_complete : bool
        Whether every set of infusion times was looked at.
    """

    limit: LimitName
    change: str
    grid: CandidateGrid
    nearest: Plans
    is_complete: bool


def nearest_when_relaxed(
    case: PatientCase, reference: ReferencePlan, weight_kg: float, goal: Goal
) -> tuple[Relaxed, ...]:
    """Return for each limit the step that helps most, where its regimens hold any.

    The measure never falls with an amount, so that the largest amounts of each set of times suffice.
    """
    best: dict[LimitName, Relaxed] = {}
    for name, change, limits in relaxed_limits(case, weight_kg):
        grid = candidate_grid(case, reference, limits)
        nearest, is_complete = _strongest_of(grid, goal, limits.extra_day)
        if not len(nearest):
            continue
        found = Relaxed(name, change, grid, nearest, is_complete)
        if name not in best or nearest.measure[0] > best[name].nearest.measure[0]:
            best[name] = replace(found, is_complete=is_complete and (name not in best or best[name].is_complete))
        elif not is_complete:
            best[name] = replace(best[name], is_complete=False)
    return tuple(best.values())


def _strongest_of(grid: CandidateGrid, goal: Goal, needed_day: float | None) -> tuple[Plans, bool]:
    """Return the regimen with the largest measure, and whether every set of times was looked at.

    With a day that is needed only the sets that hold it are: the others stand in the search of the case itself.
    """
    nearest, n_evaluated = no_plans(), 0
    for chunk in day_sets(grid):
        is_new = slice(None) if needed_day is None else np.any(grid.times[chunk] == needed_day, axis=1)
        sets = chunk[is_new]
        if not len(sets):
            continue
        strongest = score(goal, sets, amounts_of(grid, sets, grid.n_levels[sets] - 1))
        # An unreachable threshold ranks by the measure alone.
        nearest = best_plans(joined(nearest, strongest), np.inf, 1)
        n_evaluated += len(strongest)
        if n_evaluated > _EVALUATIONS_MAX:
            return nearest, False
    return nearest, True


def gain(measure: float, before: float) -> float:
    """Return by how much a measure is larger than before; 0 where neither is finite and equal."""
    return 0.0 if measure == before else measure - before
