"""Good regimens found early, which spare most of a search by bounds: from a box, and near the best one found."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dosing_app.decision.ranking import best_plans, first_of, is_reached, joined
from dosing_app.decision.regimen_boxes import completed, is_within, levels_of, scored, top_levels

if TYPE_CHECKING:
    from dosing_app.decision.goal import Goal
    from dosing_app.decision.ranking import Plans
    from dosing_app.decision.regimen_boxes import Boxes, RegimenSpace
    from pkpd.arrays import BoolArray, IntArray

# Levels that are moved from one time to another; the last one stands for all of them.
_MOVED = (1, 8, 64, 10_000)
_ROUNDS = 30


def first_regimens(space: RegimenSpace, boxes: Boxes, goal: Goal) -> tuple[Plans, int]:
    """Return one regimen of each box, each once, and how many were evaluated.

    It holds as many infusions as it may, the best times first, at their largest. Where that reaches the target, no amount
    of it can be lowered.
    """
    levels = completed(space, boxes)
    levels = levels[is_within(space, levels)]
    plans, n_evaluated = scored(space, levels, goal), len(levels)
    reached = is_reached(plans.measure, goal.threshold)
    if not reached.any():
        return plans, n_evaluated
    levels = levels[reached]
    for column in space.order[::-1]:
        levels, n_new = _lowered(space, levels, column, goal)
        n_evaluated += n_new
    # Several boxes may lead to the same one.
    levels = np.unique(levels, axis=0)
    return scored(space, levels, goal), n_evaluated + len(levels)


def near_the_best(
    space: RegimenSpace, pool: Plans, goal: Goal, last: IntArray | None
) -> tuple[Plans, int, IntArray | None]:
    """Return a pool improved by regimens near its best one as long as they are better.

    Parameters
    ----------
    space, pool, goal
        The search and the best regimens found so far.
    last : (n_times,) array or None
        The levels near which all was looked at the last time.

    Returns
    -------
    tuple
        The pool, how many regimens were evaluated, and the levels near which all was looked at.
    """
    n_evaluated = 0
    for _ in range(_ROUNDS):
        if not len(pool):
            break
        best = levels_of(space, first_of(pool))[0]
        if last is not None and np.array_equal(best, last):
            break
        near = _neighbours(best, top_levels(space))
        plans = scored(space, near[is_within(space, near)], goal)
        pool, last = best_plans(joined(pool, plans), goal.threshold, goal.count), best
        n_evaluated += len(plans)
    return pool, n_evaluated, last


def _lowered(space: RegimenSpace, levels: IntArray, column: int, goal: Goal) -> tuple[IntArray, int]:
    """Return regimens that reach the target with as little as that needs at one time, and how many were evaluated."""

    def at(level: IntArray) -> IntArray:
        trial = levels.copy()
        trial[:, column] = level
        return trial

    def reaches(trial: IntArray) -> BoolArray:
        return is_within(space, trial) & is_reached(scored(space, trial, goal).measure, goal.threshold)

    low, high, n_evaluated = np.zeros_like(levels[:, column]), levels[:, column].copy(), 0
    while np.any(low < high):
        middle, is_open = (low + high) // 2, low < high
        is_enough = reaches(at(middle))
        high = np.where(is_open & is_enough, middle, high)
        low = np.where(is_open & ~is_enough, middle + 1, low)
        n_evaluated += len(levels)
    return at(high), n_evaluated


def _neighbours(levels: IntArray, top: IntArray) -> IntArray:
    """Return regimens that differ by one amount, or by what is moved from one time to another."""
    n_times = levels.size
    source, target = (index.ravel() for index in np.indices((n_times, n_times)))
    is_moved = source != target
    most = np.where(is_moved, np.minimum(levels[source], (top - levels)[target]), levels[source])
    found = [(levels + np.eye(n_times, dtype=np.int64))[levels < top]]
    for moved, before in zip(_MOVED, (0, *_MOVED), strict=False):
        # Where no more can be moved than the time before, that regimen stands there already.
        rows = np.flatnonzero(most > before)
        number, place = np.minimum(most[rows], moved), np.arange(rows.size)
        near = np.tile(levels, (rows.size, 1))
        near[place, source[rows]] -= number
        near[place, target[rows]] += np.where(is_moved[rows], number, 0)
        found.append(near)
    return np.concatenate(found)
