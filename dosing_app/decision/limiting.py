"""Which limit keeps the target out of reach: each one relaxed by one step, the others as they are."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from dosing_app.decision.candidates import LARGEST_AMOUNT_MG, candidate_grid, grid_limits
from dosing_app.decision.reference_plan import LAST_WINDOW_DAY, is_allowed_day
from dosing_app.decision.regimen_sets import at_largest
from dosing_app.decision.search import search
from dosing_app.language import Figure, message

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dosing_app.decision.candidates import CandidateGrid, GridLimits
    from dosing_app.decision.case_schema import PatientCase
    from dosing_app.decision.goal import Goal, Progress
    from dosing_app.decision.optimize_result import LimitName
    from dosing_app.decision.ranking import Plans
    from dosing_app.decision.reference_plan import ReferencePlan
    from dosing_app.language import Message

# A gain below this is none: it lies far below what the posterior is exact to.
LEAST_GAIN = 1e-6
# For all steps together.
_EVALUATIONS_MAX = 400_000
# Sets of infusion times of which every one is looked at, for each step.
_ALL_UP_TO = 20_000


def relaxed_limits(case: PatientCase, weight_kg: float) -> Iterator[tuple[LimitName, Message, GridLimits]]:
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
        message(
            "search.relaxed.mg_per_kg_max",
            step=Figure(f"{own.dose_step_mg:g}"),
            most=Figure(f"{own.mg_per_kg_max:g}"),
        ),
        replace(limits, largest_mg=max(more_mg, limits.largest_mg)),
    )
    gap = max(own.gap_day_min - 1.0, 0.0)
    yield (
        "gap_day_min",
        message("search.relaxed.gap_day_min", gap=Figure(f"{gap:g}"), own=Figure(f"{own.gap_day_min:g}")),
        replace(limits, gap_day=gap),
    )
    count = own.doses_max_28_day + 1
    yield (
        "doses_max_28_day",
        message("search.relaxed.doses_max_28_day", number=Figure(count), own=Figure(own.doses_max_28_day)),
        replace(limits, doses_max=count),
    )
    for day in _days_left_out(case):
        yield "days", message("search.relaxed.days", day=Figure(f"{day:g}")), replace(limits, extra_day=day)
    if limits.capped_mg is not None:
        lifted = min(allowed_mg, LARGEST_AMOUNT_MG)
        yield (
            "heart_failure",
            message("search.relaxed.heart_failure"),
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
    limit : str
        The limit.
    step : Message
        The step in words.
    grid : CandidateGrid
        Regimens within the relaxed limits.
    nearest : Plans
        The one with the largest measure.
    """

    limit: LimitName
    step: Message
    grid: CandidateGrid
    nearest: Plans

    @property
    def measure(self) -> float:
        """Return its measure."""
        return float(self.nearest.measure[0])


def nearest_when_relaxed(
    case: PatientCase,
    reference: ReferencePlan,
    weight_kg: float,
    goal: Goal,
    before: float,
    *,
    progress: Progress | None = None,
) -> tuple[tuple[Relaxed, ...], bool]:
    """Return for each limit the step that helps most, where one helps, and whether that is certain.

    Parameters
    ----------
    case, reference, weight_kg, goal
        What was searched for.
    before : float
        The largest measure within the limits as they are.
    progress : callable, optional
        Told the share that is done.

    Returns
    -------
    tuple
        Steps that raise the measure by more than ``LEAST_GAIN``, in the order in which ties are decided; False beside
        them where the work was cut off. The measure never falls with an amount, so that the largest amounts of each set
        of times suffice.
    """
    best: dict[LimitName, Relaxed] = {}
    steps, is_certain = tuple(relaxed_limits(case, weight_kg)), True
    one = replace(goal, threshold=np.inf, count=1)
    for number, (name, step, limits) in enumerate(steps, start=1):
        grid = candidate_grid(case, reference, limits)
        above = best[name].measure if name in best else before + LEAST_GAIN
        found = search(
            at_largest(grid),
            goal=one,
            evaluate_all_up_to=_ALL_UP_TO,
            evaluations_max=_EVALUATIONS_MAX // len(steps),
            above=above,
        )
        is_certain = is_certain and found.is_complete
        if len(found.plans) and found.plans.measure[0] > above:
            best[name] = Relaxed(name, step, grid, found.plans)
        if progress is not None:
            progress(number / len(steps))
    return tuple(best.values()), is_certain
