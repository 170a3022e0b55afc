"""The search for the best regimens of a grid: every one where that is feasible, else by bounds that lose none.

The measure of a regimen (a probability, or ln(AUC/CL)) never falls when an amount rises. Therefore a box of regimens
whose largest amounts do not reach the target holds none that does, and one whose least amounts already exceed the
best total holds none that ranks higher. Both modes return the same regimens; only the first counts those that reach.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dosing_app.decision.amount_boxes import box_sizes, least_levels, regimens_in
from dosing_app.decision.count_candidates import count_time_sets
from dosing_app.decision.goal import Found, score
from dosing_app.decision.ranking import best_plans, is_reached, joined, no_plans
from dosing_app.decision.regimen_sets import amounts_of, covers, day_sets
from dosing_app.decision.search_by_bounds import search_by_bounds

if TYPE_CHECKING:
    from dosing_app.decision.candidates import CandidateGrid
    from dosing_app.decision.goal import Goal, Progress

EVALUATE_ALL_UP_TO = 300_000
# Some five seconds on one core. Counted, and not timed, so that results do not depend on the machine.
EVALUATIONS_MAX = 600_000
# Going through boxes of amounts of which fewer than one in so many is a candidate is slower than the bounds.
_SPARSE = 8
_CHUNK = 32_768


def search(
    grid: CandidateGrid,
    *,
    goal: Goal,
    n_candidates: int | None = None,
    evaluate_all_up_to: int = EVALUATE_ALL_UP_TO,
    evaluations_max: int = EVALUATIONS_MAX,
    n_min: int = 0,
    above: float | None = None,
    progress: Progress | None = None,
) -> Found:
    """Return the best regimens of a grid.

    Parameters
    ----------
    grid : CandidateGrid
        Amounts and what is required.
    goal : Goal
        What is searched for.
    n_candidates : int or None
        How many candidates there are; None where that was not counted.
    evaluate_all_up_to : int
        Largest number of candidates of which every one is evaluated.
    evaluations_max : int
        Where a search by bounds is cut off.
    n_min : int
        Fewest infusions of a regimen.
    above : float, optional
        A regimen is of interest only if its measure is the largest, and above this.
    progress : callable, optional
        Told the share that is done.

    Returns
    -------
    Found
        The regimens in order of rank.
    """
    volume_max = evaluate_all_up_to * (1 if n_candidates is None else _SPARSE)
    is_small = max(n_candidates or 0, count_time_sets(grid)) <= evaluate_all_up_to
    if is_small and _volume(grid, volume_max) <= volume_max:
        return _evaluate_all(grid, goal, n_min)
    return search_by_bounds(
        grid, goal=goal, evaluations_max=evaluations_max, n_min=n_min, above=above, progress=progress
    )


def _volume(grid: CandidateGrid, enough: float) -> float:
    """Return how many regimens the boxes hold, candidates or not; counting ends when there are enough."""
    volume = 0.0
    for chunk in day_sets(grid):
        volume += float(box_sizes(least_levels(grid, chunk), grid.n_levels[chunk] - 1).sum())
        if volume > enough:
            break
    return volume


def _evaluate_all(grid: CandidateGrid, goal: Goal, n_min: int) -> Found:
    pool, n_evaluated, n_reaching = no_plans(), 0, 0
    for chunk in day_sets(grid):
        if chunk.shape[1] < n_min:
            continue
        for box, levels in regimens_in(least_levels(grid, chunk), grid.n_levels[chunk] - 1, _CHUNK):
            times = chunk[box]
            amounts = amounts_of(grid, times, levels)
            kept = covers(grid, times, amounts)
            plans = score(goal, times[kept], amounts[kept])
            n_evaluated += len(plans)
            n_reaching += int(is_reached(plans.measure, goal.threshold).sum())
            pool = best_plans(joined(pool, plans), goal.threshold, goal.count)
    return Found(pool, n_evaluated, n_reaching, is_complete=True)
